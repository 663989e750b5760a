//! The one way to a model: decide, get the key, reserve, stream, settle, report.
//!
//! Entry points: [`Gateway::decide`] and [`Gateway::call`]. `call` is the only function that reaches a provider, so nothing can go round
//! the budget and the ledger. Every call that was made leaves exactly one ledger row and one [`Report`], however it ends. What a
//! [`Call`] cost is known when its stream ends, fails or is [stopped](Call::stop); it is booked when it is dropped, which closes the provider's socket, too.

mod answering;
mod begin;
mod beside;
mod billed;
mod call;
mod correct;
#[cfg(test)]
mod drill_tests;
mod expect;
mod explain;
mod free;
mod health;
mod hurry;
mod interrupt;
mod lanes;
mod masking;
mod pause;
mod payer;
mod pool;
mod price;
mod probe;
mod purse;
mod record;
mod renew;
mod report;
mod request;
mod reserve;
mod retry;
mod room;
mod runaway;
mod settle;
mod speed;
mod telling;
#[cfg(test)]
mod tests;
mod witness;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use reqwest::header::{HeaderName, HeaderValue};

pub use call::Call;
pub use explain::Explanation;
pub use interrupt::Interrupt;
pub use probe::probe;
pub use purse::{Notice, Watch};
pub use record::{Candidate, Record};
pub use report::{CallId, Report, Reporter};
pub use request::Request;
pub use witness::shown;

use crate::audit::Audit;
use crate::config::{ModelName, Settings};
use crate::cost::Ledger;
use crate::cost::estimate::{Estimate, Estimates, Expected};
use crate::credential::{Authorization, Keys, Use};
use crate::local;
use crate::provider::{self, Error, Http, Patterns, Provider, Remote};
use crate::routing::{self, Decision, Feature, Need, Payer, Speed, Way};
use crate::telemetry::Telemetry;
use answering::Answering;
use begin::Begin;
use call::Start;
use correct::{Corrections, Inquiry};
use free::FreePool;
use health::Health;
use lanes::Lanes;
use pause::Pauses;
use payer::Payers;
use pool::Turns;
use purse::Purse;
use request::Asked;
use room::Rooms;
use runaway::Runaways;
use speed::Speeds;
use witness::Witness;

/// The way to all models. Clones are the same gateway.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    http: Http,
    engine: local::Engine,
    ledger: Ledger,
    /// The log of what left, beside the ledger.
    audit: Audit,
    reporter: Reporter,
    /// Providers that take the place of the built ones, by name.
    substitutes: HashMap<String, Arc<dyn Provider>>,
    /// The enabled local servers that answered when last asked.
    answering: Answering,
    pauses: Pauses,
    corrections: Corrections,
    estimates: Estimates,
    keys: Keys,
    runaways: Runaways,
    payers: Payers,
    health: Health,
    speeds: Speeds,
    turns: Turns,
    lanes: Lanes,
    free: FreePool,
    rooms: Rooms,
    watch: Arc<OnceLock<Watch>>,
    telemetry: OnceLock<Telemetry>,
}

impl Gateway {
    /// Creates a gateway that books into `ledger` and tells `reporter` about each call.
    pub fn new(http: Http, engine: local::Engine, ledger: Ledger, reporter: Reporter) -> Self {
        Self::with_substitutes(http, engine, ledger, reporter, HashMap::new())
    }

    /// Creates a gateway in which some providers, by name, are others than those their settings describe.
    pub fn with_substitutes(
        http: Http,
        engine: local::Engine,
        ledger: Ledger,
        reporter: Reporter,
        substitutes: HashMap<String, Arc<dyn Provider>>,
    ) -> Self {
        let estimates = ledger.beside("estimates.json");
        let estimates = estimates.map_or_else(Estimates::default, Estimates::in_file);
        Self(Arc::new(Inner {
            estimates,
            audit: Audit::at(ledger.beside("audit.jsonl")),
            free: FreePool::shared_in(ledger.beside("free.json")),
            payers: Payers::shared_in(ledger.beside("payers.json")),
            http,
            engine,
            ledger,
            reporter,
            substitutes,
            answering: Answering::default(),
            pauses: Pauses::default(),
            corrections: Corrections::default(),
            keys: Keys::of_process(),
            runaways: Runaways::default(),
            health: Health::default(),
            speeds: Speeds::default(),
            turns: Turns::default(),
            lanes: Lanes::default(),
            rooms: Rooms::default(),
            watch: Arc::default(),
            telemetry: OnceLock::new(),
        }))
    }

    /// Decides which model a usual call for `feature` goes to now.
    pub fn decide(&self, settings: &Settings, feature: Feature) -> Decision {
        self.decide_for(settings, &Need::usual(feature))
    }

