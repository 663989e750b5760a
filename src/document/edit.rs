//! One change of a text: as the client tells it, and as what it did to the bytes.

use std::ops::Range;

use ropey::Rope;

use super::position::{Encoding, Position};

/// One entry of a `textDocument/didChange`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is replaced, from start to end; without it the whole text is.
    pub range: Option<(Position, Position)>,
    /// What stands there afterwards.
    pub text: String,
}

/// A change in bytes: what stood at `bytes` gave way to `text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that were replaced, in the text before the edit.
    pub bytes: Range<usize>,
    /// What replaced them.
    pub text: String,
}

impl Edit {
    /// Returns the end of the new text, in the text after the edit.
    pub fn new_end(&self) -> usize {
        self.bytes.start + self.text.len()
    }
}

/// Applies a change and returns it in bytes, and whether its range had to be clamped into the text or turned round.
pub(super) fn apply(text: &mut Rope, change: &Change, encoding: Encoding) -> (Edit, bool) {
    let Some((start, end)) = change.range else {
        let edit = Edit {
            bytes: 0..text.len_bytes(),
            text: change.text.clone(),
        };
        *text = Rope::from_str(&change.text);
        return (edit, false);
    };
    let (from, to) = (encoding.locate(text, start), encoding.locate(text, end));
    let clamped = from.clamped || to.clamped || from.byte > to.byte;
    let bytes = from.byte.0.min(to.byte.0)..from.byte.0.max(to.byte.0);
    let chars = text.byte_to_char(bytes.start)..text.byte_to_char(bytes.end);
    if !chars.is_empty() {
        text.remove(chars.clone());
    }
    if !change.text.is_empty() {
        text.insert(chars.start, &change.text);
    }
    let edit = Edit {
        bytes,
        text: change.text.clone(),
    };
    (edit, clamped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(range: ((u32, u32), (u32, u32)), text: &str) -> Change {
        let at = |(line, character)| Position { line, character };
        Change {
            range: Some((at(range.0), at(range.1))),
            text: text.into(),
        }
    }

    #[test]
    fn a_range_that_runs_backwards_is_turned_round_and_said_so() {
        let mut text = Rope::from_str("abcdef");
        let (edit, clamped) = apply(&mut text, &change(((0, 4), (0, 1)), "X"), Encoding::Utf16);
        assert_eq!((text.to_string().as_str(), clamped), ("aXef", true));
        assert_eq!(edit.bytes, 1..4);
        assert_eq!(edit.new_end(), 2);
    }

    #[test]
    fn a_range_behind_the_text_appends_and_said_so() {
        let mut text = Rope::from_str("ab");
        let (_, clamped) = apply(&mut text, &change(((9, 0), (9, 9)), "c"), Encoding::Utf16);
        assert_eq!((text.to_string().as_str(), clamped), ("abc", true));
    }

    #[test]
    fn joining_a_carriage_return_and_a_line_feed_makes_one_line_break() {
        let mut text = Rope::from_str("a\rb\nc");
        apply(&mut text, &change(((1, 0), (1, 1)), ""), Encoding::Utf16);
        assert_eq!(text.to_string(), "a\r\nc");
        assert_eq!(text.len_lines(), 2);
    }
}
