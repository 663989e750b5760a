//! How long calls took: percentiles, exact, of the calls that the ledger still holds.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use serde::Serialize;

use super::period::Period;

/// How long one model's calls took, in milliseconds. Calls that failed or were taken back before any text count towards neither.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latencies {
    /// `provider/model`, as it was asked for.
    pub model: String,
    /// How many calls brought text.
    pub calls: u64,
    /// To the first text.
    pub first_token: Percentiles,
    /// To the end.
    pub total: Percentiles,
}

/// Of so many calls in a hundred, the slowest took this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// Half of them.
    pub p50: u64,
    /// Nine in ten.
    pub p90: u64,
    /// 99 in a hundred.
    pub p99: u64,
}

/// Microseconds to the first text and to the end.
type Times = (Vec<u32>, Vec<u32>);

/// All of it stands in an index of its own (`ledger/latency.sql`).
const SELECT: &str = "SELECT provider, requested_model, first_token_us, total_us FROM calls
    WHERE first_token_us IS NOT NULL AND day BETWEEN ?1 AND ?2";

/// Returns the latencies of a period, by model.
pub(super) fn by_model(
    connection: &Connection,
    period: Period,
) -> rusqlite::Result<Vec<Latencies>> {
    let (first, last) = period.days();
    let mut select = connection.prepare_cached(SELECT)?;
    let mut rows = select.query(params![first, last])?;
    let mut times: BTreeMap<String, Times> = BTreeMap::new();
    let mut name = String::new();
    while let Some(row) = rows.next()? {
        let text = |column| -> rusqlite::Result<&str> { Ok(row.get_ref(column)?.as_str()?) };
        name.clear();
        name.push_str(text(0)?);
        name.push('/');
        name.push_str(text(1)?);
        let of_model = match times.get_mut(&name) {
            Some(of_model) => of_model,
            None => times.entry(name.clone()).or_default(),
        };
        // An hour and more is one hour.
        let micros = |column| -> rusqlite::Result<u32> {
            Ok(u32::try_from(row.get::<_, i64>(column)?).unwrap_or(u32::MAX))
        };
        of_model.0.push(micros(2)?);
        of_model.1.push(micros(3)?);
    }
    let latencies = |(model, (first_token, total)): (String, Times)| Latencies {
        model,
        calls: total.len() as u64,
        first_token: percentiles(first_token),
        total: percentiles(total),
    };
    Ok(times.into_iter().map(latencies).collect())
}

fn percentiles(mut micros: Vec<u32>) -> Percentiles {
    micros.sort_unstable();
    // The nearest rank: the smallest time that so many in a hundred do not exceed.
    let at = |percent: usize| {
        let rank = (micros.len() * percent).div_ceil(100).max(1);
        micros.get(rank - 1).map_or(0, |it| u64::from(*it) / 1_000)
    };
    Percentiles {
        p50: at(50),
        p90: at(90),
        p99: at(99),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_million_wide_rows_are_not_read_for_four_columns() {
        let connection = crate::cost::ledger::empty();
        let explain = format!("EXPLAIN QUERY PLAN {SELECT}");
        let plan: String = connection
            .query_row(&explain, [0, 1], |row| row.get("detail"))
            .unwrap();
        assert!(plan.contains("COVERING INDEX calls_by_latency"), "{plan}");
    }

    #[test]
    fn a_percentile_is_a_time_that_occurred() {
        let times: Vec<u32> = (1..=200).rev().map(|ms| ms * 1_000).collect();
        let told = percentiles(times);
        assert_eq!((told.p50, told.p90, told.p99), (100, 180, 198));
        let one = percentiles(vec![7_000]);
        assert_eq!((one.p50, one.p90, one.p99), (7, 7, 7));
    }
}
