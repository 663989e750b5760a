//! Which models answer while the one that is set does not.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::provider::ProviderSettings;
use super::settings::{ModelName, parse_model};

/// Models that take the place of one that does not answer.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FallbackOptions {
    /// Models for ghost text, in this order, while `completion.model` does not answer: `["groq/llama-3.3-70b-versatile", "local"]`. Eight at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<Vec<String>>,
    /// Models for code actions, in this order, while theirs does not answer. Eight at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// Whether a model may take over for which somebody else pays, such as your own key where it was a proxy. What runs on this machine for nothing
    /// always may. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub may_change_payer: Option<bool>,
    /// How long ghost text waits for the first word, and a code action for its connection (then 700 at least), in milliseconds, before the next model is asked: 100 to 60000. Default: 800.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_ms: Option<u64>,
}

/// What code reads of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// For ghost text, in order.
    pub completion: Vec<ModelName>,
    /// For code actions, in order.
    pub actions: Vec<ModelName>,
    /// Whether a model may take over for which somebody else pays.
    pub may_change_payer: bool,
    /// How long ghost text waits for the first word, and every call for its connection, before the next model is asked.
    pub slow: Duration,
}

const MOST: usize = 8;

const SLOW: Duration = Duration::from_millis(800);

impl Default for Fallback {
    fn default() -> Self {
        Self {
            completion: Vec::new(),
            actions: Vec::new(),
            may_change_payer: false,
            slow: SLOW,
        }
    }
}

impl FallbackOptions {
    /// Lays one over another: what it says wins, what it leaves out stays.
    #[must_use]
    pub(super) fn over(below: Self, above: Self) -> Self {
        Self {
            completion: above.completion.or(below.completion),
            actions: above.actions.or(below.actions),
            may_change_payer: above.may_change_payer.or(below.may_change_payer),
            slow_ms: above.slow_ms.or(below.slow_ms),
        }
    }
}

/// Resolves it; a failure is its key and the message.
pub(super) fn resolve(
    options: &FallbackOptions,
    providers: &BTreeMap<String, ProviderSettings>,
) -> Result<Fallback, (&'static str, String)> {
    let models = |key, names: &Option<Vec<String>>| {
        let names = names.as_deref().unwrap_or_default();
        if names.len() > MOST {
            return Err((key, format!("{MOST} at most take each other's place")));
        }
        let parsed = names
            .iter()
            .map(|name| match parse_model(name, providers)? {
                ModelName::Auto | ModelName::Pool(_) => {
                    Err("\"auto\" is no model; name one, or \"local\"".into())
                }
                model => Ok(model),
            });
        let parsed: Result<Vec<ModelName>, String> = parsed.collect();
        parsed.map_err(|message| (key, message))
    };
    let slow = match options.slow_ms {
        None => SLOW,
        Some(wait @ 100..=60_000) => Duration::from_millis(wait),
        Some(wait) => {
            return Err(("slow_ms", format!("{wait} is not from 100 to 60000")));
        }
    };
    Ok(Fallback {
        completion: models("completion", &options.completion)?,
        actions: models("actions", &options.actions)?,
        may_change_payer: options.may_change_payer.unwrap_or_default(),
        slow,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn what_is_no_model_or_no_time_is_a_mistake_that_names_its_key() {
        let resolve = |completion: &[&str], slow_ms| {
            let names = completion.iter().map(|name| (*name).to_owned());
            let options = FallbackOptions {
                completion: Some(names.collect()),
                slow_ms,
                ..FallbackOptions::default()
            };
            super::resolve(&options, &Settings::default().providers)
        };
        let good = resolve(&["openai/gpt-4.1-mini", "local"], None).expect("models");
        assert_eq!(good.completion.len(), 2);
        assert_eq!(good.slow, SLOW);
        for (names, slow, key) in [
            (&["auto"][..], None, "completion"),
            (&["nobody/m"], None, "completion"),
            (&["local"; 9], None, "completion"),
            (&[], Some(5), "slow_ms"),
        ] {
            assert_eq!(resolve(names, slow).map_err(|(key, _)| key), Err(key));
        }
    }
}
