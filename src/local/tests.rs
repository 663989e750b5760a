//! What the engine promises, each as a small workspace with a cursor in it.
//!
//! Entry point: [`check`]. A fixture may hold several files, each begun by `//- path`; the cursor `ˇ` lies in the document
//! that is asked about. What is predicted is written between guillemets, and nothing when the engine is silent.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use ropey::Rope;

use super::*;
use crate::thorough;

/// Predicts at the fixture's cursor, and compares what is shown.
fn check(fixture: &str, expect: &str) {
    assert_eq!(shown(fixture), expect, "in\n{fixture}");
}

fn shown(fixture: &str) -> String {
    let engine = Engine::new(Limits::default());
    let mut asked = None;
    for (path, text) in files(fixture) {
        let cursor = text.find('ˇ');
        let text = Rope::from(text.replace('ˇ', ""));
        engine.update(&path, text.clone());
        asked = cursor.map(|cursor| (path, text, cursor)).or(asked);
    }
    idle(&engine);
    let (path, text, cursor) = asked.unwrap();
    predict(&engine, &path, &text, cursor)
}

/// Returns the text that would be shown.
fn predict(engine: &Engine, path: &str, text: &Rope, cursor: usize) -> String {
    let prediction = engine.predict(&Query {
        path,
        text,
        cursor,
        max_lines: 10,
    });
    prediction
        .filter(|found| found.is_confident(DEFAULT_MIN_CONFIDENCE))
        .map_or(String::new(), |found| found.text)
}

fn files(fixture: &str) -> Vec<(String, String)> {
    if !fixture.starts_with("//- ") {
        return vec![("main.rs".to_owned(), fixture.to_owned())];
    }
    fixture
        .split("//- ")
        .skip(1)
        .map(|file| file.split_once('\n').unwrap())
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect()
}

fn idle(engine: &Engine) {
    assert!(
        engine.wait_until_idle(Duration::from_mins(1)),
        "the index never came to rest"
    );
}

/// Makes an engine for a folder of files.
fn workspace(folder: &Path, files: &[(&str, &[u8])], limits: Limits) -> Engine {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let engine = Engine::new(limits);
    engine.add_workspace(folder.to_path_buf());
    idle(&engine);
    engine
}

const OPENING: &str =
    "    let mut connection = pool.acquire().await?;\n    connection.execute(statement).await?;\n";

#[test]
fn continues_a_line_seen_elsewhere() {
    check(
        &format!(
            "//- a.rs\nfn save() {{\n{OPENING}}}\n\nfn load() {{\n{OPENING}}}\n\nfn list() {{\n{OPENING}}}\n//- b.rs\nfn drop() {{\n    let mut connection = ˇ\n}}\n"
        ),
        "pool.acquire().await?;",
    );
}

#[test]
fn continues_with_the_line_that_followed_elsewhere() {
    check(
        &format!(
            "//- a.rs\nfn save() {{\n{OPENING}}}\n\nfn load() {{\n{OPENING}}}\n\nfn list() {{\n{OPENING}}}\n//- b.rs\nfn drop() {{\n    let mut connection = pool.acquire().await?;\n    ˇ\n}}\n"
        ),
        "connection.execute(statement).await?;",
    );
}

#[test]
fn a_typed_prefix_restricts_the_candidates() {
    let lines = "    log.warning(\"late\");\n    log.error(\"lost\");\n";
    let fixture = |typed| {
        format!(
            "fn a() {{\n{lines}}}\n\nfn b() {{\n{lines}}}\n\nfn c() {{\n{lines}}}\n\nfn d() {{\n{typed}ˇ\n}}\n"
        )
    };
    check(&fixture("    log.w"), "arning(\"late\");");
    check(
        &fixture("    log.warning(\"late\");\n    log.er"),
        "ror(\"lost\");",
    );
    check(&fixture("    log.zz"), "");
}

#[test]
fn renames_identifiers_to_those_of_the_cursors_line() {
    check(
        "fn name(kind: Kind) -> &'static str {\n    match kind {\n        Kind::Alpha => \"alpha\",\n        Kind::Beta => \"beta\",\n        Kind::Gamma => \"gamma\",\n        Kind::Delta => ˇ\n    }\n}\n",
        "\"delta\",",
    );
}

#[test]
fn is_silent_without_evidence() {
    check("fn lonely() {\n    let ˇ\n}\n", "");
    check("ˇ", "");
    check("fn whatever(first: u8, second: &str) -> ˇ", "");
}

