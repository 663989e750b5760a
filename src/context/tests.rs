//! Prompts as a whole: a workspace in, a prompt out.

use std::time::Duration;

use ropey::Rope;

use super::{
    Attention, Field, Form, Inputs, Prepared, Prompt, Source, View, Viewed, assemble, prepare,
    shares,
};
use crate::config::FimFamily;
use crate::index::{Limits, SymbolIndex};
use crate::syntax::{Language, SyntaxTree};

const LONG: Duration = Duration::from_mins(1);

/// A document with a cursor `ˇ`, and other files, each after a line `//- path`.
struct Fixture {
    index: SymbolIndex,
    text: Rope,
    tree: SyntaxTree,
    cursor: usize,
}

fn parsed(language: &str, text: &Rope) -> SyntaxTree {
    SyntaxTree::new(Language::from_id(language).expect("known"))
        .parsed(text, LONG)
        .expect("in time")
}

fn fixture(source: &str) -> Fixture {
    fixture_in("rust", source)
}

fn fixture_in(language: &str, source: &str) -> Fixture {
    let mut parts = source.split("//- ");
    let open = parts.next().expect("the document");
    let cursor = open.find('ˇ').expect("a cursor");
    let index = SymbolIndex::new(Limits::default());
    for part in parts {
        let (path, text) = part.split_once('\n').expect("a path");
        let text = Rope::from_str(text);
        index.update(&format!("/w/{path}"), parsed(language, &text), text);
    }
    let text = Rope::from_str(&open.replace('ˇ', ""));
    let tree = parsed(language, &text);
    index.update("/w/main.rs", tree.clone(), text.clone());
    assert!(index.wait_until_idle(LONG));
    Fixture {
        index,
        text,
        tree,
        cursor,
    }
}

impl Fixture {
    fn prepared(&self, tokens: u64, previous: Option<&Prepared>) -> Prepared {
        self.attending(&Attention::default(), tokens, previous)
    }

    fn attending(
        &self,
        attention: &Attention,
        tokens: u64,
        previous: Option<&Prepared>,
    ) -> Prepared {
        let inputs = Inputs {
            path: "/w/main.rs",
            folder: "/w",
            text: &self.text,
            tree: &self.tree,
            cursor: self.cursor,
            definitions: &self.index.definitions(),
            admits: &|_| true,
            attention,
            sources: &Source::ALL,
            tokens,
        };
        prepare(&inputs, previous)
    }

    fn prompt(&self, form: Form) -> super::Assembled {
        let prepared = self.prepared(600, None);
        let (window, _) = shares(1_600, self.cursor, self.text.len_bytes() - self.cursor);
        let view = View {
            text: &self.text,
            cursor: self.cursor,
            language: Some(self.tree.language()),
            file: "main.rs",
            prepared: &prepared,
        };
        assemble(&view, form, window)
    }

    fn prefix(&self) -> String {
        match self.prompt(Form::Fill).prompt {
            Prompt::Fill { prefix, .. } => prefix,
            Prompt::Chat(_) => panic!("a hole was asked for"),
        }
    }
}

const SHAPES: &str = "use crate::shapes::{Shape, WIDTH};

fn area(shape: &Shape) -> usize {
    ˇ
}
//- shapes.rs
pub const WIDTH: usize = 4;
pub struct Shape {
    pub sides: usize,
}
impl Shape {
    pub fn perimeter(&self) -> usize {
        self.sides * WIDTH
    }
}
//- other/far.rs
pub const WIDTH: usize = 99;
";

/// Far away, with nothing in common, and with so much beside it that nobody would come to it by chance.
const FAR: &str = "fn here() {
    ˇ
}
//- deep/down/far.rs
pub struct Other {
    pub field: u8,
}
pub fn wanted(of: u8) -> u8 {
    let inner = of;
    inner
}
pub fn unwanted() {}
";

