//! A report for spreadsheets.

use crate::cost::report::{Dimension, Group, Report};
use crate::cost::spreadsheet::write_line;
use crate::cost::{Currency, Money};

const FIGURES: [&str; 16] = [
    "currency",
    "cost",
    "estimated",
    "wasted",
    "cost_per_accepted",
    "cost_per_1000_retained",
    "calls",
    "unpriced",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "shown",
    "accepted",
    "retained_chars",
];

/// Writes one line for each group and currency. What is no money stands in a group's first line only, so that columns can be added up.
pub fn of(report: &Report) -> String {
    let mut out = String::new();
    let names: Vec<_> = report.by.iter().map(Dimension::name).collect();
    write_line(&mut out, names.iter().map(AsRef::as_ref).chain(FIGURES));
    for record in report.groups.iter().flat_map(records) {
        write_line(&mut out, record.iter().map(String::as_str));
    }
    out
}

fn records(group: &Group) -> Vec<Vec<String>> {
    let figures = &group.figures;
    let tokens = &figures.tokens;
    let counts = [
        figures.calls,
        figures.unpriced,
        tokens.input,
        tokens.cache_read,
        tokens.cache_write_5m.saturating_add(tokens.cache_write_1h),
        tokens.output,
        tokens.reasoning,
        figures.shown,
        figures.accepted,
        figures.retained_chars,
    ];
    let (accepted, retained) = (figures.per_accepted(), figures.per_thousand_retained());
    let rate = |rates: &[Money], currency: Currency| {
        let same = rates.iter().find(|rate| rate.currency() == currency);
        same.map_or_else(String::new, |rate| rate.to_decimal())
    };
    let money = |line: usize| match figures.cost.get(line) {
        Some(amount) => {
            let decimal = |nanos| Money::from_nanos(nanos, amount.currency).to_decimal();
            vec![
                amount.currency.to_string(),
                decimal(amount.nanos),
                decimal(amount.estimated),
                decimal(amount.wasted),
                rate(&accepted, amount.currency),
                rate(&retained, amount.currency),
            ]
        }
        // Nothing is known of what it cost, which is not nothing.
        None => vec![String::new(); 6],
    };
    (0..figures.cost.len().max(1))
        .map(|line| {
            let counts = counts.map(|count| match line {
                0 => count.to_string(),
                _ => String::new(),
            });
            let key = group.key.iter().map(|text| harmless(text));
            key.chain(money(line)).chain(counts).collect()
        })
        .collect()
}

/// A spreadsheet takes text that begins like a formula for one and runs it; a model's name may come from anywhere.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
