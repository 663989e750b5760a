//! The keys of a running process: each provider's is found once, by its sources in their order, and kept in memory until something says that
//! it may have changed.
//!
//! Entry point: [`Keys::authorization`]. What is slow (a store, a program) runs in a task of its own that all who ask for the same key share,
//! and that goes on when the one who asked first has gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use reqwest::header::{HeaderName, HeaderValue};

use super::failures::{FAILURES, Failures};
use super::last_use::LastUse;
use super::names::Name;
use super::scope::{Scope, Use};
use super::vault::Vault;
use super::{Error, Found, Source, environment, header, helper, kind};
use crate::config::{DEFAULT_LABEL, Helper, KeySource, KeysSettings, ProviderSettings, host_of};

/// How long a store that could not be asked, or held nothing, is taken at its word.
const STALE: Duration = Duration::from_secs(30);

/// All ways to keys. Clones are the same.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    vault: Vault,
    last_use: LastUse,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    readings: HashMap<Place, Shared<Reading>>,
    failures: HashMap<Place, Failures>,
    changed: Option<SystemTime>,
    /// The stored keys that were there when the stores were last asked for them.
    names: Vec<Name>,
    /// When a key had last changed at that time.
    looked: Looked,
}

/// When the stores were last asked what they have.
#[derive(Default, PartialEq, Eq)]
enum Looked {
    #[default]
    Never,
    /// After this change of a key, or before any.
    After(Option<SystemTime>),
}

/// What a key is read for: the provider, its source, and the host it is to go to.
type Place = (String, KeySource, String);

type Reading = BoxFuture<'static, Read>;

/// What came of looking for a key.
#[derive(Clone)]
struct Read {
    result: Result<Option<Arc<Found>>, Error>,
    until: Option<Instant>,
}

/// What goes with a call to a provider.
#[derive(Clone)]
pub struct Authorization {
    /// The header, marked sensitive.
    pub header: (HeaderName, HeaderValue),
    /// Where its key comes from.
    pub source: Source,
    /// The last four characters of the key.
    pub last_four: Option<String>,
}

impl Keys {
    /// Returns those of this process, which all of it shares: no store is asked twice.
    pub fn of_process() -> Self {
        static KEYS: OnceLock<Keys> = OnceLock::new();
        KEYS.get_or_init(|| Self::new(Vault::new())).clone()
    }

    /// Creates a way to keys over some stores.
    pub fn new(vault: Vault) -> Self {
        Self(Arc::new(Inner {
            last_use: LastUse::new(vault.folder()),
            vault,
            state: Mutex::default(),
        }))
    }

    /// Returns the stores.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Returns when each stored key was last used for a call, by its name.
    pub fn last_use(&self) -> std::collections::BTreeMap<String, jiff::Timestamp> {
        self.0.last_use.all()
    }

    /// Returns what carries a provider's key, or `None` if it takes no key or none is stored for one that may take none.
    pub async fn authorization(
        &self,
        provider: &ProviderSettings,
        wanted: Use<'_>,
    ) -> Result<Option<Authorization>, Error> {
        match &provider.key {
            KeySource::None => Ok(None),
            // What the process was started with does not change, and reading it takes no time.
            KeySource::Env(variable) => from_environment(provider, variable).map(Some),
            _ => {
                let read = self.reading(provider).await;
                let Some(found) = read.result? else {
                    return Ok(None);
                };
                self.admit(provider, &found, wanted)?;
                authorize(provider, &found).map(Some)
            }
        }
    }

    /// Returns what carries the key of a provider's account, for the report that no other key may read. An administrator's key passes here alone.
    pub async fn authorization_for_report(
        &self,
        provider: &ProviderSettings,
    ) -> Result<Option<Authorization>, Error> {
        let Some(found) = self.reading(provider).await.result? else {
            return Ok(None);
        };
        if kind::is_administrators(&found.secret) {
            return carried(provider, &found).map(Some);
        }
        authorize(provider, &found).map(Some)
    }

    /// Checks that a key is kept for what it is wanted for, and notes that it is used.
    fn admit(
        &self,
        provider: &ProviderSettings,
        found: &Found,
        wanted: Use<'_>,
    ) -> Result<(), Error> {
        let Some(label) = found.source.label() else {
            return Ok(());
        };
        let name = || Name {
            provider: provider.name.clone(),
            label: label.into(),
        };
        if let Some(kept) = found.scope.refusal(wanted, &provider.stores.environment) {
            return Err(Error::OutOfScope { name: name(), kept });
        }
        if wanted.feature.is_some() {
            self.0.last_use.note(&name());
        }
        Ok(())
    }

