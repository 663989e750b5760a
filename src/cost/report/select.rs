//! The question to SQLite, and what its answer means.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use super::Group;
use super::dimension::{Dimension, NOT_WASTED};
use super::figures::Figures;
use super::period::Period;
use crate::cost::{Currency, Tokens};

/// Sums are read as two, above and below a billion, so that not even absurd ones overflow on the way.
const PARTS: i64 = 1_000_000_000;

/// What is summed up, in the order in which it is read.
const SUMMED: [&str; 12] = [
    "calls",
    "nanos",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "shown",
    "accepted",
    "accepted_chars",
    "retained_chars",
];

/// Returns the groups of a period, dearest first; by time, the oldest first.
pub(super) fn groups(
    connection: &Connection,
    period: Period,
    by: &[Dimension],
) -> rusqlite::Result<Vec<Group>> {
    let (first, last) = period.days();
    let mut select = connection.prepare_cached(&question(by))?;
    let mut rows = select.query(params![first, last])?;
    // Rows of one group come one after the other.
    let mut groups: Vec<Group> = Vec::new();
    while let Some(row) = rows.next()? {
        let key = (0..by.len())
            .map(|column| row.get(column))
            .collect::<rusqlite::Result<Vec<String>>>()?;
        let figures = figures(row, by.len())?;
        match groups.last_mut().filter(|group| group.key == key) {
            Some(group) => group.figures.add(&figures),
            None => groups.push(Group { key, figures }),
        }
    }
    if !by.first().is_some_and(Dimension::is_time) {
        dearest_first(&mut groups);
    }
    Ok(groups)
}

/// Returns groups of groups that were read before, by one of the things that those have in common, dearest first.
pub(super) fn by_one(groups: &[Group], place: usize) -> Vec<Group> {
    let mut sums: BTreeMap<&str, Figures> = BTreeMap::new();
    for group in groups {
        let key = group.key.get(place).map_or("", String::as_str);
        sums.entry(key).or_default().add(&group.figures);
    }
    let sums = sums.into_iter().map(|(key, figures)| Group {
        key: vec![key.to_owned()],
        figures,
    });
    let mut groups: Vec<Group> = sums.collect();
    dearest_first(&mut groups);
    groups
}

fn dearest_first(groups: &mut [Group]) {
    groups.sort_by_key(|group| std::cmp::Reverse(group.figures.dearness()));
}

fn question(by: &[Dimension]) -> String {
    let keys = by.iter().map(Dimension::sql);
    // What decides how an amount is counted, beside the groups.
    let told = [
        "currency".into(),
        "source = 'estimated'".into(),
        Dimension::Cause.sql(),
        "feature = 'completion' AND fate <> ''".into(),
    ];
    let columns: Vec<_> = keys.chain(told).collect();
    let sums: Vec<_> = SUMMED
        .iter()
        .map(|what| format!("sum({what} / {PARTS}), sum({what} % {PARTS})"))
        .collect();
    let places: Vec<_> = (1..=columns.len()).map(|n| n.to_string()).collect();
    format!(
        "SELECT {}, {} FROM sums WHERE day BETWEEN ?1 AND ?2 AND calls > 0 GROUP BY {places} ORDER BY {places}",
        columns.join(", "),
        sums.join(", "),
        places = places.join(", ")
    )
}

fn figures(row: &Row<'_>, keys: usize) -> rusqlite::Result<Figures> {
    let currency: String = row.get(keys)?;
    let is_estimated: bool = row.get(keys + 1)?;
    let cause: String = row.get(keys + 2)?;
    let is_judged: bool = row.get(keys + 3)?;
    let mut sums = [0_i64; SUMMED.len()];
    for (number, sum) in sums.iter_mut().enumerate() {
        let above: i64 = row.get(keys + 4 + 2 * number)?;
        let below: i64 = row.get(keys + 5 + 2 * number)?;
        let whole = i128::from(above) * i128::from(PARTS) + i128::from(below);
        *sum = i64::try_from(whole).unwrap_or(i64::MAX);
    }
    let count = |sum: i64| u64::try_from(sum).unwrap_or(0);
    // In the order of `SUMMED`.
    let [calls, nanos, input, cache_read, kept_5m, kept_hour, ..] = sums;
    let [
        ..,
        output,
        reasoning,
        shown,
        accepted,
        accepted_chars,
        retained_chars,
    ] = sums;
    let mut figures = Figures {
        calls: count(calls),
        tokens: Tokens {
            input: count(input),
            cache_read: count(cache_read),
            cache_write_5m: count(kept_5m),
            cache_write_1h: count(kept_hour),
            output: count(output),
            reasoning: count(reasoning),
        },
        shown: count(shown),
        accepted: count(accepted),
        accepted_chars: count(accepted_chars),
        retained_chars: count(retained_chars),
        ..Figures::default()
    };
    // A currency that is no code, such as the empty one of unknown costs, has no amount.
    let Ok(currency) = currency.parse::<Currency>() else {
        figures.unpriced = figures.calls;
        return Ok(figures);
    };
    let amount = figures.of(currency);
    amount.nanos = nanos;
    amount.estimated = if is_estimated { nanos } else { 0 };
    amount.wasted = if cause == NOT_WASTED { 0 } else { nanos };
    amount.judged = if is_judged { nanos } else { 0 };
    Ok(figures)
}
