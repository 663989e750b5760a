//! Where something was done last, over all documents, in groups: what was done within a few lines and without a longer pause is one.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// How many groups are remembered.
const GROUPS: usize = 16;

/// What is done so many lines apart belongs together.
const LINES: usize = 8;

/// Who pauses for longer than this begins something new.
const PAUSE: Duration = Duration::from_secs(20);

/// The groups, the latest first.
#[derive(Debug, Default)]
pub(super) struct Recent {
    groups: VecDeque<Group>,
}

/// What belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) uri: Arc<str>,
    /// All of its lines, counted from 0.
    pub(super) lines: RangeInclusive<usize>,
    /// The last one of them that something was done to.
    pub(super) line: usize,
    at: Instant,
}

impl Recent {
    /// Notes that something was done to lines: they were edited, or the cursor was there.
    pub(super) fn note(&mut self, uri: &Arc<str>, lines: RangeInclusive<usize>, now: Instant) {
        let (first, last) = (*lines.start(), *lines.end());
        let is_near = |group: &Group| {
            let around = group.lines.start().saturating_sub(LINES)..=group.lines.end() + LINES;
            group.uri == *uri && first <= *around.end() && last >= *around.start()
        };
        let mut group = Group {
            uri: uri.clone(),
            lines,
            line: last,
            at: now,
        };
        // While somebody types, the first group is the one.
        if let Some(open) = self.groups.front_mut().filter(|group| is_near(group))
            && now - open.at <= PAUSE
        {
            group.lines = first.min(*open.lines.start())..=last.max(*open.lines.end());
            *open = group;
            return;
        }
        self.groups.retain(|group| !is_near(group));
        self.groups.truncate(GROUPS - 1);
        self.groups.push_front(group);
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

    /// Notes places, each so many seconds after the one before, and returns the groups.
    fn groups(
        places: &[(&'static str, usize, u64)],
    ) -> Vec<(String, RangeInclusive<usize>, usize)> {
        let mut now = Instant::now();
        let mut recent = Recent::default();
        for (uri, line, pause) in places {
            now += Duration::from_secs(*pause);
            recent.note(&(*uri).into(), *line..=*line, now);
        }
        let groups = recent.groups();
        groups
            .map(|one| (one.uri.to_string(), one.lines.clone(), one.line))
            .collect()
    }

    #[test]
    fn edits_close_to_each_other_are_one_group_and_the_latest_comes_first() {
        let groups = groups(&[
            ("a", 10, 1),
            ("a", 12, 1),
            ("b", 11, 1),
            ("a", 40, 1),
            ("a", 14, 1),
        ]);
        assert_eq!(
            groups,
            [
                ("a".into(), 14..=14, 14),
                ("a".into(), 40..=40, 40),
                ("b".into(), 11..=11, 11)
            ]
        );
    }

    #[test]
    fn what_is_edited_in_one_go_is_one_group_of_all_its_lines_and_a_pause_begins_another() {
        let in_one_go = [("a", 10, 1), ("a", 16, 20), ("a", 13, 1), ("a", 22, 1)];
        assert_eq!(groups(&in_one_go), [("a".into(), 10..=22, 22)]);
        let after_a_pause = [("a", 10, 1), ("a", 16, 21), ("a", 18, 1)];
        // What was before the pause is not shown again beside what took its place.
        assert_eq!(groups(&after_a_pause), [("a".into(), 16..=18, 18)]);
    }

    #[test]
    fn a_document_that_is_forgotten_has_none() {
        let mut recent = Recent::default();
        recent.note(&"a".into(), 1..=1, Instant::now());
        recent.forget("a");
        assert_eq!(recent.groups().count(), 0);
    }
}
