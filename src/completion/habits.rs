//! What suggestions were good for so far, in one session: in all, and in each kind of place.
//!
//! Entry point: [`Habits`]. It is told of each suggestion that has run its course how much of it was followed. What it says is smoothed, so that a
//! user who changes their mind is noticed within a dozen suggestions. A place is of a kind by its language, by what is written there and by where
//! on its line the cursor stands ([`Spot`]), so there are only few of them.

use std::time::Duration;

use rustc_hash::FxHashMap;

use super::place::{Around, Writing};
use crate::syntax::Language;

/// What suggestions were good for so far, in one session.
#[derive(Debug, Clone)]
pub struct Habits {
    /// The chance that a suggestion is followed.
    pub odds: f32,
    /// The time from the request to the first whole line, in milliseconds.
    latency: f32,
    /// The same chance by kind of place.
    spots: FxHashMap<Spot, Tally>,
}

/// A kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Spot {
    language: Option<Language>,
    writing: Writing,
    at: At,
}

/// Where on a line a cursor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    /// Nothing but blanks stands before it.
    Start,
    /// Something stands before it, and nothing but what closes brackets behind it.
    End,
    /// Something stands behind it.
    Within,
}

#[derive(Debug, Clone)]
struct Tally {
    /// The chance that a suggestion is followed.
    odds: f32,
    /// How often nobody was asked since somebody was last.
    passed_over: u32,
}

/// How much a new suggestion counts.
const ODDS_WEIGHT: f32 = 0.2;

/// The odds before anything is known.
const ODDS: f32 = 0.5;

/// The latency at which the odds count as they are, in milliseconds.
const USUAL_LATENCY: f32 = 500.0;

/// The odds above which an answer is read on: some forty tokens of an answer cost a tenth of what the next call's prompt does, or a fifth where
/// a provider's answers are dear.
const READ_ON: f32 = 0.3;

/// Below these odds suggestions are as good as never taken: from the start it takes thirteen in a row of which nothing was followed, after better times a
/// few more; one that is taken makes an end of it.
const NEVER: f32 = 0.03;

/// Where suggestions are never taken, every so many moments one is asked for all the same: the user may have come to like them.
const EVERY: u32 = 10;

impl Default for Habits {
    fn default() -> Self {
        Self {
            odds: ODDS,
            latency: USUAL_LATENCY,
            spots: FxHashMap::default(),
        }
    }
}

impl Habits {
    /// Notes how much of a suggestion was followed, from nothing to all of it.
    pub fn followed(&mut self, share: f32, spot: Spot) {
        let share = share.clamp(0.0, 1.0);
        let learn = |odds: &mut f32| *odds += ODDS_WEIGHT * (share - *odds);
        learn(&mut self.odds);
        let tally = self.spots.entry(spot).or_insert(Tally {
            odds: ODDS,
            passed_over: 0,
        });
        learn(&mut tally.odds);
    }

    /// Returns whether nobody is to be asked at a place, since suggestions are never taken in its kind. It is counted how often that is so: after some
    /// times somebody is, whenever it comes to that.
    pub fn passes_over(&mut self, spot: Spot) -> bool {
        let Some(tally) = self.spots.get_mut(&spot).filter(|one| one.odds < NEVER) else {
            return false;
        };
        tally.passed_over = tally.passed_over.saturating_add(1);
        tally.passed_over < EVERY
    }

    /// Notes that somebody was asked.
    pub fn asked(&mut self, spot: Spot) {
        if let Some(tally) = self.spots.get_mut(&spot) {
            tally.passed_over = 0;
        }
    }

    /// Notes how long a call took.
    pub fn took(&mut self, latency: Duration) {
        let millis = latency.as_secs_f32() * 1000.0;
        self.latency += ODDS_WEIGHT * (millis - self.latency);
    }

    /// Returns whether what comes after the present suggestion is likely enough to be wanted that reading on is worth its tokens.
    pub fn is_worth_reading_on(&self) -> bool {
        self.odds > READ_ON
    }

    /// The odds for an answer that comes as late as this provider's do.
    pub fn reach(&self) -> f32 {
        self.odds
            .powf((self.latency / USUAL_LATENCY).clamp(0.5, 3.0))
    }
}

impl Spot {
    /// Returns what kind of place a cursor stands at.
    pub fn of(language: Option<Language>, around: &Around) -> Self {
        let at = if around.is_within_line() {
            At::Within
        } else if around.line_before.trim().is_empty() {
            At::Start
        } else {
            At::End
        };
        Self {
            language,
            writing: around.writing,
            at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(line_before: &str, line_after: &str) -> Spot {
        let around = Around {
            line_before: line_before.into(),
            line_after: line_after.into(),
            ..Around::default()
        };
        Spot::of(None, &around)
    }

    #[test]
    fn where_suggestions_are_never_taken_one_in_ten_is_asked_for_and_elsewhere_all_are() {
        let mut habits = Habits::default();
        let (end, within) = (spot("let x = ", ""), spot("let x = ", "+ 1;"));
        for _ in 0..12 {
            habits.followed(0.0, end);
            assert!(!habits.passes_over(end));
        }
        habits.followed(0.0, end);
        let asked = (0..30).filter(|_| {
            let is_asked = !habits.passes_over(end);
            if is_asked {
                habits.asked(end);
            }
            is_asked
        });
        assert_eq!(asked.count(), 3);
        // The moment stays until somebody really is: requests are taken back.
        for _ in 0..10 {
            habits.passes_over(end);
        }
        assert!(!habits.passes_over(end));
        assert!(!habits.passes_over(within));
        // One that is taken is enough.
        habits.followed(1.0, end);
        assert!(!habits.passes_over(end));
    }

    #[test]
    fn places_are_told_apart_by_what_stands_before_and_behind_them() {
        let kinds = [spot("  ", ")"), spot("f(", ")"), spot("f(", "a)")];
        assert!(kinds[0] != kinds[1] && kinds[1] != kinds[2]);
        assert_eq!(spot("other ", ";"), kinds[1]);
    }
}
