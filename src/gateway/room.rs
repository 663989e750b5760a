//! How much more a provider takes from a key, by what it said beside its last answers, so that ghost text leaves room for code actions without anybody configuring limits.
//!
//! Entry points: [`Rooms::note`] as answers begin, [`Rooms::check`] before ghost text is asked for. A fifth of each limit, and one call at least, is kept: a suggestion that would take of it is
//! not sent, until as much is there again. Limits are taken to fill up evenly until their reset, as those of the large providers do; where that is not so, the
//! next answer says. Nothing is believed for longer than five minutes, so that no mistaken header silences anybody for longer. Actions pass: their provider judges.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::provider::{Error, Left};

/// What was said is believed for this long.
const BELIEVED: Duration = Duration::from_mins(5);

/// More keys are not watched; nobody has so many.
const MOST: usize = 64;

/// More limits of a key are not kept.
const MOST_LIMITS: usize = 6;

/// A provider's name, and the label of one of its keys.
type Key = (String, Option<String>);

/// What is left, by provider and key. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Rooms(Arc<Mutex<HashMap<Key, Room>>>);

/// What a provider said last of a key.
struct Room {
    left: Vec<Left>,
    at: Instant,
    /// What was sent since then.
    calls: u64,
    tokens: u64,
}

impl Rooms {
    /// Notes what a provider said beside an answer.
    pub(super) fn note(
        &self,
        provider: &str,
        key: Option<&str>,
        mut left: Vec<Left>,
        now: Instant,
    ) {
        left.truncate(MOST_LIMITS);
        let mut rooms = self.rooms();
        rooms.retain(|_, room| is_believed(room, now));
        let name = (provider.to_owned(), key.map(str::to_owned));
        if rooms.len() < MOST || rooms.contains_key(&name) {
            let room = Room {
                left,
                at: now,
                calls: 0,
                tokens: 0,
            };
            rooms.insert(name, room);
        }
    }

    /// Counts a call of about so many tokens that is about to be sent.
    pub(super) fn count(&self, provider: &str, key: Option<&str>, tokens: u64) {
        let name = (provider.to_owned(), key.map(str::to_owned));
        if let Some(room) = self.rooms().get_mut(&name) {
            room.calls = room.calls.saturating_add(1);
            room.tokens = room.tokens.saturating_add(tokens);
        }
    }

    /// Refuses a suggestion of about so many tokens that would take of what is kept for actions.
    pub(super) fn check(
        &self,
        provider: &str,
        key: Option<&str>,
        tokens: u64,
        now: Instant,
    ) -> Result<(), Error> {
        let rooms = self.rooms();
        let room = rooms.get(&(provider.to_owned(), key.map(str::to_owned)));
        let Some(room) = room.filter(|room| is_believed(room, now)) else {
            return Ok(());
        };
        let waits = room.left.iter().map(|left| room.wait(left, tokens, now));
        let longest = waits.max().unwrap_or_default();
        if longest.is_zero() {
            return Ok(());
        }
        let believed = BELIEVED.saturating_sub(now.saturating_duration_since(room.at));
        Err(Error::RateLimited {
            retry_after: Some(longest.min(believed)),
        })
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<Key, Room>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// Returns how long it takes until a limit has room for a call beside what is kept.
    fn wait(&self, left: &Left, tokens: u64, now: Instant) -> Duration {
        let (asked, since) = if left.counts_tokens {
            (tokens, self.tokens)
        } else {
            (1, self.calls)
        };
        let kept = (left.limit / 5).max(1);
        // What is larger than the limit leaves room for is not kept out for good.
        let needed = kept.saturating_add(asked).saturating_add(since);
        let needed = needed.min(left.limit);
        let missing = needed.saturating_sub(left.remaining);
        let spent = left.limit - left.remaining;
        if missing == 0 || spent == 0 {
            return Duration::ZERO;
        }
        let millis = left.reset.as_millis().saturating_mul(missing.into());
        let wait = u64::try_from(millis.div_ceil(spent.into())).unwrap_or(u64::MAX);
        let passed = now.saturating_duration_since(self.at);
        Duration::from_millis(wait).saturating_sub(passed)
    }
}

fn is_believed(room: &Room, now: Instant) -> bool {
    now.saturating_duration_since(room.at) < BELIEVED
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn left(counts_tokens: bool, limit: u64, remaining: u64, reset: Duration) -> Left {
        Left {
            counts_tokens,
            limit,
            remaining,
            reset,
        }
    }

    fn waits(rooms: &Rooms, tokens: u64, now: Instant) -> Option<Duration> {
        match rooms.check("a", None, tokens, now) {
            Ok(()) => None,
            Err(Error::RateLimited { retry_after }) => retry_after,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_fifth_of_what_the_provider_tells_of_is_kept_for_actions() {
        let rooms = Rooms::default();
        let now = Instant::now();
        assert_eq!(waits(&rooms, 100, now), None, "nothing is known");
        rooms.note("a", None, vec![left(false, 30, 9, 60 * SECOND)], now);
        for _ in 0..3 {
            assert_eq!(waits(&rooms, 100, now), None);
            rooms.count("a", None, 100);
        }
        let wait = waits(&rooms, 100, now);
        assert_eq!(
            wait,
            Some(Duration::from_millis(2_858)),
            "a call comes back in so long"
        );
        assert_eq!(waits(&rooms, 100, now + 3 * SECOND), None);
        let other = rooms.check("a", Some("work"), 100, now);
        assert_eq!(other, Ok(()), "another key has its own");
    }

    #[test]
    fn tokens_are_kept_as_well_and_a_prompt_that_never_fits_beside_them_is_not_kept_out() {
        let rooms = Rooms::default();
        let now = Instant::now();
        rooms.note("a", None, vec![left(true, 6_000, 2_500, 35 * SECOND)], now);
        assert_eq!(waits(&rooms, 1_000, now), None);
        assert_eq!(waits(&rooms, 3_500, now), Some(22 * SECOND));
        assert_eq!(waits(&rooms, 50_000, now), Some(35 * SECOND));
        assert_eq!(waits(&rooms, 50_000, now + 35 * SECOND), None);
    }

    #[test]
    fn no_word_is_believed_for_longer_than_minutes_and_no_number_is_too_large() {
        let rooms = Rooms::default();
        let now = Instant::now();
        let hostile = left(false, u64::MAX, 0, Duration::MAX);
        rooms.note("a", None, vec![hostile; 100], now);
        rooms.count("a", None, u64::MAX);
        rooms.count("a", None, u64::MAX);
        assert_eq!(waits(&rooms, u64::MAX, now), Some(BELIEVED));
        assert_eq!(waits(&rooms, 1, now + BELIEVED), None);
        for number in 0..2 * MOST {
            rooms.note(&number.to_string(), None, Vec::new(), now);
        }
        assert!(rooms.rooms().len() <= MOST);
        rooms.note("b", None, Vec::new(), now + BELIEVED);
        assert_eq!(rooms.rooms().len(), 1, "what is not believed is forgotten");
    }
}
