//! How fast models are: the time to the first word and tokens in a second after it, as calls show it.
//!
//! Entry points: [`Speeds::seen`] as calls end, [`Speeds::of`] before the next. Each new call counts for a third and the older ones for ever less; what is
//! older than half an hour is not believed any more, so that the model is measured anew. It is kept in memory alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::routing::Speed;

/// What was measured is believed for this long.
const BELIEVED: Duration = Duration::from_mins(30);

/// An answer of fewer tokens says nothing of how many come in a second.
const LEAST_TOKENS: u64 = 8;

/// What is taken for a model whose answers were too short to tell, in tokens a second.
const USUAL_PER_SECOND: u64 = 60;

/// More are not kept; nobody uses so many.
const MOST: usize = 256;

/// How fast models were, by their full names. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Speeds(Arc<Mutex<HashMap<String, Measured>>>);

/// One model's averages.
struct Measured {
    first: Duration,
    /// Tokens in a thousand seconds.
    rate: Option<u64>,
    at: Instant,
}

/// What one call showed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// The time to the first word, or until nobody waited for it any more.
    pub first: Duration,
    /// How many tokens came after that.
    pub tokens: u64,
    /// How long they took.
    pub rest: Duration,
}

impl Speeds {
    /// Takes in what a call showed.
    pub(super) fn seen(&self, model: &str, sample: Sample, now: Instant) {
        let millis = u64::try_from(sample.rest.as_millis()).unwrap_or(u64::MAX);
        let is_long = sample.tokens >= LEAST_TOKENS && millis > 0;
        let rate = is_long.then(|| sample.tokens.saturating_mul(1_000_000) / millis);
        let mut all = self.all();
        let known = all.get_mut(model).filter(|known| is_believed(known, now));
        if let Some(known) = known {
            known.first = (known.first * 2 + sample.first) / 3;
            known.rate = match (known.rate, rate) {
                (Some(known), Some(new)) => Some((known.saturating_mul(2).saturating_add(new)) / 3),
                (known, new) => new.or(known),
            };
            known.at = now;
            return;
        }
        if all.len() >= MOST {
            all.retain(|_, known| is_believed(known, now));
        }
        if all.len() < MOST {
            let first = sample.first;
            all.insert(
                model.to_owned(),
                Measured {
                    first,
                    rate,
                    at: now,
                },
            );
        }
    }

    /// Returns how fast a model was lately, and how long an answer of so many tokens would take it.
    pub(super) fn of(&self, model: &str, tokens: u64, now: Instant) -> Option<Speed> {
        let all = self.all();
        let known = all.get(model).filter(|known| is_believed(known, now))?;
        let rate = known.rate.unwrap_or(USUAL_PER_SECOND * 1_000).max(1);
        let rest = Duration::from_millis(tokens.saturating_mul(1_000_000) / rate);
        let millis = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        Some(Speed {
            first_ms: millis(known.first),
            per_second: known
                .rate
                .map(|rate| u32::try_from(rate / 1_000).unwrap_or(u32::MAX)),
            whole_ms: millis(known.first.saturating_add(rest)),
        })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Measured>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_believed(known: &Measured, now: Instant) -> bool {
    now.saturating_duration_since(known.at) < BELIEVED
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sample(first: u64, tokens: u64, rest: u64) -> Sample {
        Sample {
            first: Duration::from_millis(first),
            tokens,
            rest: Duration::from_millis(rest),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_calls_count_most_and_old_ones_are_forgotten() {
        let speeds = Speeds::default();
        let start = Instant::now();
        assert_eq!(speeds.of("a/m", 100, start), None);
        speeds.seen("a/m", sample(300, 100, 1_000), start);
        let speed = speeds.of("a/m", 50, start).unwrap();
        let shown = (speed.first_ms, speed.per_second, speed.whole_ms);
        assert_eq!(shown, (300, Some(100), 800));
        for _ in 0..20 {
            speeds.seen("a/m", sample(900, 100, 2_000), start);
        }
        let speed = speeds.of("a/m", 50, start).unwrap();
        assert!(speed.first_ms.abs_diff(900) <= 2 && speed.per_second.unwrap() <= 51);
        assert!(speeds.of("a/m", 50, start + BELIEVED).is_none());
        speeds.seen("a/m", sample(100, 1, 0), start + BELIEVED);
        let speed = speeds.of("a/m", 60, start + BELIEVED).unwrap();
        let shown = (speed.first_ms, speed.per_second, speed.whole_ms);
        assert_eq!(shown, (100, None, 1_100), "a short answer tells no rate");
    }

    #[tokio::test(start_paused = true)]
    async fn no_number_is_too_large_and_no_more_models_are_kept_than_some() {
        let speeds = Speeds::default();
        let now = Instant::now();
        speeds.seen("a/m", sample(u64::MAX / 4, u64::MAX, u64::MAX), now);
        assert_eq!(speeds.of("a/m", u64::MAX, now).unwrap().whole_ms, u32::MAX);
        for number in 0..2 * MOST {
            speeds.seen(&format!("a/{number}"), sample(1, 1, 1), now);
        }
        assert_eq!(speeds.all().len(), MOST);
    }
}
