//! The true cost of calls that were left before their provider told it.
//!
//! Ghost text leaves most answers early, and then the ledger has an estimate. OpenRouter tells afterwards what a call has cost, by the name
//! that it gave the call; so its row is settled a second time, under the same id, by what it says. Entry point: [`Corrections::begin`], which
//! a settlement calls once its row is queued.
//!
//! The gateway owns the tasks, one for each such call: they end with it, or at once when it is [closed](Corrections::close), and there are
//! never more than [`MOST`]. Each asks [`ATTEMPTS`] times at most, with ever longer waits, and never longer than [`LIMIT`] a time; the key is
//! the one that the call began with, since OpenRouter tells nobody else, and once that is refused its source's newest, as for the call itself.
//! Nothing waits for them. What cannot be found out stays an estimate: a provider that does not know the call, refuses both keys, or answers
//! something else is not asked again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use url::Url;

use super::expect;
use super::payer;
use super::purse::{Notice, Purse};
use super::renew::Renewal;
use super::report::{Report, Reporter};
use crate::cost::estimate::{Estimate, Estimates, Lesson};
use crate::cost::{Cost, Ledger, RawUsage, Row, Usage};
use crate::provider::openrouter::{self, Generation};
use crate::provider::{Error, Http};
use crate::routing::{Decision, Payer};

/// How many calls may wait for their true cost. Whoever types faster keeps estimates.
const MOST: usize = 32;

/// How often a call is asked about.
const ATTEMPTS: u32 = 3;

/// How much longer each wait is than the one before it.
const LONGER: u32 = 4;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(5);

/// The tasks. Clones are the same ones.
#[derive(Clone, Default)]
pub(super) struct Corrections(Arc<Inner>);

#[derive(Default)]
struct Inner {
    tasks: Mutex<JoinSet<()>>,
    is_closed: AtomicBool,
}

/// Where to ask about a call, once it is over.
#[derive(Clone)]
pub(super) struct Inquiry {
    pub http: Http,
    pub base_url: Url,
    /// The key that the call began with.
    pub key: Option<(HeaderName, HeaderValue)>,
    /// How to get the one that has taken its place by now.
    pub renewal: Option<Renewal>,
}

/// A call as it was settled, and who is to hear what it turns out to be.
pub(super) struct Settled {
    pub row: Row,
    /// What would be learnt from it, but for what it used.
    pub lesson: Option<Lesson>,
    pub expected: Option<Estimate>,
    pub decision: Decision,
    pub purse: Purse,
    pub estimates: Estimates,
    pub ledger: Ledger,
    pub reporter: Reporter,
}

impl Corrections {
    /// Finds out what a call has cost whose row was settled without knowing it, and settles it anew.
    pub(super) fn begin(&self, inquiry: Inquiry, settled: Settled) {
        let row = &settled.row;
        // What was given for nothing is asked about as well: it might have been billed.
        let is_known = match row.cost {
            Cost::Reported(_) => true,
            Cost::Free => settled.decision.payer != Payer::FreePool,
            _ => false,
        };
        let id = row.request_id.clone().filter(|_| !is_known);
        let Some(id) = id.filter(|id| openrouter::is_generation(id)) else {
            return;
        };
        // A call may be dropped when its runtime is gone; then so is the time to ask.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        if self.0.is_closed.load(Ordering::Relaxed) || tasks.len() >= MOST {
            return;
        }
        let task = async move {
            match ask(&inquiry, &id).await {
                Ok(told) => correct(settled, told),
                Err(error) => {
                    tracing::debug!(%error, call = %settled.row.id, "an estimate stays one");
                }
            }
        };
        tasks.spawn_on(task, &runtime);
    }

    /// Ends all that is under way and begins nothing more.
    pub(super) fn close(&self) {
        self.0.is_closed.store(true, Ordering::Relaxed);
        let mut tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.abort_all();
    }
}

async fn ask(inquiry: &Inquiry, id: &str) -> Result<Generation, Error> {
    let mut wait = inquiry.http.patience().adding_up;
    let mut attempt = 1;
    let (mut key, mut renewal) = (inquiry.key.clone(), inquiry.renewal.as_ref());
    loop {
        tokio::time::sleep(wait).await;
        let (http, base_url) = (&inquiry.http, &inquiry.base_url);
        let mut answer = openrouter::generation(http, base_url, key.clone(), id, LIMIT).await;
        if let (Err(Error::Unauthorized), Some((_, refused))) = (&answer, &key)
            && let Some(renewal) = renewal.take()
            && let Some(renewed) = renewal.renewed(refused).await
        {
            key = Some(renewed.header);
            answer = openrouter::generation(http, base_url, key.clone(), id, LIMIT).await;
        }
        match answer {
            Err(error) if attempt < ATTEMPTS && may_pass(&error) => {
                attempt += 1;
                wait *= LONGER;
            }
            answer => return answer,
        }
    }
}

/// Returns whether another attempt may do better. A call that is not known may only not be known yet, which comes as a model that is not.
fn may_pass(error: &Error) -> bool {
    matches!(
        error,
        Error::UnknownModel(_)
            | Error::Overloaded
            | Error::Failed
            | Error::TimedOut { .. }
            | Error::Unreachable(_)
            | Error::Cut
    )
}

fn correct(settled: Settled, told: Generation) {
    let Settled {
        row: settled,
        lesson,
        expected,
        decision,
        purse,
        estimates,
        ledger,
        reporter,
    } = settled;
    let answer = payer::Told {
        is_own_account: told.usage.is_own_account,
        cost: told.usage.cost,
    };
    if let Some(stopped) = purse.payers.seen(&decision, answer) {
        purse.tell(Notice::Halted(stopped));
    }
    let is_nothing = told.usage.cost.is_none_or(|cost| cost.nanos() == 0);
    let usage = if told.has_tokens {
        Usage::Reported(told.usage.tokens)
    } else {
        settled.usage
    };
    let cost = if decision.payer == Payer::FreePool && is_nothing {
        Cost::Free
    } else {
        Cost::known(told.usage.cost, None, &usage)
    };
    if cost == Cost::Unknown {
        return;
    }
    let lesson = lesson.filter(|_| told.has_tokens).map(|lesson| {
        let tokens = told.usage.tokens;
        expect::missed(Lesson { tokens, ..lesson }, expected.as_ref(), &cost)
    });
    let before = settled.cost;
    let row = Row {
        usage,
        cost,
        payer: payer::paid(&decision, answer).to_string(),
        raw_usage: told
            .usage
            .raw
            .as_deref()
            .and_then(RawUsage::of)
            .or(settled.raw_usage),
        service_tier: told.usage.service_tier.or(settled.service_tier),
        served_model: told.model.or(settled.served_model),
        upstream: told.upstream.or(settled.upstream),
        ..settled
    };
    let copy = row.clone();
    ledger.correct(before, row, move |totals| {
        if let Some(lesson) = lesson {
            estimates.learn(&lesson);
        }
        reporter(Report {
            row: copy,
            totals,
            expected,
            is_correction: true,
        });
    });
}
