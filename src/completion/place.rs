//! What stands around the cursor, and how much may be suggested there.

use ropey::Rope;

use super::stop::{self, Extent};
use crate::document;
use crate::session::Snapshot;
use crate::syntax;

/// What stands around the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// From the line's start to the cursor.
    pub line_before: String,
    /// From the cursor to the line's end.
    pub line_after: String,
    /// Lines above and the cursor's line up to the cursor.
    pub above: String,
    /// The cursor's line from the cursor on and lines below.
    pub below: String,
    /// What is written here.
    pub writing: Writing,
}

/// What is written at a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Writing {
    /// Code.
    #[default]
    Code,
    /// Words within code: a comment, or a string.
    Aside,
    /// Words in a document of words, in which code stands in fences.
    Document,
}

impl Writing {
    /// Returns what is written at a place.
    pub fn at(snapshot: &Snapshot, cursor: usize) -> Self {
        if is_text(snapshot) {
            Self::Document
        } else if is_within_text(snapshot, cursor) {
            Self::Aside
        } else {
            Self::Code
        }
    }
}

/// More than any tokenizer's longest common token, in bytes.
const TOKEN_BYTES: usize = 16;

/// How much of a line is looked at on either side of the cursor; a line of a megabyte is data, not code.
const LINE_BYTES: usize = 2 * 1024;

/// How many lines are looked at above the cursor's.
const LINES_ABOVE: usize = 40;

/// How many lines are looked at below the cursor's.
const LINES_BELOW: usize = 24;

impl Around {
    /// Looks round a cursor.
    pub fn of(text: &Rope, cursor: usize, writing: Writing) -> Self {
        let floor = |byte: usize| document::floor(text, byte);
        let line_start = |line: usize| text.line_to_byte(line.min(text.len_lines()));
        let cursor = floor(cursor);
        let line = text.byte_to_line(cursor);
        let start = line_start(line).max(floor(cursor.saturating_sub(LINE_BYTES)));
        let end = line_start(line + 1).min(floor(cursor + LINE_BYTES));
        let top = line_start(line.saturating_sub(LINES_ABOVE))
            .max(floor(start.saturating_sub(2 * LINE_BYTES)));
        let bottom = line_start(line + 1 + LINES_BELOW).min(floor(end + 2 * LINE_BYTES));
        let line_after = String::from(text.byte_slice(cursor..end));
        Self {
            line_before: text.byte_slice(start..cursor).into(),
            line_after: line_after.trim_end_matches(['\r', '\n']).to_owned(),
            above: without_returns(text.byte_slice(top..cursor).into()),
            below: without_returns(text.byte_slice(cursor..bottom).into()),
            writing,
        }
    }

    /// Looks round a cursor in a snapshot.
    pub fn at(snapshot: &Snapshot, cursor: usize) -> Self {
        Self::of(&snapshot.text, cursor, Writing::at(snapshot, cursor))
    }
}

/// Leaves line feeds alone as line breaks, as models write them.
fn without_returns(text: String) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text
    }
}

/// Returns whether a document is all words.
fn is_text(snapshot: &Snapshot) -> bool {
    snapshot
        .language
        .is_some_and(|language| language.id() == "markdown")
}

/// Returns whether a place lies in a comment or a string.
fn is_within_text(snapshot: &Snapshot, cursor: usize) -> bool {
    snapshot.tree.as_ref().is_some_and(|tree| {
        matches!(
            syntax::place(tree, &snapshot.text, cursor),
            syntax::Place::Comment | syntax::Place::String
        )
    })
}

impl Around {
    /// Returns whether something other than what closes brackets and statements follows the cursor on its line.
    pub fn is_within_line(&self) -> bool {
        let is_closing = |c: char| c.is_whitespace() || ")]}\"'`;,".contains(c);
        !self.line_after.chars().all(is_closing)
    }

    /// Returns whether the cursor stands within a word.
    pub fn is_within_word(&self) -> bool {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        self.line_before.ends_with(is_word) && self.line_after.starts_with(is_word)
    }
}

/// Returns whether a place lies in a string of several lines, before its line and behind it: a text of its own, such as a script within a script.
fn is_within_long_string(snapshot: &Snapshot, cursor: usize) -> bool {
    let text = &snapshot.text;
    let line = text.byte_to_line(document::floor(text, cursor));
    let starts = [line, line + 1].map(|line| text.line_to_byte(line.min(text.len_lines())));
    snapshot.tree.as_ref().is_some_and(|tree| {
        let is_string = |at| syntax::place(tree, text, at) == syntax::Place::String;
        starts.into_iter().all(is_string)
    })
}

/// How much may be suggested: a line within a line, a comment or a string, a block at the end of one.
pub fn extent(snapshot: &Snapshot, around: &Around, cursor: usize) -> Extent {
    let is_aside = around.writing == Writing::Aside;
    let is_one_line = is_aside && !is_within_long_string(snapshot, cursor);
    Extent {
        max_lines: if is_one_line || around.is_within_line() {
            1
        } else {
            snapshot.settings.max_lines
        },
        indent: stop::indentation(&around.line_before),
        max_bytes: snapshot.settings.max_tokens as usize * TOKEN_BYTES,
        enough: usize::MAX,
        at_line_start: around.line_before.trim().is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Around, extent};
    use crate::config::Layers;
    use crate::session::Session;

    /// Returns how many lines may be suggested at `ˇ`.
    fn lines(language: &str, place: &str) -> usize {
        let cursor = place.find('ˇ').expect("a cursor");
        let mut session = Session::new(Layers::default());
        session.open("file:///a", language, &place.replace('ˇ', ""));
        assert!(session.claim_parse("file:///a"));
        let job = session.begin_parse("file:///a").expect("it is due");
        let tree = job.run();
        let _ = session.end_parse(&job, tree);
        let snapshot = session.snapshot("file:///a").expect("it is open");
        extent(&snapshot, &Around::at(&snapshot, cursor), cursor).max_lines
    }

    #[test]
    fn a_line_is_suggested_in_a_comment_or_a_string_and_more_in_a_string_of_several() {
        let many = lines("python", "ˇ\n");
        assert!(many > 1);
        let table = [
            ("x = \"aˇ\"\n", 1),
            ("# aˇ\nx = 1\n", 1),
            ("x = \"\"\"\na\nˇ\nb\n\"\"\"\n", many),
            ("x = \"\"\"\na\nˇ\"\"\"\n", 1),
        ];
        for (place, expected) in table {
            assert_eq!(lines("python", place), expected, "{place:?}");
        }
    }
}
