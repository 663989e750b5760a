//! What is still to be read: open documents first, then files that changed, then the walk of each folder.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};

use ropey::Rope;
use rustc_hash::FxHashMap;

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
    Walked(Vec<PathBuf>, u64),
    /// Forget what lies in this folder, except what lies in the others.
    Forget(PathBuf, Vec<PathBuf>),
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
    walks: VecDeque<(PathBuf, Walk)>,
    forget: VecDeque<PathBuf>,
    /// How many workers are at work.
    pub(super) busy: usize,
    /// How many there are.
    pub(super) threads: usize,
    /// How many tasks were given out.
    given: u64,
}

/// How many files of a walk a worker takes at a time.
const BATCH: usize = 16;

impl Queue {
    pub(super) fn add_folder(&mut self, folder: PathBuf) {
        if self.roots.contains(&folder) {
            return;
        }
        let files = Box::new(walk::sendable(&folder));
        self.walks.push_back((folder.clone(), files));
        self.roots.push(folder);
    }

    pub(super) fn remove_folder(&mut self, folder: &Path) {
        self.roots.retain(|other| other != folder);
        self.walks.retain(|(other, _)| other != folder);
        self.forget.push_back(folder.to_owned());
    }

    /// Returns whether anything is queued or being done.
    pub(super) fn is_busy(&self) -> bool {
        self.busy > 0 || !self.files.is_empty() || !self.walks.is_empty() || !self.forget.is_empty()
    }

    /// Takes the most urgent task.
    pub(super) fn next(&mut self) -> Option<Task> {
        self.given += 1;
        let number = self.given;
        if let Some(folder) = self.forget.pop_front() {
            return Some(Task::Forget(folder, self.roots.clone()));
        }
        let open = |source: &Source| matches!(source, Source::Open(..));
        let first = self.files.iter().find(|(_, source)| open(source));
        let next = first.or_else(|| self.files.iter().next());
        if let Some(path) = next.map(|(path, _)| path.clone()) {
            let source = self.files.remove(&path)?;
            return Some(Task::File(path, source, number));
        }
        let (_, walk) = self.walks.front_mut()?;
        let batch: Vec<PathBuf> = walk.take(BATCH).collect();
        if batch.len() < BATCH {
            self.walks.pop_front();
        }
        Some(Task::Walked(batch, number))
    }
}