    /// Decides which model a call goes to now.
    pub fn decide_for(&self, settings: &Settings, need: &Need<'_>) -> Decision {
        let (wanted, ruled) = routing::asked(settings, need);
        let first = Decision {
            ruled: ruled.map(Arc::new),
            ..self.first(settings, wanted, need)
        };
        if !routing::has_hops(settings, &first) || !self.is_failing(&first) {
            return first;
        }
        self.next(settings, &first, Vec::new()).unwrap_or(first)
    }

    /// Returns whether a model is to be left alone: it does not answer, its provider asked to wait, somebody else has paid for it, or it gives no more for nothing.
    fn is_failing(&self, decision: &Decision) -> bool {
        let pauses = &self.0.pauses;
        let waiting = pauses.check(&decision.provider, decision.feature, now());
        self.0.health.is_failing(&decision.name(), now())
            || waiting.is_err()
            || self.0.payers.check(decision).is_err()
            || self.0.free.is_resting(decision)
    }

    /// Returns who may take the place of a decision, of those that the user named: the first that is not known to fail.
    fn next(&self, settings: &Settings, first: &Decision, failed: Vec<String>) -> Option<Decision> {
        let hops = routing::hops(settings, first).into_iter();
        let hops = hops.filter_map(|hop| hop.decision.ok());
        let all = std::iter::once(first.clone()).chain(hops);
        let failing = all.filter(|one| self.is_failing(one)).map(|one| one.name());
        let mut failing: Vec<String> = failing.collect();
        for name in failed {
            if !failing.contains(&name) {
                failing.push(name);
            }
        }
        routing::fallback(settings, first, &failing)
    }

    /// Returns who may take the place of a call that fails, of its pool and of those that the user named; an action's own model has nobody.
    fn successor(&self, settings: &Settings, decision: &Decision) -> Option<Decision> {
        let is_own = decision.ruled.is_none()
            && *routing::wanted(settings, decision.feature) != decision.wanted;
        if decision.is_embedded() || !routing::has_hops(settings, decision) {
            return None;
        }
        if is_own && decision.draw.is_none() {
            return None;
        }
        let first = Decision {
            ruled: decision.ruled.clone(),
            ..self.first_of(settings, decision)
        };
        // Those that were passed over on the way here are not asked again for this call, whatever refused it there.
        let mut failed = decision.failing.to_vec();
        failed.push(decision.name());
        self.next(settings, &first, failed)
    }

    /// Decides the same for a call that has a model of its own, or a pool.
    pub fn decide_on(&self, settings: &Settings, model: &ModelName, need: &Need<'_>) -> Decision {
        let first = self.first(settings, model, need);
        if first.draw.is_none() || !self.is_failing(&first) {
            return first;
        }
        self.next(settings, &first, Vec::new()).unwrap_or(first)
    }

    /// Decides for the model that takes another's place where a call was refused, if a cap says which, or failed, if the user named one.
    pub fn instead(
        &self,
        settings: &Settings,
        decision: &Decision,
        error: &Error,
    ) -> Option<Decision> {
        if let Error::Budget(refusal) = error
            && let Some((provider, model)) = refusal.instead()
        {
            return Some(routing::instead(
                settings,
                decision.feature,
                provider,
                model,
            ));
        }
        let is_stopped = self.0.payers.check(decision).is_err();
        if !is_stopped && !health::is_outage(error) {
            return None;
        }
        self.successor(settings, decision)
    }

    /// Has somebody told what there is to know about money. Only the first is.
    pub fn watch(&self, watch: Watch) {
        // A gateway has one server.
        let _ = self.0.watch.set(watch);
    }

    /// Has a collector told of each call from now on. Only the first is.
    pub fn export_to(&self, telemetry: Telemetry) {
        // A gateway has one server.
        let _ = self.0.telemetry.set(telemetry);
    }

    /// Returns the way to the collector, if there is one.
    pub fn telemetry(&self) -> Telemetry {
        self.0.telemetry.get().cloned().unwrap_or_default()
    }

    /// Notes that a document was changed, which explains a call.
    pub fn typed(&self) {
        self.0.runaways.typed();
    }

    /// Returns what is halted since it ran away, or somebody else paid for it, in a sentence.
    pub fn halted(&self) -> Option<String> {
        self.0.runaways.halted().or_else(|| self.0.payers.stopped())
    }

    /// Lets go on what was halted.
    pub fn resume(&self) {
        self.0.runaways.resume();
        self.0.payers.resume();
    }

    /// Returns the ways to keys.
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Looks for the key of the model that was decided on, so that the first call need not wait for a store or a program.
    pub async fn fetch_key(&self, decision: &Decision) {
        if let Way::Http(provider) = &decision.way {
            // A failure is kept for a while and told by the first call.
            let _ = self.0.keys.authorization(provider, Use::QUESTION).await;
        }
    }

    /// Returns the log of what left the machine.
    pub fn audit(&self) -> &Audit {
        &self.0.audit
    }

