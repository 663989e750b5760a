//! The question to SQLite, and what its answer means.
//!
//! Entry point: [`groups`]. The sums of the period are read once, for however many groupings: that is a hundred thousand rows for a month of a
//! million calls, which SQLite would sort anew for each grouping, and a table in memory takes as they come.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Row, params};

use super::Group;
use super::dimension::{Dimension, NOT_WASTED};
use super::figures::Figures;
use super::period::Period;
use crate::cost::{Currency, Tokens};

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

/// Returns the groups of a period for each grouping that is wanted, dearest first; by time, the oldest first.
pub(super) fn groups<const N: usize>(
    connection: &Connection,
    period: Period,
    groupings: [Option<&[Dimension]>; N],
) -> rusqlite::Result<[Vec<Group>; N]> {
    let mut dimensions: Vec<&Dimension> = groupings.iter().flatten().copied().flatten().collect();
    dimensions.sort_by_key(|dimension| dimension.name());
    dimensions.dedup();
    let mut sheets = groupings.map(|by| {
        let column = |dimension| dimensions.iter().position(|it| *it == dimension);
        by.map(|by| Sheet {
            by,
            columns: by.iter().filter_map(column).collect(),
            key: vec![String::new(); by.len()],
            groups: HashMap::new(),
        })
    });
    let (first, last) = period.days();
    let mut select = connection.prepare_cached(&question(&dimensions))?;
    let mut rows = select.query(params![first, last])?;
    while let Some(row) = rows.next()? {
        let figures = figures(row, dimensions.len())?;
        for sheet in sheets.iter_mut().flatten() {
            sheet.add(row, &figures)?;
        }
    }
    Ok(sheets.map(|sheet| sheet.map_or_else(Vec::new, Sheet::groups)))
}

/// The groups of one grouping while they are added up.
struct Sheet<'a> {
    by: &'a [Dimension],
    /// Where its dimensions stand in a row.
    columns: Vec<usize>,
    /// The key of the row at hand, kept so that no row needs memory of its own.
    key: Vec<String>,
    groups: HashMap<Vec<String>, Figures>,
}

impl Sheet<'_> {
    fn add(&mut self, row: &Row<'_>, figures: &Figures) -> rusqlite::Result<()> {
        for (part, column) in self.key.iter_mut().zip(&self.columns) {
            part.clear();
            part.push_str(row.get_ref(*column)?.as_str()?);
        }
        if let Some(sums) = self.groups.get_mut(&self.key) {
            sums.add(figures);
        } else {
            self.groups.insert(self.key.clone(), figures.clone());
        }
        Ok(())
    }

    fn groups(self) -> Vec<Group> {
        let groups = self.groups.into_iter();
        let mut groups: Vec<Group> = groups
            .map(|(key, figures)| Group { key, figures })
            .collect();
        groups.sort_by(|one, other| one.key.cmp(&other.key));
        if !self.by.first().is_some_and(Dimension::is_time) {
            dearest_first(&mut groups);
        }
        groups
    }
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

fn question(dimensions: &[&Dimension]) -> String {
    let keys = dimensions.iter().map(|dimension| dimension.sql());
    // What decides how an amount is counted, beside the groups.
    let told = [
        "currency".into(),
        "source = 'estimated'".into(),
        Dimension::Cause.sql(),
        "feature = 'completion' AND fate <> ''".into(),
    ];
    let summed = SUMMED.map(Cow::Borrowed);
    let columns: Vec<_> = keys.chain(told).chain(summed).collect();
    format!(
        "SELECT {} FROM sums WHERE day BETWEEN ?1 AND ?2 AND calls > 0",
        columns.join(", ")
    )
}

fn figures(row: &Row<'_>, keys: usize) -> rusqlite::Result<Figures> {
    let is_estimated: bool = row.get(keys + 1)?;
    let is_wasted = row.get_ref(keys + 2)?.as_str()? != NOT_WASTED;
    let is_judged: bool = row.get(keys + 3)?;
    let mut sums = [0_i64; SUMMED.len()];
    for (number, sum) in sums.iter_mut().enumerate() {
        *sum = row.get(keys + 4 + number)?;
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
    let Ok(currency) = row.get_ref(keys)?.as_str()?.parse::<Currency>() else {
        figures.unpriced = figures.calls;
        return Ok(figures);
    };
    let (accepted, retained_chars) = (figures.accepted, figures.retained_chars);
    let amount = figures.of(currency);
    amount.nanos = nanos;
    amount.estimated = if is_estimated { nanos } else { 0 };
    amount.wasted = if is_wasted { nanos } else { 0 };
    amount.judged = if is_judged { nanos } else { 0 };
    if is_judged && nanos != 0 {
        amount.accepted = accepted;
        amount.retained_chars = retained_chars;
    }
    Ok(figures)
}
