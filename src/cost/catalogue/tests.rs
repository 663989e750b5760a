//! The catalogue against itself, and against what recorded calls are known to cost.

#![allow(clippy::unwrap_used)]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;
use crate::cost::{Money, Rate, Tokens};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    at("2026-11-15T12:00:00Z")
}

fn input_rate(model: &str, when: &str) -> Option<Rate> {
    let provider = if model.starts_with("deepseek") {
        "deepseek"
    } else {
        "openai"
    };
    let price = Catalogue::embedded().price(provider, model, at(when));
    price.and_then(|price| price.rates.input)
}

#[test]
fn every_line_can_be_read() {
    let catalogue = Catalogue::embedded();
    assert_eq!(catalogue.version(), "genai-prices 0.2.3 of 2026-11-15");
    let mut models = 0;
    for line in EMBEDDED.lines().skip(1) {
        let provider: Provider<'_> = serde_json::from_str(line).unwrap();
        for entry in &provider.models {
            serde_json::from_str::<Vec<Period>>(entry.prices.get()).unwrap();
            if let Some(variants) = entry.variants {
                serde_json::from_str::<Vec<Variant>>(variants.get()).unwrap();
            }
            models += 1;
        }
        for fallback in &provider.fallback {
            assert!(catalogue.provider(fallback).is_some(), "{fallback}");
        }
    }
    assert!(models > 1_000, "{models}");
    for (_, name) in OTHER_NAMES {
        assert!(catalogue.provider(name).is_some(), "{name}");
    }
}

#[test]
fn a_variant_has_its_own_price_or_the_models_and_a_free_one_is_not_priced_as_the_paid_one() {
    let price = |model: &str| {
        let price = Catalogue::embedded().price("openrouter", model, noon());
        price.map(|price| price.rates)
    };
    let paid = price("openai/gpt-4o-mini").unwrap();
    assert_ne!(paid.output, Some(Rate::Flat(0)));
    for variant in ["nitro", "floor", "online", "exacto"] {
        let name = format!("openai/gpt-4o-mini:{variant}");
        assert_eq!(price(&name), Some(paid.clone()), "{name}");
    }
    let nothing = Price {
        currency: Currency::USD,
        rates: price("openai/gpt-oss-20b:free").unwrap(),
        origin: Origin::Config,
    };
    let tokens = Tokens {
        input: 1_000_000,
        cache_read: 5,
        output: 1_000_000,
        reasoning: 5,
        ..Tokens::default()
    };
    assert_eq!(nothing.cost(&tokens), Money::zero(Currency::USD));
    assert_eq!(price("nobody/knows-this:free").unwrap(), nothing.rates);
    // An entry of its own comes first, and a variant that nobody knows is not guessed.
    assert_ne!(
        price("anthropic/claude-haiku-4.5:batch"),
        price("anthropic/claude-haiku-4.5")
    );
    assert_eq!(price("openai/gpt-4o-mini:turbo"), None);
    // A colon means something else elsewhere.
    assert!(
        Catalogue::embedded()
            .price("groq", "nobody/knows-this:free", noon())
            .is_none()
    );
}

#[test]
fn a_price_follows_the_date() {
    // Lowered on 2026-08-21, for the long-context tier too.
    let tiers = |base, long| Some(Rate::Tiered(base, vec![(272_000, long)]));
    let before = input_rate("gpt-5.6-sol", "2026-08-20T23:59:59Z");
    let after = input_rate("gpt-5.6-sol", "2026-08-21T00:00:00Z");
    assert_eq!(before, tiers(5_000_000_000, 10_000_000_000));
    assert_eq!(after, tiers(4_000_000_000, 8_000_000_000));
}

#[test]
fn a_price_follows_the_hour() {
    let rate = |time: &str| input_rate("deepseek-flash", &format!("2026-11-15T{time}Z"));
    assert_eq!(rate("00:59:59"), Some(Rate::Flat(150_000_000)));
    assert_eq!(rate("01:00:00"), Some(Rate::Flat(300_000_000)));
    assert_eq!(rate("04:00:00"), Some(Rate::Flat(150_000_000)));
}

#[test]
fn hours_may_cross_midnight() {
    let period = Period {
        from: None,
        hours: Some((23 * 3600, 3600)),
        rates: Rates::default(),
    };
    let covered = ["22:59:59", "23:00:00", "00:59:59", "01:00:00"]
        .map(|time| period.covers(at(&format!("2026-11-15T{time}Z"))));
    assert_eq!(covered, [false, true, true, false]);
}

