//! The public data set, brought into the form of the catalogue: what `prices/generate.py` does for the embedded one, done by the program itself.
//!
//! Entry point: [`convert`]. Only what prices text is kept. Nothing is guessed: a rule of names that is not known ends it, since a model that it
//! names might be taken for another; a shape of price that is not known leaves that one model without a price, and is said.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::shape::shape;
use super::{Period, Variant};
use crate::cost::decimal::{self, Finer};
use crate::cost::price::{Rate, Rates};

/// The data set's name.
const NAME: &str = "genai-prices";

/// The providers that are kept, by the data set's names.
const PROVIDERS: [&str; 17] = [
    "anthropic",
    "openai",
    "google",
    "mistral",
    "deepseek",
    "x-ai",
    "groq",
    "cerebras",
    "together",
    "fireworks",
    "cohere",
    "azure",
    "aws",
    "moonshotai",
    "perplexity",
    "zai",
    "openrouter",
];

/// Prices of what this program never sends or asks for: sound, pictures, pages, searches, citations.
const IGNORED: [&str; 9] = [
    "audio", "image", "video", "pages", "searches", "mchars", "messages", "citation", "hours",
];

/// Ways of calling that are never used here.
const IGNORED_CONDITIONS: [&str; 3] = ["processing", "search_type", "route"];
const CONDITIONS: [&str; 2] = ["service_tier", "speed"];

/// A million units of the currency for a million tokens: a price beyond it is a mistake.
const HIGHEST: i64 = 1_000_000_000_000_000;

/// More models than any provider has.
const MOST_MODELS: usize = 20_000;

/// No model has a longer name.
const LONGEST_NAME: usize = 200;

/// A catalogue that was made of the data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Converted {
    /// The catalogue.
    pub text: String,
    /// Models whose price has a shape that is not known, as `provider/model: why`.
    pub without_price: Vec<String>,
}

/// Makes a catalogue of the data set's full export. Its date is the day of the last check that the data set tells of, else `today`; its version is
/// the beginning of the data's own digest, since the data has none.
pub(super) fn convert(export: &str, today: Date) -> Result<Converted, String> {
    let providers: Vec<Listed<'_>> = serde_json::from_str(export)
        .map_err(|error| format!("it is no list of providers and their prices ({error})"))?;
    let models = providers.iter().flat_map(|provider| &provider.models);
    if models.clone().count() > MOST_MODELS {
        return Err("it lists more models than there are".into());
    }
    let dates = models.filter_map(|model| model.prices_checked.as_ref()?.parse::<Date>().ok());
    let date = dates.filter(|date| *date <= today).max().unwrap_or(today);
    let digest = Sha256::digest(export.as_bytes());
    let version = format!("{digest:x}");
    let version = &version[..8];
    let header = json!({"name": NAME, "version": version, "date": date.to_string()});
    let mut converted = Converted {
        text: format!("{header}\n"),
        without_price: Vec::new(),
    };
    for name in PROVIDERS {
        // One that is missing is for the comparison with the catalogue before to say.
        if let Some(provider) = providers.iter().find(|provider| provider.id == name) {
            let line = provider.line(&mut converted.without_price)?;
            converted.text.push_str(&line);
            converted.text.push('\n');
        }
    }
    Ok(converted)
}

/// A provider, as the data set has it.
#[derive(Deserialize)]
struct Listed<'a> {
    id: String,
    #[serde(default)]
    fallback_model_providers: Option<Vec<String>>,
    #[serde(borrow)]
    models: Vec<Model<'a>>,
}

#[derive(Deserialize)]
struct Model<'a> {
    id: String,
    #[serde(rename = "match")]
    rule: Value,
    #[serde(borrow)]
    prices: &'a RawValue,
    #[serde(default, borrow)]
    price_variants: Option<Vec<Dated<'a>>>,
    #[serde(default)]
    prices_checked: Option<String>,
}

