//! Which models answer at the moment: a circuit breaker for each.
//!
//! Entry points: [`Health::failed`] and [`Health::worked`] as calls end, [`Health::is_failing`] before the next. A model that is down, slow, out of
//! credit or takes no more calls is left alone for five seconds, then for twice as long after each further failure, two minutes at most, or for
//! as long as its provider asked; after that one call may try it again, and with its first word all is well. Errors that another model would
//! meet, too, or that the user has to mend, are none of its business. It only matters where the user named models to take over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::provider::Error;

/// How long a model is left alone after its first failure.
const FIRST: Duration = Duration::from_secs(5);

/// How long at most.
const LONGEST: Duration = Duration::from_mins(2);

/// How long at most where the provider asked.
const LONGEST_ASKED: Duration = Duration::from_mins(5);

/// More are not kept; nobody names so many.
const MOST: usize = 256;

/// How models do, by their full names. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Health(Arc<Mutex<HashMap<String, Failing>>>);

struct Failing {
    failures: u32,
    until: Instant,
}

/// Returns whether another model may do better, and nothing can have been shown of this one's answer.
pub(super) fn is_outage(error: &Error) -> bool {
    matches!(
        error,
        Error::Unreachable(_)
            | Error::TimedOut { .. }
            | Error::Overloaded
            | Error::Failed
            | Error::RateLimited { .. }
            | Error::NoCredit
    )
}

impl Health {
    /// Notes that a call failed, if it is the model's or its provider's doing.
    pub(super) fn failed(&self, model: &str, error: &Error, now: Instant) {
        if !is_outage(error) {
            return;
        }
        let mut all = self.all();
        if all.len() >= MOST && !all.contains_key(model) {
            return;
        }
        let failing = all.entry(model.to_owned()).or_insert(Failing {
            failures: 0,
            until: now,
        });
        failing.failures = failing.failures.saturating_add(1);
        let doubled = FIRST * 2_u32.saturating_pow((failing.failures - 1).min(8));
        let wait = match error {
            Error::RateLimited {
                retry_after: Some(asked),
            } => (*asked).clamp(FIRST, LONGEST_ASKED),
            _ => doubled.min(LONGEST),
        };
        failing.until = failing.until.max(now + wait);
    }

    /// Notes that a model answers.
    pub(super) fn worked(&self, model: &str) {
        self.all().remove(model);
    }

    /// Returns whether a model is to be left alone.
    pub(super) fn is_failing(&self, model: &str, now: Instant) -> bool {
        let all = self.all();
        all.get(model).is_some_and(|failing| now < failing.until)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Failing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_model_that_fails_is_left_alone_ever_longer_and_is_well_with_its_first_word() {
        let health = Health::default();
        let start = Instant::now();
        let is_failing = |after| health.is_failing("a/m", start + after);
        health.failed("a/m", &Error::Overloaded, start);
        assert!(is_failing(4 * SECOND) && !is_failing(5 * SECOND));
        assert!(!health.is_failing("b/m", start));
        health.failed("a/m", &Error::Overloaded, start + 5 * SECOND);
        assert!(is_failing(14 * SECOND) && !is_failing(15 * SECOND));
        for _ in 0..100 {
            health.failed("a/m", &Error::Failed, start);
        }
        assert!(!is_failing(LONGEST));
        health.worked("a/m");
        assert!(!is_failing(Duration::ZERO));
    }

    #[test]
    fn a_provider_that_asks_to_wait_is_waited_for_within_bounds() {
        let health = Health::default();
        let start = Instant::now();
        for (asked, wait) in [
            (Duration::ZERO, FIRST),
            (30 * SECOND, 30 * SECOND),
            (Duration::from_secs(u64::MAX), LONGEST_ASKED),
        ] {
            let retry_after = Some(asked);
            health.worked("a/m");
            health.failed("a/m", &Error::RateLimited { retry_after }, start);
            let before = wait.saturating_sub(SECOND);
            assert!(health.is_failing("a/m", start + before));
            assert!(!health.is_failing("a/m", start + wait));
        }
    }

    #[test]
    fn what_another_model_would_meet_too_or_the_user_has_to_mend_breaks_no_circuit() {
        let health = Health::default();
        let now = Instant::now();
        for error in [
            Error::Unauthorized,
            Error::TooLong(String::new()),
            Error::Rejected(String::new()),
            Error::Cut,
        ] {
            health.failed("a/m", &error, now);
            assert!(!health.is_failing("a/m", now), "{error}");
        }
    }
}