#[test]
fn a_price_follows_the_service_tier() {
    let price = |service_tier| {
        let conditions = Conditions {
            service_tier,
            ..Conditions::default()
        };
        Catalogue::embedded()
            .price_under("openai", "gpt-5-mini", noon(), conditions)
            .unwrap()
            .rates
    };
    let (standard, flex) = (price(None), price(Some("flex")));
    assert_eq!(standard.input, Some(Rate::Flat(250_000_000)));
    assert_eq!(flex.input, Some(Rate::Flat(125_000_000)));
    assert_eq!(price(Some("no-such-tier")), standard);
}

#[test]
fn what_the_catalogue_does_not_name_has_no_price() {
    let catalogue = Catalogue::embedded();
    for (provider, model) in [
        ("openai", "no-such-model"),
        ("openai", "gpt-realtime-whisper"),
        ("my-openai-proxy", "gpt-4o"),
        ("", ""),
        ("\"", "\\"),
    ] {
        assert_eq!(
            catalogue.price(provider, model, noon()),
            None,
            "{provider}/{model}"
        );
    }
    for number in 0..200 {
        let name = format!("model-{number}");
        assert_eq!(catalogue.price("openai", &name, noon()), None);
    }
    assert!(catalogue.remembered().len() <= MOST_REMEMBERED);
}

#[test]
fn other_names_of_providers_and_models_are_known() {
    let catalogue = Catalogue::embedded();
    let id = |provider: &str, model: &str| {
        let price = catalogue.price(provider, model, noon()).unwrap();
        match price.origin {
            Origin::Catalogue { model, .. } => model,
            _ => unreachable!("the catalogue made it"),
        }
    };
    assert_eq!(id("codestral", "codestral-latest"), "codestral");
    assert_eq!(id("xai", "grok-3-mini"), "grok-3-mini");
    assert_eq!(id("Azure", "GPT-4o-mini-2024-07-18"), "gpt-4o-mini");
    assert_eq!(id("vertex", "claude-sonnet-4-6"), "claude-sonnet-4-6");
    assert_eq!(id("openai", "gpt-5.6-sol-20260709"), "gpt-5.6-sol");
}

/// The recorded calls lie beside the checkout, or where `BYOK_FIXTURES` says. They are too many to be part of it.
fn fixtures() -> Option<PathBuf> {
    let named = std::env::var_os("BYOK_FIXTURES").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/providers/data/fixtures");
    let folder = named.unwrap_or(beside);
    if folder.join("expected.json").is_file() {
        return Some(folder);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "no recorded calls at {}; set BYOK_FIXTURES to their folder",
        folder.display()
    );
    eprintln!(
        "skipped: no recorded calls at {}; set BYOK_FIXTURES to their folder",
        folder.display()
    );
    None
}

#[test]
fn every_recorded_call_costs_what_is_expected_to_the_last_digit() {
    let Some(folder) = fixtures() else { return };
    let read = |path: &Path| -> Value {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let expected = read(&folder.join("expected.json"));
    let mut compared = 0;
    for (name, call) in expected.as_object().unwrap() {
        let wanted = &call["price_genai_prices_0_2_3_at_2026_11_15T12Z"];
        let Some(total) = wanted["total"].as_str() else {
            continue;
        };
        let provider = wanted["provider"].as_str().unwrap();
        let recorded;
        let model = if let Some(model) = call["model"].as_str() {
            model
        } else {
            recorded = read(&folder.join(format!("{name}.json")));
            recorded["request"]["body"]["model"]
                .as_str()
                .unwrap_or_else(|| wanted["model"].as_str().unwrap())
        };
        let count = |key: &str| call["usage"][key].as_u64().unwrap();
        let tokens = Tokens {
            input: count("input_uncached"),
            cache_read: count("cache_read"),
            cache_write_5m: count("cache_write") - count("cache_write_1h"),
            cache_write_1h: count("cache_write_1h"),
            output: count("output_total"),
            reasoning: count("reasoning"),
        };
        assert_eq!(tokens.input_total(), count("input_total"), "{name}");
        let price = Catalogue::embedded()
            .price(provider, model, noon())
            .unwrap_or_else(|| panic!("{name}: no price for {provider}/{model}"));
        let total = Money::reported(total, Currency::USD).unwrap();
        assert_eq!(price.cost(&tokens), total, "{name}: {provider}/{model}");
        assert!(
            matches!(&price.origin, Origin::Catalogue { model, .. } if wanted["model"] == *model),
            "{name}"
        );
        compared += 1;
    }
    assert!(
        compared >= 50,
        "only {compared} recorded calls have an expected price"
    );
}