#[test]
fn never_repeats_the_line_that_follows() {
    let pair = "    begin(transaction);\n    commit(transaction);\n";
    check(
        &format!(
            "fn a() {{\n{pair}}}\n\nfn b() {{\n{pair}}}\n\nfn c() {{\n    begin(transaction);\n    ˇ\n    commit(transaction);\n}}\n"
        ),
        "",
    );
}

#[test]
fn a_stale_version_of_the_line_itself_is_no_evidence() {
    let engine = Engine::new(Limits::default());
    engine.update(
        "a.rs",
        Rope::from("fn a() {\n    let unheard_of = compute_something(very, special);\n}\n"),
    );
    idle(&engine);
    let text = Rope::from("fn a() {\n    let unheard_of = \n}\n");
    assert_eq!(predict(&engine, "a.rs", &text, 30), "");
}

#[test]
fn predicts_a_block_whole_and_reindents_it() {
    let guard = |blanks: &str| {
        format!(
            "{blanks}if !self.ready() {{\n{blanks}    self.wait();\n{blanks}    return None;\n{blanks}}}\n"
        )
    };
    let source = format!(
        "//- a.rs\nfn a() {{\n{}}}\n\nfn b() {{\n{}}}\n\nfn c() {{\n{}}}\n",
        guard("    "),
        guard("    "),
        guard("    ")
    );
    check(
        &format!("{source}//- b.rs\nmod deep {{\n    fn a() {{\n        if !selfˇ\n    }}\n}}\n"),
        ".ready() {\n            self.wait();\n            return None;\n        }",
    );
    check(
        &format!("{source}//- b.rs\nmod deep {{\n\tfn a() {{\n\t\tif !selfˇ\n\t}}\n}}\n"),
        ".ready() {\n\t\t\tself.wait();\n\t\t\treturn None;\n\t\t}",
    );
}

#[test]
fn respects_crlf() {
    let guard = "    if !self.ready() {\r\n        self.wait();\r\n    }\r\n";
    check(
        &format!(
            "fn a() {{\r\n{guard}}}\r\n\r\nfn b() {{\r\n{guard}}}\r\n\r\nfn c() {{\r\n{guard}}}\r\n\r\nfn d() {{\r\n    if !selfˇ\r\n}}\r\n"
        ),
        ".ready() {\r\n        self.wait();\r\n    }",
    );
}

#[test]
fn fits_before_a_bracket_that_the_editor_closed() {
    let call = "    connection.execute(statement, parameters);\n";
    check(
        &format!(
            "fn a() {{\n{call}}}\n\nfn b() {{\n{call}}}\n\nfn c() {{\n    connection.execute(ˇ)\n}}\n"
        ),
        "statement, parameters",
    );
    check(
        &format!(
            "fn a() {{\n{call}}}\n\nfn b() {{\n{call}}}\n\nfn c() {{\n    connection.execute(ˇ other + 1\n}}\n"
        ),
        "",
    );
}

#[test]
fn an_ignored_file_is_never_indexed() {
    let folder = tempfile::tempdir().unwrap();
    let files: [(&str, &[u8]); 5] = [
        (".gitignore", b"secret*\n"),
        ("secret.rs", b"let a = 1;\n"),
        ("seen.rs", b"let a = 1;\n"),
        ("binary.rs", b"a\0b"),
        ("latin1.rs", b"\xe9t\xe9"),
    ];
    let engine = workspace(folder.path(), &files, Limits::default());
    assert_eq!((engine.stats().files, engine.stats().skipped), (1, 2));
    // Neither does opening and closing it bring it in.
    let secret = folder.path().join("secret.rs");
    engine.update(secret.to_str().unwrap(), Rope::from("let a = 1;\n"));
    engine.close(secret.to_str().unwrap());
    idle(&engine);
    assert_eq!(engine.stats().files, 1);
}

#[test]
fn an_open_document_takes_the_place_of_its_file_until_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let engine = workspace(
        folder.path(),
        &[("a.rs", b"one\ntwo\nthree"), ("b.rs", b"one")],
        Limits::default(),
    );
    let path = format!("file://{}", folder.path().join("a.rs").display());
    assert_eq!(engine.stats().lines, 4);
    engine.update(&path, Rope::from("one"));
    idle(&engine);
    assert_eq!((engine.stats().files, engine.stats().lines), (2, 2));
    engine.close(&path);
    idle(&engine);
    assert_eq!((engine.stats().files, engine.stats().lines), (2, 4));
}

#[test]
fn a_closed_document_is_forgotten() {
    let engine = Engine::new(Limits::default());
    let text = Rope::from(format!(
        "fn a() {{\n{OPENING}}}\n\nfn b() {{\n{OPENING}}}\n"
    ));
    let asked = Rope::from("fn c() {\n    let mut connection = ");
    engine.update("a.rs", text);
    idle(&engine);
    assert_ne!(predict(&engine, "c.rs", &asked, asked.len_bytes()), "");
    engine.close("a.rs");
    idle(&engine);
    assert_eq!(predict(&engine, "c.rs", &asked, asked.len_bytes()), "");
    assert_eq!(engine.stats().tokens, 0);
}

