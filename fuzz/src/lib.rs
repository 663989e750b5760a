//! The targets, each a function of bytes, and what they have in common: how bytes become choices.
//!
//! `cargo fuzz` runs them by `fuzz_targets/`; `tests/fuzz.rs` runs them on their seeds, and on those a little changed, wherever the tests run.

use std::sync::atomic::{AtomicU64, Ordering};

pub mod answers;
pub mod config;
pub mod credentials;
pub mod edits;
pub mod frames;
pub mod messages;
pub mod replies;
pub mod suggestions;

/// How much a target was given so far, said on stderr at each whole step, so that the log of a run ends with what it amounts to.
pub struct Tally {
    what: &'static str,
    step: u64,
    sum: AtomicU64,
}

impl Tally {
    /// Counts these, and says so at each such step.
    pub const fn new(what: &'static str, step: u64) -> Self {
        Self {
            what,
            step,
            sum: AtomicU64::new(0),
        }
    }

    /// Adds so many.
    pub fn add(&self, count: usize) {
        let before = self.sum.fetch_add(count as u64, Ordering::Relaxed);
        let sum = before + count as u64;
        if sum / self.step > before / self.step {
            eprintln!("tally: {sum} {}, {} MiB resident", self.what, resident());
        }
    }
}

/// Returns the memory that the process has, where the system tells, in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    number.unwrap_or_default() / 1024
}

/// Bytes that are used up from their beginning. What is missing is zero, so every input means something.
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// Begins with all of them.
    pub fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// Returns whether all are used up.
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// Returns one of these.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }

    /// Returns a number, small as a rule and now and then absurd.
    pub fn number(&mut self) -> u32 {
        match self.byte() {
            255 => u32::MAX,
            254 => i32::MAX as u32,
            253 => u32::from(self.byte()) << 8 | u32::from(self.byte()),
            small => u32::from(small) % 64,
        }
    }

    /// Returns the next bytes, as many as their first says.
    pub fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }

    /// Returns all that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

/// Returns bytes as a text; what is no UTF-8 becomes characters that texts rarely have.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
