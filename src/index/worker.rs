//! The threads that read files into the index, below the priority of anything that somebody waits for.

use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use ropey::Rope;

use super::Shared;
use super::file::FileSymbols;
use super::queue::{Source, Task};
use crate::syntax::{Language, SyntaxTree};
use crate::workspace::{confinement, walk};

/// Works until the index is dropped.
pub(super) fn run(shared: &Shared) {
    yield_to_others();
    let mut queue = shared.queue();
    loop {
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        let Some(task) = queue.next() else {
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

/// Asks the system to run this thread when nobody else has anything to do. Elsewhere than on Linux that would slow the whole process.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    {
        // A system that refuses keeps us at the ordinary priority.
        let _ = rustix::process::nice(10);
    }
}

fn perform(shared: &Shared, task: Task) {
    match task {
        Task::File(path, Source::Open(tree, text), number) => {
            let symbols = FileSymbols::read(&path, &tree, &text);
            put(shared, symbols, number);
        }
        Task::File(path, Source::Disk, number) => match from_disk(shared, &path) {
            Some(symbols) => put(shared, symbols, number),
            None => shared.change_table(|table| table.remove(&path, number)),
        },
        Task::Walked(paths, number) => {
            for path in paths {
                walked(shared, &path, number);
            }
        }
        Task::Forget(folder, kept) => {
            shared.change_table(|table| {
                table.remove_where(|path| {
                    let path = Path::new(path);
                    path.starts_with(&folder) && !kept.iter().any(|kept| path.starts_with(kept))
                });
            });
        }
    }
}

fn walked(shared: &Shared, path: &Path, number: u64) {
    let Some(path) = path.to_str() else { return };
    if Language::from_path(path).is_none_or(Language::is_data) || shared.table().has(path) {
        return;
    }
    if let Some(symbols) = read(shared, path) {
        put(shared, symbols, number);
    }
}

/// Reads a file that was named rather than walked to, if a walk would come to it and it may leave the machine.
fn from_disk(shared: &Shared, path: &str) -> Option<FileSymbols> {
    let file = Path::new(path);
    let roots = shared.queue().roots.clone();
    let within = |root: &std::path::PathBuf| file.starts_with(root) && walk::is_wanted(root, file);
    if !roots.iter().any(within) || confinement(file).is_some() {
        return None;
    }
    read(shared, path)
}

fn read(shared: &Shared, path: &str) -> Option<FileSymbols> {
    let language = Language::from_path(path).filter(|language| !language.is_data())?;
    let text = Rope::from(walk::read(Path::new(path), shared.limits.file_bytes)?);
    let tree = SyntaxTree::new(language).parsed_patiently(&text)?;
    Some(FileSymbols::read(path, &tree, &text))
}

fn put(shared: &Shared, symbols: FileSymbols, number: u64) {
    shared.change_table(|table| table.put(symbols, number, &shared.limits));
}
