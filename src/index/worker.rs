//! The threads that read files into the index, below the priority of anything that somebody waits for.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use ropey::Rope;
use rustc_hash::FxHashSet;

use super::Shared;
use super::file::FileSymbols;
use super::queue::{Root, Source, Task};
use crate::priority;
use crate::syntax::{Language, SyntaxTree};
use crate::workspace::{Stamp, confinement, walk};

/// Works until the index is dropped.
pub(super) fn run(shared: &Shared) {
    priority::give_way();
    let mut queue = shared.queue();
    loop {
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        let Some(task) = queue.next(shared.saves()) else {
            shared.idle.notify_all();
            queue = shared
                .work
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        queue.busy += 1;
        drop(queue);
        // A grammar that panics on one file must not end the reading of all others.
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| perform(shared, task)));
        if done.is_err() {
            tracing::error!("reading a file for its symbols panicked; it is left out");
        }
        queue = shared.queue();
        queue.busy -= 1;
        if !queue.is_busy() {
            shared.idle.notify_all();
        }
    }
}

fn perform(shared: &Shared, task: Task) {
    match task {
        Task::File(path, Source::Open(tree, text), number) => {
            put(
                shared,
                symbols_of(shared, &path, &tree, &text),
                None,
                number,
            );
        }
        Task::File(path, Source::Disk, number) => match from_disk(shared, &path) {
            Some((symbols, stamp)) => {
                put(shared, symbols, stamp, number);
                shared.queue().was_read(Path::new(&path));
            }
            None => shared.change_table(|table| table.remove(&path, number)),
        },
        Task::Walked(paths, root, number) => walked(shared, &paths, &root, number),
        Task::Forget(folder, kept) => {
            shared.change_table(|table| {
                table.remove_where(|path| {
                    let path = Path::new(path);
                    path.starts_with(&folder) && !kept.iter().any(|kept| path.starts_with(kept))
                });
            });
        }
        Task::Sift(folder, open) => {
            let found: FxHashSet<PathBuf> = walk::sendable(&folder).collect();
            shared.change_table(|table| {
                table.remove_where(|name| {
                    let path = Path::new(name);
                    path.starts_with(&folder) && !open.contains(name) && !found.contains(path)
                });
            });
            shared.queue().is_outdated(&folder);
        }
        Task::Mark(open) => mark(shared, &open),
        Task::Save(folder) => save(shared, &folder),
        Task::Discard(folder) => {
            if let Some(shelf) = &shared.shelf {
                shelf.discard(&folder);
            }
        }
    }
}

/// Takes over the files of a walk: from what was saved, if they have not changed since, else by reading them.
fn walked(shared: &Shared, paths: &[PathBuf], root: &Root, number: u64) {
    let saved = root.saved.get_or_init(|| {
        let shelf = shared.shelf.as_ref().filter(|_| shared.is_kept());
        shelf.and_then(|shelf| shelf.open(&root.folder))
    });
    let mut is_read = false;
    for file in paths {
        let Some(path) = file.to_str() else { continue };
        let saved = saved.as_ref().and_then(|saved| saved.find(file));
        if Language::from_path(path).is_none_or(Language::is_data) || shared.table().has(path) {
            continue;
        }
        let known = saved.and_then(|found| {
            let stamp = Stamp::of(&std::fs::symlink_metadata(file).ok()?)?;
            let mut symbols = found.symbols(path, stamp)?;
            symbols.marks = shared.markers().in_file(file);
            Some((symbols, stamp))
        });
        if let Some((symbols, stamp)) = known {
            put(shared, symbols, Some(stamp), number);
        } else if let Some((symbols, stamp)) = read(shared, path) {
            put(shared, symbols, stamp, number);
            is_read = true;
        }
    }
    if is_read {
        shared.queue().was_read(&root.folder);
    }
}

/// Saves what is known of the files that a walk finds now.
fn save(shared: &Shared, folder: &Path) {
    let Some(shelf) = &shared.shelf else { return };
    let table = shared.table().clone();
    let files = walk::sendable(folder).filter_map(|path| table.stamped(path.to_str()?));
    if let Err(error) = shelf.save(folder, files) {
        tracing::warn!(%error, "the index of the workspace cannot be saved; the next start reads all files again");
    }
}

/// Reads a file that was named rather than walked to, if a walk would come to it and it may leave the machine.
fn from_disk(shared: &Shared, path: &str) -> Option<(FileSymbols, Option<Stamp>)> {
    let file = Path::new(path);
    let roots = shared.queue().roots.clone();
    let within = |root: &PathBuf| file.starts_with(root) && walk::is_wanted(root, file);
    if !roots.iter().any(within) || confinement(file).is_some() {
        return None;
    }
    read(shared, path)
}

fn read(shared: &Shared, path: &str) -> Option<(FileSymbols, Option<Stamp>)> {
    let language = Language::from_path(path).filter(|language| !language.is_data())?;
    let (text, stamp) = walk::read_stamped(Path::new(path), shared.limits.file_bytes)?;
    let text = Rope::from(text);
    let tree = SyntaxTree::new(language).parsed_patiently(&text)?;
    Some((symbols_of(shared, path, &tree, &text), stamp))
}

fn symbols_of(shared: &Shared, path: &str, tree: &SyntaxTree, text: &Rope) -> FileSymbols {
    FileSymbols {
        marks: shared.markers().in_text(text),
        ..FileSymbols::read(path, tree, text)
    }
}

/// Looks at the head of every file for what is looked for now.
fn mark(shared: &Shared, open: &HashSet<String>) {
    let markers = shared.markers();
    let known = shared.table().clone();
    let stale = known.all().filter(|file| !file.marks.are_of(&markers));
    for file in stale.filter(|file| !open.contains(&*file.path)) {
        let marks = markers.in_file(Path::new(&*file.path));
        shared.change_table(|table| table.mark(file, marks));
    }
}

fn put(shared: &Shared, symbols: FileSymbols, stamp: Option<Stamp>, number: u64) {
    let marks = symbols.marks.clone();
    shared.change_table(|table| table.put(symbols, stamp, number, &shared.limits));
    // Others may be looked for since it was read.
    if !marks.are_of(&shared.markers()) {
        shared.queue().mark_again();
    }
}
