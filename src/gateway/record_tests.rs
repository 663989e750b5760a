//! What a record holds, and that it comes out the same again.

#![allow(clippy::unwrap_used)]
use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::config::{
    Fallback, KeySource, Layer, Layers, Network, Policy, PolicyOptions, Pool, PoolModel, RouteRule,
    Routes, Source, Strategy as Way, TaskClass,
};
use crate::cost::Currency;
use crate::routing::{Figure, Need, Speed, Standing};

const SERVERS: [&str; 4] = ["ollama", "llama-cpp", "lmstudio", "vllm"];

/// Names of providers, known and not.
fn names() -> impl Strategy<Value = Vec<String>> {
    let name = prop::sample::select(vec!["ollama", "llama-cpp", "openai", "anthropic", "nobody"]);
    prop::collection::vec(name.prop_map(str::to_owned), 0..4)
}

/// A pool of some models, by any strategy.
fn pool() -> impl Strategy<Value = Pool> {
    let names = vec!["openai", "ollama", "groq", "gone", "anthropic"];
    let models = prop::sample::subsequence(names, 1..=5).prop_shuffle();
    let ways = vec![
        Way::Ordered,
        Way::Cheapest,
        Way::Fastest,
        Way::Available,
        Way::Weighted,
    ];
    (models, prop::sample::select(ways)).prop_map(|(names, strategy)| Pool {
        models: names
            .into_iter()
            .map(|name| PoolModel {
                provider: name.into(),
                model: "m".into(),
                weight: 1,
            })
            .collect(),
        strategy,
    })
}

/// How its models may stand, by any number.
fn drawn(settings: &Settings, numbers: &[u16], is_confined: bool) -> Draw {
    let mut draw = Draw {
        turn: numbers[0].into(),
        is_confined,
        ..Draw::blind(settings, "a")
    };
    let figure = |number: u16| match (draw.strategy, number % 5) {
        (Way::Ordered, _) => Figure::Place,
        (Way::Cheapest, 0) => Figure::NoPrice,
        (Way::Cheapest, 1) => Figure::Free,
        (Way::Cheapest, _) => Figure::Cost(Money::from_nanos(number.into(), Currency::USD)),
        (Way::Fastest, 0) => Figure::Unmeasured,
        (Way::Fastest, _) => Figure::Speed(Speed {
            first_ms: number.into(),
            per_second: (number > 9).then_some(u32::from(number)),
            whole_ms: number.into(),
        }),
        (Way::Available, 0) => Figure::Unseen,
        (Way::Available, _) => Figure::Answered(number % 1_001),
        (Way::Weighted, _) => Figure::Weight(number.into()),
    };
    let figures: Vec<Figure> = numbers.iter().map(|number| figure(*number)).collect();
    let standing = |(standing, figure): (&Standing, Figure)| Standing {
        model: standing.model.clone(),
        figure,
    };
    draw.standings = draw.standings.iter().zip(figures).map(standing).collect();
    draw
}

/// Some rules.
fn rules() -> impl Strategy<Value = Vec<RouteRule>> {
    let rule = (
        prop::sample::subsequence(TaskClass::ALL.to_vec(), 0..3),
        prop::option::of(0..3_000_u64),
        wanted().prop_filter("a rule names a model", |model| *model != ModelName::Auto),
    );
    let rule = rule.prop_map(|(tasks, up_to_tokens, model)| RouteRule {
        tasks,
        languages: Vec::new(),
        up_to_tokens,
        model,
    });
    prop::collection::vec(rule, 0..3)
}