    /// Returns the ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// Asks the enabled local servers whether they answer, remembers those that do, and returns whether they are others than before.
    pub async fn probe(&self, settings: &Settings) -> bool {
        self.follow(settings);
        let question = self.0.answering.ask();
        let answer = probe::probe(&self.0.http, &self.0.keys, settings).await;
        self.0.answering.take(question, answer)
    }

    /// Forgets a local server that no longer answers, until it is found again. Returns whether it was one of those that did.
    pub fn forget_server(&self, provider: &str) -> bool {
        self.0.answering.forget(provider)
    }

    /// Goes by the settings of the network from now on, as each of its functions does that is given settings.
    pub fn follow(&self, settings: &Settings) {
        self.0.http.follow(&settings.network);
    }

    /// Connects to the model's provider unless that was done a short while ago. Nothing that is billed is asked, and no key is sent.
    pub async fn connect_ahead(&self, settings: &Settings, decision: &Decision) {
        if let Some(url) = decision.way.base_url() {
            self.follow(settings);
            self.0.http.connect_ahead(url).await;
        }
    }

    /// Makes what the first call would otherwise have to make. Blocks for some 25 ms.
    pub fn warm_up(&self, settings: &Settings, decision: &Decision) {
        self.follow(settings);
        // The search for credentials is made ready when it is first used.
        crate::secrets::find("");
        if let Some(url) = decision.way.base_url() {
            self.0.http.warm_up(url);
        }
    }

    /// Sends a request to the model that was decided on.
    ///
    /// An error means that nothing was sent, because there is no key, or the provider asked to wait, or a cap would be broken; such a call is
    /// not booked. All else that goes wrong comes in the stream.
    pub async fn call(&self, settings: &Settings, request: Request) -> Result<Call, Error> {
        let record = Record::of_request(settings, &request);
        let witness = Witness::of(self, settings, &request, &record);
        // A future of some kilobytes, which every caller would carry otherwise.
        let called = Box::pin(self.ask(settings, request, record, witness.clone())).await;
        if let Err(error) = &called {
            witness.refused(error);
        }
        called
    }

    async fn ask(
        &self,
        settings: &Settings,
        request: Request,
        record: Record,
        witness: Witness,
    ) -> Result<Call, Error> {
        let Request {
            decision,
            mut input,
            action,
            max_tokens,
            expected,
            stop,
            language,
            workspace,
            confined,
            shown,
            interrupt,
            attempt,
            ..
        } = request;
        witness::may_be_shown(&settings.policy, &decision, confined, &shown)?;
        let mask = masking::mask(&mut input, settings.credentials, &decision)?;
        let asked = Asked::of(&input);
        let pauses = self.0.pauses.clone();
        let purse = self.purse(settings);
        purse.admit(&decision).await?;
        pauses.check(&decision.provider, decision.feature, now())?;
        self.follow(settings);
        let wanted = Use {
            feature: Some(decision.feature.name()),
            workspace: workspace.as_deref(),
        };
        let (provider, authorization) = self.reach(&decision, settings, wanted).await?;
        let provider = masking::unmasking(provider, mask, &decision, &purse);
        // Where another can take over, the first is not waited for, and not tried again.
        let has_successor = self.successor(settings, &decision).is_some();
        let provider = if has_successor {
            hurry::hurried(provider, decision.feature, settings.fallback.slow)
        } else {
            provider
        };
        self.0.turns.taken(&decision);
        let call = provider::Call {
            base_url: decision.way.base_url().cloned(),
            key: authorization.as_ref().map(|held| held.header.clone()),
            model: decision.model.clone(),
            input,
            max_tokens,
            stop,
            quirks: decision.way.quirks(),
        };
        let label = authorization.as_ref().and_then(|held| held.source.label());
        let label = label.map(str::to_owned);
        let tokens = asked.rough.tokens();
        self.leave_room(&decision, label.as_deref(), tokens)?;
        let pass = self.pass(settings, &decision, label.as_deref()).await?;
        self.0.free.enter(&decision).await?;
        let rooms = &self.0.rooms;
        rooms.count(&decision.provider, label.as_deref(), tokens);
        let renewal = authorization.as_ref();
        let renewal = renewal.and_then(|_| self.renewal(&decision, workspace.as_ref()));
        let inquiry = self.inquiry(&decision, call.key.as_ref(), renewal.as_ref());
        // Each attempt at a free model would be one of its calls.
        let policy = if has_successor || decision.payer == Payer::FreePool {
            retry::Policy::once()
        } else {
            retry::Policy::of(decision.feature)
        };
        let begin = Box::new(Begin {
            ledger: self.0.ledger.clone(),
            reporter: self.0.reporter.clone(),
            record: Record {
                key: label.clone(),
                ..record
            },
            decision,
            key: label,
            action,
            attempt,
            language,
            workspace,
            tags: tags(settings),
            prompt_bytes: asked.bytes,
            rough: asked.rough,
            messages: asked.messages,
            prompt: asked.hash,
            max_tokens,
            expected,
            interrupt,
            inquiry,
            corrections: self.0.corrections.clone(),
            estimates: self.0.estimates.clone(),
            purse,
            witness,
        });
        Call::begin(Start {
            provider,
            call,
            renewal,
            begin,
            policy,
            pauses,
            pass,
        })
        .await
    }

