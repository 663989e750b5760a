//! What users ask for: usage, another model, a pause. The same functions serve the `byok/*` requests and the commands.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tower_lsp::jsonrpc::{Error, Result};

use super::super::backend::Shared;
use super::super::protocol::{Done, UsageSummary, UsageSummaryParams};
use super::super::to_proto;
use super::settle::decide;
use crate::cost::report::{Cap, Dimension, Extent, Period, Query};
use crate::cost::{Currency, Money};

/// How long the ledger may take to answer; its disk may be slow.
const LEDGER: Duration = Duration::from_secs(5);

/// Sums up what has been spent; with parameters, also what `byok-lsp usage` tells.
pub async fn usage_summary(shared: &Arc<Shared>, params: Value) -> Result<UsageSummary> {
    let mut query = query(params).map_err(Error::invalid_params)?;
    if let Some(query) = &mut query {
        query.subscriptions = shared.session().settings().subscriptions();
    }
    let ledger = shared.ledger();
    let report = match query {
        None => None,
        Some(query) => {
            let ledger = ledger.clone();
            let asked = tokio::task::spawn_blocking(move || ledger.report(query, LEDGER)).await;
            let mut report = asked
                .map_err(|_| Error::internal_error())?
                .map_err(|error| failed(&error))?;
            report.caps = Cap::of(&shared.session().settings().budget);
            Some(serde_json::to_value(report).map_err(|_| Error::internal_error())?)
        }
    };
    let totals = tokio::task::spawn_blocking(move || ledger.totals(LEDGER)).await;
    let totals = totals
        .map_err(|_| Error::internal_error())?
        .map_err(|error| failed(&error))?;
    let totals = to_proto::totals(&totals, Currency::USD);
    let money = |nanos| Money::from_nanos(nanos, Currency::USD);
    let text = format!(
        "byok-lsp: today {} ({} calls), this month {}, this session {} ({} calls, {} accepted)",
        money(totals.day.nanos),
        totals.day.calls,
        money(totals.month.nanos),
        money(totals.session.nanos),
        totals.session.calls,
        shared.accepted(),
    );
    Ok(UsageSummary {
        totals,
        accepted: shared.accepted(),
        last: shared.last_usage(),
        text,
        report,
    })
}

/// Reads what is asked; nothing, or an empty object, asks for no report.
fn query(params: Value) -> std::result::Result<Option<Query>, String> {
    if params.as_object().is_none_or(serde_json::Map::is_empty) {
        return Ok(None);
    }
    let params: UsageSummaryParams =
        serde_json::from_value(params).map_err(|error| error.to_string())?;
    let since = params.since.as_deref().unwrap_or("month");
    let today = jiff::Zoned::now().date();
    let by = params.by.unwrap_or_else(|| vec!["model".to_owned()]);
    let dimension = |name: &String| {
        Dimension::named(name)
            .ok_or_else(|| format!("usage can be grouped by {}", Dimension::names()))
    };
    Ok(Some(Query {
        period: Period::parse(Some(since), params.until.as_deref(), today)?,
        by: by
            .iter()
            .map(dimension)
            .collect::<std::result::Result<_, _>>()?,
        extent: Extent::Whole,
        subscriptions: Vec::new(),
    }))
}

/// Pauses or resumes suggestions that nobody asked for.
pub fn set_paused(shared: &Arc<Shared>, is_paused: bool) -> Done {
    let was_paused = std::mem::replace(&mut shared.session().is_paused, is_paused);
    shared.status.paused(is_paused);
    if is_paused {
        shared.in_flight.end_all();
        shared.completions.end_all();
    } else {
        // Who ends a pause means the pause, and not what was stopped meanwhile, here or in another editor.
        if !was_paused {
            shared.gateway.resume();
            shared.status.halted(None);
        }
        shared.status.failure(None);
    }
    done(shared)
}

fn done(shared: &Shared) -> Done {
    let decision = decide(shared);
    Done {
        model: decision.name(),
        payer: decision.payer.to_string(),
        reason: None,
    }
}

fn failed(error: &crate::cost::Error) -> Error {
    Error {
        message: error.to_string().into(),
        ..Error::internal_error()
    }
}
