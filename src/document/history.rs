//! The last edits of a document, so that an answer made for an older version can be carried over to the current one.

use std::collections::VecDeque;

use super::edit::Edit;

/// How many edits are kept. An answer that is further behind is stale beyond use: at eight keys a second this is half a minute.
const EDITS: usize = 256;

/// How long a text an edit may hold and still be kept; a paste of more ends the history, since nothing is carried over it.
const EDIT_BYTES: usize = 64 * 1024;

/// The last edits of a document, oldest first, each with the version it belongs to.
#[derive(Debug, Clone, Default)]
pub struct History {
    edits: VecDeque<(i32, Edit)>,
    /// The newest version of which edits were forgotten; nothing at or before it can be answered for.
    forgotten: Option<i32>,
}

impl History {
    /// Remembers an edit that is part of the step to `version`.
    pub fn push(&mut self, version: i32, edit: Edit) {
        if edit.text.len() > EDIT_BYTES {
            self.edits.clear();
            self.forgotten = Some(version);
            return;
        }
        if self.edits.len() == EDITS {
            self.forgotten = self.edits.pop_front().map(|(version, _)| version);
        }
        self.edits.push_back((version, edit));
    }

    /// Returns the edits made after `version`, oldest first, or `None` where some of them are forgotten.
    pub fn since(&self, version: i32) -> Option<Vec<&Edit>> {
        if self.forgotten.is_some_and(|forgotten| forgotten > version) {
            return None;
        }
        Some(
            self.edits
                .iter()
                .filter(|(made, _)| *made > version)
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
    fn edits_since_a_version_are_those_made_after_it() {
        let mut history = History::default();
        history.push(2, edit("a"));
        history.push(3, edit("b"));
        history.push(3, edit("c"));
        let texts = |version| {
            history
                .since(version)
                .map(|edits| edits.iter().map(|e| e.text.clone()).collect::<Vec<_>>())
        };
        assert_eq!(texts(2), Some(vec!["b".into(), "c".into()]));
        assert_eq!(texts(3), Some(vec![]));
    }

    #[test]
    fn a_forgotten_edit_is_owned_up_to() {
        let mut history = History::default();
        for version in 0..=i32::try_from(EDITS).unwrap_or(i32::MAX) {
            history.push(version, edit("x"));
        }
        assert!(history.since(-1).is_none());
        assert!(history.since(0).is_some());
    }

    #[test]
    fn a_large_paste_ends_the_history() {
        let mut history = History::default();
        history.push(1, edit(&"x".repeat(EDIT_BYTES + 1)));
        assert!(history.since(0).is_none());
        assert!(history.since(1).is_some_and(|edits| edits.is_empty()));
    }
}
