//! Where was edited last, over all documents, in groups: edits within a few lines of each other are one.

use std::collections::VecDeque;
use std::sync::Arc;

/// How many groups are remembered.
const GROUPS: usize = 16;

/// Edits so many lines apart belong together.
const LINES: usize = 8;

/// The groups of edits, the latest first.
#[derive(Debug, Default)]
pub(super) struct Recent {
    groups: VecDeque<Group>,
}

/// Edits that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) uri: Arc<str>,
    /// The line of the last of them, counted from 0.
    pub(super) line: usize,
}

impl Recent {
    /// Notes an edit.
    pub(super) fn note(&mut self, uri: &Arc<str>, line: usize) {
        let is_near = |group: &Group| group.uri == *uri && group.line.abs_diff(line) <= LINES;
        // While somebody types, the first group is the one.
        if let Some(first) = self.groups.front_mut().filter(|group| is_near(group)) {
            first.line = line;
            return;
        }
        self.groups.retain(|group| !is_near(group));
        self.groups.truncate(GROUPS - 1);
        self.groups.push_front(Group {
            uri: uri.clone(),
            line,
        });
    }

    /// Forgets a document.
    pub(super) fn forget(&mut self, uri: &str) {
        self.groups.retain(|group| *group.uri != *uri);
    }

    /// Returns the groups, the latest first.
    pub(super) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_close_to_each_other_are_one_group_and_the_latest_comes_first() {
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let mut recent = Recent::default();
        for (uri, line) in [(&a, 10), (&a, 12), (&b, 11), (&a, 40), (&a, 14)] {
            recent.note(uri, line);
        }
        let groups: Vec<_> = recent.groups().map(|one| (&*one.uri, one.line)).collect();
        assert_eq!(groups, [("a", 14), ("a", 40), ("b", 11)]);
        recent.forget("a");
        assert_eq!(recent.groups().count(), 1);
    }
}
