//! The one way to a model: decide, get the key, reserve, stream, settle, report.
//!
//! Entry points: [`Gateway::decide`] and [`Gateway::call`]. `call` is the only function that reaches a provider, so nothing can go round
//! the budget and the ledger. Every call that was made leaves exactly one ledger row and one [`Report`], however it ends: a [`Call`] settles when its
//! stream ends, fails, is [stopped](Call::stop) or is dropped, and dropping it closes the provider's socket.

mod correct;
mod explain;
mod interrupt;
mod masking;
mod pause;
mod price;
mod probe;
mod purse;
mod renew;
mod report;
mod reserve;
mod retry;
mod runaway;
mod settle;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use reqwest::header::{HeaderName, HeaderValue};

pub use explain::{Candidate, Explanation};
pub use interrupt::Interrupt;
pub use probe::probe;
pub use purse::{Notice, Watch};
pub use report::{CallId, Report, Reporter};

use crate::config::{ModelName, Settings};
use crate::cost::{Cost, Ledger, Money, Outcome, Tokens};
use crate::credential::{Authorization, Keys, Use};
use crate::local;
use crate::provider::{self, Error, Event, Finish, Http, Input, Patterns, Provider, Remote};
use crate::routing::{self, Decision, Feature, LocalServer, Way};
use crate::workspace::Rule;
use correct::{Corrections, Inquiry};
use pause::Pauses;
use purse::Purse;
use runaway::Runaways;
use settle::{Begin, Settlement};

/// The way to all models. Clones are the same gateway.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    http: Http,
    engine: local::Engine,
    ledger: Ledger,
    reporter: Reporter,
    /// Providers that take the place of the built ones, by name.
    substitutes: HashMap<String, Arc<dyn Provider>>,
    /// The enabled local servers that answered when last asked.
    answering: Mutex<Vec<LocalServer>>,
    pauses: Pauses,
    corrections: Corrections,
    keys: Keys,
    runaways: Runaways,
    watch: Arc<OnceLock<Watch>>,
}

/// What is to be asked of the model that was decided on.
pub struct Request {
    /// Which model, and who pays.
    pub decision: Decision,
    /// What it is to work on.
    pub input: Input,
    /// Which code action asks, for the ledger.
    pub action: Option<Cow<'static, str>>,
    /// The most tokens it may write.
    pub max_tokens: u32,
    /// Texts at which it must stop.
    pub stop: Vec<String>,
    /// The language of the document, for the ledger.
    pub language: Option<&'static str>,
    /// The folder that the document belongs to, for the ledger.
    pub workspace: Option<String>,
    /// Why its text must not leave this machine, if it must not: then no model elsewhere is asked.
    pub confined: Option<Rule>,
    /// Tells why the call was dropped, if it is.
    pub interrupt: Interrupt,
}

/// A model's answer while it comes in: a stream of pieces of text.
pub struct Call {
    /// Gone once it has ended.
    stream: Option<provider::Stream>,
    settlement: Settlement,
    /// Why the model stopped, once that was told.
    finish: Option<Finish>,
    /// How to make the call again, if it may be.
    again: Option<Again>,
    pauses: Pauses,
}

