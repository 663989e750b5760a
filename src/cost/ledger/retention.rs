//! Forgetting: calls that are older than the user wants them are deleted one by one, and their sums stay.
//!
//! Entry point: [`Retention`], in the pauses of the ledger's thread. Invariants: what is forgotten changes no total, no report by sums and no cap,
//! whose spans the settings keep shorter than any time to keep; one turn is short, so that nobody waits for it, also in another process.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, TransactionBehavior};

use super::failure::Failure;

/// How many calls are forgotten in one turn: some milliseconds.
const AT_ONCE: u32 = 200;

/// When it is looked again once there were none.
const SELDOM: Duration = Duration::from_hours(1);

/// When calls are forgotten.
pub(super) struct Retention {
    due: Instant,
    /// The pause between two turns while there are more.
    pause: Duration,
}

impl Retention {
    pub(super) fn new(pause: Duration) -> Self {
        Self {
            due: Instant::now() + pause,
            pause,
        }
    }

    /// Returns how long until the next turn.
    pub(super) fn wait(&self) -> Duration {
        self.due.saturating_duration_since(Instant::now())
    }

    /// Forgets some calls, if it is time for that.
    pub(super) fn turn(&mut self, connection: &mut Connection, keep_days: u32, now: Timestamp) {
        if !self.wait().is_zero() {
            return;
        }
        let result = forget(connection, keep_days, now, AT_ONCE);
        let pause = match result {
            Ok(true) => self.pause,
            Ok(false) | Err(Failure::Locked) => SELDOM,
            Err(failure) => {
                tracing::warn!(?failure, "old calls could not be forgotten");
                SELDOM
            }
        };
        self.due = Instant::now() + pause;
    }
}

/// Forgets calls from before `keep_days` ago, `most` at the most; returns whether there may be more of them.
pub(super) fn forget(
    connection: &mut Connection,
    keep_days: u32,
    now: Timestamp,
    most: u32,
) -> Result<bool, Failure> {
    let kept = SignedDuration::from_hours(i64::from(keep_days) * 24);
    let Ok(before) = now.checked_sub(kept) else {
        return Ok(false);
    };
    let before = before.as_microsecond();
    let any = "SELECT EXISTS (SELECT 1 FROM calls WHERE started_us < ?1)";
    if !connection.query_row(any, [before], |row| row.get(0))? {
        return Ok(false);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // First the line is moved, then what lies before it goes: the triggers leave the sums of such rows alone.
    transaction.execute(
        "UPDATE forgotten SET before_us = max(before_us, ?1)",
        [before],
    )?;
    let gone = transaction.execute(
        "DELETE FROM calls WHERE seq IN (SELECT seq FROM calls WHERE started_us < ?1 ORDER BY started_us LIMIT ?2)",
        (before, most),
    )?;
    transaction.commit()?;
    Ok(gone == most as usize)
}
