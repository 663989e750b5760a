//! The SQLite file: opening it, adding rows, reading sums.
//!
//! Entry points: [`Store::open`] and [`Store::turn`], which writes all that has come together in one transaction. Invariants: a batch is added whole or not at all; a row whose id is known already is skipped, so
//! a batch whose fate was unclear may be added again; nothing is ever deleted, a damaged file is moved aside.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::correction::Correction;
use super::failure::Failure;
use super::fate::{self, Note};
use super::identity::Identity;
use super::journal;
use super::lines::{self, Wanted};
#[cfg(test)]
use super::moment::Moment;
use super::patience;
#[cfg(test)]
use super::reserve::SessionSums;
use super::reserve::{self, More, Reserving, Verdict, Who};
use super::reserving::Asked;
use super::row::{CallId, Row};
use super::schema;
use super::totals::{Day, Sum};
use crate::cost::reconcile::Line;
use crate::cost::report::{self, Query, Report};
use crate::cost::{Money, RawUsage};

/// Where the rows are kept.
#[derive(Debug, Clone)]
pub(super) enum Place {
    File(PathBuf),
    Memory,
}

/// What is on its way to the disk.
#[derive(Debug)]
pub(super) enum Pending {
    /// A call, and the day that it counts on.
    Call(Box<Row>, Day),
    /// A call that takes the place of what was settled before.
    Correction(Box<Row>, Day, Correction),
    /// What became of a call's suggestion.
    Note(Note),
}

/// An open ledger file.
pub(super) struct Store {
    pub(super) connection: Connection,
    identity: Option<Identity>,
}

impl Store {
    /// Opens the file, creating it and its folder if need be, and brings its tables up to date.
    pub(super) fn open(place: &Place, patience: Duration) -> Result<Self, Failure> {
        let mut connection = match place {
            Place::Memory => Connection::open_in_memory()?,
            Place::File(path) => {
                create(path).map_err(|error| Failure::from_io(&error))?;
                Connection::open(path)?
            }
        };
        patience::set(&mut connection, patience)?;
        plan_once(&connection)?;
        // A newer file's journal mode is its own business too: look at the version before anything is changed.
        let journal: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        schema::migrate(&mut connection)?;
        if journal != "wal" {
            journal::keep_aside(&connection, patience)?;
        }
        // With WAL this survives a crash of any program; only a power cut may take the last rows.
        connection.pragma_update(None, "synchronous", "normal")?;
        journal::fold_seldom(&connection)?;
        // In KiB: rows are added at the end and sums are kept, so that more would be memory without use.
        connection.pragma_update(None, "cache_size", -256)?;
        // In pages of 4 KiB: what a large batch changes stays in memory until it is written, rather than being written and read again.
        connection.pragma_update(None, "cache_spill", 1_000)?;
        let identity = match place {
            Place::Memory => None,
            Place::File(path) => Identity::of(path),
        };
        Ok(Self {
            connection,
            identity,
        })
    }

    /// Whether the file that is open is still the one at `place`: rows in a deleted file would be lost without a word.
    pub(super) fn is_still_at(&self, place: &Place) -> bool {
        match place {
            Place::Memory => true,
            Place::File(path) => self.identity.is_some() && Identity::of(path) == self.identity,
        }
    }

    /// Sets how long to wait for another program's lock.
    pub(super) fn set_patience(&mut self, patience: Duration) -> Result<(), Failure> {
        Ok(patience::set(&mut self.connection, patience)?)
    }

