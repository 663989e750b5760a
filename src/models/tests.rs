//! What is offered, what is doubted, and who is asked, without a network.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test reads best when its JSON is written in place"
)]

use std::sync::Arc;

use super::*;
use crate::config::{Layer, Layers};
use serde_json::json;

const NOW: i64 = 1_790_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn settings(config: serde_json::Value) -> Settings {
    let mut layers = Layers::default();
    layers.set_json(Layer::UserFile, "test", config).unwrap();
    layers.settings()
}

fn with_model(model: &str) -> Settings {
    settings(json!({"completion": {"model": model}}))
}

/// Lists in which one provider's list was kept some seconds ago.
fn lists(provider: &ProviderSettings, list: serde_json::Value, age: i64) -> Lists {
    let lists = Lists::new(Http::new(&Arc::default()), None);
    let kept = Kept {
        base_url: provider.base_url.to_string(),
        asked: NOW - age,
        is_whole: true,
        models: read(&list).unwrap(),
    };
    lists.0.cache.keep(&provider.name, kept);
    lists
}

fn offer(lists: &Lists, provider: &ProviderSettings) -> Offer {
    let offers = lists.offers(std::slice::from_ref(provider), now());
    offers.into_iter().next().unwrap()
}

#[test]
fn without_a_list_the_catalogue_says_what_it_knows_and_that_it_is_the_catalogue() {
    let settings = Settings::default();
    let lists = Lists::new(Http::new(&Arc::default()), None);
    let anthropic = offer(&lists, &settings.providers["anthropic"]);
    assert!(
        matches!(&anthropic.source, Source::Catalogue { version } if version.contains("genai-prices"))
    );
    let named = |name: &str| anthropic.models.iter().find(|model| model.name == name);
    let (price, source) = named("claude-3-haiku").unwrap().price.unwrap();
    assert_eq!(
        (price.input.to_string(), price.output.to_string()),
        ("$0.25".into(), "$1.25".into())
    );
    assert_eq!(source, PriceSource::Catalogue);
    let openai = offer(&lists, &settings.providers["openai"]);
    assert!(
        openai
            .models
            .iter()
            .all(|model| model.name != "gpt-transcribe")
    );
    let codestral = offer(&lists, &settings.providers["codestral"]);
    let mut offered = codestral.models.iter().map(|model| &model.name);
    assert!(
        offered.all(|name| name.starts_with("codestral")),
        "its maker's other models are not there"
    );
    let llama = offer(&lists, &settings.providers["llama-cpp"]);
    assert_eq!((llama.source, llama.models.len()), (Source::Nothing, 0));
}

#[test]
fn a_price_is_the_users_own_then_the_lists_then_the_catalogues() {
    let settings = settings(json!({"providers": {"openai": {"prices": {
        "own": {"input": "7 EUR", "output": "8 EUR"}}}}}));
    let openai = &settings.providers["openai"];
    let pricing = json!({"prompt": "0.000001", "completion": "0.000002"});
    let list = json!([
        {"id": "own", "pricing": pricing}, {"id": "gpt-4o", "pricing": pricing}, {"id": "gpt-4.1"}, {"id": "nobody-knows"},
    ]);
    let offer = offer(&lists(openai, list, 5), openai);
    let prices: Vec<_> = offer
        .models
        .iter()
        .map(|model| {
            (
                model.name.as_str(),
                model
                    .price
                    .map(|(price, from)| (price.input.to_string(), from)),
            )
        })
        .collect();
    assert_eq!(
        prices,
        [
            ("gpt-4.1", Some(("$2.00".into(), PriceSource::Catalogue))),
            ("gpt-4o", Some(("$1.00".into(), PriceSource::List))),
            ("nobody-knows", None),
            ("own", Some(("€7.00".into(), PriceSource::Config))),
        ]
    );
}

