//! The outage drill with providers that bill somebody else as well, and with caps: gateways that are to bill the user's credits.

use super::*;
use crate::routing::Payer;

const GATEWAYS: [&str; 5] = ["one", "two", "three", "four", "mistral"];

/// Those that break at random.
const BREAKING: [&str; 3] = ["one", "two", "three"];

/// All that may be wrong, what only ghost text gives up within a second first.
const FAULTS: [Fault; 6] = [
    Fault::Slow,
    Fault::Down,
    Fault::Overloaded,
    Fault::Limited,
    Fault::WrongPayer,
    Fault::Late(50),
];

/// Four gateways, of which the last never breaks, and between them a key of the user's own, which is another payer.
fn gateways() -> serde_json::Value {
    let hops = ["two/m", "mistral/mistral-small-latest", "three/m", "four/m"];
    let gateway = serde_json::json!({
        "base_url": "https://openrouter.ai/api/v1",
        "wire": "openai-chat",
        "routing": {"payer": "credits"},
        "prices": {"m": {"input": "4 USD", "output": "16 USD"}},
    });
    serde_json::json!({
        "completion": {"model": "one/m"},
        "fallback": {"completion": hops, "actions": hops},
        "providers": {"one": gateway, "two": gateway, "three": gateway, "four": gateway},
    })
}

#[tokio::test(start_paused = true)]
async fn whoever_bills_somebody_else_is_asked_once_and_no_more_until_the_user_says_so() {
    for (feature, faults) in [
        (Feature::Completion, &FAULTS[..]),
        (Feature::Action, &FAULTS[1..]),
    ] {
        let drill = Drill::of(&GATEWAYS, gateways());
        let mut below = dice();
        let mut recoveries = Vec::new();
        let mut wrong = 0;
        for number in 0..1_200 {
            drill.break_or_mend(&BREAKING, faults, &mut below);
            // Nobody asks so often; that is another guard.
            drill.gateway.0.runaways.resume();
            let start = tokio::time::Instant::now();
            let question = format!("question {number}");
            let (answered, asked) = drill.ask(feature, &question).await;
            assert!(answered.is_ok(), "{answered:?}");
            assert!(asked <= 4, "{asked}");
            if asked > 1 {
                recoveries.push(start.elapsed());
            }
            tokio::time::advance(Duration::from_millis(below(2_000))).await;
            if number % 60 == 59 {
                wrong += drill.wrong_payers();
                drill.gateway.resume();
            }
        }
        recovered_within_a_second(&format!("{feature:?} by gateways"), recoveries);
        assert!(wrong >= 5, "{wrong}");
        assert_eq!(drill.asked("mistral"), 0, "another payer");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_here_that_stops_leaves_its_place_to_none_that_is_paid_for() {
    for (may_change_payer, expected) in [(false, "local/patterns"), (true, "llama-cpp/m")] {
        let drill = Drill::of(
            &["ollama", "llama-cpp"],
            serde_json::json!({
                "local": {"servers": ["ollama", "llama-cpp"]},
                "fallback": {"may_change_payer": may_change_payer},
                "providers": {"llama-cpp": {"prices": {"m": {"input": "4 USD", "output": "16 USD"}}}},
            }),
        );
        let server = |name: &str| crate::routing::LocalServer {
            provider: name.into(),
            model: "m".into(),
        };
        let answering = &drill.gateway.0.answering;
        answering.take(answering.ask(), ["ollama", "llama-cpp"].map(server).into());
        let (answered, _) = drill.ask(Feature::Completion, "one").await;
        assert_eq!(answered.unwrap(), "ollama/m");
        drill.fault("ollama", Fault::Down);
        let (answered, asked) = drill.ask(Feature::Completion, "two").await;
        assert!(matches!(answered, Err(Error::Unreachable(_))));
        assert_eq!((asked, drill.asked("llama-cpp")), (1, 0));
        // So does the handler of ghost text then.
        drill.gateway.forget_server("ollama");
        let next = drill.gateway.decide(&drill.settings, Feature::Completion);
        assert_eq!(next.name(), expected);
        if !may_change_payer {
            assert_eq!(next.reason, crate::routing::OTHER_PAYER);
        }
    }
}

// The ledger's thread knows no other time than the real one.
#[tokio::test]
async fn whom_one_editor_has_stopped_no_other_asks_until_the_user_of_any_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = gateways();
    config["fallback"] = serde_json::json!({});
    let editor = || {
        let mut drill = Drill::of(&GATEWAYS, config.clone());
        let ledger = Ledger::open(&folder.path().join("ledger.sqlite3"));
        drill.gateway = gateway(ledger, &drill.reporter, &drill.providers);
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        drill.gateway.watch(Arc::new(move |notice| match notice {
            Notice::Halted(sentence) => heard.lock().unwrap().push(sentence),
            Notice::Resumed => heard.lock().unwrap().push("resumed".into()),
            _ => {}
        }));
        (drill, told)
    };
    let ((one, _), (other, told)) = (editor(), editor());
    let ask = async |drill: &Drill, text: &str| drill.ask(Feature::Completion, text).await.0;
    one.fault("one", Fault::WrongPayer);
    assert!(ask(&one, "a").await.is_ok());
    for question in ["a", "b"] {
        let refused = ask(&other, question).await;
        assert!(matches!(refused, Err(Error::Budget(_))), "{refused:?}");
    }
    assert_eq!(other.asked("one"), 0);
    let sentence = one.gateway.halted().unwrap();
    assert_eq!(*told.lock().unwrap(), [sentence.as_str()]);
    one.gateway.resume();
    assert!(ask(&other, "c").await.is_ok());
    assert_eq!(*told.lock().unwrap(), [sentence.as_str(), "resumed"]);
}

impl Drill {
    /// Begins anew as a server that is started again: all is forgotten but the ledger.
    fn restart(&mut self) {
        let ledger = self.gateway.ledger().clone();
        self.gateway = gateway(ledger, &self.reporter, &self.providers);
    }

    /// Looks at who has paid since the last look: nobody was asked again who billed another than was decided. Returns how many did.
    fn wrong_payers(&self) -> usize {
        let mut wrong = Vec::new();
        for row in self.rows() {
            let record: Record = serde_json::from_str(&row.decision.unwrap()).unwrap();
            assert_eq!(record.payer, Payer::Credits.to_string());
            assert!(
                !wrong.contains(&row.provider),
                "{} was asked again",
                row.provider
            );
            if row.payer != record.payer {
                assert_eq!(row.payer, Payer::OwnAccount.to_string());
                wrong.push(row.provider);
            }
        }
        wrong.len()
    }
}

// The ledger's thread knows no other time than the real one, so six runs go on at once, each with its own providers and ledger. A provider without a
// connection is left out, since it would be waited for in earnest; to the caps it is one that is down.
#[tokio::test]
async fn caps_hold_whatever_is_wrong() {
    const RUNS: usize = 6;
    const BATCHES: usize = 16;
    let mut below = dice();
    let mut throw = |batch: usize| BREAKING.map(|_| one_of(faults_of(batch), &mut below));
    let thrown = [(); RUNS].map(|()| std::array::from_fn::<_, BATCHES, _>(&mut throw));
    let runs = thrown
        .iter()
        .enumerate()
        .map(|(run, faults)| caps_hold(run, faults));
    futures_util::future::join_all(runs).await;
}

/// What may be wrong in a batch of ghost text, or of actions, in turn.
fn faults_of(batch: usize) -> &'static [Fault] {
    match feature_of(batch) {
        Feature::Action => &FAULTS[1..],
        _ => &FAULTS,
    }
}