    /// Adds rows, ends their reservations and those that are given back, puts right rows that were added before, and then reserves what fits,
    /// each on its own and in order: in one transaction, so that none but this process waits for more than one. What is to be reserved is asked
    /// for once nobody else may write, since more may have come while another process did.
    ///
    /// What is reserved ahead is added to `more`, also where it is unclear whether it is on the disk.
    pub(super) fn turn<'a>(
        &mut self,
        who: &Who<'_>,
        rows: impl Iterator<Item = &'a Pending>,
        released: &[CallId],
        wanted: impl FnOnce() -> &'a [Asked],
        more: &mut More<'_>,
    ) -> Result<Vec<Verdict>, Failure> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for id in released {
            reserve::release(&transaction, &id.0)?;
        }
        add(&transaction, who.session, rows)?;
        let mut reserving = Reserving::new(&transaction, *who);
        let wanted = wanted();
        let verdicts = wanted
            .iter()
            .map(|asked| reserving.one(&asked.wanted))
            .collect::<Result<Vec<_>, _>>()?;
        more.reserve(&mut reserving, wanted, &verdicts)?;
        transaction.commit()?;
        Ok(verdicts)
    }

    /// Says of each what came of it by what is on the disk at one moment, if it were reserved alone; nothing is, and no other process is waited for.
    pub(super) fn look(&mut self, who: &Who<'_>, asked: &[Asked]) -> Result<Vec<Verdict>, Failure> {
        let transaction = self.connection.transaction()?;
        let wanted = asked.iter().map(|asked| &asked.wanted);
        reserve::look(&transaction, who, wanted)
    }

    /// Adds rows, and reserves nothing.
    #[cfg(test)]
    fn add<'a>(
        &mut self,
        session: &str,
        rows: impl Iterator<Item = &'a Pending>,
    ) -> Result<(), Failure> {
        let sums = SessionSums::default();
        let who = Who {
            session,
            sums: &sums,
            now: Moment::of(Timestamp::UNIX_EPOCH, &jiff::tz::TimeZone::UTC),
        };
        let mut none = More::of(0, Vec::new(), &|| unreachable!("none is reserved ahead"));
        self.turn(&who, rows, &[], || &[], &mut none).map(drop)
    }

    /// The answer to a question for a report.
    pub(super) fn report(&self, query: &Query, now: Timestamp) -> Result<Report, Failure> {
        Ok(report::run(&self.connection, query, now)?)
    }

    /// The decision that led to a call, or to the last one.
    pub(super) fn decision(&self, call: Option<&str>) -> Result<Option<String>, Failure> {
        let (connection, kept) = (&self.connection, |row: &rusqlite::Row<'_>| row.get(0));
        let kept = if let Some(id) = call {
            connection.query_row("SELECT decision FROM calls WHERE id = ?1", [id], kept)
        } else {
            let last = "SELECT decision FROM calls ORDER BY seq DESC LIMIT 1";
            connection.query_row(last, [], kept)
        };
        Ok(kept.optional()?.flatten())
    }

    /// The calls to a provider, one by one.
    pub(super) fn lines(&self, wanted: &Wanted) -> Result<Vec<Line>, Failure> {
        Ok(lines::of(&self.connection, wanted)?)
    }

    /// The sums of one day and of its month.
    pub(super) fn sums(&self, day: Day) -> Result<(Sum, Sum), Failure> {
        let (first, last) = day.month();
        let mut select = self.connection.prepare_cached(
            "SELECT day, currency, calls, nanos FROM days WHERE day BETWEEN ?1 AND ?2 AND calls > 0",
        )?;
        let mut rows = select.query((first.0, last.0))?;
        let (mut of_day, mut of_month) = (Sum::default(), Sum::default());
        while let Some(row) = rows.next()? {
            let calls = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
            // A currency that is no code, such as the empty one of unknown costs, has no amount.
            let currency = row
                .get_ref(1)?
                .as_str()
                .ok()
                .and_then(|code| code.parse().ok());
            let nanos = row.get(3)?;
            let amount = currency.map(|currency| Money::from_nanos(nanos, currency));
            of_month.add_group(calls, amount);
            if row.get::<_, i64>(0)? == day.0 {
                of_day.add_group(calls, amount);
            }
        }
        Ok((of_day, of_month))
    }
}

/// Adds rows, and puts right rows that were added before.
fn add<'a>(
    connection: &Connection,
    session: &str,
    rows: impl Iterator<Item = &'a Pending>,
) -> Result<(), Failure> {
    let mut insert = connection.prepare_cached(INSERT)?;
    for pending in rows {
        let (row, day) = match pending {
            Pending::Call(row, day) => (row, day),
            Pending::Correction(row, _, correction) => {
                correction.apply(connection, row)?;
                continue;
            }
            Pending::Note(note) => {
                note.apply(connection)?;
                continue;
            }
        };
        let tokens = row.usage.tokens();
        let amount = row.cost.amount();
        insert.execute(params![
            row.id.0,
            session,
            row.decision,
            row.attempt,
            row.started.as_microsecond(),
            day.0,
            row.feature,
            row.action,
            row.language,
            row.workspace,
            row.branch,
            row.provider,
            row.requested_model,
            row.served_model,
            row.key,
            row.payer,
            stored(tokens.input),
            stored(tokens.cache_read),
            stored(tokens.cache_write_5m),
            stored(tokens.cache_write_1h),
            stored(tokens.output),
            stored(tokens.reasoning),
            row.usage.is_estimated(),
            row.price.as_ref().map(json),
            row.cost.source().name(),
            amount.map(Money::nanos),
            amount.map(|amount| amount.currency().to_string()),
            row.outcome.name(),
            row.latency.first_token.map(micros),
            micros(row.latency.total),
            row.request_id,
            (!row.tags.is_empty()).then(|| json(&row.tags)),
            row.upstream,
            row.service_tier,
            row.raw_usage.as_ref().map(RawUsage::as_str),
        ])?;
        fate::sum_up(connection, &row.id)?;
    }
    Ok(())
}

