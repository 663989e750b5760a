//! `[routing]`: several models under one name, and how one of them is chosen for a call; and which calls go to which model.

mod limit;
mod pool;
mod rule;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use limit::LimitOptions;
pub use pool::{Pool, PoolModel, PoolOptions, Strategy};
pub use rule::{RouteRule, RuleOptions, TaskClass};

use super::provider::ProviderSettings;
use super::settings::{ModelName, parse_model};

/// How a model is chosen where several might do.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RoutesOptions {
    /// Pools of models by name. `pool/NAME` stands wherever a feature or an action names its model, and one of the pool is chosen for each call.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pools: BTreeMap<String, PoolOptions>,
    /// Which calls go to another model than the feature's, by what they are for, the language and the length of the prompt; the first that fits counts.
    /// 32 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<RuleOptions>>,
    /// How many calls go to a provider at once and in a minute, by its name, for each of its keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, LimitOptions>,
}

/// What code reads of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes {
    /// The pools, by name.
    pub pools: BTreeMap<String, Pool>,
    /// Which calls go to another model than the feature's; the first that fits counts.
    pub rules: Vec<RouteRule>,
    /// How many calls go to a provider, by its name.
    pub limits: BTreeMap<String, LimitOptions>,
}

impl Routes {
    /// Returns the first rule that fits a call, and its place.
    pub fn rule(
        &self,
        class: TaskClass,
        language: Option<&str>,
        tokens: u64,
    ) -> Option<(usize, &RouteRule)> {
        let mut rules = self.rules.iter().enumerate();
        rules.find(|(_, rule)| rule.fits(class, language, tokens))
    }
}

/// More rules nobody could follow.
const MOST_RULES: usize = 32;

impl RoutesOptions {
    /// Lays one over another; a pool is taken whole from the layer that names it last.
    #[must_use]
    pub(super) fn over(below: Self, above: Self) -> Self {
        let mut pools = below.pools;
        pools.extend(above.pools);
        let rules = above.rules.or(below.rules);
        let mut limits = below.limits;
        limits.extend(above.limits);
        Self {
            pools,
            rules,
            limits,
        }
    }
}

/// Resolves it; a failure is its key and the message.
pub(super) fn resolve(
    options: &RoutesOptions,
    providers: &BTreeMap<String, ProviderSettings>,
) -> Result<Routes, (String, String)> {
    let mut routes = Routes::default();
    for (name, written) in &options.pools {
        let pool = pool::resolve(name, written, providers)
            .map_err(|(key, message)| (format!("pools.{name}{key}"), message))?;
        routes.pools.insert(name.clone(), pool);
    }
    for (name, limit) in &options.limits {
        let key = |key: &str| format!("limits.{name}{key}");
        if !providers.contains_key(name) {
            return Err((key(""), format!("no provider is called \"{name}\"")));
        }
        limit::check(*limit).map_err(|(of, message)| (key(&format!(".{of}")), message))?;
    }
    routes.limits.clone_from(&options.limits);
    let rules = options.rules.as_deref().unwrap_or_default();
    if rules.len() > MOST_RULES {
        return Err(("rules".into(), format!("there are {MOST_RULES} at most")));
    }
    for (at, written) in rules.iter().enumerate() {
        let model = parse_route(&written.model, providers, &routes)
            .map_err(|message| (format!("rules.{at}.model"), message))?;
        routes.rules.push(RouteRule {
            tasks: written.tasks.clone(),
            languages: written.languages.clone(),
            up_to_tokens: written.up_to_tokens,
            model,
        });
    }
    Ok(routes)
}

/// What stands before a pool's name where a model is named.
pub const POOL: &str = "pool";

/// Reads what a feature or an action names: a model, or a pool.
pub(super) fn parse_route(
    text: &str,
    providers: &BTreeMap<String, ProviderSettings>,
    routes: &Routes,
) -> Result<ModelName, String> {
    let Some(name) = pool_of(text, providers) else {
        return parse_model(text, providers);
    };
    if routes.pools.contains_key(name) {
        return Ok(ModelName::Pool(name.to_owned()));
    }
    let known: Vec<&str> = routes.pools.keys().map(String::as_str).collect();
    Err(if known.is_empty() {
        format!("there is no pool \"{name}\"; name its models in [routing.pools.{name}]")
    } else {
        format!(
            "there is no pool \"{name}\"; there are {}",
            known.join(", ")
        )
    })
}

/// Returns the pool that a text names. A provider of the user's own may be called so, too.
pub(super) fn pool_of<'a>(
    text: &'a str,
    providers: &BTreeMap<String, ProviderSettings>,
) -> Option<&'a str> {
    let (before, name) = text.split_once('/')?;
    (before == POOL && !providers.contains_key(POOL)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::TaskClass::{Completion, Explain, Fix};
    use super::*;
    use crate::config::Settings;

    fn routes(json: serde_json::Value) -> Result<Routes, (String, String)> {
        let options: RoutesOptions = serde_json::from_value(json).expect("options");
        resolve(&options, &Settings::default().providers)
    }

    #[test]
    fn the_first_rule_that_fits_counts_and_what_it_does_not_say_is_any() {
        let routes = routes(serde_json::json!({
            "pools": {"a": {"models": ["groq/b"]}},
            "rules": [
                {"tasks": ["explain", "commit-message"], "model": "groq/small"},
                {"tasks": ["fix"], "languages": ["rust"], "up_to_tokens": 500, "model": "pool/a"},
                {"languages": ["python"], "model": "local"},
            ],
        }))
        .expect("rules");
        let place = |class, language, tokens| routes.rule(class, language, tokens).map(|it| it.0);
        assert_eq!(place(Explain, Some("rust"), 9_000), Some(0));
        assert_eq!(place(Fix, Some("rust"), 500), Some(1));
        assert_eq!(place(Fix, Some("rust"), 501), None);
        assert_eq!(place(Fix, None, 1), None);
        assert_eq!(place(Completion, Some("python"), 1), Some(2));
    }

    #[test]
    fn a_rule_that_names_no_model_is_a_mistake_that_names_its_place() {
        let bad = |model: &str| {
            let rules = serde_json::json!([{"model": "groq/a"}, {"model": model}]);
            routes(serde_json::json!({"rules": rules})).map_err(|(key, _)| key)
        };
        assert!(bad("openai/b").is_ok());
        for model in ["", "pool/a", "nobody/m"] {
            assert_eq!(bad(model), Err("rules.1.model".into()));
        }
        for class in TaskClass::ALL {
            let written = serde_json::json!(class);
            assert_eq!(written.as_str().and_then(TaskClass::named), Some(class));
        }
    }

    #[test]
    fn limits_are_those_of_a_provider_and_leave_room_for_actions() {
        let key = |limits: serde_json::Value| {
            let routes = routes(serde_json::json!({"limits": limits}));
            routes.map_err(|(key, _)| key)
        };
        let good = serde_json::json!({"groq": {"concurrent": 2, "requests_per_minute": 30}});
        assert!(key(good).is_ok());
        for (limits, expected) in [
            (serde_json::json!({"nobody": {}}), "limits.nobody"),
            (
                serde_json::json!({"groq": {"concurrent": 1}}),
                "limits.groq.concurrent",
            ),
            (
                serde_json::json!({"groq": {"requests_per_minute": 20_000}}),
                "limits.groq.requests_per_minute",
            ),
        ] {
            assert_eq!(key(limits), Err(expected.into()));
        }
    }
}