fn feature_of(batch: usize) -> Feature {
    if batch.is_multiple_of(2) {
        Feature::Completion
    } else {
        Feature::Action
    }
}

async fn caps_hold(run: usize, thrown: &[[Fault; BREAKING.len()]]) {
    const CAP: i64 = 8_000_000;
    let mut config = gateways();
    config["budget"] = serde_json::json!({"day": "0.008 USD"});
    config["fallback"]["slow_ms"] = 400.into();
    let mut drill = Drill::of(&GATEWAYS, config);
    let mut refused = 0;
    for (batch, faults) in thrown.iter().enumerate() {
        // With nothing known of who fails, all of them are met anew.
        drill.restart();
        for (gateway, fault) in BREAKING.into_iter().zip(faults) {
            drill.fault(gateway, *fault);
        }
        let questions = [0, 1, 2].map(|n| format!("question {run} {batch} {n}"));
        let asked = questions.iter().map(|it| drill.ask(feature_of(batch), it));
        let answered = futures_util::future::join_all(asked).await;
        refused += answered
            .into_iter()
            .map(|(told, _)| is_refused(told))
            .filter(|it| *it)
            .count();
    }
    let spent = drill.spent();
    assert!(spent > CAP / 2 && spent <= CAP, "run {run}: {spent}");
    assert!(refused > 0, "run {run}");
    let has_met = |fault: &Fault| thrown.iter().flatten().any(|it| it == fault);
    assert!(FAULTS.iter().all(has_met), "run {run}: {thrown:?}");
    assert_eq!(drill.asked("mistral"), 0, "run {run}: another payer");
}
