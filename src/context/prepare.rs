//! Which fragments a prompt is to show: chosen off the way of any request, kept until something better is known.
//!
//! Entry point: [`prepare`]. The sources name candidates ([`super::source`]), [`super::rank`] puts the likeliest first, and as many as the
//! budget takes are [`Prepared`]. Choosing costs milliseconds, so it is done on a thread of its own after a pause; a request takes what is
//! ready. What was chosen before stays, in its place, as long as it is nearly as good as what would be chosen anew: a prompt whose beginning
//! jumps with each key is paid for anew with each key.

use std::collections::HashSet;
use std::sync::Arc;

use ropey::Rope;

use super::fragment::{Fragment, Source};
use super::rank::{self, Ranked};
use super::source;
use crate::cost::Tokens;
use crate::index::Definitions;
use crate::syntax::SyntaxTree;

/// What fragments are chosen by.
pub struct Inputs<'a> {
    /// The document's name in the index.
    pub path: &'a str,
    /// The folder from which on files are named, without a slash at its end; may be empty.
    pub folder: &'a str,
    /// Its text.
    pub text: &'a Rope,
    /// Its tree, which may lag behind.
    pub tree: &'a SyntaxTree,
    /// The cursor.
    pub cursor: usize,
    /// What the workspace defines.
    pub definitions: &'a Definitions,
    /// Lines that were edited elsewhere a short while ago, the latest first.
    pub edited: &'a [Fragment],
    /// The sources that are switched on.
    pub sources: &'a [Source],
    /// The tokens that the fragments may take in all.
    pub tokens: u64,
}

/// The fragments of a document's prompts, in the order in which they are shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prepared {
    /// The fragments.
    pub fragments: Arc<[Fragment]>,
    /// The cursor for which they were chosen.
    pub cursor: usize,
    /// How many files of the workspace were known then.
    pub files: usize,
}

/// The part of the budget that a new choice fills, in hundredths; the rest is for what is found to be missing later.
const FILLED: u64 = 85;

/// The part of a new choice that must be in the old one for that to stay, in hundredths.
const ENOUGH: usize = 75;

/// Chooses the fragments for a place in a document, or keeps the previous ones if they do.
pub fn prepare(inputs: &Inputs<'_>, previous: Option<&Prepared>) -> Prepared {
    let ranked = rank::rank(inputs, source::gather(inputs));
    let ideal = take(&ranked, inputs.tokens * FILLED / 100);
    let fragments = previous
        .and_then(|previous| kept(previous, &ranked, &ideal, inputs.tokens))
        .unwrap_or_else(|| sorted(ideal));
    Prepared {
        fragments: fragments.into(),
        cursor: inputs.cursor,
        files: inputs.definitions.files(),
    }
}

/// Takes the best that the budget holds; what does not fit is passed over for what does.
fn take(ranked: &[Ranked], tokens: u64) -> Vec<Fragment> {
    let mut left = tokens;
    let mut files = HashSet::new();
    let mut taken = Vec::new();
    for Ranked { fragment, .. } in ranked {
        let header = if files.contains(&fragment.file) {
            0
        } else {
            Tokens::in_bytes(fragment.file.len() + 4)
        };
        let cost = fragment.tokens() + header;
        if cost <= left {
            left -= cost;
            files.insert(fragment.file.clone());
            taken.push(fragment.clone());
        }
        if left < 6 {
            break;
        }
    }
    taken
}

/// Returns the previous fragments with what is missing behind them, if most of what would be chosen now is among them.
fn kept(
    previous: &Prepared,
    ranked: &[Ranked],
    ideal: &[Fragment],
    tokens: u64,
) -> Option<Vec<Fragment>> {
    let same = |a: &Fragment, b: &Fragment| a.file == b.file && a.text == b.text;
    let has = |list: &[Fragment], wanted: &Fragment| list.iter().any(|one| same(one, wanted));
    // What is no candidate any more was changed or deleted, and must not be shown.
    let is_there = |old: &Fragment| ranked.iter().any(|one| same(&one.fragment, old));
    if !previous.fragments.iter().all(is_there) {
        return None;
    }
    let found = ideal
        .iter()
        .filter(|one| has(&previous.fragments, one))
        .count();
    if found * 100 < ideal.len() * ENOUGH {
        return None;
    }
    let mut fragments = previous.fragments.to_vec();
    let cost = |one: &Fragment| one.tokens() + Tokens::in_bytes(one.file.len() + 4);
    let mut used: u64 = fragments.iter().map(Fragment::tokens).sum();
    for one in ideal {
        if !has(&fragments, one) && used + cost(one) <= tokens {
            used += cost(one);
            fragments.push(one.clone());
        }
    }
    Some(fragments)
}

/// Puts the fragments in an order that the cursor has no part in: by file and line.
fn sorted(mut fragments: Vec<Fragment>) -> Vec<Fragment> {
    fragments.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    fragments
}