prop_compose! {
    fn settings()(
        local_servers in names(),
        is_offline in any::<bool>(),
        providers in prop::option::of(names()),
        models in prop::option::of(prop::collection::vec(
            prop::sample::select(vec!["openai/*", "*/m", "ollama/m", "x"]).prop_map(str::to_owned), 0..3)),
        actions in prop::option::of(any::<bool>()),
        is_relay in any::<bool>(),
        fallback in names(),
        pool in pool(),
        rules in rules(),
        may_change_payer in any::<bool>(),
    ) -> Settings {
        let mut settings = Settings {
            local_servers,
            network: Arc::new(Network { is_offline, ..Network::default() }),
            ..Settings::default()
        };
        let hop = |name: String| match name.as_str() {
            "nobody" => ModelName::Local,
            _ => ModelName::Of { provider: name, model: "m".into() },
        };
        let hops: Vec<ModelName> = fallback.into_iter().map(hop).collect();
        settings.fallback = Arc::new(Fallback {
            completion: hops.clone(),
            actions: hops,
            may_change_payer,
            ..Fallback::default()
        });
        settings.routes = Arc::new(Routes { pools: [("a".to_owned(), pool)].into(), rules, limits: std::collections::BTreeMap::new() });
        let allowed = PolicyOptions { actions, providers, models, ..PolicyOptions::default() };
        settings.policy = Policy::of(Source::Workspace, allowed);
        if is_relay {
            settings.providers.get_mut("ollama").unwrap().key = KeySource::Env("RELAY".into());
        }
        settings
    }
}

fn wanted() -> impl Strategy<Value = ModelName> {
    let of = (
        prop::sample::select(vec!["openai", "ollama", "gone"]),
        "[a-z/:.]{1,12}",
    );
    prop_oneof![
        Just(ModelName::Auto),
        Just(ModelName::Local),
        Just(ModelName::Pool("a".into())),
        Just(ModelName::Pool("a".into())),
        of.prop_map(|(provider, model)| ModelName::Of {
            provider: provider.into(),
            model
        }),
    ]
}

fn servers(names: &[&str]) -> Vec<LocalServer> {
    let server = |name: &&str| LocalServer {
        provider: (*name).into(),
        model: "m".into(),
    };
    names.iter().map(server).collect()
}

fn kept(record: &Record) -> Record {
    serde_json::from_str(&record.to_json()).unwrap()
}

proptest! {
    #[test]
    fn a_recorded_decision_recomputes_to_itself(
        settings in settings(),
        wanted in wanted(),
        answering in prop::sample::subsequence(SERVERS.to_vec(), 0..=4),
        is_action in any::<bool>(),
        is_confined in any::<bool>(),
        how in 0..5,
        failing in prop::sample::subsequence(
            vec!["openai/m", "ollama/m", "groq/m", "llama-cpp/m", "local/patterns"], 1..5),
        numbers in prop::collection::vec(any::<u16>(), 5),
    ) {
        let feature = if is_action { Feature::Action } else { Feature::Completion };
        let answering = servers(&answering);
        let need = Need {
            class: Some(TaskClass::ALL[usize::from(numbers[1]) % TaskClass::ALL.len()]),
            ..Need::usual(feature)
        };
        let (wanted, ruled) = match routing::asked(&settings, &need) {
            (by_rule, Some(ruled)) if how == 2 => (by_rule.clone(), Some(Arc::new(ruled))),
            _ => (wanted, None),
        };
        let draw = drawn(&settings, &numbers, is_confined);
        let first = || match &wanted {
            ModelName::Pool(_) => routing::drawn(&settings, feature, &draw),
            _ => routing::decide_on(&settings, feature, &wanted, &answering),
        };
        let decision = match (how, &wanted) {
            (0, ModelName::Of { provider, model }) => {
                routing::instead(&settings, feature, provider, model)
            }
            (1, _) => routing::embedded(feature, routing::SURE),
            (3, _) => {
                let first = first();
                let mut failing: Vec<String> =
                    failing.iter().map(|it| (*it).to_owned()).collect();
                failing.push(first.name());
                let next = routing::fallback(&settings, &first, &failing);
                next.filter(|_| !first.is_embedded()).unwrap_or(first)
            }
            (4, ModelName::Of { .. }) if !first().is_embedded() => Decision {
                reason: routing::ESCALATED,
                ..first()
            },
            _ => first(),
        };
        let decision = Decision { ruled, ..decision };
        let decision = if is_confined { decision.confined() } else { decision };
        let around = Circumstances {
            confined: is_confined.then_some("a rule"),
            task: is_action.then_some("fix"),
            class: need.class(),
    after: None,
        };
        let record = Record::of(&settings, &decision, around);
        prop_assert_eq!(&record.model, &decision.name());
        let chosen = record.candidates.iter().find(|one| one.is_kept);
        prop_assert_eq!(chosen.map(|one| &one.model), Some(&record.model), "{:?}", &record);
        prop_assert_eq!(kept(&record).recompute(&settings), Some(record));
    }
}