#[test]
fn a_removed_workspace_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let engine = workspace(
        folder.path(),
        &[("a/a.rs", b"one"), ("b/b.rs", b"two")],
        Limits::default(),
    );
    engine.remove_workspace(folder.path());
    idle(&engine);
    assert_eq!((engine.stats().files, engine.stats().tokens), (0, 0));
}

#[test]
fn the_token_limit_bounds_memory() {
    let folder = tempfile::tempdir().unwrap();
    let text = "let value = function(argument);\n".repeat(50);
    let files: Vec<_> = (0..40)
        .map(|number| (format!("{number}.rs"), text.as_bytes()))
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (path.as_str(), *text))
        .collect();
    let limits = Limits {
        tokens: 4_000,
        ..Limits::default()
    };
    let engine = workspace(folder.path(), &files, limits);
    let stats = engine.stats();
    assert!(stats.tokens <= limits.tokens, "{stats:?}");
    assert!(
        stats.files > 0 && stats.files + stats.skipped == 40,
        "{stats:?}"
    );
    engine.update("more.rs", Rope::from(text.repeat(10)));
    idle(&engine);
    assert!(engine.stats().tokens <= limits.tokens);
}

#[test]
fn a_new_engine_costs_next_to_nothing() {
    let engine = Engine::new(Limits::default());
    assert_eq!(engine.stats(), Stats::default());
    assert!(engine.wait_until_idle(Duration::ZERO));
}

#[test]
fn a_line_of_a_megabyte_is_survived() {
    let engine = Engine::new(Limits {
        file_bytes: 4 << 20,
        ..Limits::default()
    });
    // At the desk a tenth of it.
    let text = Rope::from("[1, 2], ".repeat(thorough::part(1 << 17)));
    engine.update("a.json", text.clone());
    idle(&engine);
    for cursor in [0, 3, text.len_bytes() / 2, text.len_bytes(), usize::MAX] {
        engine.predict(&Query {
            path: "a.json",
            text: &text,
            cursor,
            max_lines: 3,
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_survived(pieces in proptest::collection::vec("\\PC{0,6}|[ \t\r\n]{1,3}|[{}();]|foo|bar_baz|é|\u{1F980}", 0..80), cursor in 0_usize..400) {
        let engine = Engine::new(Limits::default());
        let text = Rope::from(pieces.concat().repeat(3));
        engine.update("a.rs", text.clone());
        engine.update("b.rs", text.clone());
        idle(&engine);
        for path in ["a.rs", "c.rs"] {
            if let Some(found) = engine.predict(&Query { path, text: &text, cursor, max_lines: 5 }) {
                prop_assert!(!found.text.is_empty());
                prop_assert!((0.0..=1.0).contains(&found.confidence.get()));
            }
        }
    }

    #[test]
    fn words_and_breaks_make_the_same_text_again(text in "([a-z_]{1,5}|[0-9]{1,3}|[ ]|[(){};:=.>-]|é|\t){0,30}") {
        let mut again = String::new();
        let line = format!("x{text}");
        let indent = token::Indent { tabs: false, width: 4 };
        token::lex(&line, indent, token::End::Cursor, &mut |piece| {
            if let token::Piece::Word(word) = piece {
                again.push_str(word);
            }
        });
        prop_assert_eq!(again, line);
    }

    #[test]
    fn a_break_and_its_token_are_one(levels in -8..=8, columns in -48..=48, blank: bool) {
        for shift in [token::Shift::Levels(levels), token::Shift::Columns(columns)] {
            let found = token::Break { blank, shift };
            prop_assert_eq!(token::Break::of(found.token()), Some(found));
        }
    }
}

#[test]
fn the_keywords_are_sorted() {
    assert_eq!(vocabulary::name("unsafe"), None);
    assert!(vocabulary::KEYWORDS.is_sorted());
}

#[test]
fn a_document_that_is_typed_in_is_up_to_date_once_somebody_waits() {
    let engine = Engine::new(Limits::default());
    for line in 0..50 {
        engine.update("a.rs", Rope::from(format!("let line = {line};\n")));
    }
    idle(&engine);
    let before = engine.stats().lines;
    engine.update("a.rs", Rope::from("let a = 1;\nlet b = 2;\n"));
    idle(&engine);
    assert_eq!(engine.stats().lines, before + 1);
}
