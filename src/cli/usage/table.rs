//! A report for people: numbers to the right, names last, where a long one disturbs no column.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::style::Style;
use crate::cost::Money;
use crate::cost::report::{Amount, Dimension, Fee, Figures, Report, WhatIf};

/// The columns before the name.
const COLUMNS: [&str; 7] = [
    "COST", "WASTED", "CALLS", "READ", "WRITTEN", "TAKEN", "EACH",
];

/// How wide a terminal is taken to be.
const LINE: usize = 80;

/// Between two columns.
const GAP: usize = 2;

/// However wide the figures are, so much is left for the names.
const NARROWEST: usize = 12;

type Line = [String; COLUMNS.len()];

/// Writes a report.
pub fn of(report: &Report, style: Style) -> String {
    let mut out = format!("{}\n", style.bold(&span(report)));
    if report.total.calls == 0 {
        out.push_str("No call to a model was made in this time.\n");
        return out;
    }
    let mut rows: Vec<(Line, String)> = Vec::new();
    for group in &report.groups {
        let name = name(&report.by, &group.key);
        rows.extend(lines(&group.figures, &name));
    }
    let first_of_total = rows.len();
    rows.extend(lines(&report.total, "in all"));
    let width = |column: usize| {
        let cells = rows.iter().map(|(line, _)| line[column].chars().count());
        cells.max().unwrap_or(0).max(COLUMNS[column].len())
    };
    let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
    let aligned = |line: &[String]| {
        let cells = line.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("{cell:>width$}"));
        cells.collect::<Vec<_>>().join("  ")
    };
    let names: Vec<_> = report
        .by
        .iter()
        .map(|it| it.name().to_uppercase())
        .collect();
    let head = format!(
        "{}  {}",
        aligned(&COLUMNS.map(str::to_owned)),
        names.join(" · ")
    );
    let _ = writeln!(out, "{}", style.dim(&head));
    let figures: usize = widths.iter().map(|width| width + GAP).sum();
    let room = LINE.saturating_sub(figures).max(NARROWEST);
    let blank: Line = Default::default();
    for (number, (line, name)) in rows.iter().enumerate() {
        for (part, name) in broken(name, room).iter().enumerate() {
            let cells = if part == 0 { line } else { &blank };
            let text = format!("{}  {name}", aligned(cells));
            let text = text.trim_end();
            if number >= first_of_total {
                let _ = writeln!(out, "{}", style.bold(text));
            } else {
                let _ = writeln!(out, "{text}");
            }
        }
    }
    waste(&mut out, report, style);
    fees(&mut out, report, style);
    what_if(&mut out, report, style);
    legend(&mut out, report, style);
    out
}

fn span(report: &Report) -> String {
    let until = match report.period.until {
        Some(until) => until.to_string(),
        None => "today".to_owned(),
    };
    match report.period.since {
        Some(since) => format!("Usage from {since} to {until}"),
        None => format!("Usage from the beginning to {until}"),
    }
}

/// One line for each currency; what is no money stands in the first.
fn lines(figures: &Figures, name: &str) -> Vec<(Line, String)> {
    let each = figures.per_accepted();
    let taken = match figures.shown {
        0 => String::new(),
        shown => format!("{}%", figures.accepted * 100 / shown),
    };
    let count = |line: usize, text: String| if line == 0 { text } else { String::new() };
    (0..figures.cost.len().max(1))
        .map(|line| {
            let amount = figures.cost.get(line);
            let cells = [
                amount.map_or_else(|| "unknown".to_owned(), |it| cost(it, figures)),
                amount.map_or_else(String::new, wasted),
                count(line, grouped(figures.calls)),
                count(line, short(figures.tokens.input_total())),
                count(line, short(figures.tokens.output)),
                count(line, taken.clone()),
                amount.map_or_else(String::new, |it| rate(&each, it)),
            ];
            (cells, count(line, name.to_owned()))
        })
        .collect()
}

fn cost(amount: &Amount, figures: &Figures) -> String {
    let about = if amount.is_estimated() { "~" } else { "" };
    let more = if figures.unpriced > 0 { "+" } else { "" };
    format!("{about}{}{more}", amount.money())
}

/// The rate in the currency of an amount, if there is one.
fn rate(rates: &[Money], amount: &Amount) -> String {
    let same = rates.iter().find(|rate| rate.currency() == amount.currency);
    same.map_or_else(String::new, Money::to_string)
}

fn wasted(amount: &Amount) -> String {
    match amount.wasted {
        0 => String::new(),
        _ => amount.wasted().to_string(),
    }
}

