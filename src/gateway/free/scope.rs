//! The calls of one account or one model in the last minute and today, and how long it rests: pure, on a time that it is given.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Free;
use crate::routing::Feature;

/// Thousandths of a second since 1970.
pub(super) type Millis = i64;

const MINUTE: Millis = 60_000;

const DAY: Millis = 24 * 60 * MINUTE;

/// Nothing rests for longer, whatever a provider says or a file holds.
const LONGEST: Millis = DAY + 60 * MINUTE;

/// More calls of a minute are not looked at.
const MOST: usize = 1_000;

/// What is known of an account or a model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Scope {
    /// When the calls of the last minute began, the oldest first.
    begun: Vec<Millis>,
    /// The number of the day, by UTC, that calls were counted in.
    day: i64,
    /// How many there were in it.
    used: u32,
    /// It rests until then.
    until: Millis,
}

impl Scope {
    /// Returns whether it does not rest, or until when it does.
    pub(super) fn is_awake(&self, now: Millis) -> Result<(), Millis> {
        if self.until > now {
            Err(self.until)
        } else {
            Ok(())
        }
    }

    /// Returns whether there is room for a call, or when there will be.
    pub(super) fn admit(&self, free: &Free, feature: Feature, now: Millis) -> Result<(), Millis> {
        self.is_awake(now)?;
        let day = now.div_euclid(DAY);
        if let Some(most) = free.per_day
            && self.day == day
            && self.used >= left_to(feature, most)
        {
            return Err((day + 1) * DAY);
        }
        if let Some(most) = free.per_minute {
            let most = left_to(feature, most) as usize;
            let begun = self.begun.iter().filter(|then| **then + MINUTE > now);
            let over = (begun.clone().count() + 1).saturating_sub(most);
            if over > 0 {
                let first = begun.copied().nth(over - 1);
                return Err(first.unwrap_or(now) + MINUTE);
            }
        }
        Ok(())
    }

    /// Counts a call.
    pub(super) fn count(&mut self, now: Millis) {
        self.forget(now);
        self.used = self.used.saturating_add(1);
        self.begun.push(now);
    }

    /// Lets it rest.
    pub(super) fn rest(&mut self, wait: Duration, now: Millis) {
        let wait = Millis::try_from(wait.as_millis()).unwrap_or(LONGEST);
        self.until = self.until.max(now + wait.min(LONGEST));
    }

    /// Takes in what somebody else noted of it, as far as it makes sense.
    pub(super) fn take_in(&mut self, other: Self, now: Millis) {
        self.forget(now);
        if other.until <= now + LONGEST {
            self.until = self.until.max(other.until);
        }
        if other.day == self.day {
            self.used = self.used.max(other.used);
        }
        let is_recent = |then: &Millis| *then <= now && *then > now - MINUTE;
        let mut begun: Vec<Millis> = other.begun.into_iter().filter(is_recent).collect();
        if begun.len() >= self.begun.len() {
            begun.sort_unstable();
            begun.truncate(MOST);
            self.begun = begun;
        }
    }

    /// Returns whether anything of it still matters.
    pub(super) fn is_of_use(&self, now: Millis) -> bool {
        let day = now.div_euclid(DAY);
        self.until > now || (self.day == day && self.used > 0)
    }

    /// Forgets what is over.
    fn forget(&mut self, now: Millis) {
        let day = now.div_euclid(DAY);
        if self.day != day {
            (self.day, self.used) = (day, 0);
        }
        self.begun.retain(|then| *then + MINUTE > now);
    }
}

/// Returns how many of a limit's calls are left to a feature: a fifth, and one at least, is kept for code actions, and as much again for suggestions from what is asked ahead of them.
fn left_to(feature: Feature, most: u32) -> u32 {
    let kept = (most / 5).max(1).min(most.saturating_sub(1));
    match feature {
        Feature::Action => most,
        Feature::Completion => most - kept,
        Feature::Speculation => most.saturating_sub(kept.saturating_mul(2)),
    }
}
