//! `[routing]`: several models under one name, and how one of them is chosen for a call.

mod pool;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use pool::{Pool, PoolModel, PoolOptions, Strategy};

use super::provider::ProviderSettings;
use super::settings::{ModelName, parse_model};

/// How a model is chosen where several might do.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RoutesOptions {
    /// Pools of models by name. `pool/NAME` stands wherever a feature or an action names its model, and one of the pool is chosen for each call.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pools: BTreeMap<String, PoolOptions>,
}

/// What code reads of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes {
    /// The pools, by name.
    pub pools: BTreeMap<String, Pool>,
}

impl RoutesOptions {
    /// Lays one over another; a pool is taken whole from the layer that names it last.
    #[must_use]
    pub(super) fn over(below: Self, above: Self) -> Self {
        let mut pools = below.pools;
        pools.extend(above.pools);
        Self { pools }
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
