//! Which candidates come first.
//!
//! Entry point: [`rank`]. A candidate's rank is the probability that the text to be written uses it, by a logistic model of its [`Signs`],
//! per token that it takes. The weights were fitted on real projects (`benches/context`), never on those that it is measured on.

use rustc_hash::FxHashSet;

use super::fragment::{Fragment, Source};
use super::prepare::Inputs;
use super::shown_path;
use super::source::{Candidate, Gathered};
use crate::syntax::Kind;

/// A fragment and how much speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// The fragment.
    pub fragment: Fragment,
    /// The probability that what is to be written uses it.
    pub chance: f32,
}

/// How much a fragment's length counts against it: 0 not at all, 1 in full proportion. What is long tells more, too.
const POWER: f32 = 0.5;

/// What is pointed at is used at least this likely. Nobody measured how likely: enough to be shown, and less than what is surely needed.
const POINTED: f32 = 0.5;

/// How many numbers a candidate is judged by.
const FEATURES: usize = 38;

/// What each number counts for.
const WEIGHTS: [f32; FEATURES] = [
    -8.18, 0.17, -1.13, 1.49, 0.88, 3.5, 0.54, -0.2, 2.55, 0.26, -0.29, 0.57, -0.05, -0.63, -0.1,
    -0.44, 0.36, 0.53, -0.18, -0.12, -3.07, -3.31, 0.06, -0.24, 1.45, -0.65, 0.0, -1.15, -0.31,
    -0.54, -0.67, -1.17, -0.39, 0.14, 0.0, 1.11, 7.12, 3.48,
];

/// Puts the fragments first that are likeliest to be used.
pub fn rank(inputs: &Inputs<'_>, gathered: Gathered) -> Vec<Ranked> {
    let mut ranked: Vec<(f32, Ranked)> = gathered
        .candidates
        .into_iter()
        .map(|candidate| {
            let fragment = fragment(inputs, &candidate);
            let least = POINTED * candidate.signs.pointed;
            let chance = chance(&features(&candidate, fragment.tokens())).max(least);
            let tokens = u16::try_from(fragment.tokens()).unwrap_or(u16::MAX);
            // Not in full proportion to its length, since what is long tells more.
            let worth = chance / f32::from(tokens + 6).powf(POWER);
            (worth, Ranked { fragment, chance })
        })
        .collect();
    ranked.sort_by(|(a, one), (b, other)| {
        let place = |ranked: &Ranked| (ranked.fragment.file.clone(), ranked.fragment.line);
        b.total_cmp(a).then_with(|| place(one).cmp(&place(other)))
    });
    let first = gathered.first.into_iter().map(|fragment| Ranked {
        fragment,
        chance: 1.0,
    });
    let mut shown = FxHashSet::default();
    first
        .chain(ranked.into_iter().map(|(_, ranked)| ranked))
        .filter(|one| shown.insert((one.fragment.file.clone(), one.fragment.text.clone())))
        .collect()
}

fn fragment(inputs: &Inputs<'_>, candidate: &Candidate) -> Fragment {
    let signs = &candidate.signs;
    let source = match candidate.source {
        Source::Import if signs.imported == 0.0 && signs.count > 0.0 => Source::Nearby,
        source => source,
    };
    Fragment {
        file: shown_path(&candidate.found.file.path, inputs.folder).into(),
        line: candidate.found.definition().line,
        text: candidate.found.lines().into(),
        source,
    }
}

/// Returns the numbers that a candidate is judged by.
fn features(candidate: &Candidate, tokens: u64) -> [f32; FEATURES] {
    let signs = &candidate.signs;
    let kind = candidate.found.definition().kind;
    let is = |it: Kind| f32::from(u8::from(kind == it));
    [
        1.0,
        signs.count,
        signs.near,
        signs.around,
        signs.imported,
        signs.fresh,
        signs.of_imported,
        signs.reach,
        signs.importing,
        signs.reached,
        signs.member,
        signs.owned,
        signs.beside,
        signs.akin,
        signs.here,
        signs.close,
        signs.packaged,
        signs.tested,
        signs.of_test,
        signs.users,
        signs.company,
        signs.echoed,
        signs.crowd,
        signs.kin,
        signs.alike,
        signs.private,
        signs.begun,
        signs.places,
        is(Kind::Function),
        is(Kind::Method),
        is(Kind::Constant),
        is(Kind::Field),
        is(Kind::Module),
        f32::from(u16::try_from(tokens).unwrap_or(u16::MAX)).ln_1p(),
        // A few that use a name say nearly as much as many.
        signs.beside.sqrt(),
        signs.akin.sqrt(),
        signs.company.sqrt(),
        signs.echoed.sqrt(),
    ]
}

/// Returns each candidate's name, its tokens and what it is judged by, for the bench that fits the weights.
pub fn judged(inputs: &Inputs<'_>) -> Vec<(String, u64, [f32; FEATURES])> {
    let candidates = super::source::gather(inputs).candidates;
    let judged = candidates.iter().map(|candidate| {
        let name = candidate.found.definition().name.to_string();
        let tokens = fragment(inputs, candidate).tokens();
        (name, tokens, features(candidate, tokens))
    });
    judged.collect()
}

/// Returns the probability that what is to be written uses what has these numbers.
fn chance(features: &[f32; FEATURES]) -> f32 {
    let sum: f32 = features.iter().zip(&WEIGHTS).map(|(a, b)| a * b).sum();
    1.0 / (1.0 + (-sum).exp())
}
