//! A pool: models that can stand in for each other, and by what one of them is chosen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::policy::Payer;
use super::super::provider::ProviderSettings;
use super::super::settings::{ModelName, parse_model};

/// Models that can stand in for each other.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoolOptions {
    /// The models, as `provider/model`, eight at most. Those for which somebody else would pay than for the first are left out unless
    /// `fallback.may_change_payer` is set.
    pub models: Vec<String>,
    /// Who pays for all of them; a model for which somebody else would is a mistake. `free-pool`: nobody, each is given for nothing. Default: whoever pays for
    /// the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<Payer>,
    /// By what one is chosen for a call: `ordered` (the default), `cheapest`, `fastest`, `available` or `weighted`. Of a free pool `weighted` is the default: by
    /// turns, so that each model's limits last longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// For `weighted`: which share of the calls a model gets, by its name here, from 0 to 1000. Default 1.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, u32>,
}

/// By what a model of a pool is chosen. Whoever does not answer is passed over in each of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// In the order in which they are written.
    #[default]
    Ordered,
    /// By what this very call is estimated to cost.
    Cheapest,
    /// By how fast they were lately: the time to the first word, and words in a second.
    Fastest,
    /// By how many of their calls were answered lately.
    Available,
    /// By turns, in proportion to their weights.
    Weighted,
}

impl fmt::Display for Strategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ordered => "ordered",
            Self::Cheapest => "cheapest",
            Self::Fastest => "fastest",
            Self::Available => "available",
            Self::Weighted => "weighted",
        })
    }
}

/// What code reads of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// The models, in the user's order; one at least.
    pub models: Vec<PoolModel>,
    /// By what one is chosen.
    pub strategy: Strategy,
}

/// A model of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolModel {
    /// The provider's name.
    pub provider: String,
    /// The model, as the provider calls it.
    pub model: String,
    /// Its share.
    pub weight: u32,
}

impl PoolModel {
    /// Returns its full name.
    pub fn name(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }
}

const MOST: usize = 8;

const MOST_WEIGHT: u32 = 1_000;

/// A longer name would not fit the record of a decision.
const LONGEST: usize = 200;

/// Resolves a pool; a failure is its key, with its dot, and the message.
pub(super) fn resolve(
    name: &str,
    options: &PoolOptions,
    providers: &BTreeMap<String, ProviderSettings>,
) -> Result<Pool, (&'static str, String)> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 40 || !name.chars().all(is_name) {
        return Err((
            "",
            "a pool's name is made of lower-case letters, digits and \"-\", 40 at most".into(),
        ));
    }
    let names: BTreeSet<&String> = options.models.iter().collect();
    if names.is_empty() || names.len() > MOST || names.len() < options.models.len() {
        return Err((
            ".models",
            format!("a pool is of one to {MOST} models, each named once"),
        ));
    }
    if let Some(stray) = options.weights.keys().find(|name| !names.contains(name)) {
        return Err((".weights", format!("{stray} is no model of this pool")));
    }
    if options.weights.values().any(|weight| *weight > MOST_WEIGHT) {
        return Err((".weights", format!("a weight is 0 to {MOST_WEIGHT}")));
    }
    let model = |name: &String| match parse_model(name, providers) {
        Ok(ModelName::Of { provider, model }) if name.len() <= LONGEST => Ok(PoolModel {
            provider,
            model,
            weight: options.weights.get(name).copied().unwrap_or(1),
        }),
        Ok(ModelName::Of { .. }) => Err("a name is of 200 characters at most".into()),
        Ok(_) => Err(format!(
            "\"{name}\" cannot be of a pool; the embedded engine takes over where [fallback] names it"
        )),
        Err(message) => Err(message),
    };
    let models: Result<Vec<PoolModel>, String> = options.models.iter().map(model).collect();
    let models = models.map_err(|message| (".models", message))?;
    if let Some(payer) = options.payer {
        check_payer(payer, &models, providers).map_err(|message| (".payer", message))?;
    }
    if models.iter().all(|model| model.weight == 0) {
        return Err((".weights", "one of them must be above 0".into()));
    }
    Ok(Pool {
        models,
        strategy: options.strategy.unwrap_or(match options.payer {
            Some(Payer::FreePool) => Strategy::Weighted,
            _ => Strategy::default(),
        }),
    })
}

