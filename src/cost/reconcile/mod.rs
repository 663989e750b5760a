//! Reconciling: does what a provider says it counted agree with what the ledger has?
//!
//! Entry points: [`statement::read`] makes [`Line`]s of a provider's export or report, [`crate::cost::Ledger::lines`] makes them of the ledger,
//! and [`compare`] sets one against the other. Providers that name each call (OpenRouter) are compared call by call, others by UTC day and model.
//! Invariants: nothing is changed, neither here nor there; where a statement does not say something (OpenAI's costs by line item know no tokens),
//! nothing is concluded from it; a cause is named only where the numbers show it.

mod cause;
mod export;
mod json;
pub mod statement;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

pub use cause::Cause;

use super::{Money, Tokens};

/// What one side says of a call, or of the calls of a day to a model. What it does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The provider's name of the call, where it tells calls apart.
    pub id: Option<String>,
    /// The UTC day.
    pub day: Option<Date>,
    /// The model, as that side calls it.
    pub model: Option<String>,
    /// How many calls.
    pub calls: Option<u64>,
    /// What they used.
    pub tokens: Option<Tokens>,
    /// What they cost.
    pub cost: Option<Money>,
    /// How many of them have an estimated cost; of the ledger only.
    pub estimated: u64,
    /// How many of them have no known cost; of the ledger only.
    pub unpriced: u64,
}

/// How both sides agree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// What both sides have and agree on, as far as both say.
    pub matched: Vec<Pair>,
    /// What both sides have and do not agree on.
    pub differing: Vec<Pair>,
    /// What only the ledger has.
    pub only_here: Vec<Pair>,
    /// What only the provider has: calls of other programs with the same key, or rows that were lost.
    pub only_there: Vec<Pair>,
}

/// One call, or one day's calls to a model, as both sides have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// The call's name, or the day and the model.
    pub what: String,
    /// What the ledger says it cost.
    pub here: Option<Money>,
    /// What the provider says it cost.
    pub there: Option<Money>,
    /// How many calls the ledger has.
    pub calls: Option<u64>,
    /// Why they differ, as far as the numbers show it.
    pub cause: Option<Cause>,
}

/// What lines are matched by: the call, or the day, the model and the currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key(String);

/// Compares what the ledger says (`here`) with what a provider says (`there`).
pub fn compare(here: &[Line], there: &[Line]) -> Comparison {
    let has_ids = there.iter().any(|line| line.id.is_some());
    // A statement that does not tell models apart is compared day by day.
    let has_models = there.iter().any(|line| line.model.is_some());
    let days: Vec<_> = there.iter().filter_map(|line| line.day).collect();
    let (first, last) = (days.iter().min(), days.iter().max());
    let covered = here.iter().filter(|line| {
        // What a statement does not cover is not missing from it.
        line.day
            .is_none_or(|day| first.is_none_or(|it| day >= *it) && last.is_none_or(|it| day <= *it))
    });
    let key = |line: &Line| Key::of(line, has_ids, has_models);
    let (mut ours, unnamed) = gather(covered, key);
    let (theirs, _) = gather(there.iter(), key);
    let mut comparison = Comparison::default();
    for (key, their) in theirs {
        match ours.remove(&key) {
            Some(our) => {
                let cause = Cause::of(&our, &their);
                let pair = Pair::new(&key, Some(&our), Some(&their), cause);
                match pair.cause {
                    None => comparison.matched.push(pair),
                    Some(_) => comparison.differing.push(pair),
                }
            }
            None => comparison
                .only_there
                .push(Pair::new(&key, None, Some(&their), None)),
        }
    }
    // A call that cost nothing and was never named, such as one that was refused, is missing from no statement.
    let unnamed = unnamed.iter().map(|(key, line)| (key, line));
    let ours = ours.iter().chain(unnamed);
    let missing = ours.filter(|(_, line)| line.cost.is_none_or(|cost| cost.nanos() != 0));
    comparison.only_here = missing
        .map(|(key, line)| Pair::new(key, Some(line), None, None))
        .collect();
    comparison
}

/// Adds up the lines that are about the same, and returns those besides that have no name to be known by.
fn gather<'a>(
    lines: impl Iterator<Item = &'a Line>,
    key: impl Fn(&Line) -> Option<Key>,
) -> (BTreeMap<Key, Line>, Vec<(Key, Line)>) {
    let (mut sums, mut unnamed) = (BTreeMap::<Key, Line>::new(), Vec::new());
    for line in lines {
        match key(line) {
            None => unnamed.push((Key("a call without a name".into()), line.clone())),
            Some(key) => match sums.get_mut(&key) {
                Some(sum) => sum.add(line),
                None => drop(sums.insert(key, line.clone())),
            },
        }
    }
    (sums, unnamed)
}

impl Key {
    fn of(line: &Line, has_ids: bool, has_models: bool) -> Option<Self> {
        if has_ids {
            return line.id.clone().map(Self);
        }
        let day = line
            .day
            .map_or_else(|| "every day".to_owned(), |day| day.to_string());
        let model = line.model.as_deref().filter(|_| has_models);
        Some(Self(match model {
            Some(model) => format!("{day} {}", plain(model)),
            None => day,
        }))
    }
}

/// A model's name as all sides would write it: without the date of its release, in small letters.
fn plain(model: &str) -> String {
    let model = model.to_lowercase();
    // OpenRouter's statements name the model's maker before it, and so does the ledger: nothing to take away.
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    let dated = model
        .char_indices()
        .filter(|(_, c)| *c == '-')
        .find_map(|(dash, _)| {
            let rest = &model[dash + 1..];
            let is_date = matches!(rest.len(), 8 | 10) && rest.starts_with("20") && digits(rest);
            is_date.then(|| model[..dash].to_owned())
        });
    dated.unwrap_or(model)
}

impl Line {
    fn add(&mut self, other: &Self) {
        self.calls = match (self.calls, other.calls) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
        self.estimated = self.estimated.saturating_add(other.estimated);
        self.unpriced = self.unpriced.saturating_add(other.unpriced);
        self.cost = match (self.cost, other.cost) {
            // Statements of one provider are in one currency; of two, the first is compared.
            (Some(a), Some(b)) => Some(a.checked_add(b).unwrap_or(a)),
            (a, b) => a.or(b),
        };
        self.tokens = match (self.tokens, other.tokens) {
            (Some(a), Some(b)) => Some(Tokens {
                input: a.input.saturating_add(b.input),
                cache_read: a.cache_read.saturating_add(b.cache_read),
                cache_write_5m: a.cache_write_5m.saturating_add(b.cache_write_5m),
                cache_write_1h: a.cache_write_1h.saturating_add(b.cache_write_1h),
                output: a.output.saturating_add(b.output),
                reasoning: a.reasoning.saturating_add(b.reasoning),
            }),
            (a, b) => a.or(b),
        };
    }
}

impl Pair {
    fn new(key: &Key, here: Option<&Line>, there: Option<&Line>, cause: Option<Cause>) -> Self {
        Self {
            what: key.0.clone(),
            here: here.and_then(|line| line.cost),
            there: there.and_then(|line| line.cost),
            calls: here.and_then(|line| line.calls),
            cause,
        }
    }
}

#[cfg(test)]
mod tests;
