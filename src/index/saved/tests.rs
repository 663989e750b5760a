//! What is saved, as the next server finds it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{EXTENSION, Holding, Shelf, UNFINISHED};
use crate::index::{Limits, SymbolIndex};

/// A workspace and a shelf.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("work")).expect("a folder");
        Self { folder }
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn shelf(&self) -> Shelf {
        Shelf::new(self.folder.path().join("cache/symbols"))
    }

    /// Writes a file of the workspace, some hours ago.
    fn write(&self, name: &str, text: &str, hours: u64) {
        let path = self.work().join(name);
        fs::write(&path, text).expect("a file");
        age(&path, hours);
    }

    fn path(&self, name: &str) -> String {
        let path = self.work().join(name);
        path.to_str().expect("a path of letters").to_owned()
    }

    /// Starts a server's index and waits until it knows the workspace, and has saved it.
    fn start(&self, on: Shelf) -> SymbolIndex {
        let index = SymbolIndex::kept(Limits::default(), Some(on));
        index.add_folder(self.work());
        settle(&index);
        index
    }

    fn saved_file(&self) -> PathBuf {
        self.shelf().file_of(&self.work())
    }

    fn saved_bytes(&self) -> String {
        let bytes = fs::read(self.saved_file()).expect("it was saved");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn settle(index: &SymbolIndex) {
    assert!(index.wait_until_idle(Duration::from_mins(1)));
}

fn age(path: &Path, hours: u64) {
    let then = SystemTime::now() - Duration::from_hours(hours);
    let file = File::options().write(true).open(path).expect("it is there");
    file.set_modified(then).expect("it can be set");
}

fn knows(index: &SymbolIndex, name: &str) -> bool {
    !index.definitions().named(name).is_empty()
}

/// Writes another text in place of a file's, of the same length and stamp, which shows where an answer is from.
fn swap_unseen(place: &Place, name: &str, from: &str, to: &str) {
    let path = place.work().join(name);
    let modified = fs::metadata(&path).and_then(|it| it.modified());
    let text = fs::read_to_string(&path).expect("it is there");
    assert_eq!(from.len(), to.len());
    fs::write(&path, text.replace(from, to)).expect("a file");
    let file = File::options()
        .write(true)
        .open(&path)
        .expect("it is there");
    let modified = modified.expect("it is told");
    file.set_modified(modified).expect("it can be set");
}

#[test]
fn a_restart_reads_only_what_has_changed() {
    let place = Place::new();
    place.write("same.rs", "fn saved() {}\n", 2);
    place.write("other.rs", "fn before() {}\n", 2);
    drop(place.start(place.shelf()));
    swap_unseen(&place, "same.rs", "saved", "fresh");
    place.write("other.rs", "fn after() {}\n", 1);
    place.write("new.rs", "fn came() {}\n", 1);
    let index = place.start(place.shelf());
    let known = ["saved", "fresh", "before", "after", "came"].map(|name| knows(&index, name));
    assert_eq!(known, [true, false, false, true, true]);
    assert_eq!(index.definitions().files(), 3);
}

#[test]
fn a_file_that_was_just_written_is_read_again_whatever_its_stamp() {
    let place = Place::new();
    place.write("young.rs", "fn saved() {}\n", 0);
    drop(place.start(place.shelf()));
    swap_unseen(&place, "young.rs", "saved", "fresh");
    assert!(knows(&place.start(place.shelf()), "fresh"));
}

#[test]
fn what_must_not_leave_the_machine_is_neither_saved_nor_found_in_what_was_saved() {
    let place = Place::new();
    place.write("open.rs", "fn public_thing() {}\n", 2);
    place.write("closed.rs", "fn private_thing() {}\n", 2);
    let index = place.start(place.shelf());
    assert!(place.saved_bytes().contains("private_thing"));
    // While the server runs: at once.
    place.write(".aiignore", "closed.rs\n", 1);
    index.rules_changed();
    settle(&index);
    assert!(knows(&index, "public_thing") && !knows(&index, "private_thing"));
    assert!(!place.saved_bytes().contains("private_thing"));
    assert!(place.saved_bytes().contains("public_thing"));
    // While none runs: the next one does not find it, and saves anew.
    fs::remove_file(place.work().join(".aiignore")).expect("it is there");
    index.rules_changed();
    settle(&index);
    assert!(place.saved_bytes().contains("private_thing"));
    drop(index);
    place.write(".cursorignore", "closed.rs\n", 1);
    let index = place.start(place.shelf());
    assert!(knows(&index, "public_thing") && !knows(&index, "private_thing"));
    assert!(!place.saved_bytes().contains("private_thing"));
}

#[test]
fn what_is_open_in_the_editor_is_not_saved_as_what_is_on_the_disk() {
    use crate::syntax::{Language, SyntaxTree};
    let place = Place::new();
    place.write("a.rs", "fn on_disk() {}\n", 2);
    let text = ropey::Rope::from_str("fn unsaved_work() {}\n");
    let tree = SyntaxTree::new(Language::from_id("rust").expect("known"));
    let tree = tree.parsed(&text, Duration::from_mins(1)).expect("in time");
    let index = SymbolIndex::kept(Limits::default(), Some(place.shelf()));
    index.update(&place.path("a.rs"), tree, text);
    settle(&index);
    place.write("b.rs", "fn beside() {}\n", 2);
    index.add_folder(place.work());
    settle(&index);
    assert!(knows(&index, "unsaved_work"));
    let saved = place.saved_bytes();
    assert!(saved.contains("beside") && !saved.contains("unsaved_work"));
}

#[test]
fn what_is_damaged_or_of_somebody_else_is_as_good_as_nothing() {
    let place = Place::new();
    place.write("a.rs", "fn saved() {}\n", 2);
    drop(place.start(place.shelf()));
    swap_unseen(&place, "a.rs", "saved", "fresh");
    let whole = fs::read(place.saved_file()).expect("it was saved");
    // At every byte; each time it is read and not written.
    let reading = Shelf::reading(place.folder.path().join("cache/symbols"));
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x15;
        fs::write(place.saved_file(), &damaged).expect("it can be written");
        let saved = reading.open(&place.work());
        let found = saved
            .as_ref()
            .and_then(|saved| saved.find(&place.work().join("a.rs")));
        let stamp = crate::workspace::Stamp::of(&fs::metadata(place.path("a.rs")).expect("there"));
        let symbols = found.and_then(|found| found.symbols("a.rs", stamp.expect("told")));
        assert!(symbols.is_none(), "byte {at} of {}", whole.len());
    }
    for bytes in [&whole[..whole.len() / 2], &whole[1..], &[], &[0; 4_000]] {
        fs::write(place.saved_file(), bytes).expect("it can be written");
        assert!(knows(&place.start(reading.clone()), "fresh"));
    }
    // Another folder's file under this one's name.
    let other = Place::new();
    other.write("a.rs", "fn saved() {}\n", 2);
    drop(other.start(other.shelf()));
    fs::copy(other.saved_file(), place.saved_file()).expect("it can be copied");
    assert!(knows(&place.start(place.shelf()), "fresh"));
}

