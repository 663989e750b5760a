//! Which models answer at the moment: a circuit breaker for each.
//!
//! Entry points: [`Health::failed`] and [`Health::worked`] as calls end, [`Health::is_failing`] before the next. A model that is down, slow, out of
//! credit or takes no more calls is left alone for five seconds, then for twice as long after each further failure, two minutes at most, or for
//! as long as its provider asked; after that one call may try it again, and with its first word all is well. Where there was no connection the
//! provider is left alone with all of its models, so that nobody waits for the same connection twice. A model that was silent is left alone for
//! at least four times as long as it was waited for, also where somebody gave up waiting ([`silence`]). Errors that another model would
//! meet, too, or that the user has to mend, are none of its business. It only matters where the user named models to take over. How many calls were answered
//! lately ([`Health::answered`]) is what pools go by that ask for whoever is most available: each call counts for an eighth, the older ones for ever less.

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

/// How many times as long as its silence lasted a silent model is left alone at least, so that only now and then somebody waits for it in vain.
const SILENCES: u32 = 4;

/// A model is silent that was waited for so many times as long as its first word usually takes.
const USUAL_WAITS: u32 = 3;

/// But not before this.
const SHORT: Duration = Duration::from_secs(5);

/// And always after this, so that a model that has become silent is not excused by how long it was waited for before.
const LONG: Duration = Duration::from_secs(15);

/// More are not kept; nobody names so many.
const MOST: usize = 256;

/// How models do, by their full names, and how providers can be reached, by theirs. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Health(Arc<Mutex<HashMap<String, Seen>>>);

/// What was seen of a model.
struct Seen {
    /// How often it failed since it last worked.
    failures: u32,
    /// It is left alone until then.
    until: Option<Instant>,
    /// How many of a thousand calls it answered.
    answered: u16,
    /// When it was last asked.
    at: Instant,
}

/// What was seen is believed for this long.
const BELIEVED: Duration = Duration::from_mins(30);

/// Returns whether another model may do better, and nothing can have been shown of this one's answer.
pub(super) fn is_outage(error: &Error) -> bool {
    matches!(
        error,
        Error::Unreachable(_)
            | Error::TimedOut { .. }
            | Error::Overloaded
            | Error::Failed
            | Error::RateLimited { .. }
            | Error::UsedUp { .. }
            | Error::NoCredit
    )
}

/// Returns what a wait without a word is, that somebody gave up: a failure, if it was long for this model.
pub(super) fn silence(waited: Duration, usual: Option<Duration>) -> Option<Error> {
    let usual = usual.unwrap_or_default().saturating_mul(USUAL_WAITS);
    (waited >= usual.clamp(SHORT, LONG)).then_some(Error::TimedOut {
        what: "begin its answer",
        limit: waited,
    })
}

impl Health {
    /// Notes that a call failed, if it is the model's or its provider's doing.
    pub(super) fn failed(&self, model: &str, error: &Error, now: Instant) {
        if !is_outage(error) {
            return;
        }
        self.note(model, error, now);
        if matches!(error, Error::Unreachable(_)) {
            self.note(provider_of(model), error, now);
        }
    }

    fn note(&self, name: &str, error: &Error, now: Instant) {
        let mut all = self.all();
        let Some(seen) = seen(&mut all, name, false, now) else {
            return;
        };
        seen.failures = seen.failures.saturating_add(1);
        let doubled = FIRST * 2_u32.saturating_pow((seen.failures - 1).min(8));
        let wait = match error {
            Error::RateLimited {
                retry_after: Some(asked),
            }
            | Error::UsedUp {
                renewed: Some(asked),
            } => (*asked).clamp(FIRST, LONGEST_ASKED),
            Error::TimedOut { limit, .. } => {
                doubled.max(limit.saturating_mul(SILENCES)).min(LONGEST)
            }
            _ => doubled.min(LONGEST),
        };
        seen.until = seen.until.max(Some(now + wait));
    }

    /// Notes that a model answers.
    pub(super) fn worked(&self, model: &str, now: Instant) {
        let mut all = self.all();
        if let Some(seen) = seen(&mut all, model, true, now) {
            seen.failures = 0;
            seen.until = None;
        }
        all.remove(provider_of(model));
    }

    /// Returns whether a model is to be left alone, or all of its provider's.
    pub(super) fn is_failing(&self, model: &str, now: Instant) -> bool {
        let all = self.all();
        let is_left_alone = |name: &str| {
            let until = all.get(name).and_then(|seen| seen.until);
            until.is_some_and(|until| now < until)
        };
        is_left_alone(model) || is_left_alone(provider_of(model))
    }

