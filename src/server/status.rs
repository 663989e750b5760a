//! What the server is doing, told to the editor when it changes.

use std::sync::{Arc, Mutex, PoisonError};

use super::advice::Advice;
use super::outbox::Outbox;
use super::protocol::{StatusParams, StatusState, VERSION};
use crate::routing::Decision;

/// The status. Clones are the same status.
#[derive(Clone)]
pub struct Status(Arc<Mutex<Inner>>);

struct Inner {
    outbox: Outbox,
    /// How many calls wait for a model.
    running: usize,
    is_paused: bool,
    model: String,
    payer: String,
    /// A mistake in the configuration; it stays until it is mended.
    mistake: Option<Advice>,
    /// Why the last call failed.
    failure: Option<Advice>,
    /// Why something is halted.
    halted: Option<String>,
    /// What was told last.
    told: Option<StatusParams>,
}

/// A call that waits for a model; the server is busy while one lives.
pub struct Busy(Status);

impl Status {
    /// Starts with nothing to tell.
    pub fn new(outbox: Outbox) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            outbox,
            running: 0,
            is_paused: false,
            model: String::new(),
            payer: String::new(),
            mistake: None,
            failure: None,
            halted: None,
            told: None,
        })))
    }

    /// Says which model completions go to now.
    pub fn decided(&self, decision: &Decision) {
        self.change(|inner| {
            inner.model = decision.name();
            inner.payer = decision.payer.to_string();
        });
    }

    /// Says whether suggestions are paused.
    pub fn paused(&self, is_paused: bool) {
        self.change(|inner| inner.is_paused = is_paused);
    }

    /// Says what is wrong with the configuration, or that nothing is any more.
    pub fn mistake(&self, advice: Option<Advice>) {
        self.change(|inner| inner.mistake = advice);
    }

    /// Says why the last call failed, or that it did not.
    pub fn failure(&self, advice: Option<Advice>) {
        self.change(|inner| inner.failure = advice);
    }

    /// Says that something was halted and why, or that all goes on.
    pub fn halted(&self, message: Option<String>) {
        self.change(|inner| inner.halted = message);
    }

    /// Says that a call waits for a model, until the returned value is dropped.
    pub fn busy(&self) -> Busy {
        self.change(|inner| inner.running += 1);
        Busy(self.clone())
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut inner);
        let status = inner.params();
        if inner.told.as_ref() != Some(&status) {
            inner.outbox.notify("byok/status", &status);
            inner.told = Some(status);
        }
    }
}

impl Inner {
    fn params(&self) -> StatusParams {
        let error = self.mistake.as_ref().or(self.failure.as_ref());
        let is_paused = self.is_paused || self.halted.is_some();
        let state = match (is_paused, error, self.running) {
            (true, ..) => StatusState::Paused,
            (_, _, 1..) => StatusState::Busy,
            (_, Some(_), 0) => StatusState::Error,
            (_, None, 0) => StatusState::Idle,
        };
        let error = error.filter(|_| state == StatusState::Error);
        StatusParams {
            v: VERSION,
            state,
            model: self.model.clone(),
            payer: self.payer.clone(),
            message: match state {
                StatusState::Error => error.map(|error| error.message.clone()),
                StatusState::Paused => self.halted.clone(),
                StatusState::Idle | StatusState::Busy => None,
            },
            fix: error.and_then(|error| error.fix.clone()),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.change(|inner| inner.running -= 1);
    }
}
