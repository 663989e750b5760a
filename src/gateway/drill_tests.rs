//! The outage drill: providers that are down, cannot be connected to, fail, are slow, out of calls, or bill somebody else, and what becomes of those who ask.
//!
//! Time is tokio's and stands still but for what is waited for, so what is measured is what the way itself waits.

#![allow(clippy::unwrap_used)]
#![expect(clippy::print_stdout, reason = "it says what it measured")]

mod actions;
mod free;
mod payers;
mod strategies;

use std::collections::{BTreeMap, HashMap};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::*;
use crate::config::{Layer, Layers, TaskClass, Wire};
use crate::cost::{Money, Refusal, Row, Tokens};
use crate::provider::{Event, Input, Message, Role, Stream, Usage};

/// What is wrong with a provider.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    Down,
    /// It accepts connections and never says a word of TLS; what is waited for is what the real client waits for.
    Unconnected,
    Overloaded,
    Slow,
    /// It answers, after so many milliseconds.
    Late(u64),
    Limited,
    WrongPayer,
}

/// A provider that does as the drill says. Clones are the same one.
#[derive(Clone)]
struct Driven {
    fault: Arc<Mutex<Fault>>,
    asked: Arc<Mutex<u32>>,
    mute: Arc<Mute>,
}

/// A server that never speaks, and the real way to it.
struct Mute {
    listener: TcpListener,
    remote: Remote,
}

impl Mute {
    fn new() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            remote: Remote::new(Http::new(&Arc::default()), Wire::OpenAiChat),
        }
    }

    fn stream(&self, call: provider::Call) -> Stream {
        let address = self.listener.local_addr().unwrap();
        let base_url = format!("https://{address}/v1").parse().unwrap();
        self.remote.stream(provider::Call {
            base_url: Some(base_url),
            ..call
        })
    }
}

impl Provider for Driven {
    fn stream(&self, call: provider::Call) -> Stream {
        *self.asked.lock().unwrap() += 1;
        let answer = |is_own_account| {
            let usage = Usage {
                tokens: Tokens {
                    input: 50,
                    output: 5,
                    ..Tokens::default()
                },
                is_own_account,
                ..Usage::default()
            };
            let events = [Event::Text("let x = 1;".into()), Event::Usage(usage)];
            stream::iter(events.map(Ok)).boxed()
        };
        let refuse = |error| stream::iter([Err(error)]).boxed();
        match *self.fault.lock().unwrap() {
            Fault::None => answer(None),
            Fault::WrongPayer => answer(Some(true)),
            Fault::Down => refuse(Error::Unreachable("nobody answers".into())),
            Fault::Unconnected => self.mute.stream(call),
            Fault::Overloaded => refuse(Error::Overloaded),
            Fault::Limited => refuse(Error::RateLimited { retry_after: None }),
            Fault::Slow => stream::pending().boxed(),
            Fault::Late(millis) => {
                let events = answer(None);
                let wait = tokio::time::sleep(Duration::from_millis(millis));
                stream::once(wait)
                    .flat_map(|()| stream::empty())
                    .chain(events)
                    .boxed()
            }
        }
    }
}

fn gateway(
    ledger: Ledger,
    reporter: &Reporter,
    providers: &BTreeMap<&'static str, Driven>,
) -> Gateway {
    let substitute = |(name, one): (&&str, &Driven)| {
        let one: Arc<dyn Provider> = Arc::new(one.clone());
        ((*name).to_owned(), one)
    };
    Gateway::with_substitutes(
        Http::new(&Arc::default()),
        local::Engine::new(local::Limits::default()),
        ledger,
        reporter.clone(),
        providers.iter().map(substitute).collect::<HashMap<_, _>>(),
    )
}

struct Drill {
    gateway: Gateway,
    settings: Settings,
    providers: BTreeMap<&'static str, Driven>,
    reporter: Reporter,
    rows: std::sync::mpsc::Receiver<Row>,
}

/// Those that break at random.
const THREE: [&str; 3] = ["openai", "groq", "anthropic"];

const PROVIDERS: [&str; 5] = ["openai", "groq", "anthropic", "openrouter", "mistral"];

impl Drill {
    fn with(config: serde_json::Value) -> Self {
        Self::of(&PROVIDERS, config)
    }

