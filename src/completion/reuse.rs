//! Whether typed text lies on a suggestion: follows the place of a suggestion through the document's edits.
//!
//! Entry point: [`Trail`]. It begins at the cursor that a suggestion was asked for and is told every edit since. What was typed at the place
//! is kept apart from the rest of the document, of which it knows [whether it was edited](Trail::is_moved); so a suggestion is found again after
//! any way back to where it fits (a key, several, a backspace, a part of it accepted), and never in another place or another text. It costs
//! a few comparisons an edit, whatever the size of the document. Suggestions have "\n" at the ends of their lines, whatever the document has; so
//! what is compared with them is [brought to that](as_suggested), and what is kept of the document is as it stands there.

use std::borrow::Cow;

use crate::document::Edit;

/// How far text before the place may be deleted and the suggestion still be of use, in bytes.
const LEAD: usize = 256;

/// How much may be typed at the place; nobody types along a longer suggestion.
const TYPED: usize = 16 * 1024;

/// What has become of the place that a suggestion was asked for.
#[derive(Debug, Clone)]
pub struct Trail {
    /// Where what was typed begins, in the text as it is now.
    start: usize,
    /// What stands there now and did not when the suggestion was asked for.
    typed: String,
    /// What stood right before the place and was deleted since; with it, the suggestion fits again.
    lead: String,
    /// What still stands right before it, as far as it may be deleted.
    before: String,
    /// Whether other parts of the document were edited.
    pub is_moved: bool,
}

/// How typed text and a suggestion stand to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// What was typed is the suggestion's beginning; this is the rest.
    Rest(String),
    /// More was typed than there is of the suggestion, and all that there is agrees.
    Ahead,
    /// Something else was typed, or the cursor is elsewhere.
    Against,
}

impl Trail {
    /// Begins at a cursor; `before` is what stands before it, of which the end is kept.
    pub fn new(cursor: usize, before: &str) -> Self {
        let from = before.len().saturating_sub(LEAD);
        let from = (from..=before.len())
            .find(|byte| before.is_char_boundary(*byte))
            .unwrap_or(before.len());
        Self {
            start: cursor,
            typed: String::new(),
            lead: String::new(),
            before: before[from..].to_owned(),
            is_moved: false,
        }
    }

    /// Begins at a cursor with what was suggested there: it is for the place behind that, once it is accepted.
    pub fn behind(cursor: usize, before: &str, suggested: &str) -> Self {
        Self {
            lead: suggested.to_owned(),
            ..Self::new(cursor, before)
        }
    }

    /// Returns whether what was to stand before the text stands there.
    pub fn is_behind_lead(&self) -> bool {
        as_suggested(&self.typed).starts_with(&*as_suggested(&self.lead))
    }

    /// Returns whether more stands there than that, behind which brackets and blanks may be the editor's.
    pub fn is_beyond_lead(&self) -> bool {
        let typed = self.typed.trim_end_matches(is_closing);
        self.is_behind_lead() && as_suggested(typed).len() > as_suggested(&self.lead).len()
    }

    /// Follows an edit. `None` if the place is gone.
    pub fn follow(&mut self, edit: &Edit) -> Option<()> {
        let (start, end) = (edit.bytes.start, edit.bytes.end);
        let typed_end = self.start + self.typed.len();
        if edit.bytes.is_empty() && edit.text.is_empty() {
            return Some(());
        }
        if end < self.start {
            // Before the place, and not next to it.
            self.start = self.start - edit.bytes.len() + edit.text.len();
            self.before.clear();
            self.is_moved = true;
            return Some(());
        }
        if start > typed_end {
            self.is_moved = true;
            return Some(());
        }
        if end > typed_end {
            // What follows the place is another text now.
            return None;
        }
        let (from, to) = if start < self.start {
            let deleted = self.start - start;
            let kept = self.before.len().checked_sub(deleted)?;
            let given_up = self.before.get(kept..)?.to_owned();
            self.before.truncate(kept);
            self.lead.insert_str(0, &given_up);
            let to = end.saturating_sub(self.start);
            self.start = start;
            (0, to)
        } else {
            (start - self.start, end - self.start)
        };
        self.typed.get(from..to)?;
        self.typed.replace_range(from..to, &edit.text);
        (self.typed.len() <= TYPED).then_some(())
    }

