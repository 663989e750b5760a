//! When a call that brought nothing is made again: a policy per feature.
//!
//! Entry point: [`Policy::of`]. Ghost text is never tried again, since the next key asks anew; an action is what somebody waits for. Only
//! what failed before the first byte of an answer, and by the provider's own word was not worked on, is tried again: everything else
//! may have been billed. A connection that does not come about within its time counts as a refusal: nothing was sent.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use crate::provider::Error;
use crate::routing::Feature;

/// How often, and how patiently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Policy {
    /// How many attempts there may be, the first one included.
    attempts: u32,
    /// The longest wait; a provider that asks for more is not waited for.
    longest: Duration,
}

/// The wait after the first attempt, where the provider does not say; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(500);

impl Policy {
    /// Returns the policy for what a call is for.
    pub(super) fn of(feature: Feature) -> Self {
        let attempts = match feature {
            Feature::Completion | Feature::Speculation => 1,
            Feature::Action => 3,
        };
        Self {
            attempts,
            longest: Duration::from_secs(20),
        }
    }

    /// Returns the policy for a call that another model can take over.
    pub(super) fn once() -> Self {
        Self {
            attempts: 1,
            longest: Duration::ZERO,
        }
    }

    /// Returns whether anything may be tried again at all.
    pub(super) fn may_repeat(self) -> bool {
        self.attempts > 1
    }

    /// Returns how long to wait before the next attempt, or `None` if there is to be none. `jitter` is 0 to 1.
    pub(super) fn wait(self, attempt: u32, error: &Error, jitter: f64) -> Option<Duration> {
        let asked = match error {
            Error::RateLimited { retry_after } => *retry_after,
            Error::Overloaded | Error::Unreachable(_) => None,
            _ => return None,
        };
        let doubled = FIRST * 2_u32.saturating_pow(attempt.saturating_sub(1).min(8));
        // A provider's word is a least; ours is a middle.
        let wait = match asked {
            Some(asked) => asked.checked_add(doubled.mul_f64(jitter / 2.0))?,
            None => doubled.mul_f64(0.5 + jitter),
        };
        (attempt < self.attempts && asked.unwrap_or_default() <= self.longest).then_some(wait)
    }
}

/// Returns a number from 0 to 1, so that many editors do not come back at the same moment.
pub(super) fn jitter() -> f64 {
    let random = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(random >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(seconds: u64) -> Error {
        Error::RateLimited {
            retry_after: Some(Duration::from_secs(seconds)),
        }
    }

    #[test]
    fn ghost_text_is_never_tried_again() {
        let policy = Policy::of(Feature::Completion);
        assert_eq!(policy.wait(1, &Error::Overloaded, 0.5), None);
        assert!(!policy.may_repeat());
    }

    #[test]
    fn an_action_waits_as_long_as_the_provider_asks_and_gives_up_where_that_is_too_long() {
        let policy = Policy::of(Feature::Action);
        let wait = policy.wait(1, &limited(7), 1.0).expect("it is short");
        assert!(wait >= Duration::from_secs(7) && wait < Duration::from_secs(8));
        assert_eq!(policy.wait(1, &limited(21), 0.0), None);
        assert_eq!(policy.wait(1, &limited(u64::MAX), 1.0), None);
    }

    #[test]
    fn waits_grow_and_end() {
        let policy = Policy::of(Feature::Action);
        let wait = |attempt| policy.wait(attempt, &Error::Overloaded, 0.5);
        assert_eq!(wait(1), Some(Duration::from_millis(500)));
        assert_eq!(wait(2), Some(Duration::from_secs(1)));
        assert_eq!(wait(3), None);
    }

    #[test]
    fn what_may_have_been_billed_or_cannot_get_better_is_not_tried_again() {
        let policy = Policy::of(Feature::Action);
        for error in [
            Error::Cut,
            Error::Unauthorized,
            Error::NoCredit,
            Error::Malformed(String::new()),
        ] {
            assert_eq!(policy.wait(1, &error, 0.0), None, "{error}");
        }
    }
}
