//! When to ask: at once, after a wait, or not at all.
//!
//! Entry point: [`Moment::verdict`], a pure function of what is known about the user's typing, the provider and the place. Time is a
//! parameter. The wait grows with the user's rhythm, so that a model is asked in a pause rather than between two keys, and shrinks with the
//! odds that its answer will be followed: somebody who types what is suggested is not kept waiting for more of it. A slow answer is followed
//! less often than a quick one, and a dear one has to be likelier.

use std::time::Duration;

use tokio::time::Instant;

use super::habits::Habits;
use crate::config::Eagerness;
use crate::document::Edit;

/// How somebody types, in one document.
#[derive(Debug, Clone, Default)]
pub struct Rhythm {
    last_edit: Option<Instant>,
    /// The time between two keys, in milliseconds, smoothed.
    gap: Option<f32>,
    /// Whether the last edit took something away.
    is_deleting: bool,
}

/// A moment at which a model might be asked that nobody asked for.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The user's wish.
    pub eagerness: Eagerness,
    /// The wait, if the user fixed it.
    pub fixed: Option<Duration>,
    /// How the user types.
    pub rhythm: &'a Rhythm,
    /// What suggestions were good for.
    pub habits: &'a Habits,
    /// What a call costs, in nano-units; `None` if that is not known.
    pub nanos: Option<i64>,
    /// Whether the cursor stands within a word.
    pub is_within_word: bool,
    /// Whether something other than closing brackets follows the cursor on its line.
    pub is_within_line: bool,
    /// Whether a suggestion was typed against just now, which may be a slip that is about to be taken back, or a model had nothing to say.
    pub is_doubtful: bool,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Say nothing.
    Silent,
    /// Ask after this wait; none is at once.
    Ask(Duration),
}

/// The numbers behind a word of the settings.
struct Preset {
    /// The shortest wait, in milliseconds.
    least: f32,
    /// The longest.
    most: f32,
    /// How many gaps between keys are waited for an answer that nobody would follow.
    gaps: f32,
    /// Below these odds nothing is asked within a line.
    odds_within_line: f32,
    /// For so many keys nothing is suggested where a suggestion was dismissed.
    keys_after_dismissal: usize,
    /// Whether nothing is asked where suggestions are never taken.
    spares_barren: bool,
}

/// A key that comes later than this ends a burst; it says nothing about the rhythm.
const BURST: Duration = Duration::from_secs(2);

/// How much a new gap counts.
const GAP_WEIGHT: f32 = 0.15;

/// The time between two keys of somebody of whom nothing is known, in milliseconds.
const USUAL_GAP: f32 = 160.0;

/// How many gaps between keys are waited for a slip to be taken back.
const DOUBT_GAPS: f32 = 3.0;

/// What a call may cost before it doubles the wait, in nano-dollars: a fifth of a cent.
const DEAR: f32 = 2_000_000.0;

impl Rhythm {
    /// Notes edits that were made since the last call.
    pub fn edited(&mut self, edits: &[&Edit], now: Instant) {
        let Some(last) = edits.last() else {
            return;
        };
        self.is_deleting = last.text.is_empty() && !last.bytes.is_empty();
        let since = self.last_edit.replace(now).map(|before| now - before);
        if let Some(since) = since.filter(|since| *since < BURST) {
            #[expect(clippy::cast_precision_loss, reason = "a few hundred edits at most")]
            let gap = since.as_secs_f32() * 1000.0 / edits.len() as f32;
            let smoothed = self.gap.get_or_insert(gap);
            *smoothed += GAP_WEIGHT * (gap - *smoothed);
        }
    }

    fn gap(&self) -> f32 {
        self.gap.unwrap_or(USUAL_GAP)
    }
}