    /// Refuses a suggestion that would take of what the provider has left for actions.
    fn leave_room(&self, decision: &Decision, key: Option<&str>, tokens: u64) -> Result<(), Error> {
        match decision.feature {
            Feature::Action => Ok(()),
            Feature::Completion | Feature::Speculation => {
                let rooms = &self.0.rooms;
                rooms.check(&decision.provider, key, tokens, now())
            }
        }
    }

    /// Waits for leave to make a call, where the user set limits.
    async fn pass(
        &self,
        settings: &Settings,
        decision: &Decision,
        key: Option<&str>,
    ) -> Result<Option<lanes::Pass>, Error> {
        let (provider, feature) = (&decision.provider, decision.feature);
        let limit = settings.routes.limits.get(provider);
        self.0.lanes.enter(limit, provider, key, feature).await
    }

    /// Returns how the key is made anew that a model's provider refuses.
    fn renewal(&self, decision: &Decision, workspace: Option<&String>) -> Option<renew::Renewal> {
        match &decision.way {
            Way::Embedded => None,
            Way::Http(provider) => Some(renew::Renewal {
                keys: self.0.keys.clone(),
                provider: provider.clone(),
                feature: decision.feature.name(),
                workspace: workspace.cloned(),
            }),
        }
    }

    fn purse(&self, settings: &Settings) -> Purse {
        Purse {
            budget: settings.budget.clone(),
            runaways: self.0.runaways.clone(),
            payers: self.0.payers.clone(),
            health: self.0.health.clone(),
            speeds: self.0.speeds.clone(),
            free: self.0.free.clone(),
            rooms: self.0.rooms.clone(),
            watch: self.0.watch.clone(),
            telemetry: self.telemetry(),
        }
    }

    /// Returns what a call is expected to cost, by all that was learnt of its model. What is reserved for it is the worst case.
    pub fn estimate(&self, decision: &Decision, expected: &Expected<'_>) -> Estimate {
        expect::estimate(&self.0.estimates, decision, expected)
    }

    /// Returns how fast a model was in the calls of the last half hour, by its full name; nothing if there were none.
    pub fn speed(&self, model: &str) -> Option<Speed> {
        self.0.speeds.of(model, 0, tokio::time::Instant::now())
    }

    /// Ends what goes on in the background: nothing is asked any more about calls that are over, and what was learnt is written.
    pub fn close(&self) {
        self.0.corrections.close();
        self.0.estimates.close();
        self.0.free.close();
    }

    /// Returns where to ask what a call has cost, of a provider that can be asked.
    fn inquiry(
        &self,
        decision: &Decision,
        key: Option<&(HeaderName, HeaderValue)>,
        renewal: Option<&renew::Renewal>,
    ) -> Option<Inquiry> {
        match &decision.way {
            Way::Http(provider) if provider.is_openrouter => Some(Inquiry {
                http: self.0.http.clone(),
                base_url: provider.base_url.clone(),
                key: key.cloned(),
                renewal: renewal.cloned(),
            }),
            _ => None,
        }
    }

    async fn reach(
        &self,
        decision: &Decision,
        settings: &Settings,
        wanted: Use<'_>,
    ) -> Result<Reached, Error> {
        let key = match &decision.way {
            Way::Embedded => None,
            Way::Http(provider) => self.0.keys.authorization(provider, wanted).await?,
        };
        if let Some(substitute) = self.0.substitutes.get(&decision.provider) {
            return Ok((substitute.clone(), key));
        }
        let provider: Arc<dyn Provider> = match &decision.way {
            Way::Embedded => Arc::new(Patterns::new(
                self.0.engine.clone(),
                settings.min_confidence,
            )),
            Way::Http(provider) => Arc::new(Remote::new(self.0.http.clone(), provider.wire)),
        };
        Ok((provider, key))
    }
}

/// Returns the time by the clock that waits go by, which tests may stop.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A provider, and what carries its key.
type Reached = (Arc<dyn Provider>, Option<Authorization>);

/// The user's tags, and the one by which caps and reports tell environments apart.
fn tags(settings: &Settings) -> BTreeMap<String, String> {
    let mut tags = settings.ledger.tags.clone();
    let name = settings.keys.environment.to_string();
    tags.insert("environment".to_owned(), name);
    tags
}