#[test]
fn who_switches_it_off_has_nothing_saved_and_what_was_is_removed() {
    let place = Place::new();
    place.write("a.rs", "fn saved() {}\n", 2);
    let index = place.start(place.shelf());
    assert_eq!(place.shelf().holding().folders, 1);
    index.keep(false);
    settle(&index);
    assert_eq!(place.shelf().holding(), Holding::default());
    drop(index);
    drop(place.start(place.shelf()));
    assert_eq!(place.shelf().holding().folders, 1);
    let index = SymbolIndex::kept(Limits::default(), Some(place.shelf()));
    index.keep(false);
    index.add_folder(place.work());
    settle(&index);
    assert!(knows(&index, "saved"));
    assert_eq!(place.shelf().holding(), Holding::default());
}

#[test]
fn the_shelf_is_for_its_user_alone_and_leftovers_are_tidied_away() {
    let place = Place::new();
    place.write("a.rs", "fn saved() {}\n", 2);
    drop(place.start(place.shelf()));
    let shelf = place.shelf().folder;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&shelf), mode(&place.saved_file())), (0o700, 0o600));
    }
    for (name, length, hours) in [
        ("old", super::MOST_IN_ALL - 20_000, 30),
        ("older", 20_000, 40),
        ("new", 10_000, 1),
    ] {
        let path = shelf.join(name).with_extension(EXTENSION);
        File::create(&path)
            .and_then(|file| file.set_len(length))
            .expect("a file");
        age(&path, hours);
    }
    for (name, hours) in [("a", 30), ("b", 1)] {
        let path = shelf.join(format!("{UNFINISHED}{name}"));
        fs::write(&path, "").expect("a file");
        age(&path, hours);
    }
    place.write("b.rs", "fn more() {}\n", 2);
    drop(place.start(place.shelf()));
    let is_there = |name: &str| shelf.join(name).exists();
    let there = [
        "old.symbols",
        "older.symbols",
        "new.symbols",
        ".unfinished-a",
        ".unfinished-b",
    ];
    assert_eq!(there.map(is_there), [true, false, true, false, true]);
    assert!(place.saved_file().exists());
}
