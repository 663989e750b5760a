//! An immutable part of the index: the tokens of some files, and their positions sorted by what comes before them.
//!
//! Entry points: [`Segment::new`] and [`Segment::nearest`]. `order` is a suffix array of the reversed text: positions whose
//! preceding tokens agree over the longest stretch lie next to each other, so one binary search finds the longest match of
//! a context and its neighbours are the back-off, longest first.

use std::cmp::Ordering;
use std::sync::Arc;

use super::token::Token;

/// How many tokens of context are compared at most. Some three lines: longer agreement tells nothing more.
pub(super) const DEEPEST: usize = 32;

/// One file within a segment.
#[derive(Clone)]
pub(super) struct File {
    pub(super) path: Arc<str>,
    /// Stands for the language: the hash of the extension.
    pub(super) language: u32,
    pub(super) lines: usize,
    /// The position of its [`Token::FILE`].
    pub(super) start: u32,
}

/// The tokens of some files.
pub(super) struct Segment {
    tokens: Box<[Token]>,
    order: Box<[u32]>,
    files: Box<[File]>,
    /// For an open document: the first token of each line with text, and the number of that line.
    lines: Box<[(u32, u32)]>,
}

impl Segment {
    /// Builds the order of the tokens; each file begins with [`Token::FILE`].
    pub(super) fn new(tokens: Vec<Token>, files: Vec<File>, lines: Vec<(u32, u32)>) -> Self {
        let order = order(&tokens);
        Self {
            tokens: tokens.into(),
            order: order.into(),
            files: files.into(),
            lines: lines.into(),
        }
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// Returns the tokens of a file, with its mark.
    pub(super) fn file_tokens(&self, file: usize) -> &[Token] {
        let start = self.files[file].start as usize;
        let end = self
            .files
            .get(file + 1)
            .map_or(self.tokens.len(), |next| next.start as usize);
        &self.tokens[start..end]
    }

    /// Returns the number of the file that a position belongs to.
    pub(super) fn file_at(&self, position: u32) -> usize {
        self.files
            .partition_point(|file| file.start <= position)
            .saturating_sub(1)
    }

    /// Returns the line of a position, in a segment that knows its lines.
    pub(super) fn line_at(&self, position: u32) -> u32 {
        let after = self.lines.partition_point(|&(start, _)| start <= position);
        after.checked_sub(1).map_or(0, |at| self.lines[at].1)
    }

    pub(super) fn bytes(&self) -> usize {
        4 * (self.tokens.len() + self.order.len())
            + self
                .files
                .iter()
                .map(|file| size_of::<File>() + file.path.len() + 16)
                .sum::<usize>()
            + 8 * self.lines.len()
    }

    /// Visits positions by how many tokens before them agree with `context` (its last token first), longest agreement first.
    /// `visit` gets the token at the position, the position and the agreement, and says whether to go on.
    pub(super) fn nearest(
        &self,
        context: &[Token],
        shortest: usize,
        visit: &mut impl FnMut(Token, u32, usize) -> bool,
    ) {
        let middle = self
            .order
            .partition_point(|&at| compare(&self.tokens, at, context) == Ordering::Less);
        let agreement = |at: usize| agreement(&self.tokens, self.order[at], context);
        let (mut left, mut right) = (middle, middle);
        let mut lower = left.checked_sub(1).map_or(0, agreement);
        let mut upper = if right < self.order.len() {
            agreement(right)
        } else {
            0
        };
        while lower.max(upper) >= shortest.max(1) {
            let (at, agreed) = if lower >= upper {
                left -= 1;
                let found = (left, lower);
                lower = left.checked_sub(1).map_or(0, agreement);
                found
            } else {
                let found = (right, upper);
                right += 1;
                upper = if right < self.order.len() {
                    agreement(right)
                } else {
                    0
                };
                found
            };
            let position = self.order[at];
            if !visit(self.tokens[position as usize], position, agreed) {
                return;
            }
        }
    }
}

fn before(tokens: &[Token], position: u32, back: usize) -> Token {
    (position as usize)
        .checked_sub(back + 1)
        .map_or(Token::FILE, |at| tokens[at])
}

fn compare(tokens: &[Token], position: u32, context: &[Token]) -> Ordering {
    for (back, &token) in context.iter().enumerate() {
        match before(tokens, position, back).cmp(&token) {
            Ordering::Equal => {}
            unequal => return unequal,
        }
    }
    Ordering::Equal
}

fn agreement(tokens: &[Token], position: u32, context: &[Token]) -> usize {
    let agrees = |(back, &token): (usize, &Token)| {
        (position as usize) > back && before(tokens, position, back) == token
    };
    context
        .iter()
        .enumerate()
        .take_while(|&item| agrees(item))
        .count()
}

/// Sorts the positions by their contexts. Three tokens of context and the position fit one integer, which sorts without
/// leaving the cache; only positions that agree in all three are then compared token by token.
fn order(tokens: &[Token]) -> Vec<u32> {
    let mut keys: Vec<u128> = (0_u32..)
        .zip(tokens)
        .skip(1)
        .filter(|&(_, &token)| token != Token::FILE)
        .map(|(at, _)| {
            let context = (0..3).fold(0, |key, back| {
                (key << 32) | u128::from(before(tokens, at, back).0)
            });
            (context << 32) | u128::from(at)
        })
        .collect();
    keys.sort_unstable();
    for run in keys.chunk_by_mut(|one, other| one >> 32 == other >> 32) {
        if run.len() > 1 {
            run.sort_unstable_by(|&one, &other| {
                let (one, other) = (position(one), position(other));
                let deeper = (3..DEEPEST)
                    .map(|back| before(tokens, one, back).cmp(&before(tokens, other, back)));
                deeper
                    .into_iter()
                    .find(|found| found.is_ne())
                    .unwrap_or(one.cmp(&other))
            });
        }
    }
    keys.into_iter().map(position).collect()
}

/// Returns the position within a sorting key.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the position is the key's lowest 32 bits"
)]
fn position(key: u128) -> u32 {
    key as u32
}
