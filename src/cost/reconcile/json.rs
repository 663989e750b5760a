//! Reports of providers' own interfaces, as they answer them.

use serde_json::Value;
use serde_json::value::RawValue;

use super::Line;
use super::export::{day, model_of_item};
use super::statement::{Error, Statement};
use crate::cost::{Currency, Money, Tokens};

/// A page of a report. Amounts stay text, so that no float comes near them.
#[derive(serde::Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
}

/// One day of OpenAI's or Anthropic's.
#[derive(serde::Deserialize)]
struct Bucket<'a> {
    start_time: Option<i64>,
    starting_at: Option<&'a str>,
    #[serde(borrow)]
    results: Option<Vec<&'a RawValue>>,
}

#[derive(serde::Deserialize)]
struct Amounts<'a> {
    #[serde(borrow)]
    amount: Option<&'a RawValue>,
    currency: Option<&'a str>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(serde::Deserialize)]
struct Amount<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    currency: Option<&'a str>,
}

pub(super) fn read(text: &str) -> Result<Statement, Error> {
    let page: Page<'_> =
        serde_json::from_str(text).map_err(|error| Error::Json(error.to_string()))?;
    let mut statement = Statement {
        provider: "openrouter",
        form: "OpenRouter's activity, by day and model",
        lines: Vec::new(),
    };
    for (number, entry) in page.data.iter().enumerate() {
        let wrong = |what: &str| Error::Line {
            line: number as u64 + 1,
            what: what.into(),
        };
        let value: Value = serde_json::from_str(entry.get()).map_err(|_| Error::Unknown)?;
        if value.get("model_permaslug").is_some() {
            let amounts: Amounts<'_> =
                serde_json::from_str(entry.get()).map_err(|_| Error::Unknown)?;
            let line =
                openrouter(&value, amounts.usage).ok_or_else(|| wrong("no day or amount"))?;
            statement.lines.push(line);
            continue;
        }
        let bucket: Bucket<'_> = serde_json::from_str(entry.get()).map_err(|_| Error::Unknown)?;
        let start = match (bucket.start_time, bucket.starting_at) {
            (Some(seconds), _) => {
                statement.provider = "openai";
                seconds.to_string()
            }
            (None, Some(time)) => {
                statement.provider = "anthropic";
                time.to_owned()
            }
            (None, None) => return Err(Error::Unknown),
        };
        let day = day(&start).ok_or_else(|| wrong("no day"))?;
        for result in bucket.results.unwrap_or_default() {
            let (form, line) = result_of(result).ok_or_else(|| wrong("no amount or count"))?;
            statement.form = form;
            statement.lines.push(Line {
                day: Some(day),
                ..line
            });
        }
    }
    Ok(statement)
}

fn count(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn text(value: &Value, name: &str) -> Option<String> {
    Some(value.get(name)?.as_str()?.to_owned())
}

fn openrouter(value: &Value, usage: Option<&RawValue>) -> Option<Line> {
    // Reasoning is a part of what was completed; the counts are normalised ones, which are not billed.
    Some(Line {
        day: Some(day(value.get("date")?.as_str()?)?),
        model: text(value, "model"),
        calls: Some(count(value, "requests")),
        cost: Some(Money::reported(usage?.get(), Currency::USD)?),
        ..Line::default()
    })
}

/// Reads one result of a day's: an amount or a count, OpenAI's or Anthropic's.
fn result_of(raw: &RawValue) -> Option<(&'static str, Line)> {
    let value: Value = serde_json::from_str(raw.get()).ok()?;
    if value.get("num_model_requests").is_some() {
        let tokens = Tokens {
            input: count(&value, "input_tokens"),
            cache_read: count(&value, "input_cached_tokens"),
            cache_write_5m: count(&value, "input_cache_write_tokens"),
            output: count(&value, "output_tokens"),
            ..Tokens::default()
        };
        let line = Line {
            model: text(&value, "model"),
            calls: Some(count(&value, "num_model_requests")),
            tokens: Some(tokens.cached_inside_input()),
            ..Line::default()
        };
        return Some(("OpenAI's usage, by day and model", line));
    }
    if value.get("uncached_input_tokens").is_some() {
        let kept = value.get("cache_creation").cloned().unwrap_or_default();
        let line = Line {
            model: text(&value, "model"),
            tokens: Some(Tokens {
                input: count(&value, "uncached_input_tokens"),
                cache_read: count(&value, "cache_read_input_tokens"),
                cache_write_5m: count(&kept, "ephemeral_5m_input_tokens"),
                cache_write_1h: count(&kept, "ephemeral_1h_input_tokens"),
                output: count(&value, "output_tokens"),
                reasoning: 0,
            }),
            ..Line::default()
        };
        return Some(("Anthropic's usage, by day and model", line));
    }
    let amounts: Amounts<'_> = serde_json::from_str(raw.get()).ok()?;
    let amount = amounts.amount?.get();
    if amount.starts_with('{') {
        let amount: Amount<'_> = serde_json::from_str(amount).ok()?;
        let currency = amount.currency.unwrap_or("usd").parse().ok()?;
        let line = Line {
            model: text(&value, "line_item").map(|item| model_of_item(&item)),
            cost: Some(Money::reported(unquoted(amount.value.get()), currency)?),
            ..Line::default()
        };
        return Some(("OpenAI's costs, by day", line));
    }
    let currency = amounts.currency.unwrap_or("USD").parse().ok()?;
    let line = Line {
        model: text(&value, "model"),
        cost: Some(cents(unquoted(amount), currency)?),
        ..Line::default()
    };
    Some(("Anthropic's costs, by day", line))
}

fn unquoted(text: &str) -> &str {
    text.trim_matches('"')
}

/// Anthropic's amounts are decimal text, in cents.
fn cents(text: &str, currency: Currency) -> Option<Money> {
    Money::reported(&format!("{text}e-2"), currency)
}
