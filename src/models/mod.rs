//! Which models there are: what each provider lists, kept on the disk, and what the price catalogue knows where nothing is listed.
//!
//! Entry points: [`Lists::offers`], which answers at once and asks nobody, and [`Lists::refresh`], which asks a provider. Invariants:
//! asking for a list is no call to a model and costs nothing; nobody is asked whom the policy denies ([`can_be_asked`]); a list is never needed for a call, and a model that it does not name is
//! doubted ([`Lists::doubt`]), not refused, since lists are incomplete; what providers write is bounded and can be shown.

mod ask;
mod cache;
mod listed;
mod near;
pub use near::near as names_near;
mod offer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

pub use ask::{List, addresses, ask};
pub use listed::{Listed, TokenPrice, read};
pub use near::near;
pub use offer::{Ability, Model, Offer, PriceSource, Source};

use crate::config::{ModelName, Project, ProviderSettings, Settings};
use crate::credential;
use crate::provider::Http;
use cache::{Cache, Kept};

/// Providers bring out new models every few weeks.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

/// A server on this machine has a new model as soon as its user fetches one, and answers in milliseconds.
const FRESH_HERE: SignedDuration = SignedDuration::from_secs(30);

/// The lists of models. Clones are the same lists.
#[derive(Clone)]
pub struct Lists(Arc<Inner>);

struct Inner {
    http: Http,
    cache: Cache,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The providers that are being asked.
    asking: BTreeSet<String>,
    /// Why the providers could not be asked that were last asked in vain.
    failures: BTreeMap<String, String>,
    /// The models whose doubts were told.
    doubted: BTreeSet<String>,
}

impl Lists {
    /// Keeps lists in a file, or in memory alone.
    pub fn new(http: Http, path: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner {
            http,
            cache: Cache::new(path),
            state: Mutex::default(),
        }))
    }

    /// Where lists are kept unless configured otherwise: `byok-lsp/models.json` in the platform's folder for what can be fetched again.
    pub fn default_path() -> Option<PathBuf> {
        use etcetera::BaseStrategy as _;
        let base = etcetera::choose_base_strategy().ok()?;
        Some(base.cache_dir().join("byok-lsp").join("models.json"))
    }

    /// Says what each of the providers offers, by its list if there is one, else by the price catalogue. Asks nobody; takes some
    /// milliseconds, so it belongs on a thread of its own.
    pub fn offers(&self, providers: &[ProviderSettings], now: Timestamp) -> Vec<Offer> {
        let kept = self.0.cache.lists();
        let failures = self.state().failures.clone();
        let offer = |provider: &ProviderSettings| {
            let list = kept
                .get(&provider.name)
                .filter(|list| is_of(list, provider));
            Offer::of(provider, list, failures.get(&provider.name).cloned(), now)
        };
        providers.iter().map(offer).collect()
    }

    /// Returns those of the providers that can be asked and whose list is missing or old. Reads the disk.
    pub fn due(
        &self,
        settings: &Settings,
        providers: &[ProviderSettings],
        now: Timestamp,
    ) -> Vec<ProviderSettings> {
        let kept = self.0.cache.lists();
        let is_due = |provider: &&ProviderSettings| {
            let list = kept
                .get(&provider.name)
                .filter(|list| is_of(list, provider));
            can_be_asked(settings, provider)
                && !list.is_some_and(|list| is_fresh(list, provider, now))
        };
        providers.iter().filter(is_due).cloned().collect()
    }

    /// Asks a provider for its list and keeps it, unless it is being asked already. A failure is told by the next offer.
    pub async fn refresh(&self, provider: &ProviderSettings) {
        let Some(_asking) = self.begin(&provider.name) else {
            return;
        };
        let asked = ask::ask(&self.0.http, provider).await;
        let list = match asked {
            Ok(list) => list,
            Err(error) => {
                let failure = printable(&error.to_string());
                self.state().failures.insert(provider.name.clone(), failure);
                return;
            }
        };
        self.state().failures.remove(&provider.name);
        let kept = Kept {
            base_url: provider.base_url.to_string(),
            asked: Timestamp::now().as_second(),
            is_whole: list.is_whole,
            models: list.models,
        };
        let (lists, name) = (self.clone(), provider.name.clone());
        let keeping = tokio::task::spawn_blocking(move || lists.0.cache.keep(&name, kept));
        // It only fails when the program ends.
        let _ = keeping.await;
    }

    /// Says what speaks against the model that is set, by its provider's list as it was last seen: that it is not there, with names that
    /// may have been meant, or that it can do nothing of use. Asks nobody, reads the disk.
    pub fn doubt(&self, settings: &Settings) -> Option<String> {
        let ModelName::Of { provider, model } = &settings.model else {
            return None;
        };
        let provider = settings.providers.get(provider)?;
        let lists = self.0.cache.lists();
        let list = lists
            .get(&provider.name)
            .filter(|list| is_of(list, provider))?;
        let date = offer::date(list.asked);
        let Some(listed) = offer::find(&list.models, model) else {
            let names = list.models.iter().map(|listed| listed.name.as_str());
            let meant: Vec<_> = near(model, names)
                .into_iter()
                .map(|name| format!("\"{}/{name}\"", provider.name))
                .collect();
            let meant = match meant.split_last() {
                Some((name, [])) => format!("; did you mean {name}?"),
                Some((name, others)) => format!("; did you mean {} or {name}?", others.join(", ")),
                None => format!(
                    "; byok-lsp models --provider {} says what there is",
                    provider.name
                ),
            };
            return list.is_whole.then(|| {
                format!(
                    "{} did not list a model \"{model}\" on {date}{meant}",
                    provider.name
                )
            });
        };
        let says = match Ability::of(provider, model, Some(listed)) {
            Ability::Neither(why) => why,
            Ability::Chats if provider.for_model(model).wire.fills() => {
                "it fills no holes".to_owned()
            }
            Ability::Chats | Ability::Fills => return None,
        };
        Some(format!(
            "{} said of \"{model}\" on {date}: {says}",
            provider.name
        ))
    }

    /// As [`doubt`](Self::doubt), but each model is doubted once only.
    pub fn new_doubt(&self, settings: &Settings) -> Option<String> {
        let doubt = self.doubt(settings)?;
        let is_new = self.state().doubted.insert(settings.model.to_string());
        is_new.then_some(doubt)
    }

    /// Returns the providers that are being asked.
    pub fn asking(&self) -> BTreeSet<String> {
        self.state().asking.clone()
    }

    fn begin(&self, provider: &str) -> Option<Asking<'_>> {
        let is_new = self.state().asking.insert(provider.to_owned());
        is_new.then(|| Asking(self, provider.to_owned()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A provider that is being asked, until this is dropped.
struct Asking<'a>(&'a Lists, String);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.state().asking.remove(&self.1);
    }
}

