//! When a program that should print a key is given up.

use std::time::{Duration, Instant};

/// After how many failures in a row a program is not run any more.
pub(super) const FAILURES: u32 = 3;

/// Refusals of one key that are further apart than this have nothing to do with each other.
const IN_A_ROW: Duration = Duration::from_mins(10);

/// How often a program failed in a row.
#[derive(Default)]
pub(super) struct Failures {
    /// It printed no key.
    pub(super) runs: u32,
    /// It printed the very key that had been refused, and when that was last.
    refusals: u32,
    last_refusal: Option<Instant>,
}

impl Failures {
    pub(super) fn refused(&mut self) {
        let now = Instant::now();
        let is_in_row = self.last_refusal.is_some_and(|last| now - last < IN_A_ROW);
        self.refusals = if is_in_row { self.refusals + 1 } else { 1 };
        self.last_refusal = Some(now);
    }

    pub(super) fn are_enough(&self) -> bool {
        let is_lately = self
            .last_refusal
            .is_some_and(|last| last.elapsed() < IN_A_ROW);
        self.runs >= FAILURES || (self.refusals >= FAILURES && is_lately)
    }
}
