//! What a call may cost at most, reserved before it is sent.
//!
//! Entry point: [`reserve`]. A call that nobody bills reserves nothing and waits for nothing; without caps nothing is written. The worst case
//! takes the prompt for as many tokens as no tokenizer makes of it, the answer for as long as it may be, and the dearest price that may apply;
//! that tokens come from a cache is never assumed. A key that is refused and made anew needs no second reservation, since the provider does
//! not bill what it refuses; a further attempt makes its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use super::begin::Begin;
use super::price::{self, Priced};
use super::purse::Notice;
use crate::config::ProviderSettings;
use crate::cost::budget::{Kind, Refusal, UnknownPrice, WhenUnsure};
use crate::cost::ledger::{Held, Latency, Reservation};
use crate::cost::{
    CallId, Conditions, Cost, Currency, Money, Origin, Outcome, Price, Row, Tokens, Usage, estimate,
};
use crate::provider::Error;
use crate::routing::{Payer, Way};

/// What is reserved for a call.
pub(super) struct Reserved {
    /// The reservation, unless the call costs nothing or the ledger could not be used and need not.
    pub held: Option<Held>,
    /// The price that it was reserved by.
    pub price: Option<Price>,
    /// What the call may cost at most, where that is known.
    pub worst: Option<Money>,
}

/// How long a server may take to load its model.
const LOADING: Duration = Duration::from_secs(30);

/// No wire sends a lower limit of the answer's length.
const LEAST_OUTPUT: u32 = 16;

/// Reserves what a call may cost, in every cap that covers it, or says why it must not be sent.
pub(super) async fn reserve(
    begin: &Begin,
    id: &CallId,
    started: Timestamp,
) -> Result<Option<Reserved>, Error> {
    let decision = &begin.decision;
    let Way::Http(provider) = &decision.way else {
        return Ok(None);
    };
    if decision.payer == Payer::Nobody {
        return Ok(None);
    }
    let most = Tokens {
        input: estimate::most_tokens(begin.prompt_bytes, begin.messages),
        output: u64::from(begin.max_tokens.max(LEAST_OUTPUT)),
        ..Tokens::default()
    };
    let is_free = decision.payer == Payer::FreePool;
    let known = worst_price(begin, provider, started).filter(|_| !is_free);
    let worst = |price: &Price| price.worst(most.input, most.output);
    let purse = &begin.purse;
    let asked = purse.runaways.check(
        decision.feature,
        begin.prompt,
        begin.attempt,
        known.as_ref().map(worst),
        Instant::now(),
    );
    if let Err(halt) = asked {
        if halt.is_new {
            tracing::warn!("{}", halt.message);
            purse.tell(Notice::Halted(halt.message.clone()));
        }
        return Err(refused(Refusal::Halted(halt.message)));
    }
    if is_free {
        return Ok(Some(Reserved {
            held: None,
            price: None,
            worst: Some(Money::zero(Currency::USD)),
        }));
    }
    if purse.budget.caps_of(&kind(begin)).next().is_none() {
        return Ok(Some(Reserved {
            held: None,
            price: None,
            worst: known.as_ref().map(worst),
        }));
    }
    let price = match (known, purse.budget.unknown_price) {
        (Some(price), _) => price,
        (None, UnknownPrice::Assume) => {
            price::dearest(provider, started).ok_or_else(|| no_price(begin))?
        }
        (None, UnknownPrice::Refuse) => return Err(no_price(begin)),
    };
    let reservation = Reservation {
        row: row(begin, id, started, most, &price, worst(&price)),
        budget: purse.budget.clone(),
        has_consent: decision.has_consent,
    };
    let asked = Instant::now();
    let answer = Box::pin(begin.ledger.reserve(reservation)).await;
    tracing::debug!(call = %id, waited_us = asked.elapsed().as_micros(), "the call went on");
    purse.tell(Notice::Changed);
    let held = match answer {
        Ok((held, soft)) => {
            for standing in soft {
                purse.tell(Notice::Warned(Box::new(standing)));
            }
            held
        }
        Err(Refusal::Unsure(reason)) if purse.budget.when_unsure == WhenUnsure::Allow => {
            tracing::warn!(%reason, "a call goes on although the caps cannot be measured");
            None
        }
        Err(refusal) => return Err(refused(refusal)),
    };
    Ok(Some(Reserved {
        held,
        worst: Some(worst(&price)),
        // What it is used for is a model of which no price is known.
        price: Some(Price {
            origin: Origin::Assumed,
            ..price
        }),
    }))
}

fn refused(refusal: Refusal) -> Error {
    Error::Budget(Box::new(refusal))
}

fn no_price(begin: &Begin) -> Error {
    refused(Refusal::NoPrice {
        provider: begin.decision.provider.clone(),
        model: begin.decision.model.clone(),
    })
}

/// What kind of call it is, for the scopes of caps.
fn kind(begin: &Begin) -> Kind {
    Kind {
        provider: begin.decision.provider.clone(),
        model: begin.decision.model.clone(),
        key: begin.key.clone(),
        feature: begin.decision.feature.name().into(),
        workspace: begin.workspace.clone(),
        environment: begin.tags.get("environment").cloned(),
    }
}

/// Returns the price of the model, or one that none of those is dearer than that the provider may take in its place; `None` if the price of
/// any of them is not known.
fn worst_price(begin: &Begin, provider: &Arc<ProviderSettings>, at: Timestamp) -> Option<Price> {
    let body = &provider.quirks.body;
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let of = |model: &str| {
        price::of(&Priced {
            provider,
            requested: model,
            served: None,
            at,
            time: slowest(begin.max_tokens),
            conditions: Conditions {
                service_tier: text("service_tier"),
                speed: text("speed"),
            },
        })
    };
    let own = of(&begin.decision.model)?;
    let others: Vec<&str> = provider.stand_ins().collect();
    if others.is_empty() {
        return Some(own);
    }
    let others: Option<Vec<Price>> = others.into_iter().map(of).collect();
    Price::dearest_of(others?.into_iter().chain([own]))
}

/// The longest that a model on this machine is taken to work on an answer, by which its power is reserved: a token a second, once it was loaded.
pub(super) fn slowest(max_tokens: u32) -> Duration {
    LOADING + Duration::from_secs(max_tokens.max(LEAST_OUTPUT).into())
}

/// The row that is booked if this process ends before the call does.
fn row(
    begin: &Begin,
    id: &CallId,
    started: Timestamp,
    most: Tokens,
    price: &Price,
    worst: Money,
) -> Row {
    let decision = &begin.decision;
    Row {
        id: id.clone(),
        // A reservation does not keep it; the row that takes its place does.
        decision: None,
        attempt: begin.attempt,
        started,
        feature: decision.feature.name().into(),
        action: begin.action.as_deref().map(str::to_owned),
        language: begin.language.map(str::to_owned),
        workspace: begin.workspace.clone(),
        branch: None,
        provider: decision.provider.clone(),
        requested_model: decision.model.clone(),
        served_model: None,
        upstream: None,
        service_tier: None,
        key: begin.key.clone(),
        payer: decision.payer.to_string(),
        usage: Usage::Estimated(most),
        raw_usage: None,
        price: Some(price.clone()),
        cost: Cost::Estimated(worst),
        outcome: Outcome::Failed,
        latency: Latency::default(),
        request_id: None,
        tags: begin.tags.clone(),
    }
}
