//! The ledger's tables, and how older files become today's.
//!
//! Entry point: [`migrate`]. Invariants: a published migration is never edited, only followed by another; `PRAGMA user_version`
//! is the number of migrations applied; a file from a newer version is left alone.

use rusqlite::{Connection, TransactionBehavior};

/// One row per attempt. What is not known at the time is NULL. `day` is the local date of `started_us`, stored because the day a
/// user remembers does not move when the computer's time zone does.
///
/// `days` holds the sums of each day, kept by triggers within the same transaction, so that totals are read from a few dozen rows
/// however many calls there are. Its currency is '' for calls without a known cost. The casts keep an absurd sum at the largest
/// integer where SQLite would turn it into a float.
const FIRST: &str = "
CREATE TABLE calls (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    session TEXT NOT NULL,
    decision TEXT,
    attempt INTEGER NOT NULL,
    started_us INTEGER NOT NULL,
    day INTEGER NOT NULL,
    feature TEXT NOT NULL,
    action TEXT,
    language TEXT,
    workspace TEXT,
    branch TEXT,
    provider TEXT NOT NULL,
    requested_model TEXT NOT NULL,
    served_model TEXT,
    key_label TEXT,
    payer TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_5m_tokens INTEGER NOT NULL,
    cache_write_1h_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    tokens_estimated INTEGER NOT NULL,
    price TEXT,
    cost_source TEXT NOT NULL,
    cost_nanos INTEGER,
    cost_currency TEXT,
    outcome TEXT NOT NULL,
    first_token_us INTEGER,
    total_us INTEGER NOT NULL,
    request_id TEXT,
    tags TEXT,
    CHECK ((cost_nanos IS NULL) = (cost_currency IS NULL))
) STRICT;
CREATE INDEX calls_by_time ON calls (started_us);

CREATE TABLE days (
    day INTEGER NOT NULL,
    currency TEXT NOT NULL,
    calls INTEGER NOT NULL,
    nanos INTEGER NOT NULL,
    PRIMARY KEY (day, currency)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER calls_added AFTER INSERT ON calls BEGIN
    INSERT INTO days VALUES (new.day, coalesce(new.cost_currency, ''), 1, coalesce(new.cost_nanos, 0))
    ON CONFLICT DO UPDATE SET calls = calls + 1, nanos = CAST(nanos + excluded.nanos AS INTEGER);
END;
CREATE TRIGGER calls_corrected AFTER UPDATE OF day, cost_nanos, cost_currency ON calls BEGIN
    UPDATE days SET calls = calls - 1, nanos = CAST(nanos - coalesce(old.cost_nanos, 0) AS INTEGER)
    WHERE day = old.day AND currency = coalesce(old.cost_currency, '');
    INSERT INTO days VALUES (new.day, coalesce(new.cost_currency, ''), 1, coalesce(new.cost_nanos, 0))
    ON CONFLICT DO UPDATE SET calls = calls + 1, nanos = CAST(nanos + excluded.nanos AS INTEGER);
END;
CREATE TRIGGER calls_removed AFTER DELETE ON calls BEGIN
    UPDATE days SET calls = calls - 1, nanos = CAST(nanos - coalesce(old.cost_nanos, 0) AS INTEGER)
    WHERE day = old.day AND currency = coalesce(old.cost_currency, '');
END;
";

/// What providers say beyond the counts: who stood behind a gateway, the service tier, their own usage as JSON. `corrected_us` is when a
/// row was settled anew by what its provider told later.
const SECOND: &str = "
ALTER TABLE calls ADD COLUMN upstream TEXT;
ALTER TABLE calls ADD COLUMN service_tier TEXT;
ALTER TABLE calls ADD COLUMN raw_usage TEXT;
ALTER TABLE calls ADD COLUMN corrected_us INTEGER;
";

const MIGRATIONS: [&str; 8] = [
    FIRST,
    SECOND,
    include_str!("outcomes.sql"),
    include_str!("budget.sql"),
    include_str!("lost.sql"),
    include_str!("latency.sql"),
    include_str!("addends.sql"),
    include_str!("pledges.sql"),
];

/// Why a file cannot be brought up to date.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A newer version of this program wrote it.
    Newer,
    /// SQLite failed.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Brings the tables up to date. Several processes may do so at once: each looks again once it alone may write.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Refusal> {
    if pending(connection)?.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in pending(&transaction)? {
        transaction.execute_batch(migration)?;
    }
    let version = i64::try_from(MIGRATIONS.len()).expect("a dozen migrations fit");
    transaction.pragma_update(None, "user_version", version)?;
    Ok(transaction.commit()?)
}