    fn of(names: &[&'static str], mut config: serde_json::Value) -> Self {
        for name in names {
            config["providers"][name]["key"] = "none".into();
        }
        let mut layers = Layers::default();
        layers.set_json(Layer::UserFile, "test", config).unwrap();
        let (sender, rows) = std::sync::mpsc::channel();
        let reporter: Reporter = Arc::new(move |report: Report| {
            let _ = sender.send(report.row);
        });
        let mute = Arc::new(Mute::new());
        let one = |name: &&'static str| {
            let driven = Driven {
                fault: Arc::new(Mutex::new(Fault::None)),
                asked: Arc::default(),
                mute: mute.clone(),
            };
            (*name, driven)
        };
        let providers: BTreeMap<_, _> = names.iter().map(one).collect();
        Self {
            gateway: gateway(Ledger::in_memory(), &reporter, &providers),
            settings: layers.settings(),
            providers,
            reporter,
            rows,
        }
    }

    fn fault(&self, provider: &str, fault: Fault) {
        *self.providers[provider].fault.lock().unwrap() = fault;
    }

    /// Every now and then each of these breaks, in one of these ways, or is mended.
    fn break_or_mend(
        &self,
        providers: &[&str],
        faults: &[Fault],
        below: &mut impl FnMut(u64) -> u64,
    ) {
        for provider in providers {
            match below(40) {
                0 => self.fault(provider, one_of(faults, below)),
                1 => self.fault(provider, Fault::None),
                _ => {}
            }
        }
    }

    fn asked(&self, provider: &str) -> u32 {
        *self.providers[provider].asked.lock().unwrap()
    }

    /// Asks as a handler does: whoever may take over is asked next. Returns who answered, and how many were asked.
    async fn ask(&self, feature: Feature, text: &str) -> (Result<String, Error>, u32) {
        let mut decision = self.gateway.decide(&self.settings, feature);
        let mut asked = 0;
        loop {
            asked += 1;
            let name = decision.name();
            let error = match self.call(decision.clone(), text).await {
                Ok(()) => return (Ok(name), asked),
                Err(error) => error,
            };
            match self.gateway.instead(&self.settings, &decision, &error) {
                Some(next) => decision = next,
                None => return (Err(error), asked),
            }
        }
    }

    async fn call(&self, decision: Decision, text: &str) -> Result<(), Error> {
        let request = Request {
            decision,
            input: Input::Chat(vec![Message {
                role: Role::User,
                text: text.into(),
                cacheable: false,
            }]),
            action: None,
            class: TaskClass::Completion,
            max_tokens: 16,
            expected: Some(10),
            stop: Vec::new(),
            language: None,
            workspace: None,
            confined: None,
            shown: Vec::new(),
            interrupt: Interrupt::default(),
            attempt: 1,
            after: None,
        };
        let mut call = self.gateway.call(&self.settings, request).await?;
        while let Some(piece) = call.next().await {
            piece?;
        }
        Ok(())
    }

    /// The rows of all calls until now.
    fn rows(&self) -> Vec<Row> {
        let deadline = Duration::from_secs(20);
        self.gateway.ledger().totals(deadline).unwrap();
        self.rows.try_iter().collect()
    }

    /// What all calls have cost whose rows were not asked for yet, in nanos.
    fn spent(&self) -> i64 {
        let rows = self.rows();
        let amounts = rows.iter().filter_map(|row| row.cost.amount());
        amounts.map(Money::nanos).sum()
    }
}

/// Looks how long it took until somebody answered, of those who met an outage.
fn recovered_within_a_second(who: &str, mut recoveries: Vec<Duration>) {
    recoveries.sort_unstable();
    assert!(recoveries.len() >= 20, "{who}: {}", recoveries.len());
    let p95 = recoveries[recoveries.len() * 95 / 100];
    let (number, longest) = (recoveries.len(), recoveries.last().unwrap());
    println!("{who}: {number} recoveries, p95 {p95:?}, longest {longest:?}");
    assert!(p95 < Duration::from_secs(1), "{who}: {p95:?}");
}

/// Returns whether a call was refused by the day's cap rather than answered; nothing else may become of it.
fn is_refused(told: Result<String, Error>) -> bool {
    let refusal = match told {
        Ok(_) => return false,
        Err(Error::Budget(refusal)) => refusal,
        Err(error) => panic!("{error}"),
    };
    match &*refusal {
        Refusal::Cap { standing, .. } => assert_eq!(&*standing.cap.name, "day", "{refusal}"),
        _ => panic!("{refusal}"),
    }
    true
}

/// Returns one of these by chance.
fn one_of(faults: &[Fault], below: &mut impl FnMut(u64) -> u64) -> Fault {
    let number = below(faults.len() as u64);
    faults[usize::try_from(number).unwrap()]
}

/// Returns what throws numbers below a bound, always the same ones.
fn dice() -> impl FnMut(u64) -> u64 {
    let mut dice = 88_172_645_463_325_252_u64;
    move |bound| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % bound
    }
}