    /// Looks for a provider's key anew, since the provider refused the one it got; returns it if it is another one.
    pub async fn renewed(
        &self,
        provider: &ProviderSettings,
        refused: &HeaderValue,
        wanted: Use<'_>,
    ) -> Option<Authorization> {
        if matches!(provider.key, KeySource::None | KeySource::Env(_)) {
            return None;
        }
        let place = place_of(provider);
        self.forget_if(&place, |found| {
            authorize(provider, found).is_ok_and(|held| held.header.1 == *refused)
        });
        let renewed = self.authorization(provider, wanted).await.ok()??;
        if renewed.header.1 != *refused {
            return Some(renewed);
        }
        if matches!(provider.key, KeySource::Command(_)) {
            // A program that goes on printing a key that is refused is not asked for ever.
            self.state().failures.entry(place).or_default().refused();
        }
        None
    }

    /// Asks the stores which keys they have, so that [`is_present`](Self::is_present) knows; unless they were asked since a key last changed.
    pub async fn look(&self, settings: &KeysSettings) {
        let looked = Looked::After(self.0.vault.changed());
        if self.state().looked == looked {
            return;
        }
        let surveyed = self.0.vault.survey(settings).await;
        let names = surveyed.into_iter().filter_map(|store| store.names.ok());
        let names = names.flatten().collect();
        let mut state = self.state();
        state.names = names;
        state.looked = looked;
    }

    /// Returns whether a provider that takes a key has one, as far as is known without waiting: of the stored ones, those that were there at the
    /// last [`look`](Self::look).
    pub fn is_present(&self, provider: &ProviderSettings) -> bool {
        match &provider.key {
            // A program is run when it is needed, and is taken at its word until then.
            KeySource::None | KeySource::Command(_) | KeySource::Default { variable: None } => true,
            KeySource::Env(variable) => environment::has(variable),
            KeySource::Default {
                variable: Some(variable),
            } if environment::has(variable) => true,
            KeySource::Default { .. } => self.has(provider, DEFAULT_LABEL),
            KeySource::Keyring { label } => self.has(provider, label),
        }
    }

    fn has(&self, provider: &ProviderSettings, label: &str) -> bool {
        let is_it = |name: &Name| name.provider == provider.name && name.label == label;
        self.state().names.iter().any(is_it)
    }

    fn reading(&self, provider: &ProviderSettings) -> Shared<Reading> {
        let place = place_of(provider);
        let changed = self.0.vault.changed();
        let mut state = self.state();
        if state.changed != changed {
            // Whoever changes keys means the servers that run to notice.
            state.readings.clear();
            state.failures.clear();
            state.changed = changed;
        }
        if let Some(reading) = state.readings.get(&place)
            && reading
                .peek()
                .is_none_or(|read| read.until.is_none_or(|until| Instant::now() < until))
        {
            return reading.clone();
        }
        let keys = self.clone();
        let wanted = provider.clone();
        let task = tokio::spawn(async move { keys.read(&wanted).await });
        let name = provider.name.clone();
        let reading = task
            .map(move |read| read.unwrap_or_else(|_| Read::interrupted(name)))
            .boxed()
            .shared();
        state.readings.insert(place, reading.clone());
        reading
    }

    async fn read(&self, provider: &ProviderSettings) -> Read {
        let result = match &provider.key {
            KeySource::Command(command) => {
                let result = self.run(provider, command).await;
                let until = match &result {
                    Ok(_) => Instant::now() + command.ttl,
                    Err(_) => Instant::now(),
                };
                return Read {
                    result: result.map(Some),
                    until: Some(until),
                };
            }
            KeySource::Keyring { label } => self.stored(provider, label, None).await,
            KeySource::Default { variable } => {
                self.stored(provider, DEFAULT_LABEL, variable.as_deref())
                    .await
            }
            KeySource::None | KeySource::Env(_) => Ok(None),
        };
        let is_lasting = matches!(result, Ok(Some(_)));
        Read {
            result,
            until: (!is_lasting).then(|| Instant::now() + STALE),
        }
    }

    async fn run(
        &self,
        provider: &ProviderSettings,
        command: &Helper,
    ) -> Result<Arc<Found>, Error> {
        let place = place_of(provider);
        if self
            .state()
            .failures
            .get(&place)
            .is_some_and(Failures::are_enough)
        {
            return Err(Error::HelperStopped {
                provider: provider.name.clone(),
                times: FAILURES,
            });
        }
        match helper::run(
            command,
            &environment::secret_variables(&provider.stores),
            helper::LIMIT,
        )
        .await
        {
            Ok(secret) => {
                self.state().failures.entry(place).or_default().runs = 0;
                Ok(Arc::new(Found {
                    secret,
                    source: Source::Command {
                        program: command.argv[0].clone(),
                    },
                    scope: Scope::default(),
                }))
            }
            Err(message) => {
                self.state().failures.entry(place).or_default().runs += 1;
                Err(Error::Helper {
                    provider: provider.name.clone(),
                    message,
                })
            }
        }
    }