fn pending(connection: &Connection) -> Result<&'static [&'static str], Refusal> {
    let applied: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(applied)
        .ok()
        .and_then(|applied| MIGRATIONS.get(applied..))
        .ok_or(Refusal::Newer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const INSERT: &str = "INSERT INTO calls (id, session, attempt, started_us, day, feature, provider, requested_model, payer,
        input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens,
        tokens_estimated, cost_source, cost_nanos, cost_currency, outcome, total_us)
        VALUES (?1, 's', 1, 0, 20261121, 'f', 'p', 'm', 'x', 0, 0, 0, 0, 0, 0, 0, 'priced', ?2, ?3, 'completed', 0)";

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        assert!(pending(&connection).unwrap().is_empty());
    }

    #[test]
    fn an_older_files_rows_are_kept_and_have_nothing_in_the_new_columns() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(FIRST).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection.execute(INSERT, ("a", 5, "USD")).unwrap();
        migrate(&mut connection).unwrap();
        let (nanos, raw): (i64, Option<String>) = connection
            .query_row("SELECT cost_nanos, raw_usage FROM calls", [], |row| {
                row.try_into()
            })
            .unwrap();
        assert_eq!((nanos, raw), (5, None));
        let sum: (i64, i64, String) = connection
            .query_row("SELECT calls, nanos, fate FROM sums", [], |row| {
                row.try_into()
            })
            .unwrap();
        assert_eq!(sum, (1, 5, String::new()), "what became of it is not known");
    }

    #[test]
    fn tallies_follow_rows_that_were_there_before_and_all_that_becomes_of_them() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(FIRST).unwrap();
        connection.execute_batch(SECOND).unwrap();
        connection.pragma_update(None, "user_version", 2).unwrap();
        connection.execute(INSERT, ("a", 5, "USD")).unwrap();
        migrate(&mut connection).unwrap();
        connection.execute(INSERT, ("b", 7, "USD")).unwrap();
        connection.execute(INSERT, ("c", 0, "USD")).unwrap();
        let unknown = (None::<i64>, None::<String>);
        connection
            .execute(INSERT, ("d", unknown.0, unknown.1))
            .unwrap();
        let sums = |connection: &Connection| -> Vec<(i64, i64)> {
            let mut select = connection
                .prepare("SELECT span, sum(nanos) FROM tallies GROUP BY span")
                .unwrap();
            let rows = select.query_map([], |row| row.try_into()).unwrap();
            rows.map(Result::unwrap).collect()
        };
        assert_eq!(sums(&connection), [(0, 12), (20_261_121, 12)]);
        let update = "UPDATE calls SET cost_nanos = 9, cost_currency = 'USD' WHERE id = ?1";
        connection.execute(update, ["d"]).unwrap();
        connection.execute(update, ["b"]).unwrap();
        assert_eq!(sums(&connection), [(0, 23), (20_261_121, 23)]);
        connection
            .execute("DELETE FROM calls WHERE id = 'a'", [])
            .unwrap();
        assert_eq!(sums(&connection), [(0, 18), (20_261_121, 18)]);
    }

    #[test]
    fn pledges_follow_reservations_that_were_there_before_and_all_that_becomes_of_them() {
        let mut connection = Connection::open_in_memory().unwrap();
        for migration in &MIGRATIONS[..7] {
            connection.execute_batch(migration).unwrap();
        }
        connection.pragma_update(None, "user_version", 7).unwrap();
        let reserve = |connection: &Connection, id: &str, nanos: i64| {
            let insert = "INSERT INTO reservations (id, owner, session, attempt, started_us, day, feature, provider, requested_model, payer,
                input_tokens, output_tokens, cost_nanos, cost_currency)
                VALUES (?1, 's', 's', 1, 3600000000, 20261121, 'f', 'p', 'm', 'x', 0, 0, ?2, 'USD')";
            connection.execute(insert, (id, nanos)).unwrap();
        };
        let sums = |connection: &Connection| -> Vec<(i64, i64)> {
            let mut select = connection
                .prepare("SELECT span, nanos FROM pledges ORDER BY span")
                .unwrap();
            let rows = select.query_map([], |row| row.try_into()).unwrap();
            rows.map(Result::unwrap).collect()
        };
        reserve(&connection, "a", 5);
        migrate(&mut connection).unwrap();
        assert_eq!(sums(&connection), [(1, 5), (20_261_121, 5)]);
        reserve(&connection, "b", 7);
        assert_eq!(sums(&connection), [(1, 12), (20_261_121, 12)]);
        connection
            .execute("DELETE FROM reservations WHERE id = 'a'", [])
            .unwrap();
        assert_eq!(sums(&connection), [(1, 7), (20_261_121, 7)]);
        connection.execute("DELETE FROM reservations", []).unwrap();
        assert_eq!(sums(&connection), [], "nothing is left of what is over");
    }

    #[test]
    fn a_file_from_a_newer_version_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(migrate(&mut connection), Err(Refusal::Newer)));
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn corrected_and_removed_rows_keep_the_daily_sums_right() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let sums = |connection: &Connection| -> Vec<(String, i64, i64)> {
            let mut statement = connection
                .prepare("SELECT currency, calls, nanos FROM days WHERE calls > 0")
                .unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            rows.unwrap().map(Result::unwrap).collect()
        };
        connection.execute(INSERT, ("a", 5, "USD")).unwrap();
        connection.execute(INSERT, ("b", 7, "USD")).unwrap();
        connection
            .execute(INSERT, ("c", None::<i64>, None::<String>))
            .unwrap();
        let usd = |calls, nanos| ("USD".to_owned(), calls, nanos);
        assert_eq!(sums(&connection), [(String::new(), 1, 0), usd(2, 12)]);
        connection
            .execute(
                "UPDATE calls SET cost_nanos = 9, cost_currency = 'USD' WHERE id = 'c'",
                [],
            )
            .unwrap();
        assert_eq!(sums(&connection), [usd(3, 21)]);
        connection
            .execute("DELETE FROM calls WHERE id = 'a'", [])
            .unwrap();
        assert_eq!(sums(&connection), [usd(2, 16)]);
        connection.execute(INSERT, ("d", i64::MAX, "USD")).unwrap();
        assert_eq!(sums(&connection), [usd(3, i64::MAX)]);
    }
}
