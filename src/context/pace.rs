//! How often what a document's prompts show is chosen anew while somebody types in it.
//!
//! Choosing reads the whole document, so in a long one it would use a good part of a processor if it were done after each key. After each time
//! it rests for a multiple of what it took; what was chosen stays good meanwhile, since it depends on the place far more than on the last word.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One document's pace.
#[derive(Debug, Default)]
pub struct Pace(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When the rest is over.
    next: Option<Instant>,
    /// Whether somebody waits for that.
    is_awaited: bool,
}

/// When to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Now.
    Now,
    /// After this time; whoever was told so has to come back with [`Pace::is_due`].
    After(Duration),
    /// Somebody else will.
    Never,
}

/// How many times as long as it took is rested: so it takes a twentieth of a processor at most.
const REST: u32 = 20;

/// What reading a byte for the index of symbols takes, by measurement: 20 ms for 300 kB.
const NANOS_PER_BYTE: u64 = 60;

impl Pace {
    /// Says when to choose, of somebody for whom there is a reason to do it.
    pub fn when(&self, now: Instant) -> When {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = state.next.and_then(|next| next.checked_duration_since(now));
        match left.filter(|left| !left.is_zero()) {
            None => When::Now,
            Some(_) if state.is_awaited => When::Never,
            Some(left) => {
                state.is_awaited = true;
                When::After(left)
            }
        }
    }

    /// Notes that whoever waited is back, and chooses.
    pub fn is_due(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_awaited = false;
    }

    /// Notes that choosing took so long in a document of so many bytes.
    pub fn chosen(&self, now: Instant, took: Duration, bytes: usize) {
        let reading = Duration::from_nanos(bytes as u64 * NANOS_PER_BYTE);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.next = Some(now + (took + reading) * REST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_choice_it_rests_and_of_many_who_ask_one_waits() {
        let (pace, now) = (Pace::default(), Instant::now());
        assert_eq!(pace.when(now), When::Now);
        assert_eq!(pace.when(now), When::Now, "nothing was chosen yet");
        pace.chosen(now, Duration::from_millis(5), 0);
        let later = now + Duration::from_millis(40);
        assert_eq!(pace.when(later), When::After(Duration::from_millis(60)));
        assert_eq!(pace.when(later), When::Never);
        pace.is_due();
        assert_eq!(pace.when(now + Duration::from_millis(100)), When::Now);
    }

    #[test]
    fn a_short_document_is_chosen_for_at_nearly_every_key_and_a_long_one_every_few_seconds() {
        let rest = |bytes, took| {
            let (pace, now) = (Pace::default(), Instant::now());
            pace.chosen(now, Duration::from_micros(took), bytes);
            pace.when(now)
        };
        assert_eq!(rest(5_000, 200), When::After(Duration::from_millis(10)));
        assert_eq!(rest(3_000_000, 20_000), When::After(Duration::from_secs(4)));
    }
}
