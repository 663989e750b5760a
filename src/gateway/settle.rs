//! From the first byte asked to the row in the ledger: what a call used, what it cost, how it ended.
//!
//! A [`Settlement`] settles exactly once: when it is told to, or when it is dropped, which is how a cancelled call ends. What it cost is known as soon
//! as it [ends](Settlement::end); to book it takes as long as all else that follows an answer, so whoever has an answer to give does that in between.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::begin::Begin;
use super::billed::was_not_billed;
use super::correct::Settled;
use super::pause::Pauses;
use super::price::{self, Priced};
use super::purse::Notice;
use super::report::{CallId, Report};
use super::speed::Sample;
use super::telling::{self, Told};
use super::{expect, health, now, payer, reserve};
use crate::cost::estimate::{Estimate, Lesson, Tally};
use crate::cost::ledger::{Held, Latency};
use crate::cost::{Conditions, Cost, Money, Outcome, Price, RawUsage, Row, Tokens, Usage};
use crate::credential;
use crate::provider::{self, Error, Finish, Left};
use crate::routing::{Payer, Way};

/// The account of one call.
pub(super) struct Settlement {
    begin: Box<Begin>,
    id: CallId,
    /// What it logs belongs to the request that it was begun for, whoever ends it.
    span: tracing::Span,
    started: Timestamp,
    clock: Instant,
    first_token: Option<Duration>,
    reply: Tally,
    reply_bytes: usize,
    served_model: Option<String>,
    upstream: Option<String>,
    request_id: Option<String>,
    usage: Option<provider::Usage>,
    /// What was used until now, of an answer that goes on.
    so_far: Option<provider::Usage>,
    is_refused: bool,
    /// Whether the provider ran no model, and so bills nothing.
    is_unbilled: bool,
    /// How it ended, once it has.
    ended: Option<Ended>,
    is_booked: bool,
    /// What it may cost at most, where caps apply.
    held: Option<Held>,
    /// The price that was reserved by, for when no better is known in the end.
    reserved_by: Option<Price>,
    /// What it was expected to cost.
    expected: Option<Estimate>,
    /// What else a collector is told.
    told: Told,
}

/// How a call ended, and what that comes to.
#[derive(Clone)]
struct Ended {
    outcome: Outcome,
    total: Duration,
    usage: Usage,
    price: Option<Price>,
    cost: Cost,
}

impl Settlement {
    /// Reserves what the call may cost, where caps apply, and opens its account.
    pub(super) async fn begin(mut begin: Box<Begin>) -> Result<Box<Self>, Error> {
        let id = begin.ledger.next_id();
        let started = Timestamp::now();
        let reserved = reserve::reserve(&begin, &id, started).await?;
        let (held, reserved_by, worst) =
            reserved.map_or((None, None, None), |it| (it.held, it.price, it.worst));
        begin.witness.let_go(&id, begin.key.as_deref()).await?;
        let expected = expect::of(&begin);
        begin.record.worst = worst;
        begin.record.expected = expected.and_then(|it| it.cost.amount());
        Ok(Box::new(Self {
            id,
            span: tracing::Span::current(),
            expected,
            begin,
            started,
            held,
            reserved_by,
            clock: Instant::now(),
            first_token: None,
            reply: Tally::default(),
            reply_bytes: 0,
            served_model: None,
            upstream: None,
            request_id: None,
            usage: None,
            so_far: None,
            is_refused: false,
            is_unbilled: false,
            ended: None,
            is_booked: false,
            told: Told::default(),
        }))
    }

    pub(super) fn id(&self) -> &CallId {
        &self.id
    }

    /// The provider said beside an answer that it takes no further call for this long.
    pub(super) fn exhausted(&self, pauses: &Pauses, wait: Duration) {
        let decision = &self.begin.decision;
        if decision.payer == Payer::FreePool {
            let retry_after = Some(wait);
            let free = &self.begin.purse.free;
            free.refused(decision, &Error::RateLimited { retry_after });
        } else {
            pauses.note(&decision.provider, wait, now());
        }
    }

    /// The provider said how much more it takes from this key.
    pub(super) fn left(&self, left: Vec<Left>) {
        let (begin, rooms) = (&self.begin, &self.begin.purse.rooms);
        rooms.note(&begin.decision.provider, begin.key.as_deref(), left, now());
    }

    /// The provider refused the call, perhaps for the number of calls. Of the free pool other models may answer while this one rests.
    pub(super) fn paused(&self, pauses: &Pauses, error: &Error) {
        let decision = &self.begin.decision;
        if decision.payer == Payer::FreePool {
            self.begin.purse.free.refused(decision, error);
        } else {
            pauses.refused(&decision.provider, error, now());
        }
    }

