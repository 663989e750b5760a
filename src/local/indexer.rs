//! The background thread that keeps the index up to date.
//!
//! Entry points: [`Shared`], through which the engine hands over work, and [`run`], the thread. Open documents come before
//! the walk of the workspace; of several changes to one document the latest wins; the thread sleeps when there is nothing to
//! do and ends when the engine is dropped.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use ropey::Rope;
use rustc_hash::FxHashMap;

use super::Limits;
use super::index::{Batch, Index};
use super::vocabulary::Vocabulary;
use crate::workspace::walk;

/// What the engine and its thread share.
pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) index: RwLock<Arc<Index>>,
    pub(super) vocabulary: RwLock<Vocabulary>,
    pub(super) queue: Mutex<Queue>,
    /// There is work, or the engine is gone.
    pub(super) work: Condvar,
    /// All work is done.
    pub(super) idle: Condvar,
    pub(super) stop: AtomicBool,
    /// Files and documents left out for a limit or because they are no code.
    pub(super) skipped: AtomicUsize,
}

/// Work to be done.
#[derive(Default)]
pub(super) struct Queue {
    /// The latest state of each document that changed.
    pub(super) documents: FxHashMap<String, Document>,
    /// Folders to add or remove, in order.
    pub(super) roots: VecDeque<Root>,
    /// Whether the thread is at work.
    pub(super) busy: bool,
    /// Whether the thread has been started.
    pub(super) started: bool,
    /// How many wait for the thread to be idle; meanwhile it does not pace itself.
    pub(super) waiting: usize,
}

/// What became of a document.
pub(super) enum Document {
    Open(Rope),
    Closed,
}

/// What to do with a folder.
pub(super) enum Root {
    Add(PathBuf),
    Remove(PathBuf),
}

impl Queue {
    /// Returns whether anything is queued or being done.
    pub(super) fn is_busy(&self) -> bool {
        self.busy || !self.documents.is_empty() || !self.roots.is_empty()
    }
}

/// Tokens of files gathered before they become a segment: few at first, so that there is something to predict from early.
const BATCHES: [usize; 3] = [1 << 15, 1 << 17, 1 << 19];

/// A document that is typed in is indexed anew so many times more rarely than that takes, so that the thread costs a twentieth of a core.
/// The text around the cursor is read from each query's own snapshot, so nobody sees the difference.
const PACE: u32 = 20;

/// Works until the engine is dropped.
pub(super) fn run(shared: &Shared) {
    let mut indexer = Indexer {
        shared,
        index: Index::default(),
        roots: Vec::new(),
        walks: VecDeque::new(),
        batch: Batch::default(),
        sealed: 0,
        due: FxHashMap::default(),
    };
    while let Some(task) = indexer.next_task() {
        match task {
            Task::Document(path, Document::Open(text)) => indexer.open(&path, &text),
            Task::Document(path, Document::Closed) => indexer.close(&path),
            Task::Root(Root::Add(root)) => indexer.add_root(root),
            Task::Root(Root::Remove(root)) => indexer.remove_root(&root),
            Task::Walk => indexer.walk_on(),
        }
    }
}

enum Task {
    Document(String, Document),
    Root(Root),
    Walk,
}

struct Indexer<'a> {
    shared: &'a Shared,
    index: Index,
    roots: Vec<PathBuf>,
    walks: VecDeque<(PathBuf, Box<dyn Iterator<Item = PathBuf> + Send>)>,
    batch: Batch,
    /// How many batches of the present walk have become segments.
    sealed: usize,
    /// When an open document may be indexed again.
    due: FxHashMap<String, Instant>,
}

