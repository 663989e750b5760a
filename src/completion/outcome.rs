//! What becomes of a suggestion that was shown: followed, partly followed, or typed against.
//!
//! Entry point: [`Watch`]. It follows the document's edits, so it also knows what became of a suggestion in an editor that never tells.

use super::reuse::{Fit, Trail};
use crate::document::Edit;
use crate::gateway::CallId;

/// A suggestion on the screen.
#[derive(Debug)]
pub struct Watch {
    /// The call that it came from.
    pub id: CallId,
    trail: Trail,
    text: String,
    /// How much of it was typed or accepted, in bytes, at most.
    followed: usize,
}

/// What is known of a suggestion's fate after an edit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// It may still be followed.
    Open,
    /// This share of it was followed, and no more will be.
    Followed(f32),
}

/// This much of a suggestion is as good as all of it: it saved somebody a good part of a line.
const PLENTY: usize = 16;

impl Watch {
    /// Begins when a text is shown at a cursor.
    pub fn new(id: CallId, cursor: usize, text: &str) -> Self {
        Self {
            id,
            trail: Trail::new(cursor, ""),
            text: text.to_owned(),
            followed: 0,
        }
    }

    /// Follows edits.
    pub fn follow(&mut self, edits: &[&Edit]) -> Fate {
        for edit in edits {
            if self.trail.follow(edit).is_none() {
                return self.end();
            }
        }
        match self.trail.fit(self.trail.end(), &self.text).0 {
            Fit::Rest(rest) => {
                self.followed = self
                    .followed
                    .max(self.text.len().saturating_sub(rest.len()));
                if rest.is_empty() {
                    Fate::Followed(1.0)
                } else {
                    Fate::Open
                }
            }
            Fit::Ahead => Fate::Followed(1.0),
            Fit::Against => self.end(),
        }
    }

    /// Returns whether this is what is shown at a cursor anyway, so that showing it again is nothing new.
    pub fn is_shown_at(&self, cursor: usize, text: &str) -> bool {
        let (fit, _) = self.trail.fit(cursor, &self.text);
        matches!(fit, Fit::Rest(rest) if rest == text)
    }

    fn end(&self) -> Fate {
        #[expect(clippy::cast_precision_loss, reason = "lengths of suggestions")]
        let share = self.followed as f32 / self.text.len().clamp(1, PLENTY) as f32;
        Fate::Followed(share.min(1.0))
    }
}