impl Moment<'_> {
    /// Decides whether and when to ask.
    pub fn verdict(&self, now: Instant) -> Verdict {
        let Some(preset) = Preset::of(self.eagerness) else {
            return Verdict::Silent;
        };
        let is_unlikely_here = self.is_within_line && self.habits.odds < preset.odds_within_line;
        if self.rhythm.is_deleting || self.is_within_word || is_unlikely_here {
            return Verdict::Silent;
        }
        let wait = self.fixed.unwrap_or_else(|| self.wait(&preset));
        // An editor that asks after a pause of its own has waited already.
        let waited = self
            .rhythm
            .last_edit
            .map_or(Duration::ZERO, |last| now - last);
        Verdict::Ask(if self.fixed.is_some() {
            wait
        } else {
            wait.saturating_sub(waited)
        })
    }

    fn wait(&self, preset: &Preset) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "a price to two digits")]
        let dearness = self.nanos.map_or(1.0, |nanos| nanos as f32 / DEAR);
        let millis = self.rhythm.gap()
            * preset.gaps
            * (1.25 - self.habits.reach())
            * (1.0 + dearness.clamp(0.0, 1.0));
        let millis = if self.is_doubtful {
            millis.max(DOUBT_GAPS * self.rhythm.gap())
        } else {
            millis
        };
        let millis = millis.clamp(preset.least, preset.most);
        Duration::from_secs_f32(millis / 1000.0)
    }
}

/// Returns whether nothing is to be suggested unasked at a place where the user dismissed a suggestion so many keys ago.
pub fn is_quiet(eagerness: Eagerness, keys: usize) -> bool {
    Preset::of(eagerness).is_none_or(|preset| keys < preset.keys_after_dismissal)
}

/// Returns whether nothing is to be suggested unasked where suggestions are never taken.
pub fn spares_barren(eagerness: Eagerness) -> bool {
    Preset::of(eagerness).is_none_or(|preset| preset.spares_barren)
}

