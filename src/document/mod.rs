//! The text of one open document: a rope, and the edits that led to it.
//!
//! Entry point: [`Document`]. Nothing here fails: an edit outside the text is clamped to it and said so ([`Applied::clamped`]), because
//! a mirror that refuses an edit has diverged for good. Everything is O(log n) per edit and O(1) per snapshot; nothing here does I/O.

mod edit;
mod history;
mod line_break;
mod position;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use edit::{Change, Edit};
pub use history::{History, Revision};
pub use line_break::line_break;
pub use position::{ByteOffset, Encoding, Located, Position, floor};

use ropey::Rope;

/// One open document as the client describes it.
#[derive(Debug, Clone)]
pub struct Document {
    text: Rope,
    revision: Revision,
    history: History,
}

/// What [`Document::apply`] came upon, for the log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// How many edits named a place outside the text and were clamped to it.
    pub clamped: usize,
}

impl Document {
    /// Creates a document from the text that the client opened it with.
    pub fn new(text: &str) -> Self {
        Self {
            text: Rope::from_str(text),
            revision: Revision::default(),
            history: History::default(),
        }
    }

    /// Returns the text. Cloning it is O(1) and the clone never changes.
    pub fn text(&self) -> &Rope {
        &self.text
    }

    /// Returns how many edits made the text what it is.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Returns the edits that were made lately.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Applies one notification's changes in order, each to the result of the one before.
    ///
    /// `observe` is called for each edit with the text before and after it, for those who mirror the document.
    pub fn apply(
        &mut self,
        changes: &[Change],
        encoding: Encoding,
        mut observe: impl FnMut(&Rope, &Rope, &Edit),
    ) -> Applied {
        let mut applied = Applied::default();
        for change in changes {
            let before = self.text.clone();
            let (edit, was_clamped) = edit::apply(&mut self.text, change, encoding);
            applied.clamped += usize::from(was_clamped);
            observe(&before, &self.text, &edit);
            self.revision.0 += 1;
            self.history.push(self.revision, edit);
        }
        applied
    }
}