#[test]
fn what_a_model_can_do_comes_from_its_wire_and_what_its_list_denies() {
    let settings = Settings::default();
    let ability = |provider: &str, entry: serde_json::Value| {
        let provider = &settings.providers[provider];
        offer(&lists(provider, json!([entry]), 5), provider).models[0]
            .ability
            .clone()
    };
    let fim = |can: bool| json!({"completion_fim": can, "completion_chat": true});
    let table = [
        (
            "mistral",
            json!({"id": "codestral-latest", "capabilities": fim(true)}),
            "fill",
        ),
        (
            "mistral",
            json!({"id": "mistral-code-agent-latest", "capabilities": fim(false)}),
            "chat",
        ),
        (
            "mistral",
            json!({"id": "devstral-latest", "capabilities": fim(true)}),
            "chat",
        ),
        (
            "mistral",
            json!({"id": "m", "capabilities": {"completion_chat": false}}),
            "none",
        ),
        ("openai", json!({"id": "gpt-4.1"}), "chat"),
        ("openai", json!({"id": "gpt-3.5-turbo-instruct"}), "fill"),
        ("openai", json!({"id": "text-embedding-3-small"}), "none"),
        ("ollama", json!({"name": "qwen2.5-coder:7b"}), "fill"),
        (
            "ollama",
            json!({"name": "qwen2.5-coder:7b", "capabilities": ["completion"]}),
            "chat",
        ),
        (
            "ollama",
            json!({"name": "all-minilm:latest", "details": {"family": "bert"}}),
            "none",
        ),
        (
            "openrouter",
            json!({"id": "x/y", "architecture": {"output_modalities": ["image"]}}),
            "none",
        ),
    ];
    for (provider, entry, expected) in table {
        assert_eq!(
            ability(provider, entry.clone()).name(),
            expected,
            "{provider} {entry}"
        );
    }
}

#[test]
fn a_model_that_is_not_listed_is_doubted_once_with_what_may_have_been_meant() {
    let settings = with_model("openai/gpt-4.1-mni");
    let list = json!([{"id": "gpt-4.1"}, {"id": "gpt-4.1-mini"}, {"id": "o3"}]);
    let lists = lists(&settings.providers["openai"], list, 5);
    let doubt = lists.new_doubt(&settings).unwrap();
    assert_eq!(
        doubt,
        "openai did not list a model \"gpt-4.1-mni\" on 2026-09-21; did you mean \"openai/gpt-4.1-mini\"?"
    );
    assert_eq!(lists.new_doubt(&settings), None);
    let other = lists
        .new_doubt(&with_model("openai/quite-another"))
        .unwrap();
    assert!(
        other.ends_with("; byok-lsp models --provider openai says what there is"),
        "{other}"
    );
}

#[test]
fn a_model_that_may_well_be_there_is_not_doubted() {
    let table = [
        ("openai/gpt-4.1", json!([{"id": "gpt-4.1"}])),
        (
            "anthropic/claude-haiku-4-5",
            json!([{"id": "claude-haiku-4-5-20251001"}]),
        ),
        (
            "openrouter/openai/gpt-4.1:nitro",
            json!([{"id": "openai/gpt-4.1"}]),
        ),
        (
            "openrouter/OpenAI/GPT-4.1",
            json!([{"id": "openai/gpt-4.1"}]),
        ),
        ("ollama/llama3.2", json!([{"name": "llama3.2:latest"}])),
        (
            "mistral/codestral-latest",
            json!([{"id": "codestral-latest", "capabilities": {"completion_fim": true}}]),
        ),
    ];
    for (model, list) in table {
        let settings = with_model(model);
        let provider = &settings.providers[model.split('/').next().unwrap()];
        assert_eq!(lists(provider, list, 5).doubt(&settings), None, "{model}");
    }
    let settings = with_model("openai/gpt-4.1-mni");
    assert_eq!(
        Lists::new(Http::new(&Arc::default()), None).doubt(&settings),
        None,
        "no list, no doubt"
    );
    for model in ["local", "auto"] {
        assert_eq!(
            Lists::new(Http::new(&Arc::default()), None).doubt(&with_model(model)),
            None
        );
    }
}

#[test]
fn a_model_that_its_list_says_is_of_no_use_is_doubted() {
    let table = [
        (
            "ollama/qwen2.5-coder:7b",
            json!([{"name": "qwen2.5-coder:7b", "capabilities": ["completion"]}]),
            "it fills no holes",
        ),
        (
            "ollama/minilm",
            json!([{"name": "minilm:latest", "details": {"family": "bert"}}]),
            "it neither completes code nor chats",
        ),
        (
            "ollama/qwen3:8b",
            json!([{"name": "qwen3:1b"}]),
            "did not list",
        ),
    ];
    for (model, list, expected) in table {
        let settings = with_model(model);
        let doubt = lists(&settings.providers["ollama"], list, 5)
            .doubt(&settings)
            .unwrap();
        assert!(doubt.contains(expected), "{doubt}");
    }
}