/// Returns the providers of all models that calls may go to as the settings are: those of features, with all of their pools, in the order in which they are named.
pub fn set(settings: &Settings) -> Vec<&str> {
    let mut named: Vec<&str> = Vec::new();
    let models = [&settings.model, settings.model_of_actions()].into_iter();
    let rules = settings.routes.rules.iter().map(|rule| &rule.model);
    let projects = settings.projects.iter().flat_map(Project::models);
    for model in models.chain(rules).chain(projects) {
        match model {
            ModelName::Of { provider, .. } => named.push(provider),
            ModelName::Pool(name) => {
                let pool = settings.routes.pools.get(name);
                let models = pool.into_iter().flat_map(|pool| &pool.models);
                named.extend(models.map(|model| model.provider.as_str()));
            }
            ModelName::Auto | ModelName::Local => {}
        }
    }
    let mut seen = BTreeSet::new();
    named.retain(|name| seen.insert(*name));
    named
}

/// Returns the providers whose models the user can use now: those with a key, the enabled local servers, the user's own, and whatever the
/// models that are set belong to, those of pools included.
pub fn usable(settings: &Settings) -> Vec<ProviderSettings> {
    let set = set(settings);
    let is_set = |name: &String| set.contains(&name.as_str());
    let is_usable = |provider: &&ProviderSettings| {
        if provider.key.may_be_none() {
            !provider.is_well_known()
                || is_set(&provider.name)
                || settings.local_servers.contains(&provider.name)
        } else {
            credential::is_present(provider)
        }
    };
    settings
        .providers
        .values()
        .filter(is_usable)
        .cloned()
        .collect()
}

/// Returns whether a provider has a list and would show it, and nothing forbids that it is asked.
pub fn can_be_asked(settings: &Settings, provider: &ProviderSettings) -> bool {
    let is_forbidden = settings.policy.judge_provider(provider).is_err()
        || settings.network.is_offline && !provider.is_on_this_machine();
    !is_forbidden
        && !addresses(provider).is_empty()
        && (provider.list.open || credential::is_present(provider))
}

/// A list counts for the address that it is from.
fn is_of(list: &Kept, provider: &ProviderSettings) -> bool {
    list.base_url == provider.base_url.as_str()
}

fn is_fresh(list: &Kept, provider: &ProviderSettings, now: Timestamp) -> bool {
    let limit = if provider.is_on_this_machine() {
        FRESH_HERE
    } else {
        FRESH
    };
    let age = now.as_second().saturating_sub(list.asked);
    // A list from the future was written by a clock that has been mended since.
    (0..limit.as_secs()).contains(&age)
}

/// Takes out of a message what no terminal should see.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests;