    /// Text came.
    pub(super) fn text(&mut self, text: &str) {
        if self.first_token.is_none() {
            self.first_token = Some(self.clock.elapsed());
            let health = &self.begin.purse.health;
            let now = Instant::now().into_std();
            health.worked(&self.begin.decision.name(), now);
        }
        self.reply_bytes += text.len();
        if !self.begin.decision.is_embedded() {
            self.reply.push(text);
        }
    }

    /// The provider told under which name it serves the call.
    ///
    /// A server on this machine may tell the path of the model's file, which is nobody's business; then the name asked for stands.
    pub(super) fn served_by(&mut self, model: &str) {
        if !telling::is_path(model) && model.len() <= LONGEST_NAME {
            // A name that a provider makes up could be the key that it was sent.
            self.served_model = Some(credential::redact(model).into_owned());
        }
    }

    /// A gateway told which provider it asked.
    pub(super) fn upstream(&mut self, name: &str) {
        if name.len() <= LONGEST_NAME {
            self.upstream = Some(credential::redact(name).into_owned());
        }
    }

    /// The provider told its own name for the call; the first one counts, which is the header's.
    pub(super) fn request_id(&mut self, id: &str) {
        if id.len() <= LONGEST_ID {
            let id = credential::redact(id);
            self.told.response = Some(id.as_ref().into());
            self.request_id.get_or_insert_with(|| id.into_owned());
        }
    }

    /// The provider told what was used until now, of an answer that goes on.
    pub(super) fn usage_so_far(&mut self, usage: provider::Usage) {
        self.so_far = Some(usage);
    }

    /// The answer came to its end, so what was used until then is all.
    pub(super) fn ended(&mut self) {
        self.usage = self.usage.take().or(self.so_far.take());
    }

    /// The provider told what was used in all; the last word counts.
    pub(super) fn usage(&mut self, usage: provider::Usage) {
        self.usage = Some(usage);
    }

    /// The model stopped, or the provider cut the answer for what it says.
    pub(super) fn finish(&mut self, finish: Finish) {
        self.is_refused |= finish == Finish::Refused;
        self.told.finish = Some(finish);
    }

    /// Returns whether any text came.
    pub(super) fn has_text(&self) -> bool {
        self.reply_bytes > 0
    }

    /// Returns what the call cost, once it has ended.
    pub(super) fn cost(&self) -> Option<&Cost> {
        self.ended.as_ref().map(|ended| &ended.cost)
    }

    /// Returns how many tokens came, by our estimate, and what they and the prompt cost by now.
    pub(super) fn so_far(&self) -> (u64, Option<Money>) {
        let output = self.written();
        let tokens = Tokens {
            input: self.read(),
            output,
            ..Tokens::default()
        };
        let money = self.price().map(|price| price.cost(&tokens));
        (output, money)
    }

    /// Settles a call that failed.
    pub(super) fn fail(&mut self, error: &Error) {
        let is_silent = self.usage.is_none() && self.so_far.is_none() && self.reply_bytes == 0;
        self.is_unbilled = was_not_billed(error) && is_silent;
        self.told.fault = Some(error.kind());
        let name = self.begin.decision.name();
        let health = &self.begin.purse.health;
        health.failed(&name, error, Instant::now().into_std());
        if matches!(error, Error::TimedOut { .. }) {
            self.measure(self.clock.elapsed());
        }
        // What providers say may hold what they were sent, so it is in no log file, which ends above `trace`.
        tracing::info!(parent: &self.span, call = %self.id, model = %name, fault = error.kind(), "a model call failed");
        tracing::trace!(parent: &self.span, %error, "what the provider said");
        self.settle(Outcome::Failed);
    }

    /// Notes it if the model said nothing for long until nobody waited for it any more, so that the next try does not meet the same silence.
    fn given_up(&self) {
        if self.ended.is_some() || self.first_token.is_some() {
            return;
        }
        let (name, purse) = (self.begin.decision.name(), &self.begin.purse);
        let usual = purse.speeds.of(&name, 0, Instant::now());
        let usual = usual.map(|speed| Duration::from_millis(speed.first_ms.into()));
        if let Some(silence) = health::silence(self.clock.elapsed(), usual) {
            purse.health.failed(&name, &silence, now());
        }
    }

    /// Settles, unless that was done; one that has ended, by how it did.
    pub(super) fn settle(&mut self, outcome: Outcome) {
        self.end(outcome);
        if !std::mem::replace(&mut self.is_booked, true)
            && let Some(ended) = self.ended.clone()
        {
            self.book(ended);
        }
    }