#[test]
fn a_list_is_asked_for_anew_when_it_is_old_or_from_another_address() {
    let settings = settings(json!({"providers": {"mine": {
        "wire": "openai-chat", "base_url": "https://h.example/v1"}}, "local": {"servers": ["ollama"]}}));
    let is_due = |name: &str, age: i64| {
        let provider = &settings.providers[name];
        let lists = lists(provider, json!([{"id": "m"}]), age);
        !lists
            .due(&settings, std::slice::from_ref(provider), now())
            .is_empty()
    };
    let table = [
        ("mine", 60, false),
        ("mine", 25 * 60 * 60, true),
        ("mine", -60, true),
        ("ollama", 10, false),
        ("ollama", 60, true),
    ];
    for (name, age, expected) in table {
        assert_eq!(is_due(name, age), expected, "{name} {age}");
    }
    let mine = settings.providers["mine"].clone();
    let lists = lists(&mine, json!([{"id": "m"}]), 5);
    let mut moved = mine;
    moved.base_url = "https://other.example/v1".parse().unwrap();
    assert_eq!(
        lists
            .due(&settings, std::slice::from_ref(&moved), now())
            .len(),
        1
    );
    assert_eq!(offer(&lists, &moved).source, Source::Nothing);
}

#[test]
fn who_is_denied_by_the_policy_or_offline_is_not_asked_for_a_list() {
    let asked = |rules: serde_json::Value| -> Vec<String> {
        let mut config = json!({
            "completion": {"model": "ollama/m"},
            "providers": {"mine": {"wire": "openai-chat", "base_url": "https://h.example/v1"}},
        });
        for (key, value) in rules.as_object().unwrap() {
            config[key] = value.clone();
        }
        let settings = settings(config);
        let lists = Lists::new(Http::new(&Arc::default()), None);
        let usable = usable(&settings).into_iter();
        // Whoever runs this may have keys in the environment.
        let keyless: Vec<_> = usable.filter(|it| it.key.may_be_none()).collect();
        let due = lists.due(&settings, &keyless, now()).into_iter();
        due.map(|provider| provider.name).collect()
    };
    for (rules, expected) in [
        (json!({}), &["mine", "ollama"][..]),
        (json!({"policy": {"deny_providers": ["mine"]}}), &["ollama"]),
        (json!({"policy": {"providers": ["mine"]}}), &["mine"]),
        (json!({"policy": {"providers": []}}), &[]),
        (json!({"policy": {"offline": true}}), &["ollama"]),
        (json!({"network": {"offline": true}}), &["ollama"]),
        // Nobody knows what becomes of what "mine" is sent.
        (json!({"policy": {"training": false}}), &["ollama"]),
        (json!({"policy": {"retention": false}}), &["ollama"]),
        (json!({"policy": {"regions": ["eu"]}}), &["ollama"]),
        // Rules about models and their price leave the provider's list, from which they are chosen.
        (
            json!({"policy": {"models": ["mine/m"], "max_input_price": "1 USD"}}),
            &["mine", "ollama"],
        ),
    ] {
        assert_eq!(asked(rules.clone()), expected, "{rules}");
    }
}

#[test]
fn only_what_the_user_can_use_is_asked_unbidden() {
    let names = |config: serde_json::Value| -> Vec<String> {
        let usable = usable(&settings(config)).into_iter();
        // Whoever runs this may have keys in the environment.
        usable
            .filter(|provider| provider.key.may_be_none())
            .map(|provider| provider.name)
            .collect()
    };
    assert_eq!(names(json!({})), Vec::<String>::new());
    assert_eq!(names(json!({"local": {"servers": ["ollama"]}})), ["ollama"]);
    assert_eq!(names(json!({"completion": {"model": "vllm/m"}})), ["vllm"]);
    let mine =
        json!({"providers": {"mine": {"wire": "openai-chat", "base_url": "https://h.example/v1"}}});
    assert_eq!(names(mine), ["mine"]);
    let of_a_missing_key = json!({"providers": {"mine": {
        "wire": "openai-chat", "base_url": "https://h.example/v1", "key": {"env": "BYOK_TEST_NO_SUCH_KEY"}}}});
    assert_eq!(
        usable(&settings(of_a_missing_key))
            .iter()
            .filter(|p| p.name == "mine")
            .count(),
        0
    );
}