fn name(by: &[Dimension], key: &[String]) -> String {
    let parts = by
        .iter()
        .zip(key)
        .map(|(dimension, text)| match text.as_str() {
            "" => format!("no {}", dimension.name()),
            text if *dimension == Dimension::Tags => printable(&tags(text)),
            text => printable(text),
        });
    parts.collect::<Vec<_>>().join(" · ")
}

/// Writes tags as people would: `client=acme environment=dev`.
fn tags(json: &str) -> String {
    let tags: BTreeMap<String, String> = serde_json::from_str(json).unwrap_or_default();
    let words = tags.iter().map(|(name, value)| format!("{name}={value}"));
    words.collect::<Vec<_>>().join(" ")
}

/// A name may come from a server or a folder; a terminal must not take a part of it for a command.
fn printable(text: &str) -> String {
    text.replace(|c: char| c.is_control(), "?")
}

/// What was paid for nothing, by cause.
fn waste(out: &mut String, report: &Report, style: Style) {
    let mut causes: Vec<(&str, Figures)> = Vec::new();
    for group in &report.wasted {
        let cause = group.key.first().map_or("", String::as_str);
        match causes.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, figures)) => figures.add(&group.figures),
            None => causes.push((cause, group.figures.clone())),
        }
    }
    let told = causes.iter().filter_map(|(cause, figures)| {
        let amounts = figures.cost.iter().filter(|amount| amount.nanos != 0);
        let amounts: Vec<_> = amounts.map(|amount| cost(amount, figures)).collect();
        if amounts.is_empty() {
            return None;
        }
        let calls = grouped(figures.calls);
        Some((amounts, calls, *cause))
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.bold("Wasted"));
    let costs = told.iter().flat_map(|it| &it.0);
    let costs = costs.map(|cost| cost.chars().count()).max().unwrap_or(0);
    let calls = told.iter().map(|it| it.1.len()).max().unwrap_or(0);
    for (amounts, count, cause) in &told {
        let meaning = format!("  {count:>calls$} calls  {cause}: {}", meaning(cause));
        // A line for each currency, so that all of it fits a terminal.
        for (line, cost) in amounts.iter().enumerate() {
            let words = if line == 0 { &*meaning } else { "" };
            let _ = writeln!(out, "{cost:>costs$}{words}");
        }
    }
}

/// What is paid whatever is called.
fn fees(out: &mut String, report: &Report, style: Style) {
    if report.fees.is_empty() {
        return;
    }
    let heading = "Subscriptions, which are in no sum above";
    let _ = writeln!(out, "\n{}", style.bold(heading));
    let cost = |fee: &Fee| fee.amount.to_string();
    let width = report.fees.iter().map(|fee| cost(fee).chars().count());
    let width = width.max().unwrap_or(0);
    for fee in &report.fees {
        let months = match fee.months {
            1 => "a month".to_owned(),
            months => format!("{months} months"),
        };
        let calls = grouped(fee.calls);
        let name = printable(&fee.provider);
        let _ = writeln!(
            out,
            "{:>width$}  {name}: {months} with {calls} calls",
            cost(fee)
        );
    }
}

/// What the same calls would have cost otherwise.
fn what_if(out: &mut String, report: &Report, style: Style) {
    if report.what_if.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.bold("What if"));
    let cost = |what: &WhatIf| match what.cost {
        Some(cost) => format!("~{cost}"),
        None => "unknown".to_owned(),
    };
    let width = report.what_if.iter().map(|what| cost(what).chars().count());
    let width = width.max().unwrap_or(0);
    for what in &report.what_if {
        let name = printable(&what.name);
        let _ = writeln!(out, "{:>width$}  {name}: {}", cost(what), what.how);
    }
}

fn meaning(cause: &str) -> &'static str {
    match cause {
        "cancelled" => "the editor took them back",
        "superseded" => "you typed on before they were there",
        "filtered" => "nothing in the answer was fit to show",
        "failed" => "the provider or the network failed",
        "never shown" => "answered, and nobody was shown it",
        "rejected" => "shown, and you took nothing",
        "ignored" => "shown, and nothing more is known",
        _ => "",
    }
}