fn of(settings: &Settings) -> Record {
    let decision = routing::decide(settings, Feature::Completion, &[]);
    let around = Circumstances {
        confined: None,
        task: None,
        class: TaskClass::Completion,
        after: None,
    };
    Record::of(settings, &decision, around)
}

#[test]
fn a_record_names_the_models_that_a_gateway_may_ask_by_itself_and_those_that_a_rule_keeps_from_it()
{
    let toml = "completion.model = \"openrouter/openai/a\"\n\
        [policy]\nmodels = [\"openrouter/openai/*\"]\n\
        [providers.openrouter.routing]\nmodels = [\"maker/b\", \"openai/c\"]";
    let mut layers = Layers::default();
    layers.set_toml(Layer::UserFile, "own", toml).unwrap();
    let settings = layers.settings();
    let record = of(&settings);
    let candidates: Vec<(&str, bool, &str)> = record
        .candidates
        .iter()
        .map(|one| (&*one.model, one.is_kept, &*one.rule))
        .collect();
    let expected = [
        ("openrouter/openai/a", true, "the settings name it"),
        (
            "openrouter/openai/c",
            true,
            "the gateway may ask it in the place of the one that is named",
        ),
        (
            "openrouter/maker/b",
            false,
            "your own [policy] does not allow the model that is set",
        ),
        (
            "local/patterns",
            true,
            "it is always there, and answers where nothing else may",
        ),
    ];
    assert_eq!(candidates, expected);
    assert_eq!(record.recompute(&settings), Some(record));
}

#[test]
fn a_record_says_of_a_server_here_that_somebody_else_would_pay_for_it() {
    let mut settings = Settings {
        local_servers: vec!["ollama".into(), "llama-cpp".into(), "vllm".into()],
        ..Settings::default()
    };
    let relay = settings.providers.get_mut("llama-cpp").unwrap();
    relay.key = KeySource::Env("RELAY".into());
    let answering = servers(&["llama-cpp", "vllm"]);
    let decision = routing::decide(&settings, Feature::Completion, &answering);
    let around = Circumstances {
        confined: None,
        task: None,
        class: TaskClass::Completion,
        after: None,
    };
    let record = Record::of(&settings, &decision, around);
    let candidates: Vec<(&str, bool, &str)> = record
        .candidates
        .iter()
        .map(|one| (&*one.model, one.is_kept, &*one.rule))
        .collect();
    assert_eq!(candidates[0], ("llama-cpp/m", false, routing::OTHER_PAYER));
    assert_eq!(
        candidates[1],
        ("vllm/m", true, "it answers on this machine")
    );
    assert_eq!(record.recompute(&settings), Some(record));
}

#[test]
fn a_record_of_before_kinds_of_work_were_kept_can_still_be_read_and_comes_out_the_same() {
    let settings = Settings::default();
    let mut json: serde_json::Value = serde_json::from_str(&of(&settings).to_json()).unwrap();
    assert_eq!(
        json.as_object_mut().unwrap().remove("class").unwrap(),
        "completion"
    );
    let before: Record = serde_json::from_value(json).unwrap();
    assert_eq!(before.recompute(&settings), Some(before));
}

