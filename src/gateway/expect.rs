//! What a call is expected to cost before it is made, and what is learnt from what it used.
//!
//! Entry points: [`estimate`] for what may be asked, [`of`] for what is about to be, [`lesson`] and [`missed`] once it is settled. What is reserved is
//! another matter: the worst case.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use super::begin::Begin;
use super::price::{self, Priced};
use crate::cost::estimate::{self, Estimate, Estimates, Expected, Lesson, Rough};
use crate::cost::{Conditions, Cost, Money, Tokens, Usage};
use crate::routing::{Decision, Payer, Way};

/// Returns what a call would cost.
pub(super) fn estimate(
    estimates: &Estimates,
    decision: &Decision,
    expected: &Expected<'_>,
) -> Estimate {
    let guess = estimates.guess(&decision.name(), expected);
    Estimate {
        cost: cost(decision, &guess.tokens, guess.time),
        tokens: guess.tokens,
        miss: guess.miss,
    }
}

/// Returns what a call is expected to cost that is about to be made, if its answer is reckoned with.
pub(super) fn of(begin: &Begin) -> Option<Estimate> {
    let expected = Expected {
        task: task(begin),
        prompt: begin.rough,
        output: begin.expected?,
        most: begin.max_tokens.into(),
    };
    Some(estimate(&begin.estimates, &begin.decision, &expected))
}

/// Returns what is to be learnt from a call that used these tokens; nothing from the embedded engine, which uses none.
pub(super) fn lesson(
    begin: &Begin,
    reply: Rough,
    tokens: Tokens,
    is_whole: bool,
    took: Option<Duration>,
) -> Option<Lesson> {
    (!begin.decision.is_embedded()).then(|| Lesson {
        model: begin.decision.name(),
        task: begin
            .action
            .clone()
            .unwrap_or(Cow::Borrowed(begin.decision.feature.name())),
        prompt: begin.rough,
        reply,
        output: begin.expected,
        tokens,
        is_whole,
        took,
        miss_permille: None,
    })
}

/// Adds to a lesson how far off the estimate was, where all of the cost is known.
pub(super) fn missed(lesson: Lesson, expected: Option<&Estimate>, cost: &Cost) -> Lesson {
    let known = matches!(cost, Cost::Reported(_) | Cost::Priced(_));
    let truth = cost.amount().filter(|_| known && lesson.is_whole);
    let estimated = expected.and_then(|estimate| estimate.cost.amount());
    let miss = |estimated: Money, truth: Money| {
        let are_alike = estimated.currency() == truth.currency();
        are_alike
            .then(|| estimate::miss_permille(estimated.nanos(), truth.nanos()))
            .flatten()
    };
    Lesson {
        miss_permille: estimated
            .zip(truth)
            .and_then(|(estimated, truth)| miss(estimated, truth)),
        ..lesson
    }
}

fn task(begin: &Begin) -> &str {
    let feature = begin.decision.feature.name();
    begin.action.as_deref().unwrap_or(feature)
}

/// Returns what a call would cost that used these tokens and took this long.
pub(super) fn cost(decision: &Decision, tokens: &Tokens, time: Duration) -> Cost {
    let Way::Http(provider) = &decision.way else {
        return Cost::Free;
    };
    if decision.payer == Payer::FreePool {
        return Cost::Free;
    }
    let price = price::of(&Priced {
        provider,
        requested: &decision.model,
        served: None,
        at: Timestamp::now(),
        time,
        conditions: Conditions::default(),
    });
    if provider.is_on_this_machine() && price.is_none() {
        return Cost::Free;
    }
    Cost::known(None, price.as_ref(), &Usage::Estimated(*tokens))
}