    /// Ends it, unless that was done: nothing that happens from now on changes what it cost. It is booked when it is settled or dropped.
    pub(super) fn end(&mut self, outcome: Outcome) {
        if self.ended.is_some() {
            return;
        }
        let outcome = if self.is_refused && outcome == Outcome::Completed {
            Outcome::Filtered
        } else {
            outcome
        };
        let (usage, price) = (self.used(), self.price());
        let reported = self.reported();
        let cost = if self.is_free(reported, price.as_ref()) {
            Cost::Free
        } else {
            Cost::known(reported, price.as_ref(), &usage)
        };
        self.ended = Some(Ended {
            outcome,
            total: self.clock.elapsed(),
            usage,
            price,
            cost,
        });
    }

    /// What the provider says that the call cost. What it would have cost by the list is no cost where there is a flat rate.
    fn reported(&self) -> Option<Money> {
        let reported = self.usage.as_ref().and_then(|usage| usage.cost);
        reported.filter(|_| self.begin.decision.payer != Payer::Subscription)
    }

    fn book(&mut self, ended: Ended) {
        if self.first_token.is_some() {
            self.measure(ended.total);
        }
        let reported = self.reported();
        let usage_told = self.usage.as_ref().or(self.so_far.as_ref());
        let service_tier = usage_told.and_then(|usage| usage.service_tier.clone());
        let raw_usage = usage_told.and_then(|usage| RawUsage::of(usage.raw.as_deref()?));
        let told = payer::Told {
            is_own_account: usage_told.and_then(|usage| usage.is_own_account),
            cost: reported,
        };
        let decision = &self.begin.decision;
        let row = Row {
            id: self.id.clone(),
            decision: Some(self.begin.record.to_json()),
            attempt: self.begin.attempt,
            started: self.started,
            feature: decision.feature.name().into(),
            action: self.begin.action.as_deref().map(str::to_owned),
            language: self.begin.language.map(str::to_owned),
            workspace: self.begin.workspace.take(),
            branch: None,
            provider: decision.provider.clone(),
            requested_model: decision.model.clone(),
            served_model: self.served_model.take(),
            upstream: self.upstream.take(),
            service_tier: service_tier.filter(|tier| tier.len() <= LONGEST_NAME),
            key: self.begin.key.clone(),
            payer: payer::paid(decision, told).to_string(),
            usage: ended.usage,
            raw_usage,
            price: ended.price,
            cost: ended.cost,
            outcome: ended.outcome,
            latency: Latency {
                first_token: self.first_token,
                total: ended.total,
            },
            request_id: self.request_id.take(),
            tags: self.begin.tags.clone(),
        };
        self.log(&row);
        let telemetry = &self.begin.purse.telemetry;
        telemetry.tell(|| telling::finished(&self.begin, &row, &self.told));
        if let Some(stopped) = self.begin.purse.payers.seen(decision, told) {
            self.begin.purse.tell(Notice::Halted(stopped));
        }
        let tell = self.begin.reporter.clone();
        // What the provider told in the end, and what ran no model, is the truth already.
        let inquiry = self.begin.inquiry.take();
        let inquiry = inquiry.filter(|_| reported.is_none() && !self.is_unbilled);
        let inquiry = inquiry.map(|inquiry| (inquiry, row.clone()));
        let lesson = self.lesson(&row).filter(|_| !self.is_unbilled);
        let (estimates, expected) = (self.begin.estimates.clone(), self.expected);
        let copy = row.clone();
        let held = self.held.take();
        self.begin.ledger.settle(row, move |totals| {
            if let Some(lesson) = lesson {
                estimates.learn(&lesson);
            }
            tell(Report {
                row: copy,
                totals,
                expected,
                is_correction: false,
            });
        });
        // The row ends it.
        if let Some(held) = held {
            held.settled();
        }
        if let Some((inquiry, settled)) = inquiry {
            let begin = &self.begin;
            let settled = Settled {
                row: settled,
                lesson: expect::lesson(begin, self.reply.rough(), Tokens::default(), true, None),
                expected,
                decision: begin.decision.clone(),
                purse: begin.purse.clone(),
                estimates: begin.estimates.clone(),
                ledger: begin.ledger.clone(),
                reporter: begin.reporter.clone(),
            };
            begin.corrections.begin(inquiry, settled);
        }
    }

    /// Says what became of it, with the names by which the editor, the ledger and the provider know it.
    fn log(&self, row: &Row) {
        tracing::info!(
            parent: &self.span,
            call = %row.id,
            attempt = row.attempt,
            model = %self.begin.decision.name(),
            provider_request = row.request_id.as_deref().unwrap_or("none"),
            outcome = row.outcome.name(),
            tokens = ?row.usage.tokens(),
            cost = ?row.cost,
            ms = u64::try_from(row.latency.total.as_millis()).unwrap_or(u64::MAX),
            "a model call"
        );
    }

