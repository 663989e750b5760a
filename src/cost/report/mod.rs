//! Reports: what was spent on what, and what for nothing.
//!
//! Entry points: [`Query`] and [`crate::cost::Ledger::report`], which answers it with a [`Report`]. The ledger keeps the sums of each day
//! (`ledger/outcomes.sql`), so that no call need be read; they are read once and added up for all groupings.
//! Invariants: amounts of different currencies are never added; a call whose cost is not known is counted, and never as nothing; whatever the
//! grouping, the groups add up to the total.
//!
//! [`html`] makes a page of a report, `cli/usage/` a table, and `byok/usageSummary` hands it to editors; all of them show the same numbers.

mod dimension;
mod fees;
mod figures;
pub mod html;
mod latency;
mod period;
mod select;
mod what_if;

use jiff::Timestamp;
use rusqlite::Connection;
use serde::Serialize;

use crate::cost::Money;
use crate::cost::budget::{Budget, Per, Scope};

pub use dimension::Dimension;
pub use fees::{Fee, Subscription};
pub use figures::{Amount, Figures};
pub use latency::Latencies;
pub use period::Period;
pub use what_if::{Scenario, WhatIf};

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The days that count.
    pub period: Period,
    /// What the groups have in common; nothing is one group of all.
    pub by: Vec<Dimension>,
    /// How much is wanted.
    pub extent: Extent,
    /// The user's flat rates.
    pub subscriptions: Vec<Subscription>,
}

/// How much of a report is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extent {
    /// The groups, their total, and what was wasted.
    #[default]
    Groups,
    /// All that charts are drawn of, too: [`Report::days`], [`Report::models`], [`Report::latency`].
    Whole,
}

/// What was spent, in groups. Its JSON is what `byok-lsp usage --json` prints and what `byok/usageSummary` hands to editors.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of this form. Fields may be added under the same version.
    pub v: u32,
    /// When it was made, by UTC.
    pub generated: String,
    /// The days that count.
    #[serde(flatten)]
    pub period: Period,
    /// What the groups have in common.
    pub by: Vec<Dimension>,
    /// The groups, dearest first; by day, the oldest first.
    pub groups: Vec<Group>,
    /// All of them together.
    pub total: Figures,
    /// By day and model, oldest first.
    pub days: Vec<Group>,
    /// By model, dearest first.
    pub models: Vec<Group>,
    /// Spending on what was not used, by cause, model and language, dearest first.
    pub wasted: Vec<Group>,
    /// How long calls took, by model.
    pub latency: Vec<Latencies>,
    /// What the same calls would have cost otherwise, if that was asked.
    pub what_if: Vec<WhatIf>,
    /// What subscriptions came to, beside all that.
    pub fees: Vec<Fee>,
    /// The caps on all spending of a month, as whoever asks has set them ([`Cap::of`]).
    pub caps: Vec<Cap>,
}

/// Calls that have something in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// What they have in common, in the order of what was asked.
    pub key: Vec<String>,
    /// What they come to.
    #[serde(flatten)]
    pub figures: Figures,
}

/// A cap that the user has set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cap {
    /// What it is for, in words.
    pub name: String,
    /// How much may be spent.
    #[serde(flatten)]
    pub amount: Money,
}

impl Cap {
    /// Returns those caps of a budget that a report shows: on all spending of a month.
    pub fn of(budget: &Budget) -> Vec<Self> {
        let all = budget
            .caps
            .iter()
            .filter(|cap| cap.per == Per::Month && cap.scope == Scope::default());
        all.map(|cap| Self {
            name: cap.name.to_string(),
            amount: cap.amount,
        })
        .collect()
    }
}

/// The version of [`Report`]'s form.
const VERSION: u32 = 1;

/// Answers a query from an open ledger.
pub(super) fn run(
    connection: &Connection,
    query: &Query,
    now: Timestamp,
) -> rusqlite::Result<Report> {
    let Query {
        period,
        by,
        extent,
        subscriptions,
    } = query;
    let by_cause = [Dimension::Cause, Dimension::Model, Dimension::Language];
    let by_day = (*extent == Extent::Whole).then_some(&[Dimension::Day, Dimension::Model][..]);
    let by_month = [Dimension::Month, Dimension::Provider];
    let by_month = (!subscriptions.is_empty()).then_some(&by_month[..]);
    let groupings = [Some(by.as_slice()), Some(&by_cause), by_day, by_month];
    let [groups, mut wasted, days, months] = select::groups(connection, *period, groupings)?;
    wasted.retain(|group| group.key[0] != dimension::NOT_WASTED);
    let models = select::by_one(&days, 1);
    let mut total = Figures::default();
    for group in &groups {
        total.add(&group.figures);
    }
    Ok(Report {
        v: VERSION,
        generated: now.to_string(),
        period: *period,
        by: by.clone(),
        groups,
        total,
        days,
        models,
        wasted,
        latency: match extent {
            Extent::Whole => latency::by_model(connection, *period)?,
            Extent::Groups => Vec::new(),
        },
        what_if: Vec::new(),
        fees: fees::of(subscriptions, &months),
        caps: Vec::new(),
    })
}

#[cfg(test)]
pub(super) mod tests;