fn legend(out: &mut String, report: &Report, style: Style) {
    let total = &report.total;
    let mut words = Vec::new();
    if total.cost.iter().any(Amount::is_estimated) {
        words.push("~ is in part an estimate.".to_owned());
    }
    if total.unpriced > 0 {
        words.push(format!(
            "+ is at least this much: {} calls have no known price (docs/costs.md says how to give one).",
            grouped(total.unpriced)
        ));
    }
    words.push("READ, WRITTEN: tokens.".to_owned());
    if total.shown > 0 {
        words.push(
            "TAKEN: how many of the suggestions shown. EACH: cost per accepted one.".to_owned(),
        );
    }
    let retained = total.per_thousand_retained();
    if !retained.is_empty() {
        let each: Vec<_> = retained.iter().map(Money::to_string).collect();
        words.push(format!(
            "A thousand characters that stayed cost {}.",
            each.join(" and ")
        ));
    }
    if total.cost.len() > 1 {
        words.push("Currencies are not added.".to_owned());
    }
    out.push('\n');
    for line in wrapped(&words.join(" ")) {
        let _ = writeln!(out, "{}", style.dim(&line));
    }
}

/// Breaks a name into pieces that fit the room, where its parts end if that is possible; nothing of it is left out.
fn broken(name: &str, room: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for part in name.split_inclusive(['/', ' ', '-', '_', '.']) {
        let mut rest: Vec<char> = part.chars().collect();
        let last = pieces.last_mut().expect("there is one from the start");
        let fits = last.chars().count() + part.trim_end().chars().count() <= room;
        if !fits && !last.is_empty() {
            pieces.push(String::new());
        }
        while rest.len() > room {
            let more = rest.split_off(room);
            let last = pieces.last_mut().expect("there is one from the start");
            last.extend(rest);
            pieces.push(String::new());
            rest = more;
        }
        let last = pieces.last_mut().expect("there is one from the start");
        last.extend(rest);
    }
    pieces
}

/// Breaks a text into lines of at most 80 characters.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one from the start");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > LINE {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// Writes a count with its thousands apart: 1,234,567.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Writes a count in at most four digits: 950, 12k, 3.4M.
fn short(count: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = (count + unit / 20) / (unit / 10);
        match tenths {
            0..100 => format!("{}.{}", tenths / 10, tenths % 10),
            _ => (tenths / 10).to_string(),
        }
    };
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}k", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{}M", tenths(1_000_000)),
        _ => format!("{}G", tenths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::report::{Group, Period};

    #[test]
    fn counts_are_written_so_that_they_can_be_read() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1,234,567");
        let table = [
            (999, "999"),
            (1_000, "1.0k"),
            (12_345, "12k"),
            (3_440_000, "3.4M"),
            (2_000_000_000, "2.0G"),
        ];
        for (count, expected) in table {
            assert_eq!(short(count), expected);
        }
    }

    #[test]
    fn a_long_name_goes_on_in_the_next_line_and_nothing_of_it_is_left_out() {
        let table = [
            ("in all", 12, vec!["in all"]),
            (
                "openrouter/qwen/qwen3-coder",
                13,
                vec!["openrouter/", "qwen/qwen3-", "coder"],
            ),
            (
                "rust · openai/gpt-4.1",
                16,
                vec!["rust · openai/", "gpt-4.1"],
            ),
            ("abcdefghij", 4, vec!["abcd", "efgh", "ij"]),
            ("éééééé/x", 4, vec!["éééé", "éé/x"]),
        ];
        for (name, room, expected) in table {
            let pieces = broken(name, room);
            assert_eq!(pieces, expected, "{name}");
            assert_eq!(pieces.concat(), name);
        }
    }

    #[test]
    fn what_was_wasted_in_two_currencies_fits_a_terminal() {
        let amount = |code: &str| Amount {
            currency: code.parse().expect("a currency"),
            nanos: 123_456_789_000_000,
            estimated: 1,
            wasted: 123_456_789_000_000,
            judged: 0,
            accepted: 0,
            retained_chars: 0,
        };
        let wasted = Group {
            key: vec!["superseded".into()],
            figures: Figures {
                calls: 1_234_567,
                unpriced: 1,
                cost: vec![amount("EUR"), amount("USD")],
                ..Figures::default()
            },
        };
        let report = Report {
            v: 1,
            generated: String::new(),
            period: Period::default(),
            by: Vec::new(),
            groups: Vec::new(),
            total: Figures::default(),
            days: Vec::new(),
            models: Vec::new(),
            wasted: vec![wasted],
            latency: Vec::new(),
            what_if: Vec::new(),
            fees: Vec::new(),
            caps: Vec::new(),
        };
        let mut out = String::new();
        waste(&mut out, &report, Style::plain());
        let lines: Vec<_> = out.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(
            lines,
            [
                "Wasted",
                "~€123456.79+  1,234,567 calls  superseded: you typed on before they were there",
                "~$123456.79+",
            ]
        );
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{out}");
    }

    #[test]
    fn a_name_cannot_speak_to_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a?[2Jb?");
    }
}