    /// Returns whether anything was typed or deleted at the place.
    pub fn is_touched(&self) -> bool {
        !self.typed.is_empty() || !self.lead.is_empty()
    }

    /// Returns whether something else was typed than a suggestion, wherever at the place the cursor is: brackets and blanks at the end may be the editor's,
    /// behind it.
    pub fn is_against(&self, suggestion: &str) -> bool {
        let typed = self.typed.trim_end_matches(is_closing);
        [self.typed.len(), typed.len()]
            .into_iter()
            .all(|length| self.fit(self.start + length, suggestion).0 == Fit::Against)
    }

    /// Returns where the place's text ends: where the cursor is of somebody who types along.
    pub fn end(&self) -> usize {
        self.start + self.typed.len()
    }

    /// Returns whether a byte of the document lies in what was typed at the place, or at either end of that.
    pub fn holds(&self, byte: usize) -> bool {
        (self.start..=self.end()).contains(&byte)
    }

    /// Compares what was typed before `cursor` with a suggestion for the place. What stands behind the cursor at the place, such as a
    /// bracket that the editor closed by itself, is returned with it.
    pub fn fit(&self, cursor: usize, suggestion: &str) -> (Fit, &str) {
        let Some((before, after)) = cursor
            .checked_sub(self.start)
            .and_then(|at| self.typed.split_at_checked(at))
        else {
            return (Fit::Against, "");
        };
        let (before, lead) = (&*as_suggested(before), &*as_suggested(&self.lead));
        if before.len() <= lead.len() {
            let fit = match lead.strip_prefix(before) {
                Some(lead) => Fit::Rest(format!("{lead}{suggestion}")),
                None => Fit::Against,
            };
            return (fit, after);
        }
        let Some(before) = before.strip_prefix(lead) else {
            return (Fit::Against, after);
        };
        let fit = match suggestion.strip_prefix(before) {
            Some(rest) => Fit::Rest(rest.to_owned()),
            None if before.starts_with(suggestion) => Fit::Ahead,
            None => Fit::Against,
        };
        (fit, after)
    }
}

/// Returns a document's text with the line breaks that suggestions have.
pub fn as_suggested(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        text.replace("\r\n", "\n").into()
    } else {
        text.into()
    }
}

/// Carries a cursor over edits, as an editor does: what is typed at it is before it.
pub fn carry(cursor: usize, edits: &[&Edit]) -> usize {
    edits.iter().fold(cursor, |cursor, edit| {
        if edit.bytes.start > cursor {
            cursor
        } else if edit.bytes.end <= cursor {
            cursor - edit.bytes.len() + edit.text.len()
        } else {
            edit.new_end()
        }
    })
}

