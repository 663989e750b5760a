//! The index as its users see it: folders on a disk, documents in an editor.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ropey::Rope;

use super::{Limits, Name, SymbolIndex};
use crate::syntax::{Language, SyntaxTree};
use crate::workspace::Markers;

const LONG: Duration = Duration::from_mins(1);

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, text).expect("a file");
}

fn read(root: &Path) -> SymbolIndex {
    let index = SymbolIndex::new(Limits::default());
    index.add_folder(root.to_owned());
    assert!(index.wait_until_idle(LONG));
    index
}

/// The lines of all definitions of a name.
fn lines(index: &SymbolIndex, name: &str) -> Vec<String> {
    let found = index.definitions().named(name);
    found.iter().map(|found| found.lines().to_owned()).collect()
}

#[test]
fn everything_that_code_can_refer_to_is_found_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    write(
        root,
        "src/a.rs",
        "pub const LIMIT: usize = 4;\npub struct Point { pub x: f64 }\nimpl Point {\n    pub fn length(&self) -> f64 {\n        0.0\n    }\n}\n",
    );
    write(
        root,
        "b.py",
        "RETRIES = 3\nFIRST, SECOND = 1, 2\n\ndef connect(host,\n            port):\n    local = 1\n",
    );
    write(
        root,
        "c.go",
        "package c\n\nconst (\n\tAlpha = iota\n\tBeta\n)\n\ntype List[T any] struct{ items []T }\n\nfunc (l *List[T]) Push(item T) {}\n",
    );
    write(
        root,
        "d.ts",
        "export const origin = 1;\nexport interface Shape {\n  area(): number;\n}\n",
    );
    let index = read(root);
    let table = [
        ("LIMIT", "pub const LIMIT: usize = 4;"),
        ("Point", "pub struct Point { pub x: f64 }"),
        ("length", "pub fn length(&self) -> f64 {"),
        ("RETRIES", "RETRIES = 3"),
        ("SECOND", "FIRST, SECOND = 1, 2"),
        ("connect", "def connect(host,\n            port):"),
        ("Beta", "Beta"),
        ("Push", "func (l *List[T]) Push(item T) {}"),
        ("origin", "export const origin = 1;"),
        ("area", "area(): number;"),
    ];
    for (name, line) in table {
        assert_eq!(lines(&index, name), [line], "{name}");
    }
    assert!(lines(&index, "local").is_empty());
    let members = index.definitions().of_owner("List");
    assert!(
        members
            .iter()
            .any(|found| &*found.definition().name == "Push")
    );
}

#[test]
fn what_must_not_be_sent_is_never_in_the_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    write(root, ".gitignore", "built/\n");
    write(root, ".aiignore", "private.rs\n");
    write(root, "built/a.rs", "fn built() {}\n");
    write(root, "private.rs", "fn private() {}\n");
    write(root, "public.rs", "fn public() {}\n");
    let index = read(root);
    for name in ["private.rs", "built/a.rs"] {
        index.changed(root.join(name).to_str().expect("a path"));
    }
    assert!(index.wait_until_idle(LONG));
    assert_eq!(index.definitions().files(), 1);
    assert_eq!(lines(&index, "public"), ["fn public() {}"]);
}

#[test]
fn an_open_document_counts_more_than_its_file_until_it_is_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    write(root, "a.rs", "fn saved() {}\n");
    let index = read(root);
    let path = root.join("a.rs");
    let path = path.to_str().expect("a path");
    let text = Rope::from_str("fn typed() {}\n");
    let tree = SyntaxTree::new(Language::from_id("rust").expect("known"))
        .parsed(&text, LONG)
        .expect("in time");
    index.update(path, tree, text);
    index.changed(path);
    assert!(index.wait_until_idle(LONG));
    assert_eq!(
        (lines(&index, "typed").len(), lines(&index, "saved").len()),
        (1, 0)
    );
    index.close(path);
    assert!(index.wait_until_idle(LONG));
    assert_eq!(
        (lines(&index, "typed").len(), lines(&index, "saved").len()),
        (0, 1)
    );
}

#[test]
fn a_file_that_is_gone_is_forgotten_and_so_is_a_folder_that_is_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    write(root, "a.rs", "fn first() {}\n");
    write(root, "inner/b.rs", "fn second() {}\n");
    let index = read(root);
    fs::remove_file(root.join("a.rs")).expect("it is there");
    index.changed(root.join("a.rs").to_str().expect("a path"));
    assert!(index.wait_until_idle(LONG));
    assert!(lines(&index, "first").is_empty() && index.definitions().users(Name::of("first")) == 0);
    index.remove_folder(root);
    assert!(index.wait_until_idle(LONG));
    let definitions = index.definitions();
    assert_eq!((definitions.files(), definitions.len()), (0, 0));
}

#[test]
fn the_index_keeps_within_its_limits() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..20 {
        write(
            folder.path(),
            &format!("f{number}.rs"),
            "fn one() {}\nfn two() {}\n",
        );
    }
    let index = SymbolIndex::new(Limits {
        definitions: 11,
        ..Limits::default()
    });
    index.add_folder(folder.path().to_owned());
    assert!(index.wait_until_idle(LONG));
    assert_eq!(index.definitions().len(), 10);
}

