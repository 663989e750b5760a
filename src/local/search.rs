//! The search for the most probable rest of the line.
//!
//! Entry point: [`lines`]. It always goes on from the most probable beginning found so far, so the first line that is whole is
//! the most probable of all. A bound on the steps keeps a query short: where many beginnings compete, nothing is certain enough
//! to be shown anyway.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::rc::Rc;

use super::evidence::{Continuations, Place, Sources, float};
use super::segment::DEEPEST;
use super::token::Token;
use super::vocabulary::Lexicon;

/// A way to end the line.
pub(super) struct Line {
    /// Its tokens, the first of which begins with what was typed, without the break.
    pub(super) tokens: Vec<Token>,
    /// The break after it.
    pub(super) end: Token,
    pub(super) probability: f32,
    /// The probability of its least probable token.
    pub(super) weakest: f32,
    /// What its first token rests on.
    pub(super) depth: usize,
    pub(super) places: usize,
    pub(super) agreeing: usize,
}

const STEPS: usize = 28;
const LONGEST: usize = 64;
/// Beginnings less probable than this are dropped, as are tokens at any step.
const FLOOR: f32 = 0.1;
const BRANCHES: usize = 4;
/// How much a word that is whole as typed counts against longer ones, in places.
const WHOLE_WORD: f32 = 0.5;

/// A beginning of the line.
#[derive(Clone)]
struct Node {
    parent: usize,
    token: Token,
    length: usize,
    probability: f32,
    weakest: f32,
    /// Where the text before this token was found.
    found: Rc<Vec<Place>>,
}

/// Beginnings by their probability.
struct Open(f32, usize);

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Open {}
impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0).then(other.1.cmp(&self.1))
    }
}

/// Returns the most probable line that `accept` takes, if one is found in time.
pub(super) fn line(sources: &Sources<'_>, lexicon: &mut Lexicon<'_>, accept: impl Fn(&[Token], &Lexicon<'_>) -> bool) -> Option<Line> {
    let typed = sources.window.typed.as_str();
    let mut context = Vec::with_capacity(2 * DEEPEST);
    context.extend(sources.window.before.iter().rev().take(DEEPEST));
    let mut first = sources.next(&context, typed, lexicon);
    if !typed.is_empty() {
        restrict(&mut first, typed, lexicon);
    }
    let root = Node { parent: 0, token: Token::UNKNOWN, length: 0, probability: 1.0, weakest: 1.0, found: Rc::default() };
    let mut nodes = vec![root];
    let mut open = BinaryHeap::new();
    branch(&mut nodes, &mut open, 0, &mut first);
    for _ in 0..STEPS {
        let Open(_, at) = open.pop()?;
        let node = nodes[at].clone();
        if node.token.is_break() {
            let mut tokens = path(&nodes, node.parent);
            tokens.reverse();
            if !accept(&tokens, lexicon) {
                continue;
            }
            let Continuations { depth, places, agreeing, .. } = first;
            return Some(Line {
                tokens,
                end: node.token,
                probability: node.probability,
                weakest: node.weakest,
                depth,
                places,
                agreeing,
            });
        }
        if node.length < LONGEST {
            context.clear();
            context.extend(path(&nodes, at));
            context.truncate(DEEPEST);
            let missing = DEEPEST - context.len();
            context.extend(sources.window.before.iter().rev().take(missing));
            let mut next = sources.after(&node.found, &context, lexicon);
            branch(&mut nodes, &mut open, at, &mut next);
        }
    }
    None
}

/// Makes probabilities of the tokens that fit what was typed add up to one, and lets the word be whole as it is.
fn restrict(first: &mut Continuations, typed: &str, lexicon: &mut Lexicon<'_>) {
    if typed != " " {
        let whole = lexicon.intern(typed);
        if Lexicon::is_shared(whole) && !first.next.iter().any(|next| next.token == whole) {
            first.next.push(super::evidence::Next { token: whole, probability: 0.0 });
        }
        let count = float(first.places);
        for next in &mut first.next {
            let whole = if next.token == whole { WHOLE_WORD } else { 0.0 };
            next.probability = (next.probability * count + whole) / (count + WHOLE_WORD);
        }
    }
    let total: f32 = first.next.iter().map(|next| next.probability).sum();
    for next in &mut first.next {
        next.probability /= total.max(f32::MIN_POSITIVE);
    }
    first.next.sort_by(|one, other| other.probability.total_cmp(&one.probability));
}

fn branch(nodes: &mut Vec<Node>, open: &mut BinaryHeap<Open>, parent: usize, next: &mut Continuations) {
    let from = nodes[parent].clone();
    let found = Rc::new(std::mem::take(&mut next.found));
    for next in next.next.iter().take(BRANCHES) {
        let probability = from.probability * next.probability;
        if probability < FLOOR {
            continue;
        }
        nodes.push(Node {
            parent,
            token: next.token,
            length: from.length + 1,
            probability,
            weakest: from.weakest.min(next.probability),
            found: Rc::clone(&found),
        });
        open.push(Open(probability, nodes.len() - 1));
    }
}

/// Returns the tokens of a beginning, last first.
fn path(nodes: &[Node], mut at: usize) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(nodes[at].length);
    while at != 0 {
        tokens.push(nodes[at].token);
        at = nodes[at].parent;
    }
    tokens
}

