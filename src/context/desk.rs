//! What is ready for a document's next prompt, where whoever prepares it and whoever sends it both reach it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::{Manifests, Pace, Prepared};

/// One document's desk.
#[derive(Debug, Default)]
pub struct Desk {
    prepared: ArcSwap<Prepared>,
    /// Whether somebody is choosing what comes next.
    is_taken: Arc<AtomicBool>,
    /// How often that is done.
    pub pace: Pace,
    /// After how many edits the index of symbols was last given the document, plus one.
    indexed: AtomicU64,
    /// The manifests of the session's last calls.
    pub manifests: Arc<Manifests>,
}

impl Desk {
    /// Creates a desk on which nothing lies, in a session whose manifests are kept there.
    pub fn new(manifests: Arc<Manifests>) -> Self {
        Self {
            prepared: ArcSwap::from_pointee(Prepared {
                // Far from any place, so that the first request chooses.
                cursor: usize::MAX,
                ..Prepared::default()
            }),
            is_taken: Arc::default(),
            pace: Pace::default(),
            indexed: AtomicU64::new(0),
            manifests,
        }
    }

    /// Returns what was prepared last.
    pub fn prepared(&self) -> Arc<Prepared> {
        self.prepared.load_full()
    }

    /// Lays down what the next prompts are to show.
    pub fn lay(&self, prepared: Prepared) {
        self.prepared.store(Arc::new(prepared));
    }

    /// Notes that the index of symbols gets the document as it is after so many edits, and returns whether it did not have that already.
    pub fn is_news(&self, revision: u64) -> bool {
        self.indexed.swap(revision + 1, Ordering::AcqRel) != revision + 1
    }

    /// Notes that the index of symbols has forgotten the document, so that it is to be handed over again.
    pub fn is_forgotten(&self) {
        self.indexed.store(0, Ordering::Release);
    }

    /// Takes the turn to choose what comes next; `None` while somebody else has it.
    pub fn take_turn(&self) -> Option<Turn> {
        let was_taken = self.is_taken.swap(true, Ordering::AcqRel);
        (!was_taken).then(|| Turn(self.is_taken.clone()))
    }
}

/// The turn to choose; it ends when this is dropped.
#[derive(Debug)]
pub struct Turn(Arc<AtomicBool>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
