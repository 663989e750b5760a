//! The outage drill for pools: whatever their strategy, whoever answers is asked, and nobody else pays.

use super::*;
use crate::config::Strategy;

const MINI: &str = "openai/gpt-4.1-mini";
const LLAMA: &str = "groq/llama-3.3-70b-versatile";
const GATEWAY: &str = "openrouter/openai/gpt-4.1-mini";
const HAIKU: &str = "anthropic/claude-haiku-4-5";
const SMALL: &str = "mistral/mistral-small-latest";

const STRATEGIES: [Strategy; 5] = [
    Strategy::Ordered,
    Strategy::Cheapest,
    Strategy::Fastest,
    Strategy::Available,
    Strategy::Weighted,
];

fn pool(strategy: Strategy) -> serde_json::Value {
    let models = [MINI, LLAMA, GATEWAY, HAIKU, SMALL];
    serde_json::json!({
        "completion": {"model": "pool/all"},
        "actions": {"model": "pool/all"},
        "routing": {"pools": {"all": {
            "models": models,
            "strategy": strategy,
            "weights": {LLAMA: 3, HAIKU: 2},
        }}},
        "providers": {"openrouter": {"routing": {"payer": "credits"}}},
    })
}

impl Drill {
    /// Every now and then each of three breaks, in its own way, or is mended.
    fn break_or_mend_each(&self, below: &mut impl FnMut(u64) -> u64) {
        for (provider, fault) in THREE
            .into_iter()
            .zip([Fault::Down, Fault::Slow, Fault::Limited])
        {
            match below(40) {
                0 => self.fault(provider, fault),
                1 => self.fault(provider, Fault::None),
                _ => {}
            }
        }
    }

    /// Every third time the one that is chosen next goes down, stalls or takes no more calls.
    fn break_chosen(&self, below: &mut impl FnMut(u64) -> u64) {
        let fault = match below(9) {
            0 => Fault::Down,
            1 => Fault::Slow,
            2 => Fault::Limited,
            _ => return,
        };
        let chosen = self.gateway.decide(&self.settings, Feature::Completion);
        if self.has_left(&chosen.provider) {
            self.fault(&chosen.provider, fault);
        }
    }

    /// Returns whether somebody is left to answer besides one of them: nothing is wrong there, and nothing was of late.
    fn has_left(&self, but: &str) -> bool {
        let inner = &self.gateway.0;
        let is_left = |model: &&str| {
            let (provider, _) = model.split_once('/').unwrap();
            let is_well = *self.providers[provider].fault.lock().unwrap() == Fault::None;
            let pause = inner.pauses.check(provider, Feature::Completion, now());
            let is_resting = inner.health.is_failing(model, now()) || pause.is_err();
            provider != but && is_well && !is_resting
        };
        [MINI, LLAMA, HAIKU, SMALL].iter().any(is_left)
    }

    fn mend_all(&self) {
        for provider in PROVIDERS {
            self.fault(provider, Fault::None);
        }
    }

    /// Mends whoever is none of the three that break at random.
    fn mend_broken(&self) {
        self.fault("mistral", Fault::None);
    }

