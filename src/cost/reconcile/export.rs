//! Exports for spreadsheets.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Line;
use super::statement::{Error, Statement};
use crate::cost::{Currency, Money, Tokens, spreadsheet};

/// A form: a word that only it has, whose it is, what it is, and how a line is read.
type Form = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Fields<'_>) -> Result<Option<Line>, String>,
);

const FORMS: [Form; 5] = [
    (
        "generation_id",
        "openrouter",
        "OpenRouter's activity, call by call",
        openrouter,
    ),
    (
        "amount_value",
        "openai",
        "OpenAI's costs, by day",
        openai_costs,
    ),
    (
        "num_model_requests",
        "openai",
        "OpenAI's usage, by day and model",
        openai_usage,
    ),
    (
        "usage_input_tokens_no_cache",
        "anthropic",
        "Anthropic's usage, by day and model",
        anthropic_usage,
    ),
    (
        "cost_usd",
        "anthropic",
        "Anthropic's costs, by day and model",
        anthropic_costs,
    ),
];

pub(super) fn read(text: &str) -> Result<Statement, Error> {
    let table = spreadsheet::read(text);
    let ((_, head), rows) = table.split_first().ok_or(Error::Unknown)?;
    let columns: HashMap<String, usize> = head
        .iter()
        .enumerate()
        .map(|(column, name)| (name.trim().to_lowercase(), column))
        .collect();
    let form = FORMS.iter().find(|(word, ..)| columns.contains_key(*word));
    let (_, provider, form, read_line) = form.ok_or(Error::Unknown)?;
    let mut lines = Vec::new();
    for (line, row) in rows {
        let fields = Fields {
            columns: &columns,
            row,
        };
        let read = read_line(&fields).map_err(|what| Error::Line { line: *line, what })?;
        lines.extend(read);
    }
    Ok(Statement {
        provider,
        form,
        lines,
    })
}

struct Fields<'a> {
    columns: &'a HashMap<String, usize>,
    row: &'a [String],
}

impl Fields<'_> {
    /// Returns a field that is there and not empty.
    fn get(&self, name: &str) -> Option<&str> {
        let field = self.row.get(*self.columns.get(name)?)?.trim();
        (!field.is_empty()).then_some(field)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    fn count(&self, name: &str) -> Result<u64, String> {
        let Some(text) = self.get(name) else {
            return Ok(0);
        };
        // Some exports write whole numbers as 12.0.
        let whole = text.strip_suffix(".0").unwrap_or(text);
        whole
            .parse()
            .map_err(|_| format!("{name} is no number of tokens or calls"))
    }

    fn money(&self, name: &str, currency: Currency) -> Result<Option<Money>, String> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let money = Money::reported(text, currency);
        money
            .map(Some)
            .ok_or_else(|| format!("{name} is no amount"))
    }

    fn day(&self, names: &[&str]) -> Result<Option<Date>, String> {
        let Some(text) = names.iter().find_map(|name| self.get(name)) else {
            return Ok(None);
        };
        day(text)
            .map(Some)
            .ok_or_else(|| format!("{} is no day", names[0]))
    }
}

/// Reads a day out of a date, a time, or seconds since 1970.
pub(super) fn day(text: &str) -> Option<Date> {
    if let Some(date) = text.get(..10).and_then(|date| date.parse().ok()) {
        return Some(date);
    }
    let seconds: i64 = text.parse().ok()?;
    let time = Timestamp::from_second(seconds).ok()?;
    Some(jiff::tz::TimeZone::UTC.to_datetime(time).date())
}

fn openrouter(fields: &Fields<'_>) -> Result<Option<Line>, String> {
    // Its normalised counts are not what is billed, so they say nothing about the ledger's.
    Ok(Some(Line {
        id: fields.text("generation_id"),
        day: fields.day(&["created_at"])?,
        model: fields.text("model_permaslug"),
        calls: Some(1),
        cost: fields.money("cost_total", Currency::USD)?,
        ..Line::default()
    }))
}

fn openai_costs(fields: &Fields<'_>) -> Result<Option<Line>, String> {
    let currency = fields.get("amount_currency").unwrap_or("usd");
    let currency = currency
        .parse()
        .map_err(|_| "amount_currency is no currency")?;
    let Some(cost) = fields.money("amount_value", currency)? else {
        // Days without any spending have a line of nothing.
        return Ok(None);
    };
    Ok(Some(Line {
        day: fields.day(&["start_time_iso", "start_time"])?,
        model: fields.get("line_item").map(model_of_item),
        cost: Some(cost),
        ..Line::default()
    }))
}

/// OpenAI's line items are `gpt-4.1-mini-2025-04-14, input`.
pub(super) fn model_of_item(item: &str) -> String {
    item.split(',').next().unwrap_or(item).trim().to_owned()
}

fn openai_usage(fields: &Fields<'_>) -> Result<Option<Line>, String> {
    if fields.get("model").is_none() && fields.count("num_model_requests")? == 0 {
        return Ok(None);
    }
    let tokens = Tokens {
        input: fields.count("input_tokens")?,
        cache_read: fields.count("input_cached_tokens")?,
        output: fields.count("output_tokens")?,
        ..Tokens::default()
    };
    Ok(Some(Line {
        day: fields.day(&["start_time_iso", "start_time"])?,
        model: fields.text("model"),
        calls: Some(fields.count("num_model_requests")?),
        tokens: Some(tokens.cached_inside_input()),
        ..Line::default()
    }))
}

fn anthropic_usage(fields: &Fields<'_>) -> Result<Option<Line>, String> {
    Ok(Some(Line {
        day: fields.day(&["usage_date_utc"])?,
        model: fields.text("model_version"),
        tokens: Some(Tokens {
            input: fields.count("usage_input_tokens_no_cache")?,
            cache_read: fields.count("usage_input_tokens_cache_read")?,
            cache_write_5m: fields.count("usage_input_tokens_cache_write_5m")?,
            cache_write_1h: fields.count("usage_input_tokens_cache_write_1h")?,
            output: fields.count("usage_output_tokens")?,
            reasoning: 0,
        }),
        ..Line::default()
    }))
}

fn anthropic_costs(fields: &Fields<'_>) -> Result<Option<Line>, String> {
    Ok(Some(Line {
        day: fields.day(&["usage_date_utc"])?,
        model: fields
            .text("model")
            .map(|name| name.to_lowercase().replace([' ', '.'], "-")),
        cost: fields.money("cost_usd", Currency::USD)?,
        ..Line::default()
    }))
}
