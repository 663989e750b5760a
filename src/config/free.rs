//! What a provider gives for nothing: which of its models, and how many calls.
//!
//! Some models of a provider may be free by their names (`known.toml`: OpenRouter's `:free`), or all that a key may ask, on the user's word
//! (`[providers.NAME.free]`), since nothing in an answer would tell. A call to such a model is nobody's bill: it is of the free pool
//! ([`Payer::FreePool`](super::Payer)), and where an answer says otherwise the gateway stops the model. Limits are what the provider tells everybody, or what the user says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::pattern;
use super::provider::ProviderSettings;

/// What a provider gives for nothing. From your own file only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FreeOptions {
    /// How many free calls it takes in a minute, from 1 to 1000; of OpenRouter 20 unless you say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub requests_per_minute: Option<u32>,
    /// How many it takes in a day, by UTC, from 1 to 1000000; of OpenRouter 50 unless you say otherwise, since it takes 1000 of those only who ever bought
    /// credits for 10 USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub requests_per_day: Option<u32>,
}

/// What is known of a well-known provider.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FreeFacts {
    /// The models that are free by their names.
    models: Vec<String>,
    requests_per_minute: Option<u32>,
    requests_per_day: Option<u32>,
}

/// What code reads of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Free {
    /// The models that are free by their names; the limits are for all of them together. Of a key that is not billed at all: none, and each model has limits of its own.
    models: &'static [String],
    /// How many calls there may be in a minute.
    pub per_minute: Option<u32>,
    /// How many in a day.
    pub per_day: Option<u32>,
}

impl Free {
    /// Returns whether a model is free.
    pub fn has(&self, model: &str) -> bool {
        self.models.is_empty() || pattern::any(self.models, model)
    }

    /// Returns whether its limits are for all its models together.
    pub fn is_of_account(&self) -> bool {
        !self.models.is_empty()
    }
}

const MOST_A_MINUTE: u32 = 1_000;

const MOST_A_DAY: u32 = 1_000_000;

/// Resolves it; a failure is its key and the message.
pub(super) fn resolve(
    written: Option<&FreeOptions>,
    known: Option<&'static FreeFacts>,
    is_on_this_machine: bool,
) -> Result<Option<Free>, (&'static str, String)> {
    let nothing = FreeOptions::default();
    let limits = written.unwrap_or(&nothing);
    for (key, value, most) in [
        (
            "free.requests_per_minute",
            limits.requests_per_minute,
            MOST_A_MINUTE,
        ),
        ("free.requests_per_day", limits.requests_per_day, MOST_A_DAY),
    ] {
        if value.is_some_and(|value| !(1..=most).contains(&value)) {
            return Err((key, format!("it is from 1 to {most}")));
        }
    }
    if is_on_this_machine && written.is_some() {
        return Err((
            "free",
            "what runs on this machine is free already; take it out".into(),
        ));
    }
    let by_name = known.filter(|known| !known.models.is_empty());
    if written.is_none() && by_name.is_none() {
        return Ok(None);
    }
    Ok(Some(Free {
        models: by_name.map_or(&[], |known| &known.models),
        per_minute: limits
            .requests_per_minute
            .or(by_name.and_then(|known| known.requests_per_minute)),
        per_day: limits
            .requests_per_day
            .or(by_name.and_then(|known| known.requests_per_day)),
    }))
}

/// Has a gateway that can be told refuse what is not free: no other model takes the free one's place, and nobody serves it for a price.
pub(super) fn shape(route: &mut ProviderSettings) {
    if !route.can_be_told() {
        return;
    }
    let free = route.free.clone().unwrap_or_default();
    route.retain_stand_ins(|model| free.has(model));
    let body = &mut route.quirks.body;
    let preferences = body.entry("provider").or_insert_with(|| json!({}));
    preferences["max_price"] = json!({"prompt": "0", "completion": "0", "request": "0"});
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::config::{Layer, Layers, Payer, Settings};
    use serde_json::json;

    fn settings(config: serde_json::Value) -> Result<Settings, String> {
        let mut layers = Layers::default();
        layers
            .set_json(Layer::UserFile, "test", config)
            .map_err(|problem| problem.key)?;
        Ok(layers.settings())
    }

    fn payer(settings: &Settings, provider: &str, model: &str) -> Payer {
        Payer::of(&settings.route(provider, model).unwrap())
    }

    #[test]
    fn a_model_is_free_by_its_name_or_by_the_users_word_and_others_are_not() {
        let settings = settings(json!({"providers": {"google": {"free": {}}}})).unwrap();
        for (provider, model, expected) in [
            ("openrouter", "qwen/qwen3-coder:free", Payer::FreePool),
            ("openrouter", "qwen/qwen3-coder", Payer::Gateway),
            ("google", "gemini-2.5-flash", Payer::FreePool),
            ("groq", "llama:free", Payer::OwnKey),
            ("ollama", "m:free", Payer::Nobody),
        ] {
            assert_eq!(payer(&settings, provider, model), expected, "{model}");
        }
    }

    #[test]
    fn a_free_model_is_never_served_for_a_price_nor_by_another_that_has_one() {
        let routing =
            json!({"models": ["a/paid", "b/other:free"], "sort": "price", "payer": "credits"});
        let settings =
            settings(json!({"providers": {"openrouter": {"routing": routing}}})).unwrap();
        let body = |model: &str| settings.route("openrouter", model).unwrap().quirks.body;
        let free = body("a/b:free");
        assert_eq!(free["models"], json!(["b/other:free"]));
        let nothing = json!({"prompt": "0", "completion": "0", "request": "0"});
        assert_eq!(free["provider"]["max_price"], nothing);
        assert_eq!(free["provider"]["sort"], "price");
        assert_eq!(body("a/b")["models"], json!(["a/paid", "b/other:free"]));
        assert!(body("a/b")["provider"].get("max_price").is_none());
        // What somebody said of their credits is about what is billed.
        assert_eq!(payer(&settings, "openrouter", "a/b:free"), Payer::FreePool);
        assert_eq!(payer(&settings, "openrouter", "a/b"), Payer::Credits);
    }

    #[test]
    fn limits_that_make_no_sense_are_mistakes_that_name_their_key() {
        let key = |provider: &str, free: serde_json::Value| {
            settings(json!({"providers": {provider: {"free": free}}})).map(drop)
        };
        assert_eq!(key("openrouter", json!({"requests_per_day": 1000})), Ok(()));
        for (provider, free, expected) in [
            (
                "openrouter",
                json!({"requests_per_day": 0}),
                "providers.openrouter.free.requests_per_day",
            ),
            (
                "groq",
                json!({"requests_per_minute": 2000}),
                "providers.groq.free.requests_per_minute",
            ),
            ("ollama", json!({}), "providers.ollama.free"),
        ] {
            assert_eq!(key(provider, free), Err(expected.into()));
        }
    }
}
