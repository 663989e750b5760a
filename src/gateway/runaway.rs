//! Halts what runs away: a plugin that asks in a loop, an action that is started again and again. With caps or without.
//!
//! Entry point: [`Runaways::check`], before each call that somebody pays for. A call is *odd* if no hands can have asked for it: the same
//! question comes again and again with nothing typed in between, or there are more calls than keys were typed, beyond what moving about
//! explains. Odd calls are let through at first; once they have gone on for [`LONGEST`], or may have cost [`MOST_NANOS`], or are [`MOST_CALLS`],
//! their feature is halted until the user says to go on ([`Runaways::resume`]). Whoever types fast asks as often as they type, so that is
//! never odd (`typing_fast_for_minutes_is_never_halted`).
//!
//! A loop that is slow enough to pass for somebody who moves about is known by its cost: ghost text that is asked for [`FEWEST_UNPROMPTED`] times
//! without a key typed, and may have cost [`MOST_NANOS`], is halted too. Code actions are started by hand, at one place after the other and without a
//! key typed, so of them only the same question counts that is asked so often.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cost::Money;
use crate::routing::Feature;

/// How long odd calls may go on.
const LONGEST: Duration = Duration::from_secs(3);

/// What odd calls may cost by the worst case, in 10^-9 of whatever currency: ten cents.
const MOST_NANOS: i64 = 100_000_000;

/// How many odd calls there may be.
const MOST_CALLS: u32 = 30;

/// So often may ghost text be asked for without a key typed, whatever it costs: looking at a few places is no loop.
const FEWEST_UNPROMPTED: u32 = 10;

/// Whoever comes back after so long looks at the code anew.
const PAUSE: Duration = Duration::from_mins(10);

/// After so long without an odd call all is well again.
const CALM: Duration = Duration::from_secs(5);

/// Nobody types faster, nor does a key that is held down repeat faster.
const KEYS_PER_SECOND: u64 = 50;

/// The guard. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Runaways(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// How many changes of documents there were.
    edits: AtomicU64,
    features: Mutex<HashMap<Feature, Watched>>,
}

/// A feature that is halted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Halt {
    pub message: String,
    /// Whether it was not before.
    pub is_new: bool,
}

/// What is normal for a feature.
struct Habit {
    what: &'static str,
    /// How often the same question may come in [`Self::within`].
    repeats: usize,
    within: Duration,
    /// How many calls may come at once.
    burst: u64,
    /// How many come every ten seconds by themselves, such as from moving the cursor.
    in_ten_seconds: u64,
    /// Whether typing asks.
    follows_keys: bool,
}

impl Habit {
    fn of(feature: Feature) -> Self {
        match feature {
            Feature::Completion | Feature::Speculation => Self {
                what: "ghost text",
                repeats: 3,
                within: Duration::from_secs(10),
                burst: 60,
                in_ten_seconds: 40,
                follows_keys: true,
            },
            // One action may be six calls: two answers, each tried three times.
            Feature::Action => Self {
                what: "code actions",
                repeats: 3,
                within: Duration::from_mins(1),
                burst: 18,
                in_ten_seconds: 6,
                follows_keys: false,
            },
        }
    }
}

/// What was seen of a feature. Calls are counted in thousandths, so that a rate needs no fraction.
struct Watched {
    asked: VecDeque<(Instant, u64)>,
    allowance: u64,
    filled: Instant,
    edits: u64,
    odd: Option<Odd>,
    unprompted: Unprompted,
    halted: Option<String>,
}

/// Calls since the last key was typed.
struct Unprompted {
    edits: u64,
    last: Instant,
    /// By what counts together: all ghost text, and each question of an action.
    spent: HashMap<u64, Spent>,
}

/// How many calls there were, and what they may have cost.
#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    calls: u32,
    nanos: i64,
}

struct Odd {
    since: Instant,
    last: Instant,
    calls: u32,
    nanos: i64,
}

const CALL: u64 = 1_000;

impl Runaways {
    /// Notes that a document was changed.
    pub(super) fn typed(&self) {
        self.0.edits.fetch_add(1, Ordering::Relaxed);
    }

