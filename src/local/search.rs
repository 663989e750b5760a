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

const STEPS: usize = 14;
const LONGEST: usize = 64;
/// So many places that go on alike are followed rather than searched for again.
const ENOUGH: usize = 6;
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
pub(super) fn line(
    sources: &Sources<'_>,
    lexicon: &mut Lexicon<'_>,
    accept: impl Fn(&[Token], &Lexicon<'_>) -> bool,
) -> Option<Line> {
    let typed = sources.window.typed.as_str();
    let mut context = Vec::with_capacity(2 * DEEPEST);
    context.extend(sources.window.before.iter().rev().take(DEEPEST));
    let mut first = sources.next(&context, typed, lexicon);
    if !typed.is_empty() {
        restrict(&mut first, typed, lexicon);
    }
    let root = Node {
        parent: 0,
        token: Token::UNKNOWN,
        length: 0,
        probability: 1.0,
        weakest: 1.0,
        found: Rc::default(),
    };
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
            let Continuations {
                depth,
                places,
                agreeing,
                ..
            } = first;
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
            let mut next = sources.after(&node.found, ENOUGH, &context, lexicon);
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
            first.next.push(super::evidence::Next {
                token: whole,
                probability: 0.0,
            });
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
    first
        .next
        .sort_by(|one, other| other.probability.total_cmp(&one.probability));
}

fn branch(
    nodes: &mut Vec<Node>,
    open: &mut BinaryHeap<Open>,
    parent: usize,
    next: &mut Continuations,
) {
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