    async fn complete(&self, text: &str) -> String {
        self.gateway.resume();
        let answered = self.ask(Feature::Completion, text).await.0;
        answered.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn under_every_strategy_the_next_answers_within_a_second_and_the_payer_stays() {
    for strategy in STRATEGIES {
        let drill = Drill::with(pool(strategy));
        let mut below = dice();
        let mut recoveries = Vec::new();
        let mut asked_in_all = 0;
        for number in 0..160 {
            drill.break_or_mend_each(&mut below);
            if number % 8 == 0 {
                drill.mend_all();
            }
            // Whoever the strategy chooses breaks, too: otherwise one that chooses nobody of the three would never have to recover.
            drill.break_chosen(&mut below);
            if !drill.has_left("nobody") {
                drill.mend_all();
                tokio::time::advance(Duration::from_secs(5)).await;
                continue;
            }
            asked_in_all += 1;
            drill.gateway.resume();
            let start = tokio::time::Instant::now();
            let explained = drill
                .gateway
                .explain(&drill.settings, Feature::Completion, None);
            let decided = drill.gateway.decide(&drill.settings, Feature::Completion);
            assert_eq!(explained.model, decided.name(), "{strategy}");
            let question = format!("question {number}");
            let (answered, asked) = drill.ask(Feature::Completion, &question).await;
            assert!(answered.is_ok(), "{strategy}: {answered:?}");
            assert!(asked <= 4, "{strategy}: {asked}");
            drill.mend_broken();
            if asked > 1 {
                recoveries.push(start.elapsed());
            }
            tokio::time::advance(Duration::from_millis(below(2_000))).await;
        }
        recovered_within_a_second(&strategy.to_string(), recoveries);
        assert_eq!(
            drill.asked("openrouter"),
            0,
            "somebody else would have paid"
        );
        let rows = drill.rows();
        assert!(asked_in_all >= 80 && rows.len() >= asked_in_all);
        for row in rows {
            assert_eq!(row.payer, "you: your own key");
            let record: Record = serde_json::from_str(&row.decision.unwrap()).unwrap();
            assert_eq!(record.draw.as_ref().unwrap().strategy, strategy);
            assert_eq!(record.recompute(&drill.settings), Some(record));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_cheapest_is_asked_as_long_as_it_answers() {
    let drill = Drill::with(pool(Strategy::Cheapest));
    let price = |name: &str| {
        let (provider, model) = name.split_once('/').unwrap();
        let alone = routing::instead(&drill.settings, Feature::Completion, provider, model);
        let need = Need::usual(Feature::Completion);
        let estimate = drill.gateway.estimate(&alone, &need.expected());
        estimate.cost.amount().unwrap().nanos()
    };
    let mut by_price = [MINI, LLAMA, HAIKU, SMALL];
    by_price.sort_by_key(|name| price(name));
    assert!(price(by_price[0]) < price(by_price[3]));
    assert_eq!(drill.complete("a").await, by_price[0]);
    let provider = |name: &str| name.split_once('/').unwrap().0.to_owned();
    drill.fault(&provider(by_price[0]), Fault::Down);
    assert_eq!(drill.complete("b").await, by_price[1]);
    drill.fault(&provider(by_price[0]), Fault::None);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(drill.complete("c").await, by_price[0]);
    let explained = drill
        .gateway
        .explain(&drill.settings, Feature::Completion, None);
    assert_eq!(explained.reason, "the cheapest of its pool");
    let rule = &explained.candidates[0].rule;
    assert!(
        rule.starts_with("cheapest: about $0.00") && rule.ends_with("for this call"),
        "{rule}"
    );
    let other = explained.candidates.iter().find(|it| it.model == GATEWAY);
    assert_eq!(other.unwrap().rule, routing::OTHER_PAYER);
}

#[tokio::test(start_paused = true)]
async fn the_fastest_is_asked_once_all_were_measured_and_who_becomes_slow_is_left() {
    let drill = Drill::with(pool(Strategy::Fastest));
    for (provider, millis) in [
        ("openai", 400),
        ("groq", 200),
        ("anthropic", 300),
        ("mistral", 500),
    ] {
        drill.fault(provider, Fault::Late(millis));
    }
    let mut first: Vec<String> = Vec::new();
    for text in ["a", "b", "c", "d"] {
        first.push(drill.complete(text).await);
    }
    assert_eq!(first, [MINI, LLAMA, HAIKU, SMALL], "each is tried once");
    assert_eq!(drill.complete("e").await, LLAMA);
    drill.fault("groq", Fault::Late(700));
    assert_eq!(drill.complete("f").await, LLAMA);
    assert_eq!(drill.complete("g").await, HAIKU);
    let explained = drill
        .gateway
        .explain(&drill.settings, Feature::Completion, None);
    assert_eq!(
        explained.candidates[0].rule,
        "fastest: 300 ms to the first word: about 966 ms for this call"
    );
    // Half an hour later nothing of it is believed.
    tokio::time::advance(Duration::from_mins(31)).await;
    assert_eq!(drill.complete("h").await, MINI);
}

#[tokio::test(start_paused = true)]
async fn the_most_available_is_asked_and_who_failed_is_given_another_chance_in_time() {
    let drill = Drill::with(pool(Strategy::Available));
    assert_eq!(drill.complete("a").await, MINI);
    drill.fault("openai", Fault::Limited);
    assert_eq!(drill.complete("b").await, LLAMA);
    drill.fault("openai", Fault::None);
    // Its circuit is closed again, and still another is the surer one.
    tokio::time::advance(Duration::from_mins(3)).await;
    assert_eq!(drill.complete("c").await, LLAMA);
    tokio::time::advance(Duration::from_mins(31)).await;
    assert_eq!(drill.complete("d").await, MINI);
}

#[tokio::test(start_paused = true)]
async fn calls_are_shared_out_by_weight_and_come_out_the_same_again() {
    let run = async || {
        let drill = Drill::with(pool(Strategy::Weighted));
        let mut all = Vec::new();
        for number in 0..70 {
            all.push(drill.complete(&number.to_string()).await);
        }
        all
    };
    let all = run().await;
    let of = |name: &str| all.iter().filter(|it| *it == name).count();
    let shares = [of(MINI), of(LLAMA), of(HAIKU), of(SMALL)];
    for (share, expected) in shares.into_iter().zip([10, 30, 20, 10_usize]) {
        assert!(share.abs_diff(expected) <= 2, "{shares:?}");
    }
    assert_eq!(all, run().await);
}

// The ledger's thread knows no other time than the real one.
#[tokio::test]
async fn caps_hold_under_every_strategy() {
    for strategy in STRATEGIES {
        let mut config = pool(strategy);
        config["budget"] = serde_json::json!({"day": "0.001 USD"});
        let drill = Drill::with(config);
        drill.fault("openai", Fault::Down);
        let mut refused = 0;
        for number in 0..60 {
            drill.gateway.resume();
            let question = format!("question {number}");
            match drill.ask(Feature::Completion, &question).await.0 {
                Ok(_) => {}
                Err(Error::Budget(_)) => refused += 1,
                Err(error) => panic!("{strategy}: {error}"),
            }
        }
        let spent = drill.spent();
        assert!(
            spent > 0 && spent <= 1_000_000,
            "{strategy}: {refused} {spent}"
        );
    }
}