    /// Lets everything go on.
    pub(super) fn resume(&self) {
        self.features().clear();
    }

    /// Returns what is halted, in a sentence.
    pub(super) fn halted(&self) -> Option<String> {
        let features = self.features();
        features.values().find_map(|watched| watched.halted.clone())
    }

    /// Lets a call pass unless its feature is halted, or is now.
    pub(super) fn check(
        &self,
        feature: Feature,
        prompt: u64,
        attempt: u32,
        worst: Option<Money>,
        now: Instant,
    ) -> Result<(), Halt> {
        let habit = Habit::of(feature);
        let edits = self.0.edits.load(Ordering::Relaxed);
        let mut features = self.features();
        let watched = features.entry(feature).or_insert_with(|| Watched {
            asked: VecDeque::new(),
            allowance: habit.burst * CALL,
            filled: now,
            edits,
            odd: None,
            unprompted: Unprompted {
                edits,
                last: now,
                spent: HashMap::new(),
            },
            halted: None,
        });
        if let Some(message) = watched.halted.clone() {
            return Err(Halt {
                message,
                is_new: false,
            });
        }
        let question = if habit.follows_keys { 0 } else { prompt };
        let unprompted = &mut watched.unprompted;
        let spent = unprompted.count(question, attempt, worst, edits, now);
        let is_slow_loop = spent.calls >= FEWEST_UNPROMPTED && spent.nanos >= MOST_NANOS;
        let why = watched.oddity(&habit, prompt, attempt, edits, now);
        let (why, times) = match why {
            _ if is_slow_loop => {
                let why = if habit.follows_keys {
                    "nothing is typed, and yet more and more is asked"
                } else {
                    "nothing is typed, and yet the same is asked again and again"
                };
                (why, spent.calls)
            }
            None => return Ok(()),
            Some(why) => {
                let odd = watched.count(worst, now);
                let is_over = now - odd.since >= LONGEST
                    || odd.nanos >= MOST_NANOS
                    || odd.calls >= MOST_CALLS;
                if !is_over {
                    return Ok(());
                }
                (why, odd.calls)
            }
        };
        let message = format!(
            "{} halted: {why}, {times} times now; nothing more is sent, so that a loop does not spend your money; if that was you, run the command byok.resume",
            habit.what
        );
        watched.halted = Some(message.clone());
        Err(Halt {
            message,
            is_new: true,
        })
    }

    fn features(&self) -> std::sync::MutexGuard<'_, HashMap<Feature, Watched>> {
        self.0
            .features
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Unprompted {
    /// Counts a call, and returns what those come to that it counts with.
    fn count(
        &mut self,
        question: u64,
        attempt: u32,
        worst: Option<Money>,
        edits: u64,
        now: Instant,
    ) -> Spent {
        let is_back = now.saturating_duration_since(self.last) > PAUSE;
        if self.edits != edits || is_back || self.spent.len() >= MOST_REMEMBERED {
            self.edits = edits;
            self.spent.clear();
        }
        self.last = now;
        let spent = self.spent.entry(question).or_default();
        // Another attempt is the gateway's own, and costs all the same.
        spent.calls += u32::from(attempt == 1);
        spent.nanos = spent.nanos.saturating_add(worst.map_or(0, Money::nanos));
        *spent
    }
}

impl Watched {
    /// Says what is odd about a call, if anything is.
    fn oddity(
        &mut self,
        habit: &Habit,
        prompt: u64,
        attempt: u32,
        edits: u64,
        now: Instant,
    ) -> Option<&'static str> {
        self.fill(habit, edits, now);
        // What was typed in between makes it another question, even if the text is as it was before.
        let question = if habit.follows_keys {
            prompt ^ edits.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        } else {
            prompt
        };
        while self
            .asked
            .front()
            .is_some_and(|(at, _)| now.saturating_duration_since(*at) > habit.within)
            || self.asked.len() >= MOST_REMEMBERED
        {
            self.asked.pop_front();
        }
        let same = self.asked.iter().filter(|(_, asked)| *asked == question);
        // Another attempt is the gateway's own.
        let is_repeat = attempt == 1 && same.count() >= habit.repeats;
        if attempt == 1 {
            self.asked.push_back((now, question));
        }
        if is_repeat {
            return Some("the same question comes again and again");
        }
        match self.allowance.checked_sub(CALL) {
            Some(left) => {
                self.allowance = left;
                None
            }
            None => Some("more is asked than anybody can have asked for"),
        }
    }