/// The lines of a block that follow its first line, each with the break before it.
pub(super) struct Block {
    pub(super) tokens: Vec<Token>,
    pub(super) probability: f32,
}

/// A token of a block must be this probable: a wrong block disturbs more than a wrong line.
const SURE: f32 = 0.7;
const LONGEST_BLOCK: usize = 160;

/// Returns the lines after `line` up to where the indentation is back at that of the line, if all of it is sure.
pub(super) fn block(sources: &Sources<'_>, line: &Line, max_lines: usize, lexicon: &mut Lexicon<'_>) -> Option<Block> {
    use super::token::{Break, Shift};
    let indent = sources.window.indent;
    let start = 1000;
    let mut columns = start;
    let mut tokens = line.tokens.clone();
    let mut probability = 1.0;
    let mut next = line.end;
    let mut lines = 1;
    let mut closing = false;
    loop {
        if let Some(found) = Break::of(next) {
            if closing {
                break;
            }
            columns = indent.shifted(columns, found.shift);
            if lines == 1 && (columns <= start || !matches!(found.shift, Shift::Levels(_))) {
                return None;
            }
            lines += 1;
            if columns <= start {
                // What comes back to the line's own depth belongs to the block only if it closes it.
                let after = step(sources, &tokens, next, lexicon)?;
                let text = lexicon.text(after.0);
                if columns < start || !(text.starts_with(['}', ')', ']']) || text == "end") {
                    break;
                }
                closing = true;
            }
            if lines > max_lines {
                return None;
            }
        }
        if tokens.len() > LONGEST_BLOCK {
            return None;
        }
        tokens.push(next);
        let context: Vec<Token> = context(sources, &tokens);
        let best = sources.next(&context, "", lexicon);
        let best = best.next.first().filter(|best| best.probability >= SURE)?;
        probability *= best.probability;
        next = best.token;
    }
    Some(Block { tokens: tokens.split_off(line.tokens.len()), probability })
}

fn context(sources: &Sources<'_>, tokens: &[Token]) -> Vec<Token> {
    tokens.iter().rev().chain(sources.window.before.iter().rev()).take(DEEPEST).copied().collect()
}

fn step(sources: &Sources<'_>, tokens: &[Token], then: Token, lexicon: &mut Lexicon<'_>) -> Option<(Token, f32)> {
    let mut context = context(sources, tokens);
    context.insert(0, then);
    let next = sources.next(&context, "", lexicon).next;
    next.first().filter(|best| best.probability >= SURE).map(|best| (best.token, best.probability))
}
