//! Calls of long ago in a ledger, to see that they are forgotten: the shortest time to keep is longer than any run.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use byok_lsp::cost::ledger::Latency;
use byok_lsp::cost::{Cost, Ledger, Outcome, Row, Tokens, Usage};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OpenFlags};

const DEADLINE: Duration = Duration::from_mins(1);

/// The shortest time to keep that the settings take, in days.
pub const KEPT_DAYS: u32 = 35;

/// How many are written at once; what waits in memory is bounded.
const STEP: usize = 5_000;

/// Makes a ledger with so many, one behind the other on the days before those that are kept.
pub fn fill(path: &Path, count: usize) {
    let ledger = Ledger::open(path);
    for first in (0..count).step_by(STEP) {
        for number in first..(first + STEP).min(count) {
            ledger.settle(row(&ledger, number), |_| {});
        }
        let totals = ledger.totals(DEADLINE).expect("the ledger answers");
        assert_eq!(totals.unrecorded, 0);
    }
}

/// What there is in a ledger.
pub struct Content {
    pub calls: u32,
    /// How many of the calls should be forgotten.
    pub old: u32,
    /// What its file takes on the disk, with what is written to it yet, and how much of that is free.
    pub megabytes: f64,
    pub free: f64,
}

/// Looks into a ledger that a server may be writing.
pub fn look(path: &Path) -> Content {
    let before = Timestamp::now() - kept();
    let look = || -> rusqlite::Result<Content> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(DEADLINE)?;
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u32>(0));
        let page = f64::from(number("PRAGMA page_size")?) / 1e6;
        let old = "SELECT count(*) FROM calls WHERE started_us < ?1";
        Ok(Content {
            calls: number("SELECT count(*) FROM calls")?,
            old: connection.query_row(old, [before.as_microsecond()], |row| row.get(0))?,
            megabytes: f64::from(number("PRAGMA page_count")?) * page,
            free: f64::from(number("PRAGMA freelist_count")?) * page,
        })
    };
    look().expect("the ledger can be read")
}

fn kept() -> SignedDuration {
    SignedDuration::from_hours(i64::from(KEPT_DAYS) * 24)
}

fn row(ledger: &Ledger, number: usize) -> Row {
    let seconds = i64::try_from(number).expect("a few thousand") * 600;
    let usage = Usage::Reported(Tokens {
        input: 2_000,
        output: 4,
        ..Tokens::default()
    });
    Row {
        id: ledger.next_id(),
        decision: None,
        attempt: 1,
        started: Timestamp::now() - kept() - SignedDuration::from_secs(60 + seconds),
        feature: "completion".to_owned(),
        action: None,
        language: Some("rust".to_owned()),
        workspace: None,
        branch: None,
        provider: "mock".to_owned(),
        requested_model: "m".to_owned(),
        served_model: Some("m".to_owned()),
        upstream: None,
        service_tier: None,
        key: None,
        payer: "nobody".to_owned(),
        usage,
        raw_usage: None,
        cost: Cost::known(None, None, &usage),
        price: None,
        outcome: Outcome::Completed,
        latency: Latency::default(),
        request_id: None,
        tags: BTreeMap::new(),
    }
}
