//! What is still to be read: open documents first, then files that changed, then the walk of each folder; and what is to be saved of it.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ropey::Rope;
use rustc_hash::FxHashMap;

use super::saved::Saved;
use crate::syntax::SyntaxTree;
use crate::workspace::walk;

/// Where a file's text is.
pub(super) enum Source {
    /// In the editor.
    Open(SyntaxTree, Rope),
    /// On the disk, or gone.
    Disk,
}

/// What a worker is to do.
pub(super) enum Task {
    /// Read this file; the number tells later reads of it from earlier ones.
    File(String, Source, u64),
    /// Read these files of a walk, unless they are known already.
    Walked(Vec<PathBuf>, Arc<Root>, u64),
    /// Forget what lies in this folder, except what lies in the others.
    Forget(PathBuf, Vec<PathBuf>),
    /// Forget what a walk of this folder does not find any more, except what is open.
    Sift(PathBuf, HashSet<String>),
    /// Look at the heads of all files again, except what is open.
    Mark(HashSet<String>),
    /// Save what is known of this folder.
    Save(PathBuf),
    /// Remove what was saved of this folder.
    Discard(PathBuf),
}

/// A folder that is walked, and what was saved of it, which is looked up when the first of its files is to be read.
pub(super) struct Root {
    pub(super) folder: PathBuf,
    pub(super) saved: OnceLock<Option<Saved>>,
}

type Walk = Box<dyn Iterator<Item = PathBuf> + Send>;

/// Work to be done.
#[derive(Default)]
pub(super) struct Queue {
    /// The files that are to be read, the latest state of each.
    pub(super) files: FxHashMap<String, Source>,
    /// The documents that are open.
    pub(super) open: HashSet<String>,
    pub(super) roots: Vec<PathBuf>,
    walks: VecDeque<(Arc<Root>, Walk)>,
    /// The folders whose last files are being read.
    walked: Vec<Arc<Root>>,
    forget: VecDeque<PathBuf>,
    sift: VecDeque<PathBuf>,
    discard: VecDeque<PathBuf>,
    /// Whether other texts are looked for at the heads of files.
    marks: bool,
    /// Those of the roots of which something was read that is not saved.
    unsaved: BTreeSet<PathBuf>,
    /// When each was saved last.
    saved: FxHashMap<PathBuf, Instant>,
    /// How many workers are at work.
    pub(super) busy: usize,
    /// How many there are.
    pub(super) threads: usize,
    /// How many tasks were given out.
    given: u64,
}

/// How many files of a walk a worker takes at a time.
const BATCH: usize = 16;

/// How often a folder is saved at the most: what changed since is soon read again.
const PERIOD: Duration = Duration::from_mins(10);

impl Queue {
    pub(super) fn add_folder(&mut self, folder: PathBuf) {
        if self.roots.contains(&folder) {
            return;
        }
        self.walk(folder.clone());
        self.roots.push(folder);
    }

    pub(super) fn remove_folder(&mut self, folder: &Path) {
        self.roots.retain(|other| other != folder);
        self.walks.retain(|(other, _)| other.folder != folder);
        self.unsaved.remove(folder);
        self.forget.push_back(folder.to_owned());
    }

    /// Has all folders walked anew, since the rules changed by which files are found.
    pub(super) fn walk_again(&mut self) {
        self.walks.clear();
        for folder in self.roots.clone() {
            self.sift.push_back(folder.clone());
            self.walk(folder);
        }
    }

    /// Has the heads of all files looked at again.
    pub(super) fn mark_again(&mut self) {
        self.marks = true;
    }

    /// Has what was saved of all folders removed.
    pub(super) fn discard(&mut self) {
        self.discard.extend(self.roots.iter().cloned());
        self.saved.clear();
    }

    /// Notes that what was saved of a folder holds what it should not, so that it is saved anew at once.
    pub(super) fn is_outdated(&mut self, folder: &Path) {
        self.unsaved.insert(folder.to_owned());
        self.saved.remove(folder);
    }

    /// Notes that a file was read from the disk.
    pub(super) fn was_read(&mut self, file: &Path) {
        let within = self.roots.iter().filter(|root| file.starts_with(root));
        self.unsaved.extend(within.cloned());
    }

    fn walk(&mut self, folder: PathBuf) {
        let files = Box::new(walk::sendable(&folder));
        let root = Root {
            folder,
            saved: OnceLock::new(),
        };
        self.walks.push_back((Arc::new(root), files));
    }

    /// Returns whether anything is queued or being done.
    pub(super) fn is_busy(&self) -> bool {
        self.busy > 0
            || !self.files.is_empty()
            || !self.walks.is_empty()
            || !self.forget.is_empty()
            || !self.sift.is_empty()
            || !self.discard.is_empty()
            || self.marks
    }

    /// Takes the most urgent task; `saves` says whether what is known is to be saved.
    pub(super) fn next(&mut self, saves: bool) -> Option<Task> {
        self.given += 1;
        let number = self.given;
        if let Some(folder) = self.forget.pop_front() {
            return Some(Task::Forget(folder, self.roots.clone()));
        }
        if let Some(folder) = self.sift.pop_front() {
            return Some(Task::Sift(folder, self.open.clone()));
        }
        if let Some(folder) = self.discard.pop_front() {
            return Some(Task::Discard(folder));
        }
        if std::mem::take(&mut self.marks) {
            return Some(Task::Mark(self.open.clone()));
        }
        let open = |source: &Source| matches!(source, Source::Open(..));
        let first = self.files.iter().find(|(_, source)| open(source));
        let next = first.or_else(|| self.files.iter().next());
        if let Some(path) = next.map(|(path, _)| path.clone()) {
            let source = self.files.remove(&path)?;
            return Some(Task::File(path, source, number));
        }
        if let Some((root, walk)) = self.walks.front_mut() {
            let root = root.clone();
            let batch: Vec<PathBuf> = walk.take(BATCH).collect();
            if batch.len() < BATCH {
                self.walks.pop_front();
                self.walked.push(root.clone());
            }
            return Some(Task::Walked(batch, root, number));
        }
        if !saves || self.busy > 0 {
            return None;
        }
        for root in std::mem::take(&mut self.walked) {
            if root
                .saved
                .get()
                .is_some_and(|saved| saved.as_ref().is_some_and(Saved::has_more))
            {
                self.is_outdated(&root.folder);
            }
        }
        let now = Instant::now();
        let is_due = |folder: &&PathBuf| {
            let last = self.saved.get(*folder);
            last.is_none_or(|last| now.duration_since(*last) >= PERIOD)
        };
        let folder = self.unsaved.iter().find(is_due)?.clone();
        self.unsaved.remove(&folder);
        self.saved.insert(folder.clone(), now);
        Some(Task::Save(folder))
    }
}
