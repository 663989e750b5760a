//! The write-ahead journal: switched to once, and folded into the file when nobody waits.
//!
//! Entry points: [`keep_aside`], [`fold_seldom`], [`begin`] and [`Folding`]. Folding waits for the disk, several milliseconds and more, which SQLite would have the
//! transaction do that happens to fill a thousand pages: one call in a hundred, on its way to a provider. So the ledger's thread does it in a pause. The
//! first transaction of a journal waits for the disk as well, and with it whoever wants to write meanwhile, in other processes too: that is none of a call's.
//! Invariant: the journal is bounded all the same, by what SQLite folds by itself where there is no pause.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

/// Where there never is a pause, the journal is folded at so many pages: 32 MB.
const MOST_PAGES: i64 = 8_000;

/// After so many transactions of this process the journal is worth folding.
const WORTH: u32 = 64;

/// How long nobody must have wanted anything: longer than between two calls of an editor that makes many, since what comes meanwhile waits for the disk.
const PAUSE: Duration = Duration::from_secs(1);

/// Switches to the write-ahead journal. SQLite does not wait for another program here, whatever patience it was told to have, so that
/// two programs which make a new file at the same moment would otherwise find it locked.
pub(super) fn keep_aside(connection: &Connection, patience: Duration) -> rusqlite::Result<()> {
    const PAUSE: Duration = Duration::from_millis(5);
    let begun = Instant::now();
    loop {
        let switched = connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()));
        match switched {
            Err(rusqlite::Error::SqliteFailure(failure, _))
                if failure.code == ErrorCode::DatabaseBusy && begun.elapsed() < patience =>
            {
                std::thread::sleep(PAUSE);
            }
            switched => return switched,
        }
    }
}

/// Leaves the folding to the pauses.
pub(super) fn fold_seldom(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "wal_autocheckpoint", MOST_PAGES, |_| Ok(()))
}

/// Writes what is there already, so that the first transaction of the journal is none that a call waits for.
pub(super) fn begin(connection: &Connection) {
    let begun = || {
        // Alone: another process may bring the tables up to date.
        let alone = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let version: i64 = alone.pragma_query_value(None, "user_version", |row| row.get(0))?;
        alone.pragma_update(None, "user_version", version)?;
        alone.commit()
    };
    // Who cannot write now will say so when there is something to write.
    if let Err(error) = begun() {
        tracing::debug!(%error, "the journal could not be begun");
    }
}

/// When the journal is folded.
#[derive(Debug, Default)]
pub(super) struct Folding {
    /// Transactions since the last time.
    written: u32,
    /// Whether calls wait for the journal.
    is_awaited: bool,
}

impl Folding {
    /// Notes that something was written.
    pub(super) fn note(&mut self) {
        self.written = self.written.saturating_add(1);
    }

    /// Notes that calls are about to wait for what is written.
    pub(super) fn await_from_now(&mut self, connection: &Connection) {
        if !std::mem::replace(&mut self.is_awaited, true) {
            begin(connection);
        }
    }

    /// Returns how long nothing may happen before it is time.
    pub(super) fn wait(&self) -> Option<Duration> {
        (self.written >= WORTH).then_some(PAUSE)
    }

    /// Folds what no reader is in need of; it is tried again with the next transactions if somebody is.
    pub(super) fn turn(&mut self, connection: &Connection) {
        if self.written < WORTH {
            return;
        }
        self.written = 0;
        let folded = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = folded {
            tracing::debug!(%error, "the journal could not be folded");
        } else if self.is_awaited {
            begin(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_journal_is_folded_after_many_transactions_and_in_a_pause() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("l")).unwrap();
        keep_aside(&connection, Duration::ZERO).unwrap();
        fold_seldom(&connection).unwrap();
        connection
            .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1);")
            .unwrap();
        let is_in_file = || {
            let size = std::fs::metadata(folder.path().join("l")).unwrap().len();
            size > 4_096
        };
        let mut folding = Folding::default();
        folding.note();
        assert_eq!(folding.wait(), None);
        folding.turn(&connection);
        assert!(!is_in_file());
        for _ in 0..WORTH {
            folding.note();
        }
        assert_eq!(folding.wait(), Some(PAUSE));
        folding.turn(&connection);
        assert!(is_in_file());
        assert_eq!(folding.wait(), None);
    }

    #[test]
    fn where_calls_wait_for_it_a_journal_is_begun_before_the_first_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("l")).unwrap();
        connection
            .execute_batch("CREATE TABLE t (x); PRAGMA user_version = 7")
            .unwrap();
        keep_aside(&connection, Duration::ZERO).unwrap();
        // A journal's first frame bears its salt, which changes when the journal begins anew.
        let salt = || {
            let journal = std::fs::read(folder.path().join("l-wal")).unwrap_or_default();
            journal.get(16..24).map(<[u8]>::to_vec)
        };
        assert_eq!(salt(), None);
        let mut folding = Folding::default();
        folding.await_from_now(&connection);
        let first = salt();
        assert!(first.is_some());
        for _ in 0..WORTH {
            folding.note();
        }
        folding.turn(&connection);
        assert_ne!(salt(), first);
        let version: i64 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, 7);
    }
}
