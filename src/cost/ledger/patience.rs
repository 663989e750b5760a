//! How long another process's lock is waited for, and how.
//!
//! Entry point: [`set`]. A transaction of the ledger takes less than a millisecond, and SQLite's own way to wait for one is to sleep one, two, five,
//! ten and more, however long the lock has been free: four editors that reserve at once would keep each other waiting for fifty. So it is looked
//! again after a tenth of a millisecond, and less often the longer the lock is held, which then is another program's.

use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Between two looks while the lock may well be one of ours.
const BRIEF: Duration = Duration::from_micros(100);

/// Sets how long the connection waits for another's lock before it says that the file is locked.
pub(super) fn set(connection: &mut Connection, patience: Duration) -> rusqlite::Result<()> {
    if patience.is_zero() {
        return connection.busy_handler(None::<fn(i32) -> bool>);
    }
    let mut begun = Instant::now();
    connection.busy_handler(Some(move |looks| {
        if looks == 0 {
            begun = Instant::now();
        }
        let waited = begun.elapsed();
        if waited >= patience {
            return false;
        }
        std::thread::sleep(pause(waited).min(patience.saturating_sub(waited)));
        true
    }))
}

/// A sixteenth of what was waited already, within bounds: the lock is free that long, at the worst, before it is seen to be.
fn pause(waited: Duration) -> Duration {
    (waited / 16).clamp(BRIEF, Duration::from_millis(20))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_lock_is_looked_at_often_at_first_and_seldom_where_it_is_held_long() {
        assert_eq!(pause(Duration::ZERO), BRIEF);
        assert_eq!(pause(Duration::from_millis(8)), Duration::from_micros(500));
        assert_eq!(pause(Duration::from_secs(9)), Duration::from_millis(20));
    }

    #[test]
    fn without_patience_a_locked_file_is_said_to_be_locked_and_with_it_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        let holder = Connection::open(&path).unwrap();
        holder
            .execute_batch("CREATE TABLE t (x); BEGIN EXCLUSIVE")
            .unwrap();
        let mut connection = Connection::open(&path).unwrap();
        let mut is_locked = |patience| {
            set(&mut connection, patience).unwrap();
            connection.execute("INSERT INTO t VALUES (1)", []).is_err()
        };
        assert!(is_locked(Duration::ZERO));
        assert!(is_locked(Duration::from_millis(3)));
        drop(holder);
        assert!(!is_locked(Duration::from_millis(3)));
    }
}
