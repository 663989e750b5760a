//! Pauses completions at a provider that takes no more calls for a while, so that what its limits leave is left to actions.
//!
//! Ghost text comes by itself and often; an action is asked for. A pause is noted from what the provider said, and lasts no longer than that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::provider::Error;
use crate::routing::Feature;

/// How long it lasts where the provider does not say.
const USUAL: Duration = Duration::from_secs(10);

/// No mistaken header silences a provider for longer.
const LONGEST: Duration = Duration::from_mins(5);

/// The pauses, by provider. Clones are the same ones.
#[derive(Clone, Default)]
pub(super) struct Pauses(Arc<Mutex<HashMap<String, Pause>>>);

struct Pause {
    until: Instant,
    /// What is told to those who ask meanwhile.
    error: Error,
}

impl Pauses {
    /// Notes that a provider refused a call, if it was for their number.
    pub(super) fn refused(&self, provider: &str, error: &Error, now: Instant) {
        if let Error::RateLimited { retry_after } = error {
            self.note(provider, retry_after.unwrap_or(USUAL), now);
        }
    }

    /// Notes that a provider said beside an answer that it takes no further call for this long.
    pub(super) fn note(&self, provider: &str, wait: Duration, now: Instant) {
        let pause = Pause {
            until: now + wait.min(LONGEST),
            error: Error::RateLimited {
                retry_after: Some(wait),
            },
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(provider.to_owned(), pause);
    }

    /// Refuses a call that has to wait.
    pub(super) fn check(
        &self,
        provider: &str,
        feature: Feature,
        now: Instant,
    ) -> Result<(), Error> {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (feature, pauses.get(provider)) {
            (Feature::Completion | Feature::Speculation, Some(pause)) if now < pause.until => {
                Err(pause.error.clone())
            }
            (_, Some(pause)) if now >= pause.until => {
                pauses.remove(provider);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_provider_that_asks_to_wait_is_left_alone_for_that_long_and_others_are_not() {
        let pauses = Pauses::default();
        let now = Instant::now();
        let error = Error::RateLimited {
            retry_after: Some(7 * SECOND),
        };
        pauses.refused("a", &error, now);
        let check = |provider, after| pauses.check(provider, Feature::Completion, now + after);
        assert_eq!(check("a", 6 * SECOND), Err(error));
        assert_eq!(check("b", 6 * SECOND), Ok(()));
        assert_eq!(check("a", 7 * SECOND), Ok(()));
    }

    #[test]
    fn other_errors_pause_nothing_and_no_pause_lasts_for_ever() {
        let pauses = Pauses::default();
        let now = Instant::now();
        pauses.refused("a", &Error::Overloaded, now);
        assert_eq!(pauses.check("a", Feature::Completion, now), Ok(()));
        pauses.note("a", Duration::from_secs(u64::MAX / 2), now);
        let check = |after| pauses.check("a", Feature::Completion, now + after);
        assert!(check(Duration::from_mins(4)).is_err());
        assert_eq!(check(LONGEST), Ok(()));
    }
}