#[test]
fn a_name_of_very_many_places_is_found_in_the_same_ones_whatever_order_they_came_in() {
    let known = |order: &mut dyn Iterator<Item = usize>| {
        let index = SymbolIndex::new(Limits::default());
        for number in order {
            let text = Rope::from_str("fn made() {}\n");
            let tree = SyntaxTree::new(Language::from_id("rust").expect("known"));
            let tree = tree.parsed(&text, LONG).expect("in time");
            index.update(&format!("/w/f{number:03}.rs"), tree, text);
            assert!(index.wait_until_idle(LONG));
        }
        let found = index.definitions().named("made");
        let paths = found.iter().map(|found| found.file.path.to_string());
        paths.collect::<Vec<_>>()
    };
    let forwards = known(&mut (0..100));
    assert_eq!(forwards, known(&mut (0..100).rev()));
    assert_eq!(forwards.len(), 64);
}

#[test]
fn a_files_passages_tell_which_names_stand_together() {
    let index = SymbolIndex::new(Limits::default());
    let text = Rope::from_str(&format!("first second first\n{}third\n", "\n".repeat(15)));
    let tree = SyntaxTree::new(Language::from_id("rust").expect("known"));
    let tree = tree.parsed(&text, LONG).expect("in time");
    index.update("/w/a.rs", tree, text);
    assert!(index.wait_until_idle(LONG));
    let definitions = index.definitions();
    let file = definitions.file("/w/a.rs").expect("it is there");
    let mut together = [Name::of("first"), Name::of("second")];
    together.sort_unstable();
    let passages: Vec<Vec<Name>> = file.passages().map(|it| it.names().collect()).collect();
    assert_eq!(passages, [&together[..], &[Name::of("third")]]);
}

/// Which of the files that define a name are marked.
fn those_with(index: &SymbolIndex, marker: &str) -> Vec<String> {
    let definitions = index.definitions();
    let found = definitions.named("LIMIT").into_iter();
    let found = found.filter(|found| found.file.marks.may_have(marker));
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    found.map(|found| name(&found.file.path)).collect()
}

#[test]
fn what_marks_a_file_is_found_where_it_is_read_and_again_when_something_else_is_looked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    write(root, "a.rs", "// SECRET\nconst LIMIT: u8 = 1;\n");
    write(root, "b.rs", "const LIMIT: u8 = 2;\n");
    let index = SymbolIndex::new(Limits::default());
    assert!(index.look_for(&Markers::of(["SECRET"])));
    assert!(!index.look_for(&Markers::of(["SECRET"])));
    index.add_folder(root.to_owned());
    assert!(index.wait_until_idle(LONG));
    assert_eq!(those_with(&index, "SECRET"), ["a.rs"]);
    // What was not looked for may be there.
    assert_eq!(those_with(&index, "LIMIT: u8 = 2"), ["a.rs", "b.rs"]);
    assert!(index.look_for(&Markers::of(["LIMIT: u8 = 2"])));
    assert!(index.wait_until_idle(LONG));
    assert_eq!(those_with(&index, "LIMIT: u8 = 2"), ["b.rs"]);
    let text = Rope::from_str("// LIMIT: u8 = 2\nconst LIMIT: u8 = 3;\n");
    let language = Language::from_id("rust").expect("a language");
    let tree = SyntaxTree::new(language)
        .parsed(&text, LONG)
        .expect("parsed");
    index.update(root.join("a.rs").to_str().expect("a path"), tree, text);
    assert!(index.wait_until_idle(LONG));
    assert_eq!(those_with(&index, "LIMIT: u8 = 2"), ["a.rs", "b.rs"]);
}

#[test]
fn what_is_withdrawn_is_counted_and_what_comes_in_or_stays_as_it_was_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    write(root, "a.rs", "const LIMIT: u8 = 1;\n");
    write(root, "b.rs", "const LIMIT: u8 = 2;\n");
    let index = SymbolIndex::new(Limits::default());
    index.look_for(&Markers::of(["SECRET"]));
    index.add_folder(root.to_owned());
    let after = |act: &dyn Fn()| {
        let before = index.withdrawn().load(Ordering::Relaxed);
        act();
        assert!(index.wait_until_idle(LONG));
        index.withdrawn().load(Ordering::Relaxed) - before
    };
    let changed = |name: &str| index.changed(root.join(name).to_str().expect("a path"));
    assert_eq!(after(&|| {}), 0);
    write(root, "a.rs", "const LIMIT: u8 = 3;\n");
    assert_eq!(after(&|| changed("a.rs")), 0, "it is for the same");
    write(root, "a.rs", "// SECRET\nconst LIMIT: u8 = 3;\n");
    assert_eq!(after(&|| changed("a.rs")), 1, "its head has a mark");
    write(root, ".aiignore", "b.rs\n");
    assert_eq!(after(&|| index.rules_changed()), 1, "a rule names it");
    assert_eq!(after(&|| index.rules_changed()), 0);
    let others = Markers::of(["SECRET", "LIMIT"]);
    assert_eq!(after(&|| assert!(index.look_for(&others))), 1);
}

#[test]
fn a_name_that_several_files_define_is_in_memory_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["a.rs", "b.rs", "c.rs"] {
        write(folder.path(), file, "const LIMIT: u8 = 1;\n");
    }
    let index = SymbolIndex::new(Limits::default());
    index.add_folder(folder.path().to_owned());
    assert!(index.wait_until_idle(LONG));
    let definitions = index.definitions();
    let found = definitions.named("LIMIT");
    let names: Vec<_> = found.iter().map(|one| &one.definition().name).collect();
    let [first, others @ ..] = &names[..] else {
        panic!("nothing was found");
    };
    assert_eq!(others.len(), 2);
    assert!(others.iter().all(|other| Arc::ptr_eq(first, other)));
}