#[test]
fn what_other_settings_decided_is_not_recomputed_and_what_was_tampered_with_shows() {
    let mut settings = Settings {
        model: ModelName::Of {
            provider: "openai".into(),
            model: "gpt-4.1-mini".into(),
        },
        ..Settings::default()
    };
    let record = of(&settings);
    let mut tampered = record.clone();
    tampered.payer = "somebody else".into();
    assert_ne!(tampered.recompute(&settings), Some(tampered));
    settings.policy = Policy::of(
        Source::Workspace,
        PolicyOptions {
            models: Some(vec!["anthropic/*".into()]),
            ..PolicyOptions::default()
        },
    );
    assert_eq!(record.recompute(&settings), None);
    assert_eq!(of(&settings).model, "local/patterns");
}

/// What decides about a model: a table of the settings, and what may stand in it, the first of which is usual.
const DECIDING: [(&str, &[&str]); 28] = [
    ("providers.openai", &["", "wire = \"openai-completions\""]),
    (
        "providers.openai",
        &[
            "",
            "base_url = \"http://127.0.0.1:9/v1\"",
            "base_url = \"https://openrouter.ai/api/v1\"",
        ],
    ),
    ("providers.openai", &["", "key = { env = \"KEY\" }"]),
    (
        "providers.openai",
        &[
            "",
            "prices.m = { input = \"0.10 USD\", output = \"1 USD\" }",
        ],
    ),
    ("providers.openai", &["", "discount = \"90%\""]),
    (
        "providers.openai",
        &["", "discounts.\"gpt-4.1-mini\" = \"90%\""],
    ),
    ("providers.openai", &["", "subscription = \"20 USD/month\""]),
    ("providers.openai", &["", "free = {}"]),
    (
        "providers.openai",
        &["", "power = { watts = 100, kwh = \"0.30 EUR\" }"],
    ),
    ("providers.openai", &["", "data.training = true"]),
    ("providers.openai", &["", "data.retention = false"]),
    ("providers.openai", &["", "data.region = \"eu\""]),
    ("providers.openai", &["", "routing.payer = \"credits\""]),
    ("providers.openai", &["", "routing.models = [\"gpt-4.1\"]"]),
    ("policy", &["", "payers = [\"own-key\"]"]),
    ("policy", &["", "providers = [\"groq\"]"]),
    ("policy", &["", "deny_models = [\"*/gpt*\"]"]),
    ("policy", &["", "training = false"]),
    ("policy", &["", "retention = false"]),
    ("policy", &["", "regions = [\"eu\"]"]),
    ("policy", &["", "max_input_price = \"0.30 USD\""]),
    ("policy", &["", "actions = false"]),
    ("network", &["", "offline = true"]),
    ("local", &["", "servers = [\"openai\"]"]),
    ("fallback", &["", "may_change_payer = true"]),
    (
        "fallback",
        &[
            "actions = [\"openai/gpt-4.1-mini\", \"ollama/m\"]",
            "actions = [\"ollama/m\"]",
        ],
    ),
    (
        "routing.pools.quick",
        &[
            "models = [\"openai/gpt-4.1-mini\", \"groq/m\"]",
            "models = [\"groq/m\", \"openai/gpt-4.1-mini\"]",
        ],
    ),
    (
        "routing",
        &["", "rules = [{ tasks = [\"fix\"], model = \"openai/m\" }]"],
    ),
];

/// The settings with some of them otherwise than usual; nothing where they make no sense together.
fn with(others: &[(usize, usize)]) -> Option<Settings> {
    let mut tables = std::collections::BTreeMap::<&str, String>::new();
    for (at, (table, lines)) in DECIDING.iter().enumerate() {
        let other = others.iter().find(|(other, _)| *other == at);
        let line = lines[other.map_or(0, |(_, line)| *line)];
        writeln!(tables.entry(table).or_default(), "{line}").unwrap();
    }
    let mut toml = tables.remove("routing").unwrap_or_default();
    toml = format!("[routing]\n{toml}");
    for (table, lines) in tables {
        write!(toml, "[{table}]\n{lines}").unwrap();
    }
    let mut layers = Layers::default();
    layers.set_toml(Layer::UserFile, "own", &toml).ok()?;
    Some(layers.settings())
}