/// Prices of a time, or under a condition.
#[derive(Deserialize)]
struct Dated<'a> {
    #[serde(default)]
    when: BTreeMap<String, String>,
    #[serde(default)]
    constraint: Option<BTreeMap<String, String>>,
    #[serde(borrow)]
    prices: BTreeMap<String, &'a RawValue>,
}

#[derive(Serialize)]
struct Line {
    id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fallback: Vec<String>,
    models: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    id: String,
    #[serde(rename = "match")]
    rule: Value,
    prices: Vec<Period>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    variants: Vec<Variant>,
}

impl Listed<'_> {
    fn line(&self, without_price: &mut Vec<String>) -> Result<String, String> {
        let is_kept = |name: &&String| PROVIDERS.contains(&name.as_str());
        let fallback = self.fallback_model_providers.iter().flatten();
        let mut models = Vec::new();
        for model in &self.models {
            let name = format!("{}/{}", self.id, model.id);
            let rule = rule(&model.rule).map_err(|why| format!("{name}: {why}"))?;
            let (prices, variants) = model.priced().unwrap_or_else(|why| {
                without_price.push(format!("{name}: {why}"));
                (Vec::new(), Vec::new())
            });
            models.push(Entry {
                id: model.id.clone(),
                rule,
                prices,
                variants,
            });
        }
        let line = Line {
            id: self.id.clone(),
            fallback: fallback.filter(is_kept).cloned().collect(),
            models,
        };
        let text = serde_json::to_string(&line).map_err(|error| error.to_string())?;
        if text.contains('\\') {
            return Err(format!(
                "{} has a name that no model has, with a quotation mark or a line break in it",
                self.id
            ));
        }
        Ok(text)
    }
}

impl Model<'_> {
    fn priced(&self) -> Result<(Vec<Period>, Vec<Variant>), String> {
        if self.id.is_empty() || self.id.len() > LONGEST_NAME {
            return Err("no name".into());
        }
        let text = self.prices.get();
        let periods: Vec<Dated<'_>> = if text.starts_with('[') {
            serde_json::from_str(text).map_err(|error| error.to_string())?
        } else {
            vec![Dated {
                when: BTreeMap::new(),
                constraint: None,
                prices: serde_json::from_str(text).map_err(|error| error.to_string())?,
            }]
        };
        let periods: Vec<Period> = periods
            .iter()
            .map(Dated::period)
            .collect::<Result<_, _>>()?;
        let is_of_text = |period: &Period| {
            let rates = &period.rates;
            rates.input.is_some() || rates.output.is_some()
        };
        if !periods.iter().any(is_of_text) {
            // It stays, without prices, so that its name is not taken for a longer form of another's.
            return Ok((Vec::new(), Vec::new()));
        }
        let mut variants = Vec::new();
        for variant in self.price_variants.iter().flatten() {
            let conditions: BTreeSet<&str> = variant.when.keys().map(String::as_str).collect();
            if IGNORED_CONDITIONS.iter().any(|it| conditions.contains(it)) {
                continue;
            }
            if let Some(unknown) = conditions.iter().find(|it| !CONDITIONS.contains(it)) {
                return Err(format!("unknown condition {unknown}"));
            }
            variants.push(Variant {
                when: variant.when.clone(),
                period: variant.period()?,
            });
        }
        Ok((periods, variants))
    }
}

impl Dated<'_> {
    fn period(&self) -> Result<Period, String> {
        let nothing = BTreeMap::new();
        let constraint = self.constraint.as_ref().unwrap_or(&nothing);
        let named: Vec<&str> = constraint.keys().map(String::as_str).collect();
        let (mut from, mut hours) = (None, None);
        match named.as_slice() {
            [] => {}
            ["start_date"] => from = Some(midnight(&constraint["start_date"])?),
            ["end_time", "start_time"] => {
                let start = second(&constraint["start_time"])?;
                hours = Some((start, second(&constraint["end_time"])?));
            }
            _ => return Err(format!("unknown constraint {}", named.join(", "))),
        }
        Ok(Period {
            from,
            hours,
            rates: rates(&self.prices)?,
        })
    }
}