    /// Allows as many calls as the time since the last one, and what was typed in it, explain.
    fn fill(&mut self, habit: &Habit, edits: u64, now: Instant) {
        let passed = now.saturating_duration_since(self.filled);
        let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX / 1_000_000);
        let by_time = millis.saturating_mul(habit.in_ten_seconds) / 10;
        let typed = edits.wrapping_sub(self.edits).saturating_mul(CALL);
        let most_typed = millis.saturating_mul(KEYS_PER_SECOND) + CALL;
        let by_keys = if habit.follows_keys {
            typed.min(most_typed)
        } else {
            0
        };
        // What is less than a thousandth of a call is not lost: it stays in the time.
        if by_time > 0 || by_keys > 0 {
            let allowance = self.allowance.saturating_add(by_time + by_keys);
            self.allowance = allowance.min(habit.burst * CALL);
            self.filled = now;
            self.edits = edits;
        }
    }

    fn count(&mut self, worst: Option<Money>, now: Instant) -> &Odd {
        let is_calm = |odd: &Odd| now.saturating_duration_since(odd.last) > CALM;
        if self.odd.as_ref().is_some_and(is_calm) {
            self.odd = None;
        }
        let odd = self.odd.get_or_insert(Odd {
            since: now,
            last: now,
            calls: 0,
            nanos: 0,
        });
        odd.last = now;
        odd.calls += 1;
        odd.nanos = odd.nanos.saturating_add(worst.map_or(0, Money::nanos));
        odd
    }
}