/// Returns whether a character at the end of what stands at a place may be the editor's.
fn is_closing(c: char) -> bool {
    c.is_whitespace() || ")]}>\"'`".contains(c)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn edit(bytes: std::ops::Range<usize>, text: &str) -> Edit {
        Edit {
            bytes,
            text: text.into(),
        }
    }

    /// Asks at byte 10, behind `let x = fo`, for `suggested`, makes the edits, and compares at the cursor.
    fn check(edits: &[Edit], cursor: usize, expected: &Fit) {
        let mut trail = Trail::new(10, "let x = fo");
        let is_there = edits.iter().all(|edit| trail.follow(edit).is_some());
        let fit = if is_there {
            trail.fit(cursor, "suggested").0
        } else {
            Fit::Against
        };
        assert_eq!(&fit, expected, "{edits:?}");
    }

    fn rest(text: &str) -> Fit {
        Fit::Rest(text.into())
    }

    #[test]
    fn typing_along_leaves_the_rest() {
        check(
            &[edit(10..10, "s"), edit(11..11, "ugg")],
            14,
            &rest("ested"),
        );
        check(&[edit(10..10, "suggested")], 19, &rest(""));
    }

    #[test]
    fn typing_more_than_there_is_may_still_agree() {
        check(&[edit(10..10, "suggested();")], 22, &Fit::Ahead);
    }

    #[test]
    fn typing_something_else_is_against_it_until_it_is_taken_back() {
        check(&[edit(10..10, "x")], 11, &Fit::Against);
        check(
            &[edit(10..10, "x"), edit(10..11, "")],
            10,
            &rest("suggested"),
        );
        check(
            &[edit(10..10, "sux"), edit(12..13, "g")],
            13,
            &rest("gested"),
        );
    }

    #[test]
    fn what_was_deleted_before_the_place_comes_back_with_it() {
        check(&[edit(9..10, "")], 9, &rest("osuggested"));
        check(&[edit(8..10, ""), edit(8..8, "f")], 9, &rest("osuggested"));
        check(&[edit(8..10, ""), edit(8..8, "fos")], 11, &rest("uggested"));
        check(&[edit(8..10, "bar")], 11, &Fit::Against);
    }

    #[test]
    fn what_is_for_the_place_behind_a_suggestion_fits_once_that_is_accepted() {
        let mut trail = Trail::behind(10, "let x = fo", "o();");
        assert_eq!(trail.fit(10, "\nbar();").0, rest("o();\nbar();"));
        trail.follow(&edit(10..10, "o(")).unwrap();
        assert!(!trail.is_behind_lead());
        trail.follow(&edit(12..12, ");")).unwrap();
        assert!(trail.is_behind_lead());
        assert_eq!(trail.fit(14, "\nbar();").0, rest("\nbar();"));
        trail.follow(&edit(14..14, "x")).unwrap();
        assert_eq!(trail.fit(15, "\nbar();").0, Fit::Against);
    }

    #[test]
    fn lines_that_end_as_on_windows_are_those_of_the_suggestion() {
        let mut trail = Trail::new(10, "let x = fo");
        trail.follow(&edit(10..10, "one();\r\n    tw")).unwrap();
        assert_eq!(trail.fit(24, "one();\n    two();").0, rest("o();"));
        trail.follow(&edit(24..24, "o();\r\n")).unwrap();
        assert_eq!(trail.fit(30, "one();\n    two();").0, Fit::Ahead);
        let mut trail = Trail::new(7, "a();\r\nb");
        trail.follow(&edit(4..7, "")).unwrap();
        assert_eq!(trail.fit(4, "()").0, rest("\nb()"));
        let mut behind = Trail::behind(10, "let x = fo", "o();\n");
        behind.follow(&edit(10..10, "o();\r\n")).unwrap();
        assert!(behind.is_behind_lead());
        assert_eq!(behind.fit(16, "p();").0, rest("p();"));
    }

    #[test]
    fn deleting_more_than_is_remembered_ends_it() {
        let mut trail = Trail::new(1000, &"é".repeat(500));
        assert!(trail.follow(&edit(600..1000, "")).is_none());
    }

    #[test]
    fn an_edit_elsewhere_moves_it_and_is_owned_up_to() {
        let mut trail = Trail::new(10, "let x = fo");
        trail.follow(&edit(2..4, "long")).unwrap();
        trail.follow(&edit(40..41, "")).unwrap();
        assert_eq!(trail.fit(12, "suggested").0, rest("suggested"));
        assert!(trail.is_moved);
        assert_eq!(trail.fit(10, "suggested").0, Fit::Against);
    }

    #[test]
    fn an_edit_of_what_follows_ends_it() {
        check(&[edit(10..12, "y")], 11, &Fit::Against);
    }

    #[test]
    fn a_bracket_that_the_editor_closed_stands_behind_the_cursor() {
        let mut trail = Trail::new(10, "let x = fo");
        trail.follow(&edit(10..10, "s()")).unwrap();
        assert_eq!(trail.fit(12, "s(a)"), (rest("a)"), ")"));
    }

    #[test]
    fn a_cursor_is_carried_behind_what_is_typed_at_it() {
        let edits = [edit(4..4, "ab"), edit(0..1, ""), edit(9..9, "x")];
        let edits: Vec<&Edit> = edits.iter().collect();
        assert_eq!(carry(4, &edits), 5);
    }
}
