//! Which fragments a prompt is to show: chosen off the way of any request, kept until something better is known.
//!
//! Entry point: [`prepare`]. The sources name candidates ([`super::source`]), [`super::rank`] puts the likeliest first, and as many as the
//! budget takes are [`Prepared`]. Choosing costs milliseconds, so it is done on a thread of its own after a pause; a request takes what is
//! ready. What was chosen before stays, in its place, as long as it is nearly as good as what would be chosen anew: a prompt whose beginning
//! jumps with each key is paid for anew with each key.

use std::collections::HashSet;
use std::sync::Arc;

use ropey::Rope;

use super::attention::Attention;
use super::fragment::{Fragment, Source};
use super::rank::{self, Ranked};
use super::source;
use crate::cost::Tokens;
use crate::index::{Definitions, FileSymbols};
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
    /// Which files may be shown beside the document: of the others no line is.
    pub admits: &'a dyn Fn(&FileSymbols) -> bool,
    /// What draws attention to other places, as far as it may be shown.
    pub attention: &'a Attention,
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
    /// In which era of the session that was: what may be shown to whom has not changed within one.
    pub era: u64,
}

/// The part of the budget that a new choice fills, in hundredths; the rest is for what is found to be missing later.
const FILLED: u64 = 93;

/// The part of what a new choice would bring, in chances to be used, that must be in the old one for that to stay.
const ENOUGH: f32 = 0.5;

/// What is missing from the old choice is put behind it if it is at least this likely to be used: all that stands behind what is added, the
/// window included, is new to a provider's cache then.
const SURE: f32 = 0.4;

/// Chooses the fragments for a place in a document, or keeps the previous ones if they do.
pub fn prepare(inputs: &Inputs<'_>, previous: Option<&Prepared>) -> Prepared {
    let ranked = rank::rank(inputs, source::gather(inputs));
    let ideal = take(&ranked, inputs.tokens * FILLED / 100);
    let fragments = previous
        .and_then(|previous| kept(inputs, previous, &ranked, &ideal))
        .unwrap_or_else(|| sorted(ideal.into_iter().map(|one| one.fragment.clone()).collect()));
    Prepared {
        fragments: fragments.into(),
        cursor: inputs.cursor,
        files: inputs.definitions.files(),
        era: 0,
    }
}

/// Takes the best that the budget holds; what does not fit is passed over for what does.
fn take(ranked: &[Ranked], tokens: u64) -> Vec<&Ranked> {
    let mut left = tokens;
    let mut files = HashSet::new();
    let mut taken = Vec::new();
    for one in ranked {
        let fragment = &one.fragment;
        let header = if files.contains(&fragment.file) {
            0
        } else {
            Tokens::in_bytes(fragment.file.len() + 4)
        };
        let cost = fragment.tokens() + header;
        if cost <= left {
            left -= cost;
            files.insert(fragment.file.clone());
            taken.push(one);
        }
        if left < 6 {
            break;
        }
    }
    taken
}

/// Returns the previous fragments, with what is surely missing behind them, if most of what would be chosen now is among them.
fn kept(
    inputs: &Inputs<'_>,
    previous: &Prepared,
    ranked: &[Ranked],
    ideal: &[&Ranked],
) -> Option<Vec<Fragment>> {
    let same = |a: &Fragment, b: &Fragment| a.file == b.file && a.text == b.text;
    let has = |list: &[Fragment], wanted: &Fragment| list.iter().any(|one| same(one, wanted));
    // What was changed or deleted must not be shown; what is merely no candidate by now does no harm.
    let is_there = |old: &Fragment| {
        ranked.iter().any(|one| same(&one.fragment, old)) || still_stands(inputs, old)
    };
    if !previous.fragments.iter().all(is_there) {
        return None;
    }
    let (found, missing): (Vec<&Ranked>, Vec<&Ranked>) = ideal
        .iter()
        .partition(|one| has(&previous.fragments, &one.fragment));
    // What is shown whatever the rest is worth says nothing about the rest.
    let is_ranked = |one: &&&Ranked| !matches!(one.fragment.source, Source::Scope | Source::Edited);
    let chances = |list: &[&Ranked]| {
        let ranked = list.iter().filter(is_ranked);
        ranked.map(|one| one.chance).sum::<f32>()
    };
    if chances(&found) < chances(ideal) * ENOUGH {
        return None;
    }
    // The lines stay; why they are shown, and where they stand by now, may be another matter.
    let renewed = |old: &Fragment| {
        let now = ranked.iter().find(|one| same(&one.fragment, old));
        now.map_or_else(|| old.clone(), |now| now.fragment.clone())
    };
    let mut fragments: Vec<Fragment> = previous.fragments.iter().map(renewed).collect();
    let cost = |one: &Fragment| one.tokens() + Tokens::in_bytes(one.file.len() + 4);
    let mut used: u64 = fragments.iter().map(Fragment::tokens).sum();
    for one in missing.iter().filter(|one| one.chance >= SURE) {
        if used + cost(&one.fragment) <= inputs.tokens {
            used += cost(&one.fragment);
            fragments.push(one.fragment.clone());
        }
    }
    Some(fragments)
}

/// Returns whether the lines of a fragment are still what the index, or the document itself, has in that place.
fn still_stands(inputs: &Inputs<'_>, old: &Fragment) -> bool {
    if old.source == Source::Scope {
        let lines = inputs.text.get_lines_at(old.line as usize);
        let lines: Option<String> = lines.map(|lines| {
            let lines = lines.take(old.lines() as usize);
            lines.map(String::from).collect()
        });
        return lines.is_some_and(|lines| lines.trim_end() == &*old.text);
    }
    let path = format!("{}/{}", inputs.folder, old.file);
    let file = inputs.definitions.file(&path);
    file.filter(|file| (inputs.admits)(file))
        .is_some_and(|file| {
            let mut definitions = file.definitions.iter();
            definitions.any(|one| file.lines(one) == &*old.text)
        })
}

/// Puts the fragments in an order that the cursor has no part in: by file and line.
fn sorted(mut fragments: Vec<Fragment>) -> Vec<Fragment> {
    fragments.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    fragments
}