/// What is decided for an action where a model is wanted, unless a rule names another.
fn fix(settings: &Settings, wanted: &ModelName) -> Record {
    let need = Need {
        class: Some(TaskClass::Fix),
        ..Need::usual(Feature::Action)
    };
    let (wanted, ruled) = match routing::asked(settings, &need) {
        (by_rule, Some(ruled)) => (by_rule, Some(Arc::new(ruled))),
        _ => (wanted, None),
    };
    let decision = match wanted {
        ModelName::Pool(name) => {
            routing::drawn(settings, Feature::Action, &Draw::blind(settings, name))
        }
        _ => routing::decide_on(settings, Feature::Action, wanted, &servers(&["openai"])),
    };
    let around = Circumstances {
        confined: None,
        task: Some("fix"),
        class: TaskClass::Fix,
        after: None,
    };
    Record::of(settings, &Decision { ruled, ..decision }, around)
}

#[test]
fn settings_of_one_version_decide_alike_and_each_that_decides_is_in_it() {
    let of = |provider: &str, model: &str| ModelName::Of {
        provider: provider.into(),
        model: model.into(),
    };
    let wishes = [
        ModelName::Auto,
        of("openai", "gpt-4.1-mini"),
        of("openai", "m"),
        of("groq", "m"),
        ModelName::Pool("quick".into()),
    ];
    let places = || {
        let lines = |(at, (_, lines)): (usize, &(&str, &[&str]))| {
            (1..lines.len()).map(move |line| (at, line))
        };
        DECIDING
            .iter()
            .enumerate()
            .flat_map(lines)
            .collect::<Vec<_>>()
    };
    let mut has_decided = [false; DECIDING.len()];
    for context in places() {
        let Some(before) = with(&[context]) else {
            continue;
        };
        let records: Vec<Record> = wishes.iter().map(|it| fix(&before, it)).collect();
        for change in places() {
            let after = with(&[context, change]).filter(|_| change.0 != context.0);
            let Some(after) = after else { continue };
            for (wanted, record) in wishes.iter().zip(&records) {
                let told = format!("{context:?} {change:?} {wanted}");
                let again = record.recompute(&after);
                assert!(again.is_none_or(|again| again == *record), "{told}");
                let other = Record {
                    policy: record.policy.clone(),
                    ..fix(&after, wanted)
                };
                has_decided[change.0] |= other != *record;
            }
        }
    }
    for ((_, lines), has_decided) in DECIDING.iter().zip(has_decided) {
        assert!(has_decided, "{lines:?} decides nothing here");
    }
}

#[test]
fn what_does_not_decide_about_a_model_leaves_its_version() {
    let version = |toml: &str| {
        let mut layers = Layers::default();
        layers.set_toml(Layer::UserFile, "own", toml).unwrap();
        let wanted = ModelName::Of {
            provider: "openai".into(),
            model: "m".into(),
        };
        routing::version(&layers.settings(), &wanted, &[])
    };
    let usual = version("");
    assert_eq!(usual.len(), 12);
    for same in [
        "completion.max_tokens = 77",
        "providers.groq.prices.m = { input = \"9 USD\", output = \"9 USD\" }",
        "providers.openai.key = { env = \"OTHER\" }",
        "fallback.slow_ms = 900",
    ] {
        assert_eq!(version(same), usual, "{same}");
    }
}

#[test]
fn a_record_holds_no_more_than_some_kilobytes_whatever_things_are_called() {
    let many: Vec<String> = (0..500)
        .map(|n| format!("{n}{}", "x".repeat(9_000)))
        .collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let settings = Settings {
        local_servers: many.clone(),
        ..Settings::default()
    };
    let decision = routing::decide(&settings, Feature::Completion, &servers(&names));
    let around = Circumstances {
        confined: Some(&many[0]),
        task: Some(&many[1]),
        class: TaskClass::Custom,
        after: None,
    };
    let record = Record::of(&settings, &decision, around);
    assert!(record.to_json().len() < 16_000);
}