    /// Returns how many of a thousand calls a model answered lately, if it was asked.
    pub(super) fn answered(&self, model: &str, now: Instant) -> Option<u16> {
        let all = self.all();
        let seen = all.get(model).filter(|seen| is_believed(seen, now))?;
        Some(seen.answered)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the provider's name within a model's full name.
fn provider_of(model: &str) -> &str {
    model
        .split_once('/')
        .map_or(model, |(provider, _)| provider)
}

/// Notes a call, and returns what is known of its model, if there is room for it.
fn seen<'a>(
    all: &'a mut HashMap<String, Seen>,
    model: &str,
    is_answered: bool,
    now: Instant,
) -> Option<&'a mut Seen> {
    if all.len() >= MOST && !all.contains_key(model) {
        all.retain(|_, seen| is_believed(seen, now));
    }
    if all.len() >= MOST && !all.contains_key(model) {
        return None;
    }
    let answered = if is_answered { 1_000 } else { 0 };
    let fresh = Seen {
        failures: 0,
        until: None,
        answered,
        at: now,
    };
    if !all.contains_key(model) {
        return Some(all.entry(model.to_owned()).or_insert(fresh));
    }
    let seen = all.get_mut(model)?;
    seen.answered = if is_believed(seen, now) {
        (seen.answered * 7 + answered) / 8
    } else {
        answered
    };
    seen.at = now;
    Some(seen)
}

fn is_believed(seen: &Seen, now: Instant) -> bool {
    now.saturating_duration_since(seen.at) < BELIEVED
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
        health.worked("a/m", start);
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
            health.worked("a/m", start);
            health.failed("a/m", &Error::RateLimited { retry_after }, start);
            let before = wait.saturating_sub(SECOND);
            assert!(health.is_failing("a/m", start + before));
            assert!(!health.is_failing("a/m", start + wait));
        }
    }

    #[test]
    fn a_provider_without_a_connection_is_left_alone_with_all_of_its_models_until_one_answers() {
        let health = Health::default();
        let now = Instant::now();
        health.failed("a/m", &Error::Overloaded, now);
        assert!(!health.is_failing("a/n", now), "the model is overloaded");
        health.failed("a/m", &Error::Unreachable("refused".into()), now);
        assert!(health.is_failing("a/n", now) && !health.is_failing("b/m", now));
        assert!(!health.is_failing("a/n", now + FIRST));
        health.worked("a/n", now);
        assert!(!health.is_failing("a/o", now));
        assert!(health.is_failing("a/m", now), "it has not answered itself");
    }

    #[test]
    fn a_silent_model_is_left_alone_by_how_long_it_was_waited_for() {
        let health = Health::default();
        let now = Instant::now();
        let what = "begin to answer";
        for (limit, wait) in [
            (Duration::from_millis(800), FIRST),
            (7 * SECOND, 28 * SECOND),
            (30 * SECOND, LONGEST),
            (Duration::MAX, LONGEST),
        ] {
            health.worked("a/m", now);
            health.failed("a/m", &Error::TimedOut { what, limit }, now);
            let is_failing = |after| health.is_failing("a/m", now + after);
            let before = wait.saturating_sub(SECOND);
            assert!(is_failing(before) && !is_failing(wait), "{limit:?}");
        }
    }

    #[test]
    fn a_wait_that_was_given_up_is_silence_only_if_it_was_long_for_the_model() {
        for (waited, usual, is_silence) in [
            (4, None, false),
            (5, None, true),
            (5, Some(1), true),
            (8, Some(3), false),
            (9, Some(3), true),
            (14, Some(20), false),
            (15, Some(20), true),
        ] {
            let silence = silence(waited * SECOND, usual.map(|usual: u32| usual * SECOND));
            assert_eq!(silence.is_some(), is_silence, "{waited} {usual:?}");
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

    #[test]
    fn how_many_calls_were_answered_goes_by_the_last_ones_and_is_forgotten_in_time() {
        let health = Health::default();
        let start = Instant::now();
        let answered = |after| health.answered("a/m", start + after);
        assert_eq!(answered(Duration::ZERO), None);
        health.worked("a/m", start);
        assert_eq!(answered(Duration::ZERO), Some(1_000));
        health.failed("a/m", &Error::Overloaded, start);
        assert_eq!(answered(Duration::ZERO), Some(875));
        for _ in 0..50 {
            health.failed("a/m", &Error::Overloaded, start);
        }
        assert_eq!(answered(Duration::ZERO), Some(0));
        for _ in 0..30 {
            health.worked("a/m", start);
        }
        assert!(answered(Duration::ZERO) > Some(900));
        assert_eq!(answered(BELIEVED), None);
        for number in 0..2 * MOST {
            health.worked(&format!("a/{number}"), start + BELIEVED);
        }
        assert_eq!(health.all().len(), MOST);
    }
}
