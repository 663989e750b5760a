//! Every language of the registry, shown by its own fixture: `grammars/<language>/fixture.<extension>` and what is read
//! out of it, `fixture.expected`. A new language needs both files and no change here.
//!
//! `BYOK_UPDATE_EXPECTED=1 cargo test --lib syntax::tests::fixtures` writes the expected files anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ropey::Rope;
use tree_sitter::Node;

use super::super::query::Topic;
use super::super::{Language, Scope, enclosing_scopes, imports, outline};

#[test]
fn every_query_compiles_and_uses_documented_captures_only() {
    for language in Language::all() {
        for topic in Topic::ALL {
            assert_eq!(
                language.query(topic).unknown_captures(),
                Vec::<&str>::new(),
                "{language:?} {topic:?}"
            );
        }
    }
}

#[test]
fn every_node_kind_of_the_registry_is_one_of_its_grammar() {
    for language in Language::all() {
        let texts = language.texts();
        for kind in [texts.comments, texts.strings, texts.code_in_strings].concat() {
            assert_ne!(
                language.grammar().id_for_node_kind(kind, true),
                0,
                "{language:?} has no node {kind}"
            );
        }
    }
}

#[test]
fn every_language_s_fixture_is_read_as_expected() {
    let update = std::env::var_os("BYOK_UPDATE_EXPECTED").is_some();
    let mut wrong = String::new();
    for language in Language::all() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("grammars")
            .join(language.id());
        let text = std::fs::read_to_string(fixture(&folder, language)).expect("a fixture is UTF-8");
        let actual = read_out(language, &text);
        let expected = folder.join("fixture.expected");
        if update {
            std::fs::write(expected, actual).expect("the folder can be written");
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != actual {
            let _ = writeln!(
                wrong,
                "{} differs; read out was:\n{actual}",
                expected.display()
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The folder's file whose name is `fixture` with one of the language's extensions.
fn fixture(folder: &Path, language: Language) -> PathBuf {
    let mut candidates = language
        .extensions()
        .iter()
        .map(|extension| folder.join(format!("fixture.{extension}")));
    candidates
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{} has no fixture", folder.display()))
}

/// What the three queries say of a text, for people to read.
fn read_out(language: Language, text: &str) -> String {
    let rope = Rope::from_str(text);
    let tree = super::parsed(language.id(), &rope);
    let error = first_error(tree.root().expect("it was parsed"));
    assert_eq!(error, None, "{language:?}: the fixture has a syntax error");
    let line = |byte: usize| rope.byte_to_line(byte) + 1;
    let mut shown = String::from("outline\n");
    for symbol in outline(&tree, &rope, 0..usize::MAX) {
        let header = rope.byte_slice(symbol.header.clone()).to_string();
        let header = header.lines().next().unwrap_or_default();
        let indent = "  ".repeat(symbol.depth);
        let _ = writeln!(
            shown,
            "{:4} {indent}{} {}   | {header}",
            line(symbol.name_range.start),
            symbol.kind.word(),
            symbol.name
        );
    }
    shown.push_str("\nscopes at the end of each line, where they change\n");
    let mut last = String::new();
    for (number, content) in rope.lines().enumerate() {
        let content = content.to_string();
        let end = rope.line_to_byte(number) + content.trim_end().len();
        let path = enclosing_scopes(&tree, &rope, end)
            .iter()
            .map(described)
            .collect::<Vec<_>>()
            .join(" > ");
        if path != last && !content.trim().is_empty() {
            let _ = writeln!(shown, "{:4} {path}", number + 1);
            last = path;
        }
    }
    shown.push_str("\nimports\n");
    for import in imports(&tree, &rope, 0..usize::MAX) {
        let _ = writeln!(
            shown,
            "{:4} {} [{}]",
            line(import.range.start),
            import.path,
            import.names.join(", ")
        );
    }
    let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

fn described(scope: &Scope) -> String {
    format!(
        "{} {}",
        scope.kind.word(),
        scope.name.as_deref().unwrap_or("-")
    )
}

fn first_error(node: Node<'_>) -> Option<Node<'_>> {
    if node.is_error() || node.is_missing() {
        return Some(node);
    }
    let mut cursor = node.walk();
    let children = node
        .children(&mut cursor)
        .filter(Node::has_error)
        .collect::<Vec<_>>();
    children.into_iter().find_map(first_error)
}