    /// Looks for a stored key and, where there is none, in the variable. One that is stored and may not be used now is never replaced by the
    /// variable's, which may be of another account: only the user can say that it is to pay.
    async fn stored(
        &self,
        provider: &ProviderSettings,
        label: &str,
        variable: Option<&str>,
    ) -> Result<Option<Arc<Found>>, Error> {
        let name = Name {
            provider: provider.name.clone(),
            label: label.into(),
        };
        let sought = self.0.vault.find(&provider.stores, &name).await;
        for (kind, fault) in &sought.faults {
            tracing::debug!(%kind, %fault, "a key store cannot be asked");
        }
        let unused = variable.filter(|variable| environment::has(variable));
        match sought.found {
            Some((_, record)) if record.is_disabled => {
                return Err(Error::Disabled {
                    name,
                    unused: unused.map(str::to_owned),
                });
            }
            Some((_, record)) if !provider.takes_key_of(&record.hosts) => {
                return Err(Error::OtherHost {
                    name,
                    hosts: record.hosts.join(", "),
                    host: host_of(&provider.base_url),
                    unused: unused.map(str::to_owned),
                });
            }
            Some((kind, record)) => {
                return Ok(Some(Arc::new(Found {
                    secret: record.key,
                    source: Source::Store {
                        kind,
                        label: label.into(),
                    },
                    scope: record.scope,
                })));
            }
            None => {}
        }
        let faults = sought
            .faults
            .iter()
            .map(|(kind, fault)| format!("{kind}: {fault}"));
        let faults = faults.collect::<Vec<_>>().join("; ");
        if let Some(unused) = unused.filter(|_| sought.is_uncertain) {
            return Err(Error::Uncertain {
                provider: provider.name.clone(),
                faults,
                variable: unused.to_owned(),
            });
        }
        if let Some((variable, secret)) =
            variable.and_then(|name| Some((name, environment::read(name)?)))
        {
            return Ok(Some(Arc::new(Found {
                secret,
                source: Source::Environment {
                    variable: variable.into(),
                },
                scope: Scope::default(),
            })));
        }
        match (&provider.key, variable) {
            // A provider of the user's own, or a proxy, may take no key.
            (KeySource::Default { .. }, None) => Ok(None),
            (_, variable) => Err(Error::NoKey {
                provider: provider.name.clone(),
                label: (label != DEFAULT_LABEL).then(|| label.to_owned()),
                variable: variable.map(str::to_owned),
                faults,
            }),
        }
    }

    /// Forgets what was read for a place, unless it is being read at this moment or is not what is meant.
    fn forget_if(&self, place: &Place, is_meant: impl Fn(&Found) -> bool) {
        let mut state = self.state();
        let read = state.readings.get(place).and_then(Shared::peek);
        if read.is_some_and(|read| matches!(&read.result, Ok(Some(found)) if is_meant(found))) {
            state.readings.remove(place);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read {
    /// What is known when the runtime ends while a key is looked for.
    fn interrupted(provider: String) -> Self {
        Self {
            // Never as if no key were needed: the call would go out without one.
            result: Err(Error::NoKey {
                provider,
                label: None,
                variable: None,
                faults: "looking for it broke off".into(),
            }),
            until: Some(Instant::now()),
        }
    }
}

fn place_of(provider: &ProviderSettings) -> Place {
    (
        provider.name.clone(),
        provider.key.clone(),
        host_of(&provider.base_url),
    )
}

fn from_environment(provider: &ProviderSettings, variable: &str) -> Result<Authorization, Error> {
    let secret = environment::read(variable).ok_or_else(|| Error::NotSet {
        provider: provider.name.clone(),
        variable: variable.into(),
    })?;
    let source = Source::Environment {
        variable: variable.into(),
    };
    let scope = Scope::default();
    authorize(
        provider,
        &Found {
            secret,
            source,
            scope,
        },
    )
}

fn authorize(provider: &ProviderSettings, found: &Found) -> Result<Authorization, Error> {
    if let Some(reason) = kind::refusal(&provider.name, provider.auth, &found.secret) {
        return Err(Error::NotAllowed {
            provider: provider.name.clone(),
            place: found.source.clone(),
            reason,
        });
    }
    carried(provider, found)
}

fn carried(provider: &ProviderSettings, found: &Found) -> Result<Authorization, Error> {
    let header = header(provider.auth, &found.secret).ok_or_else(|| Error::Unusable {
        provider: provider.name.clone(),
        place: found.source.clone(),
    })?;
    Ok(Authorization {
        header,
        source: found.source.clone(),
        last_four: found.secret.last_four(),
    })
}