/// A suggestion that nobody tells of was not shown. Of other features' answers nothing is known until it is told.
const INSERT: &str = "
INSERT INTO calls (id, session, decision, attempt, started_us, day, feature, action, language, workspace, branch, provider,
    requested_model, served_model, key_label, payer, input_tokens, cache_read_tokens, cache_write_5m_tokens,
    cache_write_1h_tokens, output_tokens, reasoning_tokens, tokens_estimated, price, cost_source, cost_nanos, cost_currency,
    outcome, first_token_us, total_us, request_id, tags, upstream, service_tier, raw_usage, fate)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26,
    ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, CASE ?7 WHEN 'completion' THEN 'unseen' END)
ON CONFLICT (id) DO NOTHING";

pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

pub(super) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("prices and tags have string keys only")
}

/// Has statements planned without a look at what is bound to them. SQLite otherwise takes most statements here for worth planning anew with every
/// value, since one index is partial: parsing and planning were nine tenths of what a row cost.
fn plan_once(connection: &Connection) -> rusqlite::Result<()> {
    let option = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
    connection.set_db_config(option, true).map(drop)
}

/// Creates the file, for its owner's eyes only, since it names folders and branches.
fn create(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

pub(super) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::damage::move_aside;
    use super::*;
    use crate::cost::ledger::tests::row;
    use crate::cost::{Cost, Currency};

    const DAY: Day = Day(20_261_121);

    fn numbered(number: u32) -> Box<Row> {
        let cost = Cost::Priced(Money::from_nanos(1, Currency::USD));
        let mut row = row(cost, "2026-11-21T12:00:00Z");
        row.id.0 = number.to_string();
        row.workspace = Some("x".repeat(1_000));
        Box::new(row)
    }

    fn pending(number: u32) -> Pending {
        Pending::Call(numbered(number), DAY)
    }

    fn open(path: &Path) -> Store {
        Store::open(&Place::File(path.to_owned()), Duration::ZERO).unwrap()
    }

    #[test]
    fn a_full_disk_takes_none_of_a_batch_and_all_of_it_later() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(&folder.path().join("l"));
        let rows: Vec<Pending> = (0..200).map(pending).collect();
        let pages: i64 = store
            .connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        let limit = |store: &Store, pages: i64| {
            let set =
                store
                    .connection
                    .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
            set.unwrap();
        };
        limit(&store, pages + 4);
        assert_eq!(store.add("s", rows.iter()), Err(Failure::Full));
        assert_eq!(store.sums(Day(20_261_121)).unwrap().0.calls, 0);
        limit(&store, pages + 1_000);
        store.add("s", rows.iter()).unwrap();
        assert_eq!(store.sums(Day(20_261_121)).unwrap().0.calls, 200);
    }

    #[test]
    fn a_batch_that_is_added_again_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(&folder.path().join("l"));
        let rows = [pending(1), pending(2)];
        store.add("s", rows[..1].iter()).unwrap();
        store.add("s", rows.iter()).unwrap();
        assert_eq!(store.sums(Day(20_261_121)).unwrap().0.calls, 2);
    }

    #[test]
    fn a_row_that_is_put_right_twice_or_was_never_there_leaves_the_sums_right() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(&folder.path().join("l"));
        let correction = |number| {
            let mut row = numbered(number);
            row.cost = Cost::Reported(Money::from_nanos(7, Currency::USD));
            let correction = Correction {
                before: Cost::Priced(Money::from_nanos(1, Currency::USD)),
                at: Timestamp::UNIX_EPOCH,
            };
            Pending::Correction(row, DAY, correction)
        };
        let rows = [pending(1), pending(2), correction(2), correction(3)];
        store.add("s", rows.iter()).unwrap();
        store.add("s", rows.iter()).unwrap();
        let (day, _) = store.sums(Day(20_261_121)).unwrap();
        assert_eq!((day.calls, day.cost[0].nanos()), (2, 8));
    }

    #[test]
    fn a_sound_file_is_never_moved_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        open(&path).add("s", [pending(1)].iter()).unwrap();
        let now = Moment::of(Timestamp::UNIX_EPOCH, &jiff::tz::TimeZone::UTC);
        let moved = move_aside(&path, Duration::ZERO, Timestamp::UNIX_EPOCH, now);
        assert_eq!(moved.unwrap(), None);
        let (day, _) = open(&path).sums(Day(20_261_121)).unwrap();
        assert_eq!(day.calls, 1);
    }

    /// `.cargo/config.toml` says how SQLite is built, which Cargo reads where it is run within this project.
    #[test]
    fn no_statement_can_load_code_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("l"));
        let load = "SELECT load_extension('x')";
        let loaded = store.connection.query_row(load, [], |_| Ok(()));
        let error = loaded.unwrap_err().to_string();
        assert!(
            error.contains("no such function"),
            "{error}; SQLite was built without what .cargo/config.toml says"
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("l");
        drop(open(&path));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