/// Checks that everybody is paid for by the one that was named.
fn check_payer(
    payer: Payer,
    models: &[PoolModel],
    providers: &BTreeMap<String, ProviderSettings>,
) -> Result<(), String> {
    for model in models {
        let route = providers.get(&model.provider);
        let route = route.map(|provider| provider.for_model(&model.model));
        let paid = route.as_ref().map(Payer::of);
        if let Some(paid) = paid.filter(|paid| *paid != payer) {
            let name = model.name();
            return Err(match payer {
                Payer::FreePool => format!(
                    "{name} is not free: of OpenRouter those are whose names end in \":free\", of another provider all, if your key there is never billed and you say so in [providers.{}.free]",
                    model.provider
                ),
                _ => format!("somebody else pays for {name} ({paid})"),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn a_free_pool_is_of_free_models_alone_and_goes_by_turns() {
        let resolve = |names: &[&str], payer| {
            let options = PoolOptions {
                models: names.iter().map(|name| (*name).to_owned()).collect(),
                payer: Some(payer),
                ..PoolOptions::default()
            };
            super::resolve("free", &options, &Settings::default().providers)
        };
        let free = ["openrouter/a/b:free", "openrouter/c/d:free"];
        let pool = resolve(&free, Payer::FreePool).expect("a free pool");
        assert_eq!(pool.strategy, Strategy::Weighted);
        let mixed = ["openrouter/a/b:free", "openrouter/a/b"];
        for (names, payer) in [
            (mixed, Payer::FreePool),
            (mixed, Payer::OwnKey),
            (["openai/a", "openrouter/a/b"], Payer::OwnKey),
            (["openrouter/a/b:free", "google/g"], Payer::FreePool),
            (["openai/a", "ollama/b"], Payer::OwnKey),
        ] {
            let key = resolve(&names, payer).map_err(|(key, _)| key).map(drop);
            assert_eq!(key, Err(".payer"), "{names:?}");
        }
        assert!(resolve(&["openai/a", "groq/b"], Payer::OwnKey).is_ok());
    }

    #[test]
    fn what_makes_no_pool_is_a_mistake_that_names_its_key() {
        let resolve = |name: &str, models: &[&str], weights: &[(&str, u32)]| {
            let options = PoolOptions {
                models: models.iter().map(|name| (*name).to_owned()).collect(),
                strategy: None,
                payer: None,
                weights: weights
                    .iter()
                    .map(|(name, weight)| ((*name).to_owned(), *weight))
                    .collect(),
            };
            super::resolve(name, &options, &Settings::default().providers)
        };
        let good = resolve("quick-1", &["groq/a", "openai/b"], &[("openai/b", 3)]);
        let good = good.expect("a pool");
        assert_eq!(good.strategy, Strategy::Ordered);
        assert_eq!([good.models[0].weight, good.models[1].weight], [1, 3]);
        let long = format!("groq/{}", "x".repeat(200));
        for (name, models, weights, key) in [
            ("Quick", &["groq/a"][..], &[][..], ""),
            ("quick", &[], &[], ".models"),
            ("quick", &["groq/a", "groq/a"], &[], ".models"),
            ("quick", &["local"], &[], ".models"),
            ("quick", &["auto"], &[], ".models"),
            ("quick", &["pool/quick"], &[], ".models"),
            ("quick", &["nobody/m"], &[], ".models"),
            ("quick", &[&long], &[], ".models"),
            ("quick", &["groq/a"], &[("groq/b", 1)], ".weights"),
            ("quick", &["groq/a"], &[("groq/a", 0)], ".weights"),
            ("quick", &["groq/a"], &[("groq/a", 1_001)], ".weights"),
        ] {
            assert_eq!(
                resolve(name, models, weights).map_err(|(key, _)| key),
                Err(key)
            );
        }
    }
}