/// How many questions are remembered of a feature.
const MOST_REMEMBERED: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Currency;

    fn cents(cents: i64) -> Money {
        Money::from_nanos(cents * 10_000_000, Currency::USD)
    }

    /// Asks in a loop and returns after how many calls and how long it was halted.
    fn halted(
        feature: Feature,
        every: Duration,
        worst: Option<Money>,
        prompt: impl Fn(u64) -> u64,
    ) -> Option<(u64, Duration)> {
        let runaways = Runaways::default();
        let start = Instant::now();
        (0..10_000).find_map(|call| {
            let passed = every * u32::try_from(call).expect("it is small");
            let asked = runaways.check(feature, prompt(call), 1, worst, start + passed);
            asked.is_err().then_some((call, passed))
        })
    }

    const TENTH: Duration = Duration::from_millis(100);

    #[test]
    fn typing_fast_for_minutes_is_never_halted() {
        for keys_per_second in [10, 30] {
            let runaways = Runaways::default();
            let start = Instant::now();
            for key in 0..keys_per_second * 300 {
                runaways.typed();
                let now = start
                    + Duration::from_millis(1_000 / keys_per_second)
                        * u32::try_from(key).expect("small");
                // The dearest ghost text there is, and a text that comes back to what it was now and then.
                let asked = runaways.check(Feature::Completion, key % 7, 1, Some(cents(3)), now);
                assert_eq!(asked, Ok(()), "key {key}");
            }
        }
    }

    #[test]
    fn a_plugin_that_asks_the_same_in_a_loop_is_halted_within_five_seconds() {
        for every in [1, 5, 50, 200, 500] {
            let every = Duration::from_millis(every);
            let (calls, passed) =
                halted(Feature::Completion, every, None, |_| 7).expect("it is halted");
            assert!(passed <= Duration::from_secs(5), "{passed:?}");
            assert!(calls <= 40, "{calls}");
        }
    }

    #[test]
    fn a_dear_loop_is_halted_before_it_has_spent_ten_cents_more() {
        let (calls, _) = halted(Feature::Completion, TENTH, Some(cents(2)), |_| 7).expect("halted");
        // Three are what anybody may ask; the fifth odd one would make it ten cents.
        assert_eq!(calls, 3 + 4);
        let (calls, _) = halted(Feature::Action, TENTH, Some(cents(5)), |_| 7).expect("halted");
        assert_eq!(calls, 3 + 1);
    }

    #[test]
    fn a_loop_of_ever_new_questions_is_halted_once_it_is_more_than_hands_can_ask() {
        let loops = [
            (Feature::Completion, Duration::from_millis(50)),
            (Feature::Completion, Duration::from_millis(5)),
            (Feature::Action, TENTH),
        ];
        for (feature, every) in loops {
            let (calls, _) = halted(feature, every, None, |call| call).expect("it is halted");
            assert!(calls < 150, "{calls}");
        }
    }

    #[test]
    fn a_loop_that_is_slow_is_halted_before_it_has_spent_ten_cents() {
        for every in [300, 2_000, 60_000] {
            let every = Duration::from_millis(every);
            // By the worst case, which is two to four times what a call costs.
            let loops = [
                (cents(1), 9),
                (cents(3), 9),
                (Money::from_nanos(2_000_000, Currency::USD), 49),
            ];
            for (worst, sent) in loops {
                let asked = halted(Feature::Completion, every, Some(worst), |call| call);
                assert_eq!(asked.map(|(calls, _)| calls), Some(sent), "{every:?}");
            }
        }
    }

    #[test]
    fn an_action_that_is_started_again_and_again_is_halted_however_slowly_if_it_is_dear() {
        for every in [25, 60, 500] {
            let every = Duration::from_secs(every);
            let asked = |worst, prompt: fn(u64) -> u64| {
                let halted = halted(Feature::Action, every, Some(worst), prompt);
                halted.map(|(calls, _)| calls)
            };
            assert_eq!(asked(cents(1), |_| 7), Some(9), "{every:?}");
            // Two in turn are two loops, and one place after the other is none.
            assert_eq!(asked(cents(1), |call| call % 2), Some(18), "{every:?}");
            assert_eq!(asked(cents(1), |call| call), None, "{every:?}");
        }
    }

    #[test]
    fn reading_with_a_key_now_and_then_is_never_halted_nor_is_who_comes_back_later() {
        let runaways = Runaways::default();
        let mut now = Instant::now();
        for call in 0..2_000 {
            now += Duration::from_secs(2);
            if call % 9 == 0 {
                runaways.typed();
            }
            if call % 300 == 0 {
                now += Duration::from_hours(1);
            }
            let asked = runaways.check(Feature::Completion, call, 1, Some(cents(3)), now);
            assert_eq!(asked, Ok(()), "call {call}");
        }
    }

    #[test]
    fn further_attempts_of_one_action_are_no_loop_and_neither_is_one_that_is_run_now_and_then() {
        let runaways = Runaways::default();
        let start = Instant::now();
        for run in 0..200 {
            let now = start + Duration::from_secs(25) * run;
            if run % 9 == 8 {
                runaways.typed();
            }
            for attempt in 1..=3 {
                let asked = runaways.check(Feature::Action, 7, attempt, Some(cents(9)), now);
                assert_eq!(asked, Ok(()), "run {run}");
            }
        }
    }

    #[test]
    fn what_is_halted_stays_so_until_the_user_says_to_go_on_and_other_features_go_on() {
        let runaways = Runaways::default();
        let now = Instant::now();
        let ask = |feature, now| runaways.check(feature, 7, 1, Some(cents(20)), now);
        let news: Vec<bool> = (0..6)
            .filter_map(|_| ask(Feature::Action, now).err())
            .map(|halt| halt.is_new)
            .collect();
        assert_eq!(news, [true, false, false]);
        let later = now + Duration::from_hours(1);
        assert!(ask(Feature::Action, later).is_err());
        assert_eq!(ask(Feature::Completion, later), Ok(()));
        let message = runaways.halted().expect("something is halted");
        assert!(message.contains("byok.resume"), "{message}");
        runaways.resume();
        assert_eq!(ask(Feature::Action, later), Ok(()));
    }
}