    /// Notes how fast the model was, as far as the call shows it.
    fn measure(&self, total: Duration) {
        let decision = &self.begin.decision;
        if decision.is_embedded() {
            return;
        }
        let first = self.first_token.unwrap_or(total);
        let sample = Sample {
            first,
            tokens: self.reply.rough().tokens(),
            rest: total.saturating_sub(first),
        };
        let speeds = &self.begin.purse.speeds;
        speeds.seen(&decision.name(), sample, Instant::now());
    }

    /// What the provider says was used. Where it did not come to say so in the end, an estimate, which is never below what it said till then:
    /// some providers begin with a count of nothing written.
    fn used(&self) -> Usage {
        if self.is_unbilled || matches!(self.begin.decision.way, Way::Embedded) {
            return Usage::Reported(Tokens::default());
        }
        let told = self.usage.as_ref().or(self.so_far.as_ref());
        let told = told.map(|usage| usage.tokens).unwrap_or_default();
        let is_credible = told.output > 0 || self.reply_bytes == 0;
        if self.usage.is_some() && is_credible {
            return Usage::Reported(told);
        }
        let written = self.written().max(told.output);
        Usage::Estimated(Tokens {
            input: if told.input_total() == 0 {
                self.read()
            } else {
                told.input
            },
            // The worst case where nobody will tell: the answer goes on to its limit, and is billed.
            output: if self.goes_on_without_us() {
                written.max(u64::from(self.begin.max_tokens))
            } else {
                written
            },
            ..told
        })
    }

    /// Returns about how many tokens were read.
    fn read(&self) -> u64 {
        let begin = &self.begin;
        let model = begin.decision.name();
        begin.estimates.prompt(&model, begin.rough)
    }

    /// Returns about how many tokens were written and shown.
    fn written(&self) -> u64 {
        let begin = &self.begin;
        begin
            .estimates
            .text(&begin.decision.name(), self.reply.rough())
    }

    /// Returns what is to be learnt from the call, once its row is made.
    fn lesson(&self, row: &Row) -> Option<Lesson> {
        let told = self.usage.as_ref().or(self.so_far.as_ref())?;
        let is_all = row.outcome == Outcome::Completed && !row.usage.is_estimated();
        let took = is_all.then_some(row.latency.total);
        let lesson = expect::lesson(&self.begin, self.reply.rough(), told.tokens, is_all, took)?;
        Some(expect::missed(lesson, self.expected.as_ref(), &row.cost))
    }

    /// Returns whether the provider bills the whole of an answer that was left in its middle.
    fn goes_on_without_us(&self) -> bool {
        match &self.begin.decision.way {
            Way::Embedded => false,
            Way::Http(provider) => provider.bills_cut && self.has_begun(),
        }
    }

    /// Returns whether a model was seen to work on the answer.
    fn has_begun(&self) -> bool {
        self.reply_bytes > 0 || self.so_far.is_some() || self.request_id.is_some()
    }

    /// The price of the model that served the call.
    fn price(&self) -> Option<Price> {
        let Way::Http(provider) = &self.begin.decision.way else {
            return None;
        };
        if self.begin.decision.payer == Payer::FreePool {
            return None;
        }
        let told = self.usage.as_ref().or(self.so_far.as_ref());
        price::of(&Priced {
            provider,
            requested: &self.begin.decision.model,
            served: self.served_model.as_deref(),
            at: self.started,
            time: self.clock.elapsed(),
            conditions: Conditions {
                service_tier: told.and_then(|usage| usage.service_tier.as_deref()),
                speed: told.and_then(|usage| usage.speed.as_deref()),
            },
        })
        // A cap applied, so the call is not booked as nothing.
        .or_else(|| self.reserved_by.clone())
    }

    /// What runs on this machine costs nothing, unless it says otherwise: a proxy on loopback may well be billed.
    fn is_free(&self, reported: Option<Money>, price: Option<&Price>) -> bool {
        let is_nothing = reported.is_none_or(|reported| reported.nanos() == 0);
        if self.is_unbilled || (self.begin.decision.payer == Payer::FreePool && is_nothing) {
            return true;
        }
        match &self.begin.decision.way {
            Way::Embedded => true,
            Way::Http(provider) => {
                provider.is_on_this_machine() && reported.is_none() && price.is_none()
            }
        }
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        self.given_up();
        let outcome = self.begin.interrupt.outcome();
        self.settle(outcome);
    }
}

/// The longest name of a call that is kept; the longest known are some 60 characters.
const LONGEST_ID: usize = 200;

/// The longest name of a provider behind a gateway, or of a service tier, that is kept.
const LONGEST_NAME: usize = 100;
