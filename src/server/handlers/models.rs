//! `byok/models`: what can be asked for, at once, by the lists that are there; older ones are asked for anew behind the answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tower_lsp::jsonrpc::{Error, Result};

use super::super::backend::Shared;
use super::super::protocol::{ListParams, ModelParams, Models, PriceParams, SpeedParams};
use super::super::to_proto;
use super::local_servers;
use super::settle::decide;
use crate::action::unable;
use crate::config::{POOL, Pool, ProviderSettings, Settings};
use crate::credential;
use crate::gateway::Gateway;
use crate::models::{self, Model, Offer, Source};
use crate::routing::{Feature, Payer};

/// How long the stores for keys may take to say what they have.
const STORES: Duration = Duration::from_millis(500);

/// Lists what can be asked for: the embedded engine, the models of each provider that the user can use, and the other providers, whose
/// model is still to be named.
pub async fn answer(shared: &Arc<Shared>) -> Result<Models> {
    local_servers::look_if_due(shared).await;
    let current = decide(shared).name();
    let settings = shared.session().settings().clone();
    let look = shared.gateway.keys().look(&settings.keys);
    // A store that takes longer is left out this time.
    let _ = tokio::time::timeout(STORES, look).await;
    let (lists, reading) = (shared.lists.clone(), settings.clone());
    let read = move || {
        let (usable, now) = (models::usable(&reading), Timestamp::now());
        (
            lists.offers(&usable, now),
            lists.due(&reading, &usable, now),
        )
    };
    let (offers, due) = tokio::task::spawn_blocking(read)
        .await
        .map_err(|_| Error::internal_error())?;
    let mut refreshing = shared.lists.asking();
    refreshing.extend(due.iter().map(|provider| provider.name.clone()));
    shared.refresh_lists(due);
    let actions = shared.gateway.decide(&settings, Feature::Action);
    Ok(Models {
        current,
        actions: unable(&actions).is_none().then(|| actions.name()),
        models: with_speeds(&shared.gateway, all(&settings, &offers)),
        lists: offers
            .iter()
            .map(|offer| list(offer, &refreshing))
            .collect(),
    })
}

/// Adds how fast each was of late.
fn with_speeds(gateway: &Gateway, mut models: Vec<ModelParams>) -> Vec<ModelParams> {
    for model in &mut models {
        model.speed = gateway.speed(&model.id).map(|speed| SpeedParams {
            first_ms: speed.first_ms,
            per_second: speed.per_second,
        });
    }
    models
}

fn all(settings: &Settings, offers: &[Offer]) -> Vec<ModelParams> {
    let own = |id: &str| ModelParams {
        id: id.into(),
        payer: Payer::Nobody.to_string(),
        has_key: true,
        ability: None,
        context: None,
        price: None,
        speed: None,
        pool: Vec::new(),
    };
    let mut models = vec![own("local"), own("auto")];
    let pools = settings.routes.pools.iter();
    models.extend(pools.map(|(name, pool)| of_pool(settings, name, pool)));
    let mut named = BTreeSet::new();
    for offer in offers {
        let Some(provider) = settings.providers.get(&offer.provider) else {
            continue;
        };
        let before = models.len();
        models.extend(offer.of_use().map(|model| offered(provider, model)));
        if models.len() > before {
            named.insert(offer.provider.as_str());
        }
    }
    // What is set comes first, for ghost text and then for code actions, whether or not anybody lists it.
    for set in [settings.model_of_actions(), &settings.model] {
        let set = set.to_string();
        if let Some(at) = models.iter().position(|model| model.id == set) {
            models[..=at].rotate_right(1);
        } else {
            let (provider, model) = set.split_once('/').unwrap_or_default();
            let provider = settings.providers.get(provider);
            let known = |provider| Model::unlisted(provider, model, Timestamp::now());
            let model = provider.map(|provider| offered(provider, &known(provider)));
            models.splice(0..0, model);
        }
    }
    let others = settings.providers.values();
    let others = others.filter(|provider| !named.contains(provider.name.as_str()));
    models.extend(others.map(|provider| unknown(provider, format!("{}/", provider.name))));
    models
}

/// A pool has the keys that it needs where one of its models has its own.
fn of_pool(settings: &Settings, name: &str, pool: &Pool) -> ModelParams {
    let routes = pool.models.iter();
    let routes = routes.filter_map(|it| settings.route(&it.provider, &it.model));
    let routes: Vec<ProviderSettings> = routes.collect();
    ModelParams {
        id: format!("{POOL}/{name}"),
        payer: routes.first().map_or(Payer::Nobody, Payer::of).to_string(),
        has_key: routes.iter().any(credential::is_present),
        ability: None,
        context: None,
        price: None,
        speed: None,
        pool: pool
            .models
            .iter()
            .map(crate::config::PoolModel::name)
            .collect(),
    }
}

fn unknown(provider: &ProviderSettings, id: String) -> ModelParams {
    ModelParams {
        id,
        payer: Payer::of(provider).to_string(),
        has_key: credential::is_present(provider),
        ability: None,
        context: None,
        price: None,
        speed: None,
        pool: Vec::new(),
    }
}

fn offered(provider: &ProviderSettings, model: &Model) -> ModelParams {
    ModelParams {
        ability: Some(model.ability.name().into()),
        context: model.context,
        price: model.price.map(|(price, source)| PriceParams {
            input: to_proto::money(price.input),
            output: to_proto::money(price.output),
            source: source.name().into(),
        }),
        ..unknown(
            &provider.for_model(&model.name),
            format!("{}/{}", provider.name, model.name),
        )
    }
}

fn list(offer: &Offer, refreshing: &BTreeSet<String>) -> ListParams {
    let asked = match &offer.source {
        Source::List { asked, .. } => Some(asked.to_string()),
        Source::Catalogue { .. } | Source::Nothing => None,
    };
    ListParams {
        provider: offer.provider.clone(),
        source: offer.source.name().into(),
        asked,
        is_refreshing: refreshing.contains(&offer.provider),
        message: offer.failure.clone(),
    }
}
