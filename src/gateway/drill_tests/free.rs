//! The free pool under a provider that keeps its limits, in virtual time: it rotates, rests, and is never billed twice.

use std::collections::VecDeque;

use super::*;
use crate::provider::Call as ProviderCall;

const MODELS: [&str; 3] = ["a/one:free", "b/two:free", "c/three:free"];

/// What a free model does that does not answer as it should.
#[derive(Debug, Clone, Copy)]
enum Free {
    /// It is limited behind the gateway, and says for how long.
    Limited(Duration),
    /// It is billed, so many nanos.
    Billed(i64),
}

/// A gateway that takes 20 calls of free models in a minute and 50 in a day, and counts what it had to refuse.
#[derive(Default)]
struct Gatekeeper {
    behaviours: Mutex<HashMap<String, Free>>,
    minute: Mutex<VecDeque<tokio::time::Instant>>,
    today: Mutex<u32>,
    refused: Mutex<u32>,
    asked: Mutex<Vec<String>>,
    bodies: Mutex<Vec<serde_json::Value>>,
}

impl Gatekeeper {
    fn is_too_much(&self) -> bool {
        let now = tokio::time::Instant::now();
        let mut minute = self.minute.lock().unwrap();
        minute.retain(|then| now.duration_since(*then) < Duration::from_mins(1));
        minute.push_back(now);
        let mut today = self.today.lock().unwrap();
        *today += 1;
        minute.len() > 20 || *today > 50
    }
}

/// The gateway as one of its users sees it.
struct Asked(Arc<Gatekeeper>);

impl Provider for Asked {
    fn stream(&self, call: ProviderCall) -> Stream {
        let keeper = &self.0;
        keeper.asked.lock().unwrap().push(call.model.clone());
        let body = serde_json::Value::Object(call.quirks.body);
        keeper.bodies.lock().unwrap().push(body);
        if keeper.is_too_much() {
            *keeper.refused.lock().unwrap() += 1;
            let renewed = Some(Duration::from_mins(30));
            return stream::iter([Err(Error::UsedUp { renewed })]).boxed();
        }
        let behaviours = keeper.behaviours.lock().unwrap();
        let cost = match behaviours.get(&call.model) {
            Some(Free::Limited(wait)) => {
                let retry_after = Some(*wait);
                return stream::iter([Err(Error::RateLimited { retry_after })]).boxed();
            }
            Some(Free::Billed(nanos)) => *nanos,
            None => 0,
        };
        let usage = Usage {
            tokens: Tokens {
                input: 50,
                output: 5,
                ..Tokens::default()
            },
            cost: Some(Money::from_nanos(cost, crate::cost::Currency::USD)),
            is_own_account: Some(false),
            ..Usage::default()
        };
        let events = [Event::Text("let x = 1;".into()), Event::Usage(usage)];
        stream::iter(events.map(Ok)).boxed()
    }
}

fn drill(more: &serde_json::Value) -> (Drill, Arc<Gatekeeper>) {
    let models = MODELS.map(|model| format!("openrouter/{model}"));
    let mut config = serde_json::json!({
        "completion": {"model": "pool/free"},
        "actions": {"model": "pool/free"},
        "routing": {"pools": {"free": {"models": models, "payer": "free-pool"}}},
        "providers": {"openrouter": {"free": more}},
        "budget": {"day": "0.000001 USD"},
    });
    for name in PROVIDERS {
        config["providers"][name]["key"] = "none".into();
    }
    let mut drill = Drill::with(config);
    let keeper = Arc::new(Gatekeeper::default());
    let (sender, rows) = std::sync::mpsc::channel();
    drill.rows = rows;
    drill.gateway = Gateway::with_substitutes(
        Http::new(&Arc::default()),
        local::Engine::new(local::Limits::default()),
        Ledger::in_memory(),
        Arc::new(move |report: Report| {
            let _ = sender.send(report.row);
        }),
        HashMap::from([(
            "openrouter".to_owned(),
            Arc::new(Asked(keeper.clone())) as Arc<dyn Provider>,
        )]),
    );
    (drill, keeper)
}

impl Drill {
    async fn ask_freely(&self, feature: Feature, number: u32) -> Result<String, Error> {
        self.gateway.resume();
        self.ask(feature, &format!("question {number}")).await.0
    }
}

