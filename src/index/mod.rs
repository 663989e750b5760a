//! What the workspace defines, found by name: functions, types, constants, fields, each with its defining lines.
//!
//! Entry points: [`SymbolIndex`], which threads of low priority fill in the background ([`worker`]), and [`Definitions`], its state at
//! a moment, which is O(1) to take and never changes. A file becomes [`FileSymbols`] by its language's own queries, the same that make outlines;
//! an open document is read from its tree, the rest of the workspace from the disk, as far as it may leave the machine
//! ([`crate::workspace`]): what must not be sent is not in here.
//!
//! What rules about files keep from some models is in here, since others may be shown it; so each file tells its language and its marks, and who chooses for a
//! prompt leaves out what that prompt must not show before anything is ranked ([`crate::context::Inputs::admits`]). The marks are looked for where a file is read;
//! when others are looked for, what has not been looked at again counts as marked.
//!
//! It is kept on the disk ([`saved`]), so that a restart reads only what changed.
//!
//! Invariants: nobody who types waits for it; a query takes microseconds and touches no disk; memory stays within [`Limits`]; a document of
//! which nothing is known is simply not there. It knows `syntax` and `workspace`, and nothing that sends.

mod file;
mod queue;
mod saved;
mod table;
#[cfg(test)]
mod tests;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use ropey::Rope;

pub use file::{Definition, FileSymbols, Name, PASSAGE, Passage};
pub use saved::{Holding, Shelf};
pub use table::{Definitions, Found};
pub(crate) use table::{folder_of, names};

use crate::syntax::SyntaxTree;
use crate::workspace::Markers;
use queue::{Queue, Source};

/// The bounds of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most files.
    pub files: usize,
    /// The most definitions, of some hundred bytes each.
    pub definitions: usize,
    /// The longest file that is read, in bytes.
    pub file_bytes: usize,
    /// The most threads.
    pub threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: 50_000,
            definitions: 1_000_000,
            file_bytes: 512 * 1024,
            threads: 2,
        }
    }
}

/// The index of a session. Clones are the same index; the last to go ends its threads.
#[derive(Clone)]
pub struct SymbolIndex(Arc<Owner>);

/// Ends the threads when the last handle goes; they hold only what is shared.
struct Owner(Arc<Shared>);

struct Shared {
    limits: Limits,
    /// Where it is saved, if anywhere.
    shelf: Option<Shelf>,
    /// Whether the user wants it saved.
    is_kept: AtomicBool,
    /// What is looked for at the head of each file.
    markers: RwLock<Markers>,
    table: RwLock<Definitions>,
    queue: Mutex<Queue>,
    /// There is work, or the index is gone.
    work: Condvar,
    /// All work is done.
    idle: Condvar,
    stop: AtomicBool,
    /// How many files are in the table, for those who must not wait for it.
    files: AtomicUsize,
    /// How often something was withdrawn from the table, for the same.
    withdrawn: Arc<AtomicU64>,
}

impl SymbolIndex {
    /// Creates an empty index that is in memory alone. No thread exists before there is something to read.
    pub fn new(limits: Limits) -> Self {
        Self::kept(limits, None)
    }

    /// Creates an empty index that is saved on a shelf, where what was saved earlier spares reading files that have not changed since.
    pub fn kept(limits: Limits, shelf: Option<Shelf>) -> Self {
        Self(Arc::new(Owner(Arc::new(Shared {
            limits,
            shelf,
            is_kept: AtomicBool::new(true),
            markers: RwLock::default(),
            table: RwLock::default(),
            queue: Mutex::default(),
            work: Condvar::new(),
            idle: Condvar::new(),
            stop: AtomicBool::new(false),
            files: AtomicUsize::new(0),
            withdrawn: Arc::default(),
        }))))
    }

    /// Reads a folder of the workspace, in the background.
    pub fn add_folder(&self, folder: PathBuf) {
        let is_discarded = self.0.0.shelf.is_some() && !self.0.0.is_kept();
        self.give(|queue| {
            queue.add_folder(folder);
            if is_discarded {
                queue.discard();
            }
        });
    }

    /// Forgets a folder of the workspace.
    pub fn remove_folder(&self, folder: &Path) {
        self.give(|queue| queue.remove_folder(folder));
    }

    /// Says whether the index is to be saved. If not, what was saved of the workspace is removed.
    pub fn keep(&self, is_kept: bool) {
        self.0.0.is_kept.store(is_kept, Ordering::Relaxed);
        if !is_kept && self.0.0.shelf.is_some() {
            self.give(Queue::discard);
        }
    }