fn midnight(text: &str) -> Result<i64, String> {
    let date = text.parse::<Date>().map(DateTime::from);
    let moment = date.or_else(|_| text.parse::<DateTime>());
    let zoned = moment.and_then(|moment| moment.to_zoned(TimeZone::UTC));
    let zoned = zoned.map_err(|_| format!("{text} is no date"))?;
    Ok(Timestamp::from(zoned).as_second())
}

fn second(text: &str) -> Result<i64, String> {
    let time: Time = text
        .trim_end_matches('Z')
        .parse()
        .map_err(|_| format!("{text} is no time of day"))?;
    Ok(i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second()))
}

fn rates(prices: &BTreeMap<String, &RawValue>) -> Result<Rates, String> {
    let mut rates = Rates::default();
    for (kind, value) in prices {
        let class = match kind.as_str() {
            "input_mtok" => &mut rates.input,
            "cache_read_mtok" => &mut rates.cache_read,
            "cache_write_mtok" => &mut rates.cache_write,
            "cache_write_1h_mtok" => &mut rates.cache_write_1h,
            "output_mtok" => &mut rates.output,
            "output_reasoning_mtok" => &mut rates.reasoning,
            // Of a thousand requests.
            "requests_kcount" => {
                rates.request = Some(units(value.get(), 6)?);
                continue;
            }
            _ if IGNORED.iter().any(|ignored| kind.contains(ignored)) => continue,
            _ => return Err(format!("unknown kind of price {kind}")),
        };
        *class = Some(rate(value.get())?);
    }
    Ok(rates)
}

fn rate(text: &str) -> Result<Rate, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Tiers<'a> {
        #[serde(borrow)]
        base: &'a RawValue,
        #[serde(borrow)]
        tiers: Vec<Tier<'a>>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Tier<'a> {
        start: u64,
        #[serde(borrow)]
        price: &'a RawValue,
    }
    if !text.starts_with('{') {
        return Ok(Rate::Flat(units(text, 9)?));
    }
    let tiered: Tiers<'_> =
        serde_json::from_str(text).map_err(|_| "unknown shape of price".to_owned())?;
    let tiers = tiered.tiers.iter();
    let tiers = tiers.map(|tier| Ok((tier.start, units(tier.price.get(), 9)?)));
    let mut tiers = tiers.collect::<Result<Vec<_>, String>>()?;
    tiers.sort_unstable();
    Ok(Rate::Tiered(units(tiered.base.get(), 9)?, tiers))
}

/// A few prices have sixteen digits of which the last are the noise of a float; they are rounded.
fn units(text: &str, scale: i32) -> Result<i64, String> {
    let units = decimal::parse(text, scale, Finer::Round);
    let units = units.filter(|units| (0..=HIGHEST).contains(units));
    units.ok_or_else(|| "not a price".to_owned())
}

fn rule(written: &Value) -> Result<Value, String> {
    let only = written.as_object().filter(|it| it.len() == 1);
    let (kind, value) = only
        .and_then(|it| it.iter().next())
        .ok_or("unknown rule of names")?;
    match (kind.as_str(), value) {
        ("or" | "and", Value::Array(clauses)) => {
            let clauses: Vec<Value> = clauses.iter().map(rule).collect::<Result<_, _>>()?;
            Ok(json!({kind: clauses}))
        }
        ("regex", Value::String(regex)) => {
            shape(regex).ok_or_else(|| "unknown form of regular expression".to_owned())
        }
        ("equals" | "starts_with" | "ends_with" | "contains", Value::String(text)) => {
            Ok(json!({kind: text.to_lowercase()}))
        }
        _ => Err("unknown rule of names".into()),
    }
}

#[cfg(test)]
mod tests;
