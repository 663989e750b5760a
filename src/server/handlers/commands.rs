//! What users ask for: usage, another model, a pause. The same functions serve the `byok/*` requests and the commands.

use std::sync::Arc;
use std::time::Duration;

use tower_lsp::jsonrpc::{Error, Result};

use super::super::backend::Shared;
use super::super::protocol::{Done, UsageSummary};
use super::super::to_proto;
use super::settle::{decide, settle};
use crate::cost::{Currency, Money};

/// How long the ledger may take to answer; its disk may be slow.
const LEDGER: Duration = Duration::from_secs(5);

/// Sums up what has been spent.
pub async fn usage_summary(shared: &Arc<Shared>) -> Result<UsageSummary> {
    let ledger = shared.ledger();
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
    })
}

/// Switches to another model, from the next request on.
pub fn set_model(shared: &Arc<Shared>, model: &str) -> Result<Done> {
    let configured = shared.session().configure(|layers| layers.set_model(model));
    configured.map_err(|problem| Error::invalid_params(problem.message))?;
    settle(shared);
    Ok(done(shared))
}

/// Pauses or resumes suggestions that nobody asked for.
pub fn set_paused(shared: &Arc<Shared>, is_paused: bool) -> Done {
    shared.session().is_paused = is_paused;
    shared.status.paused(is_paused);
    if is_paused {
        shared.in_flight.end_all();
        shared.completions.end_all();
    } else {
        shared.gateway.resume();
        shared.status.halted(None);
        shared.status.failure(None);
    }
    done(shared)
}

fn done(shared: &Shared) -> Done {
    let decision = decide(shared);
    Done {
        model: decision.name(),
        payer: decision.payer.to_string(),
    }
}

fn failed(error: &crate::cost::Error) -> Error {
    Error {
        message: error.to_string().into(),
        ..Error::internal_error()
    }
}
