//! The engine as its callers see it.
//!
//! Entry point: [`Engine`]. Everything that takes time is handed to the background thread ([`super::indexer`]), which is
//! started by the first thing there is to index and ends when the last clone of the engine is dropped.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use ropey::Rope;

use super::index::Index;
use super::indexer::{self, Document, Queue, Root, Shared};
use super::predict::{self, Prediction, Query};
use super::vocabulary::Vocabulary;
use crate::priority;

/// Predicts code from the patterns of the workspace. Clones share one index.
#[derive(Clone)]
pub struct Engine {
    handle: Arc<Handle>,
}

/// How much the engine may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tokens of all files together. Each costs eight bytes, and its word about twenty when first seen.
    pub tokens: usize,
    /// Bytes of one file; longer ones are skipped.
    pub file_bytes: usize,
    /// Files of the workspace.
    pub files: usize,
}

impl Default for Limits {
    /// Holds some 600,000 lines of code, in about 70 MB at the most.
    fn default() -> Self {
        Self {
            tokens: 6_000_000,
            file_bytes: 1 << 20,
            files: 50_000,
        }
    }
}

/// What the engine holds at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Files and open documents that count.
    pub files: usize,
    /// Their lines.
    pub lines: usize,
    /// Their tokens.
    pub tokens: usize,
    /// Bytes of the index and the vocabulary.
    pub bytes: usize,
    /// Files and documents left out so far, for a limit or because they are no code.
    pub skipped: usize,
    /// Whether indexing goes on.
    pub busy: bool,
}

/// Stops the thread when the last clone of the engine goes.
struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Under the lock, so that the thread cannot miss it between looking and sleeping.
        let _queue = self
            .shared
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.shared.work.notify_all();
    }
}

impl Engine {
    /// Makes an engine that knows nothing yet, and costs next to nothing.
    pub fn new(limits: Limits) -> Self {
        let shared = Shared {
            limits,
            index: RwLock::new(Arc::new(Index::default())),
            vocabulary: RwLock::new(Vocabulary::new(limits.tokens / 8)),
            queue: Mutex::default(),
            work: Condvar::new(),
            idle: Condvar::new(),
            stop: AtomicBool::new(false),
            skipped: AtomicUsize::new(0),
        };
        Self {
            handle: Arc::new(Handle {
                shared: Arc::new(shared),
            }),
        }
    }

    /// Indexes the files of a folder in the background. Adding a folder again changes nothing.
    pub fn add_workspace(&self, root: PathBuf) {
        self.enqueue(|queue| queue.roots.push_back(Root::Add(root)));
    }

    /// Forgets the files of a folder, except those that lie in another one added.
    pub fn remove_workspace(&self, root: &Path) {
        self.enqueue(|queue| queue.roots.push_back(Root::Remove(root.to_path_buf())));
    }

    /// Takes the text of an open document, which replaces its file. Costs nothing here: it is indexed in the background.
    pub fn update(&self, path: &str, text: Rope) {
        self.enqueue(|queue| _ = queue.documents.insert(key(path), Document::Open(text)));
    }

    /// Forgets an open document; its file counts again if a workspace has it.
    pub fn close(&self, path: &str) {
        self.enqueue(|queue| _ = queue.documents.insert(key(path), Document::Closed));
    }

    /// Predicts what follows the cursor, or nothing. The caller decides with [`Prediction::is_confident`] whether to show it.
    pub fn predict(&self, query: &Query<'_>) -> Option<Prediction> {
        let shared = &self.handle.shared;
        let index = Arc::clone(&shared.index.read().unwrap_or_else(PoisonError::into_inner));
        let vocabulary = shared
            .vocabulary
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        predict::predict(query, &key(query.path), &index, &vocabulary)
    }

    /// Waits until everything handed over so far is indexed; returns whether that happened in time.
    pub fn wait_until_idle(&self, deadline: Duration) -> bool {
        let shared = &self.handle.shared;
        let mut queue = self.queue();
        queue.waiting += 1;
        shared.work.notify_all();
        let (mut queue, waited) = shared
            .idle
            .wait_timeout_while(queue, deadline, |queue| queue.is_busy())
            .unwrap_or_else(PoisonError::into_inner);
        queue.waiting -= 1;
        !waited.timed_out()
    }

    /// Returns what the engine holds at the moment.
    pub fn stats(&self) -> Stats {
        let shared = &self.handle.shared;
        let index = Arc::clone(&shared.index.read().unwrap_or_else(PoisonError::into_inner));
        let words = shared
            .vocabulary
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .bytes();
        let skipped = shared.skipped.load(Ordering::Relaxed);
        let mut stats = Stats {
            bytes: index.bytes() + words,
            skipped,
            busy: self.queue().is_busy(),
            ..Stats::default()
        };
        let disk = index
            .disk
            .iter()
            .flat_map(|part| part.live_files().map(|file| (&part.segment, file)));
        for (segment, file) in disk.chain(index.open.values().map(|segment| (segment, 0))) {
            stats.files += 1;
            stats.lines += segment.files()[file].lines;
            stats.tokens += segment.file_tokens(file).len();
        }
        stats
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.handle
            .shared
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(&self, change: impl FnOnce(&mut Queue)) {
        let mut queue = self.queue();
        change(&mut queue);
        if !queue.started {
            let shared = Arc::clone(&self.handle.shared);
            let thread = std::thread::Builder::new().name("local-index".into());
            // Without a thread the engine goes on without an index, and the next change tries again.
            let started = thread.spawn(move || {
                priority::give_way();
                indexer::run(&shared);
            });
            queue.started = started.is_ok();
        }
        self.handle.shared.work.notify_all();
    }
}

/// Returns the name under which a document is kept: for a `file:` URI its path, so that it replaces the workspace's file.
fn key(path: &str) -> String {
    let Some(encoded) = path.strip_prefix("file://") else {
        return path.to_owned();
    };
    let digit = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let bytes = encoded.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| digit(bytes.get(at + 1)).zip(digit(bytes.get(at + 2))))
            .flatten();
        if let Some((high, low)) = escape {
            decoded.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    let decoded = String::from_utf8(decoded).unwrap_or_else(|_| encoded.to_owned());
    // `file:///C:/a` names `C:/a`; the drive's colon is what tells it from a path that begins with a slash.
    match decoded.as_bytes() {
        [b'/', drive, b':', ..] if drive.is_ascii_alphabetic() => {
            decoded[1..].replace('/', std::path::MAIN_SEPARATOR_STR)
        }
        _ => decoded,
    }
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn a_file_uri_and_its_path_are_one_document() {
        assert_eq!(key("file:///a/b%20c.rs"), "/a/b c.rs");
        assert_eq!(key("file:///a/100%.rs"), "/a/100%.rs");
        assert_eq!(key("untitled:Untitled-1"), "untitled:Untitled-1");
    }
}
