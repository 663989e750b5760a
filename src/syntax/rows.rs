//! Points in tree-sitter's terms, which are not the rope's.
//!
//! Entry point: [`Rows::point`]. Tree-sitter counts rows by `\n` alone and columns in bytes since then, whereas the rope's
//! lines, being LSP's, also end at a lone `\r`. A point in the wrong terms would make an edited tree differ from a fresh one.

use std::ops::Range;

use ropey::Rope;
use tree_sitter::Point;

/// How tree-sitter's rows relate to the rope's lines: equal, unless some lines end at a lone `\r`.
///
/// The number of lone `\r` is counted once and then kept through edits, so that the ordinary document's points come
/// from the rope's index in logarithmic time.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    lone_returns: usize,
}

impl Rows {
    /// Counts once, over the whole text.
    pub(super) fn of(text: &Rope) -> Self {
        Self {
            lone_returns: lone_returns(text, 0..text.len_bytes()),
        }
    }

    /// The rows after a replacement. The byte before it counts too: a new or removed `\n` decides whether a `\r` is alone.
    pub(super) fn edited(
        self,
        before: &Rope,
        after: &Rope,
        old: Range<usize>,
        new: Range<usize>,
    ) -> Self {
        let gone = lone_returns(before, old.start.saturating_sub(1)..old.end);
        let come = lone_returns(after, new.start.saturating_sub(1)..new.end);
        Self {
            lone_returns: (self.lone_returns + come).saturating_sub(gone),
        }
    }

    /// Returns the point of a byte, which must lie within the text.
    pub(super) fn point(self, text: &Rope, byte: usize) -> Point {
        if self.lone_returns == 0 {
            let row = text.byte_to_line(byte);
            return Point {
                row,
                column: byte - text.line_to_byte(row),
            };
        }
        let mut point = Point {
            row: 0,
            column: byte,
        };
        let mut at = 0;
        for chunk in text.chunks() {
            let part = &chunk.as_bytes()[..chunk.len().min(byte - at)];
            if let Some(last) = memchr::memrchr(b'\n', part) {
                point.row += memchr::memchr_iter(b'\n', part).count();
                point.column = byte - (at + last + 1);
            }
            at += part.len();
            if at == byte {
                break;
            }
        }
        point
    }
}

/// Counts the `\r` within `range` that no `\n` follows.
fn lone_returns(text: &Rope, range: Range<usize>) -> usize {
    let Some((chunks, mut at, _, _)) = text.get_chunks_at_byte(range.start) else {
        return 0;
    };
    let mut count = 0;
    for chunk in chunks {
        if at >= range.end {
            break;
        }
        // A rope never splits `\r\n` over two chunks, so what follows a `\r` is in its chunk.
        let is_lone = |place: &usize| {
            range.contains(&(at + place)) && chunk.as_bytes().get(place + 1) != Some(&b'\n')
        };
        count += memchr::memchr_iter(b'\r', chunk.as_bytes())
            .filter(is_lone)
            .count();
        at += chunk.len();
    }
    count
}
