//! What the ledger's handles and its thread have in common: the queue between them, how the ledger is, and what is around it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ahead::{self, Ahead};
use super::reserving::Asked;
use super::row::CallId;
use super::store::Place;
use super::totals::Sum;
use super::{Command, State};

/// What the thread does next.
pub(super) enum Turn {
    Work {
        commands: Vec<Command>,
        refused: Sum,
    },
    Retry,
    Stop,
}

/// What the handles and the thread have in common.
pub(super) struct Shared {
    pub(super) place: Place,
    pub(super) setting: Setting,
    pub(super) session: String,
    pub(super) next_id: AtomicU64,
    /// For how many days calls are kept one by one; 0 is for ever.
    pub(super) keep_days: AtomicU32,
    pub(super) queue: Mutex<Queue>,
    pub(super) wake: Condvar,
    pub(super) state: Mutex<State>,
    pub(super) notices: Mutex<Vec<String>>,
    /// What is reserved ahead of its calls. The thread adds to it, and callers take from it.
    pub(super) ahead: Mutex<Ahead>,
}

#[derive(Default)]
pub(super) struct Queue {
    pub(super) commands: VecDeque<Command>,
    /// Calls that came while the queue was full.
    pub(super) refused: Sum,
    pub(super) alarms: Alarms,
    pub(super) running: bool,
    pub(super) stop: bool,
}

/// What the thread was woken for, or will be without another's doing.
#[derive(Default)]
pub(super) struct Alarms {
    /// A call waits for its reservation.
    pub(super) asked: bool,
    /// A row waits for others.
    pub(super) gathered: bool,
}

impl Shared {
    /// A new name for an attempt; no other attempt on this machine has it.
    pub(super) fn next_id(&self) -> CallId {
        let number = self.next_id.fetch_add(1, Ordering::Relaxed);
        CallId(format!("{}-{number}", self.session))
    }

    /// Waits for work; with `retry`, no longer than that.
    pub(super) fn next(&self, retry: Option<Duration>) -> Turn {
        let mut queue = lock(&self.queue);
        loop {
            if !queue.commands.is_empty() {
                queue.alarms = Alarms::default();
                return Turn::Work {
                    commands: queue.commands.drain(..).collect(),
                    refused: std::mem::take(&mut queue.refused),
                };
            }
            if queue.stop {
                return Turn::Stop;
            }
            // What it was woken for may be done already.
            queue.alarms.asked = false;
            match retry {
                None => {
                    queue = self
                        .wake
                        .wait(queue)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                Some(retry) => {
                    let waited = self.wake.wait_timeout(queue, retry);
                    let timeout;
                    (queue, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                    if timeout.timed_out() && queue.commands.is_empty() && !queue.stop {
                        return Turn::Retry;
                    }
                }
            }
        }
    }

    /// Takes the reservations that are next in the queue, up to anything else: what was settled before a call counts when it is measured.
    pub(super) fn asked_meanwhile(&self) -> Vec<Asked> {
        let mut queue = lock(&self.queue);
        let is_next = |queue: &Queue| matches!(queue.commands.front(), Some(Command::Reserve(_)));
        let mut asked = Vec::new();
        while is_next(&queue)
            && let Some(Command::Reserve(next)) = queue.commands.pop_front()
        {
            asked.push(*next);
        }
        asked
    }

    /// For how many days calls are kept one by one, if not for ever.
    pub(super) fn keep_days(&self) -> Option<u32> {
        let days = self.keep_days.load(Ordering::Relaxed);
        (days > 0).then_some(days)
    }

    /// How long to wait for another program's lock: once it is known to be held, only for a moment, so that the queue moves on.
    pub(super) fn patience(&self) -> Duration {
        match *lock(&self.state) {
            State::Ready => self.setting.patience,
            State::Degraded { .. } => self.setting.patience / 20,
        }
    }

    /// What keeps the file from being used, if anything does.
    pub(super) fn trouble(&self) -> Option<String> {
        match &*lock(&self.state) {
            State::Ready => None,
            State::Degraded { reason } => Some(reason.clone()),
        }
    }

    pub(super) fn set_state(&self, state: State) {
        let mut current = lock(&self.state);
        if *current != state {
            if let State::Degraded { reason } = &state {
                tracing::warn!("{reason}");
            }
            *current = state;
        }
    }

    pub(super) fn notify(&self, notice: String) {
        tracing::warn!("{notice}");
        lock(&self.notices).push(notice);
    }
}

/// Wakes the thread when it is dropped, so also when the runtime ends before its timer.
pub(super) struct Wake(pub(super) Arc<Shared>);

impl Drop for Wake {
    fn drop(&mut self) {
        self.0.wake.notify_one();
    }
}

/// Ends the thread with the last handle.
pub(super) struct Owner(pub(super) Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        lock(&self.0.queue).stop = true;
        self.0.wake.notify_one();
    }
}

/// What is around the ledger; tests set it.
pub(super) struct Setting {
    pub(super) now: fn() -> Timestamp,
    pub(super) zone: fn() -> TimeZone,
    /// How long to wait for another program's lock.
    pub(super) patience: Duration,
    /// How long rows are let gather into one transaction.
    pub(super) gather: Duration,
    /// How long nothing is to happen before old calls are forgotten.
    pub(super) rest: Duration,
    /// How many rows may wait in memory for a disk that does not take them.
    pub(super) limit: usize,
    /// What there may be reserved ahead of its calls.
    pub(super) ahead: ahead::Bounds,
}

impl Setting {
    pub(super) fn system() -> Self {
        Self {
            now: Timestamp::now,
            zone: TimeZone::system,
            patience: Duration::from_secs(1),
            gather: Duration::from_millis(2),
            rest: Duration::from_secs(1),
            // A day of busy typing, some ten megabytes.
            limit: 10_000,
            ahead: ahead::BOUNDS,
        }
    }
}

/// No code panics while it holds one of these locks, and if some did, its data would still be whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