impl Indexer<'_> {
    /// Waits for something to do; nothing once the engine is gone.
    fn next_task(&mut self) -> Option<Task> {
        let mut queue = self
            .shared
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.shared.stop.load(Ordering::Relaxed) {
                return None;
            }
            queue.busy = true;
            let next = self.next_document(&queue);
            if let Some((path, None)) = &next
                && let Some(document) = queue.documents.remove(path)
            {
                return Some(Task::Document(path.clone(), document));
            }
            if let Some(root) = queue.roots.pop_front() {
                return Some(Task::Root(root));
            }
            if !self.walks.is_empty() {
                return Some(Task::Walk);
            }
            queue.busy = false;
            self.shared.idle.notify_all();
            let pause = next.and_then(|(_, pause)| pause).unwrap_or(Duration::MAX);
            queue = self
                .shared
                .work
                .wait_timeout(queue, pause)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Returns the queued document that is due first, and how long it is to wait still.
    fn next_document(&self, queue: &Queue) -> Option<(String, Option<Duration>)> {
        let now = Instant::now();
        let pause = |(path, document): (&String, &Document)| {
            let due = self.due.get(path).filter(|due| **due > now);
            let is_paced = queue.waiting == 0 && matches!(document, Document::Open(_));
            let pause = due.filter(|_| is_paced).map(|due| *due - now);
            (path.clone(), pause)
        };
        queue
            .documents
            .iter()
            .map(pause)
            .min_by_key(|(_, pause)| *pause)
    }

    fn open(&mut self, path: &str, text: &Rope) {
        let started = Instant::now();
        self.index_document(path, text);
        let due = Instant::now() + started.elapsed() * PACE;
        self.due.insert(path.to_owned(), due);
    }

    fn index_document(&mut self, path: &str, text: &Rope) {
        if !self.index.open.contains_key(path) {
            self.seal();
            self.index.remove(|file| file == path);
        }
        self.index.open.remove(path);
        let limits = &self.shared.limits;
        // Documents may use what the workspace must leave free.
        if text.len_bytes() <= limits.file_bytes && self.index.tokens() < limits.tokens {
            let mut batch = Batch::default();
            batch.push(path, &text.to_string(), &self.shared.vocabulary);
            if self.index.tokens() + batch.tokens.len() <= limits.tokens {
                self.index
                    .open
                    .insert(path.into(), Arc::new(batch.into_document()));
                return self.publish();
            }
        }
        self.skip();
        self.publish();
    }

    fn close(&mut self, path: &str) {
        self.due.remove(path);
        self.index.open.remove(path);
        let file = Path::new(path);
        let within = |root: &PathBuf| file.starts_with(root) && walk::is_wanted(root, file);
        if self.roots.iter().any(within) && !self.index.has(path) {
            self.add_file(file);
            self.seal();
        }
        self.publish();
    }

    fn add_root(&mut self, root: PathBuf) {
        if self.roots.contains(&root) {
            return;
        }
        let files = Box::new(walk::files(&root));
        self.walks.push_back((root.clone(), files));
        self.roots.push(root);
    }

    fn remove_root(&mut self, root: &Path) {
        self.roots.retain(|other| other != root);
        self.walks.retain(|(other, _)| other != root);
        self.seal();
        let kept = &self.roots;
        self.index.remove(|file| {
            let file = Path::new(file);
            file.starts_with(root) && !kept.iter().any(|kept| file.starts_with(kept))
        });
        self.publish();
    }

    /// Reads one more file of the present walk.
    fn walk_on(&mut self) {
        let Some((_, files)) = self.walks.front_mut() else {
            return;
        };
        if let Some(file) = files.next() {
            self.add_file(&file);
            if self.batch.tokens.len() >= BATCHES[self.sealed.min(BATCHES.len() - 1)] {
                self.sealed += 1;
                self.seal();
                self.publish();
            }
        } else {
            self.walks.pop_front();
            self.sealed = 0;
            self.seal();
            self.publish();
        }
    }

    fn add_file(&mut self, file: &Path) {
        let Some(path) = file.to_str() else {
            return self.skip();
        };
        if self.index.open.contains_key(path) {
            return;
        }
        let limits = &self.shared.limits;
        let files: usize = self
            .index
            .disk
            .iter()
            .map(|part| part.segment.files().len())
            .sum();
        let room =
            (limits.tokens / 8 * 7).saturating_sub(self.index.tokens() + self.batch.tokens.len());
        if room == 0 || files + self.batch.files.len() >= limits.files {
            return self.skip();
        }
        let Some(text) = walk::read(file, limits.file_bytes) else {
            return self.skip();
        };
        // A token has some four bytes; a file that could not fit is not worth the attempt.
        if text.len() / 3 > room {
            return self.skip();
        }
        self.batch.push(path, &text, &self.shared.vocabulary);
    }

    fn seal(&mut self) {
        self.index.add(std::mem::take(&mut self.batch));
    }

    fn publish(&self) {
        let next = Arc::new(self.index.clone());
        *self
            .shared
            .index
            .write()
            .unwrap_or_else(PoisonError::into_inner) = next;
    }

    fn skip(&self) {
        self.shared.skipped.fetch_add(1, Ordering::Relaxed);
    }
}
