//! The text around the cursor, as tokens: taken from the query's own snapshot, since the index may lag behind it.
//!
//! Entry point: [`Window::around`]. It is bounded in lines and bytes, so a query costs the same in any file.

use std::ops::RangeInclusive;

use ropey::Rope;

use super::token::{End, Indent, Piece, Token, lex};
use super::vocabulary::Lexicon;
use crate::document::floor;

const LINES_BEFORE: usize = 150;
const LINES_AFTER: usize = 40;
const BYTES_BEFORE: usize = 8_192;
const BYTES_AFTER: usize = 3_072;

/// What lies around the cursor.
pub(super) struct Window {
    /// The tokens before the cursor, without what may still grow.
    pub(super) before: Vec<Token>,
    /// The tokens of the lines after the cursor's.
    pub(super) after: Vec<Token>,
    /// The word being typed, with the space before it; or that space alone; or nothing.
    pub(super) typed: String,
    /// How this text indents.
    pub(super) indent: Indent,
    /// The columns of the cursor line's indentation.
    pub(super) columns: usize,
    /// The cursor's line up to the cursor.
    pub(super) line: String,
    /// The rest of the cursor's line, without blanks at its ends.
    pub(super) rest: String,
    /// The next line that has text, without its end.
    pub(super) next_line: Option<String>,
    /// The line break of this document.
    pub(super) newline: &'static str,
    /// The numbers of the lines that this window covers.
    pub(super) lines: RangeInclusive<u32>,
}

impl Window {
    /// Takes the text around a byte offset, which is moved to the nearest place that exists.
    pub(super) fn around(text: &Rope, cursor: usize, lexicon: &mut Lexicon<'_>) -> Self {
        let cursor = floor(text, cursor);
        let row = text.byte_to_line(cursor);
        let first = row.saturating_sub(LINES_BEFORE);
        let start = text
            .line_to_byte(first)
            .max(floor(text, cursor.saturating_sub(BYTES_BEFORE)));
        let last = (row + 1 + LINES_AFTER).min(text.len_lines());
        let end = text
            .line_to_byte(last)
            .min(floor(text, cursor + BYTES_AFTER))
            .max(cursor);
        let head = String::from(text.byte_slice(start..cursor));
        let tail = String::from(text.byte_slice(cursor..end));

        let line = head[head.rfind(['\n', '\r']).map_or(0, |at| at + 1)..].to_owned();
        let line_end = tail.find(['\n', '\r']).unwrap_or(tail.len());
        let (rest, following) = tail.split_at(line_end);
        let next_line = following
            .split(['\n', '\r'])
            .map(str::trim_end)
            .find(|line| !line.is_empty());
        let indent = Indent::detect(&head);
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        let (before, typed) = tokens_before(&head, start == 0, indent, lexicon);
        Self {
            before,
            after: tokens(following, indent, End::Line, lexicon),
            typed,
            indent,
            columns: indent.columns(&line[..blanks]),
            rest: rest.trim().to_owned(),
            next_line: next_line.map(str::to_owned),
            newline: if head.contains("\r\n") || following.starts_with("\r\n") {
                "\r\n"
            } else {
                "\n"
            },
            lines: number(first)..=number(last),
            line,
        }
    }
}

fn tokens_before(
    head: &str,
    whole: bool,
    indent: Indent,
    lexicon: &mut Lexicon<'_>,
) -> (Vec<Token>, String) {
    let mut before = if whole { vec![Token::FILE] } else { Vec::new() };
    before.extend(tokens(head, indent, End::Cursor, lexicon));
    let Some(&last) = before.last() else {
        return (before, String::new());
    };
    let text = lexicon.text(last);
    let grows = text == " " || text.bytes().last().is_some_and(super::token::is_word_byte);
    if !grows {
        return (before, String::new());
    }
    let typed = text.to_owned();
    before.pop();
    (before, typed)
}

fn tokens(text: &str, indent: Indent, end: End, lexicon: &mut Lexicon<'_>) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 3);
    lex(text, indent, end, &mut |piece| {
        tokens.push(match piece {
            Piece::Break(found, _) => found.token(),
            Piece::Word(word) => lexicon.intern(word),
        });
    });
    tokens
}

fn number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}