#[tokio::test(start_paused = true)]
async fn the_free_pool_rotates_within_its_limits_and_nobody_ever_has_to_refuse_it() {
    let (drill, keeper) = drill(&serde_json::json!({}));
    let mut answered: BTreeMap<String, u32> = BTreeMap::new();
    let mut held_back = 0;
    for number in 0..400 {
        let feature = if number % 10 == 0 {
            Feature::Action
        } else {
            Feature::Completion
        };
        match drill.ask_freely(feature, number).await {
            Ok(name) => *answered.entry(name).or_default() += 1,
            Err(Error::UsedUp { .. }) => held_back += 1,
            Err(error) => panic!("{error}"),
        }
        tokio::time::advance(Duration::from_millis(500)).await;
    }
    assert_eq!(*keeper.refused.lock().unwrap(), 0);
    println!("{answered:?}, {held_back} held back, none refused");
    let all: u32 = answered.values().sum();
    assert!(held_back > 0 && (40..=50).contains(&all), "{answered:?}");
    for model in MODELS {
        let share = answered[&format!("openrouter/{model}")];
        assert!(share.abs_diff(all / 3) <= 3, "{answered:?}");
    }
    // No cap stands in its way, since nobody pays.
    let rows = drill.rows();
    assert_eq!(rows.len(), all as usize);
    for row in rows {
        assert_eq!(row.payer, "nobody: from the free pool");
        assert_eq!(row.cost, crate::cost::Cost::Free);
        let record: Record = serde_json::from_str(&row.decision.unwrap()).unwrap();
        assert_eq!(record.payer, "nobody: from the free pool");
        assert_eq!(record.worst.map(Money::nanos), Some(0));
        assert_eq!(record.recompute(&drill.settings), Some(record));
    }
    let bodies = keeper.bodies.lock().unwrap();
    let nothing = serde_json::json!({"prompt": "0", "completion": "0", "request": "0"});
    assert!(
        bodies
            .iter()
            .all(|body| body["provider"]["max_price"] == nothing)
    );
}

#[tokio::test(start_paused = true)]
async fn a_free_model_that_is_limited_rests_until_its_reset_and_the_others_answer() {
    let (drill, keeper) = drill(&serde_json::json!({"requests_per_day": 1000}));
    let first = format!("openrouter/{}", MODELS[0]);
    let limited = Free::Limited(Duration::from_hours(2));
    keeper
        .behaviours
        .lock()
        .unwrap()
        .insert(MODELS[0].into(), limited);
    let asked = || {
        let asked = keeper.asked.lock().unwrap();
        asked.iter().filter(|model| **model == MODELS[0]).count()
    };
    *keeper.today.lock().unwrap() = 0;
    for number in 0..9 {
        let answered = drill.ask_freely(Feature::Completion, number).await;
        assert_ne!(answered.unwrap(), first);
    }
    assert_eq!(asked(), 1, "it is asked once, and rests");
    tokio::time::advance(Duration::from_mins(119)).await;
    for number in 10..19 {
        assert!(drill.ask_freely(Feature::Completion, number).await.is_ok());
    }
    assert_eq!(asked(), 1, "longer than any other pause");
    let explained = drill
        .gateway
        .explain(&drill.settings, Feature::Completion, None);
    assert_eq!(explained.payer, "nobody: from the free pool");
    assert_eq!(explained.at_most, "free");
    keeper.behaviours.lock().unwrap().clear();
    tokio::time::advance(Duration::from_mins(2)).await;
    let mut names = Vec::new();
    for number in 20..26 {
        names.push(drill.ask_freely(Feature::Completion, number).await.unwrap());
    }
    assert!(names.contains(&first), "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn a_free_model_that_turns_out_billed_is_told_counted_and_not_asked_again() {
    let (drill, keeper) = drill(&serde_json::json!({}));
    keeper
        .behaviours
        .lock()
        .unwrap()
        .insert(MODELS[0].into(), Free::Billed(7));
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    drill.gateway.watch(Arc::new(move |notice| {
        if let Notice::Halted(sentence) = notice {
            heard.lock().unwrap().push(sentence);
        }
    }));
    for number in 0..9 {
        let answered = drill
            .ask(Feature::Completion, &format!("question {number}"))
            .await;
        assert!(answered.0.is_ok());
    }
    let asked = keeper.asked.lock().unwrap().clone();
    assert_eq!(asked.iter().filter(|model| **model == MODELS[0]).count(), 1);
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains(
            "openrouter/a/one:free is stopped: a call went to your credits at the gateway"
        ),
        "{}",
        told[0]
    );
    let rows = drill.rows();
    let billed: Vec<&Row> = rows
        .iter()
        .filter(|row| row.cost != crate::cost::Cost::Free)
        .collect();
    assert_eq!(billed.len(), 1);
    assert_eq!(billed[0].payer, "you: your credits at the gateway");
    assert_eq!(billed[0].cost.amount().map(Money::nanos), Some(7));
}