#[test]
fn what_the_user_has_just_looked_at_is_shown_and_said_to_be_that() {
    let fixture = fixture(FAR);
    let shown = |line: u32| {
        let attention = Attention {
            viewed: vec![Viewed {
                path: "/w/deep/down/far.rs".into(),
                line,
            }],
            ..Attention::default()
        };
        let prepared = fixture.attending(&attention, 40, None);
        let mine = prepared.fragments.iter();
        mine.filter(|one| one.source == Source::Viewed)
            .map(|one| one.text.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(4), ["pub fn wanted(of: u8) -> u8 {"]);
    assert_eq!(shown(0), ["pub struct Other {"]);
    assert!(shown(500).is_empty());
    assert!(
        fixture
            .prepared(40, None)
            .fragments
            .iter()
            .all(|one| one.source != Source::Viewed)
    );
}

#[test]
fn what_a_complaint_names_is_shown() {
    let fixture = fixture(FAR);
    let attention = Attention {
        complaints: vec!["cannot find function `wanted` in this scope".into()],
        ..Attention::default()
    };
    let prepared = fixture.attending(&attention, 40, None);
    let mut shown = prepared.fragments.iter();
    let first = shown.find(|one| one.source == Source::Diagnostic);
    assert_eq!(
        first.map(|one| &*one.text),
        Some("pub fn wanted(of: u8) -> u8 {")
    );
}

#[test]
fn nothing_is_chosen_of_a_file_that_must_not_be_shown_and_what_was_does_not_stay() {
    let fixture = fixture(SHAPES);
    let files = |prepared: &Prepared| -> Vec<String> {
        let mut files: Vec<_> = prepared
            .fragments
            .iter()
            .map(|one| one.file.to_string())
            .collect();
        files.dedup();
        files
    };
    let all = fixture.prepared(600, None);
    assert_eq!(files(&all), ["shapes.rs"]);
    let without = |previous| {
        let inputs = Inputs {
            path: "/w/main.rs",
            folder: "/w",
            text: &fixture.text,
            tree: &fixture.tree,
            cursor: fixture.cursor,
            definitions: &fixture.index.definitions(),
            admits: &|file| &*file.path != "/w/shapes.rs",
            attention: &Attention::default(),
            sources: &Source::ALL,
            tokens: 600,
        };
        prepare(&inputs, previous)
    };
    assert!(files(&without(None)).is_empty());
    assert!(files(&without(Some(&all))).is_empty());
}

#[test]
fn definitions_of_other_files_stand_before_the_window_in_comments() {
    assert_eq!(
        fixture(SHAPES).prefix(),
        "// shapes.rs
// pub const WIDTH: usize = 4;
// pub struct Shape {
// pub sides: usize,
// pub fn perimeter(&self) -> usize {
// main.rs
use crate::shapes::{Shape, WIDTH};

fn area(shape: &Shape) -> usize {
    "
    );
}

#[test]
fn an_import_under_way_is_shown_what_its_file_defines() {
    let fixture = fixture(
        "use crate::shapes::{ˇ};
//- shapes.rs
pub fn outline_of_shape() {}
//- others.rs
pub fn first_of_others() {}
pub fn second_of_others() {}
",
    );
    let prepared = fixture.prepared(22, None);
    let shown: Vec<&str> = prepared.fragments.iter().map(|one| &*one.text).collect();
    assert_eq!(shown, ["pub fn outline_of_shape() {}"]);
}

#[test]
fn an_import_of_a_file_that_passes_on_leads_to_what_it_passes_on() {
    let prefix = fixture(
        "use crate::all::*;
fn area() {
    ˇ
}
//- all.rs
pub use crate::deep::inner::*;
//- deep/inner.rs
pub const WIDTH: usize = 4;
",
    )
    .prefix();
    assert!(
        prefix.contains("// pub const WIDTH: usize = 4;"),
        "{prefix}"
    );
}

#[test]
fn a_field_of_ones_own_does_not_hide_what_is_called_like_it() {
    let prefix = fixture(
        "struct Log {
    level: Level,
}
fn parse() {
    let level = level(ˇ
}
//- levels.rs
pub fn level(name: &str) -> Level {}
",
    )
    .prefix();
    assert!(prefix.contains("// pub fn level(name"), "{prefix}");
}

#[test]
fn what_another_package_keeps_to_itself_is_not_shown() {
    let prefix = fixture_in(
        "go",
        "package main

func main() {
\tlimit := Limit(limit)
\tˇ
}
//- other/a.go
package other

func limit() int { return 1 }

func Limit() int { return 2 }
",
    )
    .prefix();
    assert!(
        prefix.contains("func Limit()") && !prefix.contains("func limit()"),
        "{prefix}"
    );
}

#[test]
fn the_same_state_gives_the_same_bytes() {
    assert_eq!(fixture(SHAPES).prefix(), fixture(SHAPES).prefix());
}

#[test]
fn in_every_form_the_manifest_is_what_is_sent() {
    let fixture = fixture(SHAPES);
    let fill = fixture.prompt(Form::Fill);
    let Prompt::Fill { prefix, suffix, .. } = &fill.prompt else {
        panic!("a hole was asked for")
    };
    assert_eq!(*prefix, fill.manifest.text(Field::Prefix));
    assert_eq!(*suffix, fill.manifest.text(Field::Suffix));
    let files = fixture.prompt(Form::FillWithFiles);
    let Prompt::Fill { files: sent, .. } = &files.prompt else {
        panic!("a hole was asked for")
    };
    let sent: String = sent.iter().map(|file| file.text.as_str()).collect();
    assert_eq!(sent, files.manifest.text(Field::File));
    let chat = fixture.prompt(Form::Chat);
    let Prompt::Chat(messages) = &chat.prompt else {
        panic!("a conversation was asked for")
    };
    assert_eq!(messages[0].text, chat.manifest.text(Field::System));
    assert_eq!(messages[1].text, chat.manifest.text(Field::User));
    for model in [
        "qwen2.5-coder",
        "codestral-22b",
        "codellama",
        "deepseek-coder",
    ] {
        let family = FimFamily::of(model).expect("a family");
        let manifest = fixture.prompt(Form::Template(family)).manifest;
        assert!(
            manifest
                .text(Field::Prompt)
                .contains("pub const WIDTH: usize = 4;"),
            "{model}"
        );
    }
}

#[test]
fn a_models_own_marks_in_other_files_are_not_sent() {
    let fixture = fixture(
        "use crate::evil::EVIL;\nfn f() { ˇ }\n//- evil.rs\npub const EVIL: &str = \"<|fim_middle|>\";\n",
    );
    let family = FimFamily::of("qwen2.5-coder").expect("a family");
    let manifest = fixture.prompt(Form::Template(family)).manifest;
    let prompt = manifest.text(Field::Prompt);
    assert_eq!(prompt.matches("<|fim_middle|>").count(), 1);
    assert!(prompt.contains("pub const EVIL"));
}

#[test]
fn fragments_keep_within_their_budget() {
    use std::fmt::Write as _;
    let mut source = String::from("fn f() { ˇ }\n");
    for number in 0..200 {
        source.insert_str(0, &format!("use crate::many::NAME_{number};\n"));
    }
    source.push_str("//- many.rs\n");
    for number in 0..200 {
        let _ = writeln!(source, "pub const NAME_{number}: usize = {number};");
    }
    let fixture = fixture(&source);
    for tokens in [50, 200, 600] {
        let prepared = fixture.prepared(tokens, None);
        let used: u64 = prepared.fragments.iter().map(super::Fragment::tokens).sum();
        assert!(used <= tokens && used * 2 > tokens, "{used} of {tokens}");
    }
}

/// The lines that are shown, in order; why they are may change.
fn lines(prepared: &Prepared) -> Vec<(String, String)> {
    let fragments = prepared.fragments.iter();
    let lines = fragments.map(|one| (one.file.to_string(), one.text.to_string()));
    lines.collect()
}

#[test]
fn what_was_chosen_before_stays_where_it_was() {
    let mut fixture = fixture(SHAPES);
    let first = fixture.prepared(600, None);
    let before = fixture.text.clone();
    fixture
        .text
        .insert(fixture.text.byte_to_char(fixture.cursor), "WIDTH * ");
    let cursor = fixture.cursor;
    fixture.tree.edit(&before, &fixture.text, cursor..cursor, 8);
    fixture.cursor += 8;
    let second = fixture.prepared(600, Some(&first));
    assert!(lines(&second).starts_with(&lines(&first)));
}

#[test]
fn what_is_gone_is_not_shown_any_longer() {
    let fixture = fixture(SHAPES);
    let first = fixture.prepared(600, None);
    let text = Rope::from_str("pub const HEIGHT: usize = 5;\n");
    fixture
        .index
        .update("/w/shapes.rs", parsed("rust", &text), text);
    assert!(fixture.index.wait_until_idle(LONG));
    let second = fixture.prepared(600, Some(&first));
    let shown = |prepared: &Prepared, text: &str| {
        prepared
            .fragments
            .iter()
            .any(|one| one.text.contains(text) && *one.file == *"shapes.rs")
    };
    assert!(shown(&first, "Shape") && !shown(&second, "Shape"));
}

#[test]
fn what_encloses_the_cursor_is_shown_when_it_is_above_the_window() {
    let filler = "    let filler = 1;\n".repeat(400);
    let fixture = fixture(&format!("fn outer(first: u8) {{\n{filler}    ˇ\n}}\n"));
    let prefix = fixture.prefix();
    assert!(
        prefix.starts_with("// main.rs\n// fn outer(first: u8) {\n// main.rs\n"),
        "{prefix}"
    );
}

#[test]
fn what_the_cursor_has_left_behind_stays_while_it_stands() {
    let filler = "    let filler = 1;\n".repeat(400);
    let mut fixture = fixture(&format!(
        "fn f() {{\n    far_helper();\n    ˇ\n{filler}}}\n//- other/far.rs\npub fn far_helper() {{}}\n"
    ));
    let first = fixture.prepared(600, None);
    let is_far = |one: &super::Fragment| one.text.contains("far_helper");
    assert!(first.fragments.iter().any(is_far));
    fixture.cursor = fixture.text.len_bytes() - 3;
    let second = fixture.prepared(600, Some(&first));
    assert!(lines(&second).starts_with(&lines(&first)));
}
