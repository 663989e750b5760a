//! Asks the local model servers that the user enabled whether they answer, and with which model.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use crate::config::{ProviderSettings, Settings};
use crate::credential::{Keys, Use};
use crate::provider::{Http, models_url};
use crate::routing::LocalServer;

/// A server on this machine that takes longer to list its models is not there.
const LIMIT: Duration = Duration::from_millis(800);

/// Returns those of the settings' local servers that answer. No other is asked, and none that the policy denies.
pub async fn probe(http: &Http, keys: &Keys, settings: &Settings) -> Vec<LocalServer> {
    let enabled = settings
        .local_servers
        .iter()
        .filter_map(|name| settings.providers.get(name))
        .filter(|provider| settings.policy.judge_provider(provider).is_ok());
    join_all(enabled.map(|provider| ask(http, keys, provider)))
        .await
        .into_iter()
        .flatten()
        .collect()
}

async fn ask(http: &Http, keys: &Keys, provider: &ProviderSettings) -> Option<LocalServer> {
    let authorization = keys.authorization(provider, Use::QUESTION).await.ok()?;
    let authorization = authorization.map(|held| held.header);
    let url = models_url(&provider.base_url);
    let list = http.get_json(&url, authorization, LIMIT).await.ok()?;
    let model = list
        .get("data")
        .and_then(Value::as_array)?
        .first()?
        .get("id")?
        .as_str()?;
    Some(LocalServer {
        provider: provider.name.clone(),
        model: model.to_owned(),
    })
}
