//! The last edits of a document, so that an answer made for an older version can be carried over to the current one.

use std::collections::VecDeque;

use super::edit::Edit;

/// How many edits are kept. An answer that is further behind is stale beyond use: at eight keys a second this is half a minute.
const EDITS: usize = 256;

/// How long a text an edit may hold and still be kept; a paste of more ends the history, since nothing is carried over it.
const EDIT_BYTES: usize = 64 * 1024;

/// A state of a document, counted by its edits since it was opened. Clients' versions may repeat or go backwards; this never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

/// The last edits of a document, oldest first, each with the revision it made.
#[derive(Debug, Clone, Default)]
pub struct History {
    edits: VecDeque<(Revision, Edit)>,
    /// The newest revision whose edit was forgotten; nothing before it can be answered for.
    forgotten: Option<Revision>,
}

impl History {
    /// Remembers the edit that made `revision`.
    pub fn push(&mut self, revision: Revision, edit: Edit) {
        if edit.text.len() > EDIT_BYTES {
            self.edits.clear();
            self.forgotten = Some(revision);
            return;
        }
        if self.edits.len() == EDITS {
            self.forgotten = self.edits.pop_front().map(|(revision, _)| revision);
        }
        self.edits.push_back((revision, edit));
    }

    /// Returns the last edit, unless it is forgotten.
    pub fn last(&self) -> Option<&Edit> {
        self.edits.back().map(|(_, edit)| edit)
    }

    /// Returns the edits made after `revision`, oldest first, or `None` where some of them are forgotten.
    pub fn since(&self, revision: Revision) -> Option<Vec<&Edit>> {
        if self.forgotten.is_some_and(|forgotten| forgotten > revision) {
            return None;
        }
        Some(
            self.edits
                .iter()
                .filter(|(made, _)| *made > revision)
                .map(|(_, edit)| edit)
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(text: &str) -> Edit {
        Edit {
            bytes: 0..0,
            text: text.into(),
        }
    }

    #[test]
    fn edits_since_a_revision_are_those_made_after_it() {
        let mut history = History::default();
        for (revision, text) in [(1, "a"), (2, "b"), (3, "c")] {
            history.push(Revision(revision), edit(text));
        }
        let texts = |revision| {
            let edits = history.since(Revision(revision))?;
            Some(edits.iter().map(|e| e.text.clone()).collect::<Vec<_>>())
        };
        assert_eq!(texts(1), Some(vec!["b".into(), "c".into()]));
        assert_eq!(texts(3), Some(vec![]));
    }

    #[test]
    fn a_forgotten_edit_is_owned_up_to() {
        let mut history = History::default();
        for revision in 1..=EDITS as u64 + 1 {
            history.push(Revision(revision), edit("x"));
        }
        assert!(history.since(Revision(0)).is_none());
        assert!(history.since(Revision(1)).is_some());
    }

    #[test]
    fn a_large_paste_ends_the_history() {
        let mut history = History::default();
        history.push(Revision(1), edit(&"x".repeat(EDIT_BYTES + 1)));
        assert!(history.since(Revision(0)).is_none());
        assert!(
            history
                .since(Revision(1))
                .is_some_and(|edits| edits.is_empty())
        );
    }
}
