//! The ledger's rows as lines that a provider's statement can be compared with.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rusqlite::{Connection, Row, params};

use crate::cost::reconcile::Line;
use crate::cost::{Currency, Money, Tokens};

/// Which rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The provider's name, as configured.
    pub provider: String,
    /// The first UTC day.
    pub first: Option<Date>,
    /// The last UTC day.
    pub last: Option<Date>,
}

const SELECT: &str = "
SELECT request_id, started_us, coalesce(served_model, requested_model), input_tokens, cache_read_tokens, cache_write_5m_tokens,
    cache_write_1h_tokens, output_tokens, reasoning_tokens, cost_source, cost_nanos, cost_currency
FROM calls WHERE provider = ?1 AND started_us >= ?2 AND started_us < ?3 ORDER BY started_us";

/// Returns one line for each call.
pub(super) fn of(connection: &Connection, wanted: &Wanted) -> rusqlite::Result<Vec<Line>> {
    let midnight = |date: Date| {
        let zoned = date.to_zoned(TimeZone::UTC);
        zoned.map_or(0, |zoned| zoned.timestamp().as_microsecond())
    };
    let after = wanted.last.and_then(|last| last.checked_add(1.day()).ok());
    let mut select = connection.prepare_cached(SELECT)?;
    let rows = select.query_map(
        params![
            wanted.provider,
            wanted.first.map_or(i64::MIN, midnight),
            after.map_or(i64::MAX, midnight),
        ],
        line,
    )?;
    rows.collect()
}

fn line(row: &Row<'_>) -> rusqlite::Result<Line> {
    let count = |column| -> rusqlite::Result<u64> {
        Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
    };
    let started = Timestamp::from_microsecond(row.get(1)?).unwrap_or_default();
    let source: String = row.get(9)?;
    let nanos: Option<i64> = row.get(10)?;
    let currency: Option<String> = row.get(11)?;
    let currency = currency.and_then(|code| code.parse::<Currency>().ok());
    let cost = nanos.zip(currency);
    Ok(Line {
        id: row.get(0)?,
        day: Some(TimeZone::UTC.to_datetime(started).date()),
        model: row.get(2)?,
        calls: Some(1),
        tokens: Some(Tokens {
            input: count(3)?,
            cache_read: count(4)?,
            cache_write_5m: count(5)?,
            cache_write_1h: count(6)?,
            output: count(7)?,
            reasoning: count(8)?,
        }),
        cost: cost.map(|(nanos, currency)| Money::from_nanos(nanos, currency)),
        estimated: u64::from(source == "estimated"),
        unpriced: u64::from(cost.is_none()),
    })
}