fn chain() -> serde_json::Value {
    let openrouter = "openrouter/openai/gpt-4.1-mini";
    let hops = [
        "groq/llama-3.3-70b-versatile",
        openrouter,
        "anthropic/claude-haiku-4-5",
        "mistral/mistral-small-latest",
    ];
    serde_json::json!({
        "completion": {"model": "openai/gpt-4.1-mini"},
        "fallback": {"completion": hops, "actions": hops},
        "providers": {"openrouter": {"routing": {"payer": "credits"}}},
    })
}

#[tokio::test(start_paused = true)]
async fn in_an_outage_the_next_answers_within_a_second_and_the_payer_stays() {
    let drill = Drill::with(chain());
    let mut below = dice();
    let mut recoveries = Vec::new();
    for number in 0..600 {
        let faults = [
            Fault::Down,
            Fault::Unconnected,
            Fault::Overloaded,
            Fault::Slow,
            Fault::Limited,
        ];
        drill.break_or_mend(&THREE, &faults, &mut below);
        // Nobody asks so often; that is another guard.
        drill.gateway.resume();
        let start = tokio::time::Instant::now();
        let (answered, asked) = drill
            .ask(Feature::Completion, &format!("question {number}"))
            .await;
        assert!(answered.is_ok(), "{answered:?}");
        assert!(asked <= 4, "{asked}");
        if asked > 1 {
            recoveries.push(start.elapsed());
        }
        tokio::time::advance(Duration::from_millis(below(2_000))).await;
    }
    recovered_within_a_second("completions", recoveries);
    assert_eq!(
        drill.asked("openrouter"),
        0,
        "somebody else would have paid"
    );
    let rows = drill.rows();
    assert!(rows.iter().all(|row| row.payer == "you: your own key"));
    for row in rows {
        let record: Record = serde_json::from_str(&row.decision.unwrap()).unwrap();
        assert_eq!(record.recompute(&drill.settings), Some(record));
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_is_left_alone_and_asked_again_later() {
    let drill = Drill::with(chain());
    drill.fault("openai", Fault::Down);
    let ask = async |text: &str| drill.ask(Feature::Completion, text).await;
    let groq = "groq/llama-3.3-70b-versatile";
    assert_eq!(ask("a").await, (Ok(groq.into()), 2));
    assert_eq!(ask("b").await, (Ok(groq.into()), 1));
    assert_eq!(drill.asked("openai"), 1);
    // An action is not tried again at the same place either.
    assert_eq!(drill.ask(Feature::Action, "c").await, (Ok(groq.into()), 1));
    for name in PROVIDERS {
        drill.fault(name, Fault::Down);
    }
    let (failed, asked) = ask("d").await;
    assert!(matches!(failed, Err(Error::Unreachable(_))), "{failed:?}");
    assert_eq!(asked, 3);
}

// The ledger's thread knows no other time than the real one.
#[tokio::test]
async fn caps_hold_over_all_hops() {
    const CAP: i64 = 1_000_000;
    let mut config = chain();
    config["budget"] = serde_json::json!({"day": "0.001 USD"});
    let drill = Drill::with(config);
    let mut refused = 0;
    for number in 0..60 {
        drill.gateway.resume();
        let (down, up) = match number % 3 {
            0 => ("openai", "groq"),
            1 => ("groq", "openai"),
            _ => ("openai", "openai"),
        };
        drill.fault(down, Fault::Down);
        drill.fault(up, Fault::None);
        let question = format!("question {number}");
        let (told, _) = drill.ask(Feature::Completion, &question).await;
        refused += u32::from(is_refused(told));
    }
    let spent = drill.spent();
    assert!(
        refused > 0 && spent > 0 && spent <= CAP,
        "{refused} {spent}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_model_that_somebody_else_paid_for_is_left_for_the_next() {
    let mut config = chain();
    config["completion"]["model"] = "openrouter/openai/gpt-4.1".into();
    config["fallback"]["completion"] =
        serde_json::json!(["openai/gpt-4.1-mini", "openrouter/mistralai/codestral-2508"]);
    let drill = Drill::with(config);
    drill.fault("openrouter", Fault::WrongPayer);
    let ask = async |text: &str| drill.ask(Feature::Completion, text).await;
    assert_eq!(ask("a").await, (Ok("openrouter/openai/gpt-4.1".into()), 1));
    assert!(
        drill
            .gateway
            .halted()
            .unwrap()
            .contains("openrouter/openai/gpt-4.1 is stopped")
    );
    // Not the user's own key, which is another payer.
    assert_eq!(
        ask("b").await,
        (Ok("openrouter/mistralai/codestral-2508".into()), 1)
    );
    assert_eq!(drill.asked("openai"), 0);
    drill.gateway.resume();
    drill.fault("openrouter", Fault::None);
    assert_eq!(ask("c").await, (Ok("openrouter/openai/gpt-4.1".into()), 1));
}
