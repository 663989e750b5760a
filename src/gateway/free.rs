//! The free pool: how many calls a provider gives for nothing are left, and what rests until there are more.
//!
//! Entry points: [`FreePool::is_resting`] when it is decided, [`FreePool::enter`] before a call is sent, [`FreePool::refused`] where a provider takes no more.
//! What a provider says of its limits beforehand is counted here, so that no call is sent that it must refuse; a fifth of each limit, and one call at least,
//! is kept for code actions. What it refuses rests for as long as it says, a day at most: the model, or, where the limit is the account's, all free models there.
//! Counts and rests are kept in a file beside the ledger, under a lock, so that they hold for all editors at once and after a restart; where it cannot be used,
//! this process goes by what it knows itself.

mod scope;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use self::scope::{Millis, Scope};
use super::beside;
use crate::config::Free;
use crate::provider::Error;
use crate::routing::{Decision, Payer, Way};

/// More models and accounts are not counted; nobody has so many.
const MOST: usize = 256;

/// Clocks are no better than that.
const AHEAD: Millis = 10_000;

/// How long an account rests whose provider does not say.
const USUAL: Duration = Duration::from_mins(1);

/// What is counted and what rests, by account (its provider's name) or model (its full name).
type Scopes = BTreeMap<String, Scope>;

/// What is left of the free pool. Clones are the same.
#[derive(Clone)]
pub(super) struct FreePool(Arc<Inner>);

struct Inner {
    scopes: Mutex<Scopes>,
    file: Option<PathBuf>,
    /// The clock's time and the monotonic one, at the same moment.
    began: (Timestamp, Instant),
}

impl FreePool {
    /// Creates one that shares what it counts with others by a file, if there is one.
    pub(super) fn shared_in(file: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner {
            scopes: Mutex::default(),
            file,
            began: (Timestamp::now(), Instant::now()),
        }))
    }

    /// Returns whether a model is of the free pool and takes no call like this now, as far as is known.
    pub(super) fn is_resting(&self, decision: &Decision) -> bool {
        let Some(place) = Place::of(decision) else {
            return false;
        };
        let now = self.now();
        let scopes = self.scopes();
        place.admit(&scopes, decision, now).is_err()
    }

    /// Counts a call that is about to be sent, or refuses it; whatever is not of the free pool passes.
    pub(super) async fn enter(&self, decision: &Decision) -> Result<(), Error> {
        let Some(place) = Place::of(decision) else {
            return Ok(());
        };
        let (pool, decision) = (self.clone(), decision.clone());
        if self.0.file.is_none() {
            return pool.take(&place, &decision);
        }
        // Another process may have the file to itself for a moment.
        let taken = tokio::task::spawn_blocking(move || {
            let mut shared = pool.read();
            let taken = pool.take(&place, &decision);
            pool.write(shared.as_mut());
            taken
        });
        taken.await.unwrap_or(Err(Error::UsedUp { renewed: None }))
    }

    /// Lets a model rest that its provider refused, or all free ones of its account.
    pub(super) fn refused(&self, decision: &Decision, error: &Error) {
        let Some(place) = Place::of(decision) else {
            return;
        };
        let (name, wait) = match error {
            Error::UsedUp { renewed } => (place.counted, renewed.unwrap_or(USUAL)),
            Error::RateLimited {
                retry_after: Some(wait),
            } => (place.model, *wait),
            _ => return,
        };
        let now = self.now();
        let mut scopes = self.scopes();
        if scopes.len() < MOST || scopes.contains_key(&name) {
            scopes.entry(name).or_default().rest(wait, now);
        }
    }

    /// Writes what rests, so that it does after a restart, too.
    pub(super) fn close(&self) {
        if self.scopes().is_empty() {
            return;
        }
        let mut shared = self.read();
        self.write(shared.as_mut());
    }

    fn take(&self, place: &Place, decision: &Decision) -> Result<(), Error> {
        let now = self.now();
        let mut scopes = self.scopes();
        scopes.retain(|_, scope| scope.is_of_use(now));
        place.admit(&scopes, decision, now).map_err(|until| {
            let left = u64::try_from(until - now).unwrap_or_default();
            Error::UsedUp {
                renewed: Some(Duration::from_millis(left)),
            }
        })?;
        if scopes.len() < MOST || scopes.contains_key(&place.counted) {
            scopes.entry(place.counted.clone()).or_default().count(now);
        }
        Ok(())
    }

    /// Opens the file, locks it and takes in what others noted there.
    fn read(&self) -> Option<File> {
        let mut file = beside::open(self.0.file.as_ref()?)?;
        // What cannot be read is written anew.
        let noted: Scopes = beside::read(&mut file).unwrap_or_default();
        let now = self.now();
        let mut scopes = self.scopes();
        for (name, noted) in noted.into_iter().take(MOST) {
            scopes.entry(name).or_default().take_in(noted, now);
        }
        Some(file)
    }

    fn write(&self, file: Option<&mut File>) {
        let Some(file) = file else {
            return;
        };
        let written = beside::write(file, &*self.scopes());
        if let Err(error) = written {
            tracing::warn!(%error, "the count of free calls is not shared");
        }
    }

    /// Returns the time: what the clock said at the beginning and what has passed since, unless the clock is well ahead of that, as after the machine slept.
    fn now(&self) -> Millis {
        let (clock, instant) = self.0.began;
        let passed = Millis::try_from(instant.elapsed().as_millis()).unwrap_or(Millis::MAX);
        let reckoned = clock.as_millisecond().saturating_add(passed);
        let told = Timestamp::now().as_millisecond();
        if told > reckoned.saturating_add(AHEAD) {
            told
        } else {
            reckoned
        }
    }

    fn scopes(&self) -> MutexGuard<'_, Scopes> {
        self.0.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a call to a free model is counted, and what may rest.
struct Place {
    /// The account or the model, whichever the limits are of.
    counted: String,
    model: String,
    free: Free,
}

impl Place {
    fn of(decision: &Decision) -> Option<Self> {
        let Way::Http(provider) = &decision.way else {
            return None;
        };
        let free = provider
            .free
            .clone()
            .filter(|_| decision.payer == Payer::FreePool)?;
        let model = decision.name();
        let counted = if free.is_of_account() {
            decision.provider.clone()
        } else {
            model.clone()
        };
        Some(Self {
            counted,
            model,
            free,
        })
    }

    /// Returns whether there is room for a call, or when there will be.
    fn admit(&self, scopes: &Scopes, decision: &Decision, now: Millis) -> Result<(), Millis> {
        let model = scopes.get(&self.model);
        model.map_or(Ok(()), |model| model.is_awake(now))?;
        let counted = scopes.get(&self.counted);
        counted.map_or(Ok(()), |counted| {
            counted.admit(&self.free, decision.feature, now)
        })
    }
}

#[cfg(test)]
mod tests;