/// What is needed to make a call again that brought nothing.
struct Again {
    provider: Arc<dyn Provider>,
    call: provider::Call,
    renewal: Option<renew::Renewal>,
    begin: Begin,
    policy: retry::Policy,
    /// The wait before the next attempt.
    wait: Option<Pin<Box<tokio::time::Sleep>>>,
    /// The account of the next attempt, while its money is reserved.
    opening: Option<BoxFuture<'static, Result<Settlement, Error>>>,
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
        Self(Arc::new(Inner {
            http,
            engine,
            ledger,
            reporter,
            substitutes,
            answering: Mutex::default(),
            pauses: Pauses::default(),
            corrections: Corrections::default(),
            keys: Keys::of_process(),
            runaways: Runaways::default(),
            watch: Arc::default(),
        }))
    }

    /// Decides which model a call for `feature` goes to now.
    pub fn decide(&self, settings: &Settings, feature: Feature) -> Decision {
        routing::decide(settings, feature, &self.answering())
    }

    /// Decides the same for a call that has a model of its own.
    pub fn decide_on(&self, settings: &Settings, feature: Feature, model: &ModelName) -> Decision {
        routing::decide_on(settings, feature, model, &self.answering())
    }

    /// Decides for the model that takes another's place where a call was refused, if a cap says which.
    pub fn instead(
        &self,
        settings: &Settings,
        feature: Feature,
        error: &Error,
    ) -> Option<Decision> {
        let Error::Budget(refusal) = error else {
            return None;
        };
        let (provider, model) = refusal.instead()?;
        Some(routing::instead(settings, feature, provider, model))
    }

    /// Has somebody told what there is to know about money. Only the first is.
    pub fn watch(&self, watch: Watch) {
        // A gateway has one server.
        let _ = self.0.watch.set(watch);
    }

    /// Notes that a document was changed, which explains a call.
    pub fn typed(&self) {
        self.0.runaways.typed();
    }

    /// Returns what is halted since it ran away, in a sentence.
    pub fn halted(&self) -> Option<String> {
        self.0.runaways.halted()
    }

    /// Lets go on what was halted.
    pub fn resume(&self) {
        self.0.runaways.resume();
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

    /// Returns the ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// Asks the enabled local servers whether they answer, and remembers those that do.
    pub async fn probe(&self, settings: &Settings) {
        self.follow(settings);
        let answering = probe::probe(&self.0.http, &self.0.keys, settings).await;
        *self
            .0
            .answering
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = answering;
    }

    /// Forgets a local server that no longer answers, until it is found again.
    pub fn forget_server(&self, provider: &str) {
        let mut answering = self
            .0
            .answering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        answering.retain(|server| server.provider != provider);
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
        let Request {
            decision,
            mut input,
            action,
            max_tokens,
            stop,
            language,
            workspace,
            confined,
            interrupt,
        } = request;
        if let Some(rule) = confined.filter(|_| decision.leaves_the_machine()) {
            return Err(Error::Confined(rule));
        }
        let mask = masking::mask(&mut input, settings.credentials, &decision)?;
        let asked = Asked::of(&input);
        let pauses = self.0.pauses.clone();
        pauses.check(&decision.provider, decision.feature, Instant::now())?;
        self.follow(settings);
        let wanted = Use {
            feature: Some(decision.feature.name()),
            workspace: workspace.as_deref(),
        };
        let (provider, authorization) = self.reach(&decision, settings, wanted).await?;
        let purse = Purse {
            budget: settings.budget.clone(),
            runaways: self.0.runaways.clone(),
            watch: self.0.watch.clone(),
        };
        let provider = masking::unmasking(provider, mask, &decision, &purse);
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
        let renewal = match &decision.way {
            Way::Http(provider) if authorization.is_some() => Some(renew::Renewal {
                keys: self.0.keys.clone(),
                provider: provider.clone(),
                feature: decision.feature.name(),
                workspace: workspace.clone(),
            }),
            _ => None,
        };
        let inquiry = self.inquiry(&decision, call.key.as_ref(), renewal.as_ref());
        let policy = retry::Policy::of(decision.feature);
        let begin = Begin {
            ledger: self.0.ledger.clone(),
            reporter: self.0.reporter.clone(),
            decision,
            key: label,
            action,
            attempt: 1,
            language,
            workspace,
            tags: tags(settings),
            prompt_bytes: asked.bytes,
            messages: asked.messages,
            prompt: asked.hash,
            max_tokens,
            interrupt,
            inquiry,
            corrections: self.0.corrections.clone(),
            purse,
        };
        let again = policy.may_repeat().then(|| Again {
            provider: provider.clone(),
            call: call.clone(),
            renewal: renewal.clone(),
            begin: begin.clone(),
            policy,
            wait: None,
            opening: None,
        });
        let settlement = Settlement::begin(begin).await?;
        Ok(Call {
            stream: Some(renew::stream(provider, call, renewal)),
            settlement,
            finish: None,
            again,
            pauses,
        })
    }

    /// Returns what a call would cost that used these tokens, as far as that is known before it is made.
    pub fn estimate(&self, decision: &Decision, tokens: &Tokens) -> Cost {
        settle::estimate(decision, tokens)
    }

    /// Ends what goes on in the background: nothing is asked any more about calls that are over.
    pub fn close(&self) {
        self.0.corrections.close();
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

    fn answering(&self) -> Vec<LocalServer> {
        self.0
            .answering
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
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

/// The user's tags, and the one by which caps and reports tell environments apart.
fn tags(settings: &Settings) -> BTreeMap<String, String> {
    let mut tags = settings.ledger.tags.clone();
    let name = settings.keys.environment.to_string();
    tags.insert("environment".to_owned(), name);
    tags
}

/// What is asked, as far as money is concerned.
struct Asked {
    bytes: usize,
    messages: usize,
    /// What tells it from other questions.
    hash: u64,
}

impl Asked {
    fn of(input: &Input) -> Self {
        let mut hasher = DefaultHasher::new();
        let (bytes, messages) = match input {
            Input::Fill(fill) => {
                (&fill.prefix, &fill.suffix).hash(&mut hasher);
                (fill.prefix.len() + fill.suffix.len(), 0)
            }
            Input::Chat(messages) => {
                let texts = messages.iter().map(|message| &message.text);
                let bytes = texts
                    .inspect(|text| text.hash(&mut hasher))
                    .map(String::len);
                (bytes.sum(), messages.len())
            }
        };
        Self {
            bytes,
            messages,
            hash: hasher.finish(),
        }
    }
}

/// A provider, and what carries its key.
type Reached = (Arc<dyn Provider>, Option<Authorization>);

impl Call {
    /// Returns the call's name in the ledger and in notifications.
    pub fn id(&self) -> &CallId {
        self.settlement.id()
    }

    /// Returns why the model stopped, once it told.
    pub fn finish(&self) -> Option<Finish> {
        self.finish
    }

    /// Returns how many tokens came so far, by our estimate, and what they and the prompt cost.
    pub fn so_far(&self) -> (u64, Option<Money>) {
        self.settlement.so_far()
    }

    /// Returns what the call cost, once it has ended.
    pub fn cost(&self) -> Option<&Cost> {
        self.settlement.cost()
    }

    /// Waits for the next attempt, if there is to be one, and makes it. It is refused where its money is no longer there.
    fn poll_again(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(again) = &mut self.again else {
            return Poll::Ready(Ok(()));
        };
        if let Some(wait) = &mut again.wait {
            std::task::ready!(wait.as_mut().poll(context));
            again.wait = None;
            again.begin.attempt += 1;
            again.opening = Some(Settlement::begin(again.begin.clone()).boxed());
        }
        if let Some(opening) = &mut again.opening {
            let opened = std::task::ready!(opening.as_mut().poll(context));
            again.opening = None;
            self.settlement = opened?;
            let (provider, call) = (again.provider.clone(), again.call.clone());
            self.stream = Some(renew::stream(provider, call, again.renewal.clone()));
        }
        Poll::Ready(Ok(()))
    }

    /// Returns whether the call is made again after this error, which ended an attempt.
    fn repeats(&mut self, error: &Error) -> bool {
        let has_begun = self.settlement.has_text();
        let Some(again) = self.again.as_mut().filter(|_| !has_begun) else {
            return false;
        };
        let attempt = again.begin.attempt;
        let wait = again.policy.wait(attempt, error, retry::jitter());
        again.wait = wait.map(|wait| Box::pin(tokio::time::sleep(wait)));
        again.wait.is_some()
    }

    /// Ends the call because what came is enough. The rest is neither waited for nor generated.
    pub fn stop(mut self) {
        self.settlement.settle(Outcome::Completed);
    }

    /// Ends the call because it failed in its caller's eyes.
    pub fn fail(mut self, error: &Error) {
        self.settlement.fail(error);
    }
}

impl Stream for Call {
    type Item = Result<String, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let call = &mut *self;
        loop {
            if let Err(error) = std::task::ready!(call.poll_again(context)) {
                return Poll::Ready(Some(Err(error)));
            }
            let Some(stream) = &mut call.stream else {
                return Poll::Ready(None);
            };
            let event = match stream.poll_next_unpin(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(event) => event,
            };
            match event {
                Some(Ok(Event::Text(text))) => {
                    call.settlement.text(&text);
                    return Poll::Ready(Some(Ok(text)));
                }
                Some(Ok(Event::Model(model))) => call.settlement.served_by(&model),
                Some(Ok(Event::Upstream(name))) => call.settlement.upstream(&name),
                Some(Ok(Event::RequestId(id))) => call.settlement.request_id(&id),
                Some(Ok(Event::Exhausted(wait))) => {
                    let provider = call.settlement.provider();
                    call.pauses.note(provider, wait, Instant::now());
                }
                Some(Ok(Event::UsageSoFar(usage))) => call.settlement.usage_so_far(usage),
                Some(Ok(Event::Usage(usage))) => call.settlement.usage(usage),
                Some(Ok(Event::Finish(finish))) => {
                    call.finish = Some(finish);
                    if finish == Finish::Refused {
                        call.settlement.refused();
                    }
                }
                Some(Err(error)) => {
                    // The socket closes before the row is written, so that nothing is billed behind it.
                    call.stream = None;
                    let provider = call.settlement.provider();
                    call.pauses.refused(provider, &error, Instant::now());
                    call.settlement.fail(&error);
                    if call.repeats(&error) {
                        continue;
                    }
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    call.stream = None;
                    call.settlement.ended();
                    call.settlement.settle(Outcome::Completed);
                    return Poll::Ready(None);
                }
            }
        }
    }
}