    /// Says what is to be looked for at the head of each file, and has those looked at again that are known; returns whether that is news. Of an open document
    /// nobody knows until it is handed over anew.
    pub fn look_for(&self, markers: &Markers) -> bool {
        let is_news = self.0.0.set_markers(markers);
        if is_news {
            self.give(Queue::mark_again);
        }
        is_news
    }

    /// Notes that the rules changed by which files of the workspace may leave the machine: what may not any more is forgotten.
    pub fn rules_changed(&self) {
        self.give(Queue::walk_again);
    }

    /// Takes over what an open document defines now, in the background; of several states the latest counts. `path` is its name in the
    /// index: a file's path, or the address of what is no file.
    pub fn update(&self, path: &str, tree: SyntaxTree, text: Rope) {
        let mut queue = self.0.0.queue();
        queue.open.insert(path.to_owned());
        queue
            .files
            .insert(path.to_owned(), Source::Open(tree, text));
        self.wake(queue);
    }

    /// Notes that a document was closed: from now on the file on the disk counts, if it is one of the workspace's.
    pub fn close(&self, path: &str) {
        let mut queue = self.0.0.queue();
        if queue.open.remove(path) {
            queue.files.insert(path.to_owned(), Source::Disk);
            self.wake(queue);
        }
    }

    /// Notes that a file changed on the disk, came or went. What is open in the editor counts more.
    pub fn changed(&self, path: &str) {
        self.give(|queue| {
            if !queue.open.contains(path) {
                queue.files.insert(path.to_owned(), Source::Disk);
            }
        });
    }

    /// Returns what is known at this moment.
    pub fn definitions(&self) -> Definitions {
        self.0.0.table().clone()
    }

    /// Returns how many files are known, without waiting for anybody.
    pub fn files(&self) -> usize {
        self.0.0.files.load(Ordering::Relaxed)
    }

    /// Returns the count of what was withdrawn: of times at which files were taken out, or found to be for others than before. What was chosen of the index
    /// at another count may hold what nobody is to be shown any more.
    pub fn withdrawn(&self) -> Arc<AtomicU64> {
        self.0.0.withdrawn.clone()
    }

    /// Waits until all that was handed over is in, or the time is up; returns whether it is in.
    pub fn wait_until_idle(&self, limit: Duration) -> bool {
        let begin = Instant::now();
        let mut queue = self.0.0.queue();
        while queue.is_busy() {
            let Some(left) = limit.checked_sub(begin.elapsed()) else {
                return false;
            };
            queue = self
                .0
                .0
                .idle
                .wait_timeout(queue, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    fn give(&self, change: impl FnOnce(&mut Queue)) {
        let mut queue = self.0.0.queue();
        change(&mut queue);
        self.wake(queue);
    }

    /// Sees to it that somebody does what is queued.
    fn wake(&self, mut queue: MutexGuard<'_, Queue>) {
        while queue.threads < self.0.0.limits.threads {
            let shared = self.0.0.clone();
            let thread = std::thread::Builder::new()
                .name("symbols".into())
                .spawn(move || worker::run(&shared));
            match thread {
                Ok(_) => queue.threads += 1,
                // Without a thread there is less context; the next change tries again.
                Err(_) => break,
            }
        }
        drop(queue);
        self.0.0.work.notify_all();
    }
}

impl Shared {
    fn is_kept(&self) -> bool {
        self.is_kept.load(Ordering::Relaxed)
    }

    fn markers(&self) -> Markers {
        let markers = self.markers.read();
        markers.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_markers(&self, wanted: &Markers) -> bool {
        let markers = self.markers.write();
        let mut markers = markers.unwrap_or_else(PoisonError::into_inner);
        let is_news = *markers != *wanted;
        markers.clone_from(wanted);
        is_news
    }

    /// Returns whether what is known is to be saved.
    fn saves(&self) -> bool {
        self.is_kept() && self.shelf.as_ref().is_some_and(Shelf::is_written)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn table(&self) -> std::sync::RwLockReadGuard<'_, Definitions> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change_table(&self, change: impl FnOnce(&mut Definitions)) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut table);
        self.files.store(table.files(), Ordering::Relaxed);
        self.withdrawn.store(table.withdrawn(), Ordering::Relaxed);
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
        // Whoever holds the lock has not yet gone to sleep; after that the notice reaches them.
        drop(self.0.queue());
        self.0.work.notify_all();
    }
}
