//! The block that a predicted line opens.
//!
//! Entry point: [`after`]. A block is predicted whole or not at all: from a line after which the indentation grows, to where
//! it is back. Every token must be sure, because a wrong block disturbs more than a wrong line.

use super::evidence::{Place, Sources};
use super::search::Line;
use super::segment::DEEPEST;
use super::token::{Break, Token};
use super::vocabulary::Lexicon;

/// Each token must be this probable.
const SURE: f32 = 0.8;
const LONGEST: usize = 160;
/// Within a block even a few places that go on alike are followed rather than searched for again.
const ENOUGH: usize = 2;
/// The depth of the block's first line is counted from here, so that it can be left.
const LEVEL: usize = 1 << 16;

/// Returns the tokens of the lines after `line` (each line begins with its break) up to the one that closes the block; nothing
/// if the line opens none, if it is not sure, or if it would have more than `max_lines` with the first.
pub(super) fn after(
    sources: &Sources<'_>,
    line: &Line,
    max_lines: usize,
    lexicon: &mut Lexicon<'_>,
) -> Option<Vec<Token>> {
    let indent = sources.window.indent;
    let mut ahead = Ahead {
        sources,
        tokens: line.tokens.clone(),
        found: Vec::new(),
    };
    let mut columns = LEVEL;
    let mut next = line.end;
    for lines in 2..=max_lines.saturating_add(1) {
        columns = indent.shifted(columns, Break::of(next)?.shift);
        if lines == 2 && columns <= LEVEL {
            return None;
        }
        let end = ahead.tokens.len();
        ahead.tokens.push(next);
        next = ahead.next(lexicon)?;
        let closing = lexicon.text(next);
        // What comes back to the line's own depth belongs to the block only if it closes it.
        let closes = columns == LEVEL && (closing.starts_with(['}', ')', ']']) || closing == "end");
        if columns <= LEVEL && !closes {
            ahead.tokens.truncate(end);
            return Some(ahead.tokens.split_off(line.tokens.len()));
        }
        if lines > max_lines {
            return None;
        }
        while !next.is_break() {
            ahead.tokens.push(next);
            next = ahead.next(lexicon)?;
        }
        if closes {
            return Some(ahead.tokens.split_off(line.tokens.len()));
        }
    }
    None
}

/// The way through a block, of which there is only one.
struct Ahead<'a> {
    sources: &'a Sources<'a>,
    tokens: Vec<Token>,
    found: Vec<Place>,
}

impl Ahead<'_> {
    /// Returns the next token if it is sure.
    fn next(&mut self, lexicon: &mut Lexicon<'_>) -> Option<Token> {
        if self.tokens.len() > LONGEST {
            return None;
        }
        let before = self.sources.window.before.iter().rev();
        let context: Vec<Token> = self
            .tokens
            .iter()
            .rev()
            .chain(before)
            .take(DEEPEST)
            .copied()
            .collect();
        let next = self.sources.after(&self.found, ENOUGH, &context, lexicon);
        self.found = next.found;
        next.next
            .first()
            .filter(|best| best.probability >= SURE)
            .map(|best| best.token)
    }
}