impl Preset {
    fn of(eagerness: Eagerness) -> Option<Self> {
        match eagerness {
            Eagerness::Manual => None,
            Eagerness::Quiet => Some(Self {
                least: 150.0,
                most: 1000.0,
                gaps: 2.5,
                odds_within_line: 0.6,
                keys_after_dismissal: usize::MAX,
                spares_barren: true,
            }),
            Eagerness::Balanced => Some(Self {
                least: 20.0,
                most: 500.0,
                gaps: 1.3,
                odds_within_line: 0.2,
                keys_after_dismissal: 12,
                spares_barren: true,
            }),
            Eagerness::Eager => Some(Self {
                least: 0.0,
                most: 150.0,
                gaps: 0.4,
                odds_within_line: 0.0,
                keys_after_dismissal: 4,
                spares_barren: false,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(bytes: std::ops::Range<usize>, text: &str) -> Edit {
        Edit {
            bytes,
            text: text.into(),
        }
    }

    /// Types a key every `gap` milliseconds and returns the verdict right after the last.
    fn after_keys(gap: u64, change: impl FnOnce(&mut Moment<'_>)) -> Verdict {
        let start = Instant::now();
        let mut rhythm = Rhythm::default();
        let mut now = start;
        for _ in 0..40 {
            now += Duration::from_millis(gap);
            rhythm.edited(&[&edit(0..0, "a")], now);
        }
        let habits = Habits::default();
        let mut moment = Moment {
            eagerness: Eagerness::Balanced,
            fixed: None,
            rhythm: &rhythm,
            habits: &habits,
            nanos: Some(0),
            is_within_word: false,
            is_within_line: false,
            is_doubtful: false,
        };
        change(&mut moment);
        moment.verdict(now)
    }

    fn wait(verdict: Verdict) -> Duration {
        match verdict {
            Verdict::Ask(wait) => wait,
            Verdict::Silent => Duration::MAX,
        }
    }

    #[test]
    fn who_types_slowly_is_waited_for_longer() {
        assert!(wait(after_keys(250, |_| {})) > wait(after_keys(100, |_| {})));
    }

    #[test]
    fn who_follows_suggestions_waits_less_for_the_next() {
        let with_odds = |odds| {
            let mut habits = Habits::default();
            habits.odds = odds;
            habits
        };
        let (liked, disliked) = (with_odds(0.95), with_odds(0.05));
        let with = |habits: &Habits| {
            let habits = habits.clone();
            wait(after_keys(150, |moment| {
                moment.habits = Box::leak(Box::new(habits));
            }))
        };
        assert!(with(&liked) < Duration::from_millis(100));
        assert!(with(&disliked) > Duration::from_millis(150));
    }

    #[test]
    fn a_dear_or_slow_model_is_asked_later() {
        let usual = wait(after_keys(150, |_| {}));
        assert!(wait(after_keys(150, |moment| moment.nanos = Some(3_000_000))) > usual);
        let mut slow = Habits::default();
        (0..30).for_each(|_| slow.took(Duration::from_millis(1400)));
        let slow = Box::leak(Box::new(slow));
        assert!(wait(after_keys(150, |moment| moment.habits = slow)) > usual);
    }

    #[test]
    fn nothing_is_asked_while_something_is_deleted_or_within_a_word() {
        let mut rhythm = Rhythm::default();
        rhythm.edited(&[&edit(3..4, "")], Instant::now());
        let rhythm = Box::leak(Box::new(rhythm));
        assert_eq!(
            after_keys(150, |moment| moment.rhythm = rhythm),
            Verdict::Silent
        );
        assert_eq!(
            after_keys(150, |moment| moment.is_within_word = true),
            Verdict::Silent
        );
    }

    #[test]
    fn what_may_be_a_slip_is_waited_for_to_be_taken_back() {
        let doubtful = after_keys(150, |moment| moment.is_doubtful = true);
        assert!(wait(doubtful) >= Duration::from_millis(440));
    }

    #[test]
    fn where_suggestions_are_never_taken_only_who_is_eager_is_made_any() {
        assert!(spares_barren(Eagerness::Quiet) && spares_barren(Eagerness::Balanced));
        assert!(!spares_barren(Eagerness::Eager));
    }

    #[test]
    fn after_a_dismissal_it_is_quiet_for_some_keys_the_fewer_the_more_eager_and_for_the_line_if_quiet()
     {
        let keys = |eagerness| (0..1000).find(|keys| !is_quiet(eagerness, *keys));
        assert_eq!(keys(Eagerness::Eager), Some(4));
        assert_eq!(keys(Eagerness::Balanced), Some(12));
        assert_eq!(keys(Eagerness::Quiet), None);
        assert_eq!(keys(Eagerness::Manual), None);
    }

    #[test]
    fn a_fixed_wait_is_what_the_user_fixed() {
        let fixed = Duration::from_millis(321);
        let verdict = after_keys(150, |moment| moment.fixed = Some(fixed));
        assert_eq!(verdict, Verdict::Ask(fixed));
    }

    #[test]
    fn manual_is_silent_and_eager_is_sooner_than_quiet() {
        let with = |eagerness| after_keys(150, |moment| moment.eagerness = eagerness);
        assert_eq!(with(Eagerness::Manual), Verdict::Silent);
        assert!(wait(with(Eagerness::Eager)) < wait(with(Eagerness::Balanced)));
        assert!(wait(with(Eagerness::Balanced)) < wait(with(Eagerness::Quiet)));
    }

    #[test]
    fn an_editor_that_asks_after_a_pause_is_not_kept_waiting_again() {
        let mut rhythm = Rhythm::default();
        let now = Instant::now();
        rhythm.edited(&[&edit(0..0, "a")], now);
        let habits = Habits::default();
        let moment = Moment {
            eagerness: Eagerness::Balanced,
            fixed: None,
            rhythm: &rhythm,
            habits: &habits,
            nanos: None,
            is_within_word: false,
            is_within_line: false,
            is_doubtful: false,
        };
        let later = now + Duration::from_millis(600);
        assert_eq!(moment.verdict(later), Verdict::Ask(Duration::ZERO));
    }
}
