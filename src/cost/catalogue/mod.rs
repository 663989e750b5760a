//! The price catalogue: what providers charge for their models, embedded, dated, with its history.
//!
//! Entry points: [`Catalogue::current`] and [`Catalogue::price`]; [`Update`] for a newer one. Invariants: nothing is parsed before the first question,
//! and then only the one provider's line; a provider or model that the catalogue does not name has no price, never a guessed one.
//!
//! The data is `prices/prices.jsonl`, which `prices/generate.py` makes from genai-prices (`prices/LICENSE-genai-prices`), or what the user took in
//! its place.

mod convert;
mod kept;
mod rule;
mod shape;
mod update;
mod variant;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::rule::{Rule, with_dashed_date};
use super::money::Currency;
use super::price::{Origin, Price, Rate, Rates};

pub use kept::{Kept, PRICE_DATA};
pub use update::{Change, LARGEST, Update};

const EMBEDDED: &str = include_str!("../prices/prices.jsonl");

/// The names that users and other programs give to providers, and the catalogue's.
const OTHER_NAMES: [(&str, &str); 11] = [
    ("xai", "x-ai"),
    ("codestral", "mistral"),
    ("gemini", "google"),
    ("vertex", "google"),
    ("bedrock", "aws"),
    ("azure-openai", "azure"),
    ("moonshot", "moonshotai"),
    ("z-ai", "zai"),
    ("fireworks-ai", "fireworks"),
    ("together-ai", "together"),
    ("togetherai", "together"),
];

/// People use few models; a provider that answers with ever new names must not fill the memory.
const MOST_REMEMBERED: usize = 64;

/// A price catalogue.
pub struct Catalogue {
    text: Cow<'static, str>,
    version: OnceLock<String>,
    remembered: Mutex<Remembered>,
}

/// Models by provider and name; `None` for those that have no price.
type Remembered = HashMap<(String, String), Option<Arc<Model>>>;

/// What else a price may depend on, as the provider's reply states it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Conditions<'a> {
    /// `service_tier`: `default`, `flex`, `priority`, ...
    pub service_tier: Option<&'a str>,
    /// `speed`: `fast`.
    pub speed: Option<&'a str>,
}

impl Catalogue {
    /// The catalogue that this program was built with.
    pub fn embedded() -> &'static Self {
        static EMBEDDED_CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        EMBEDDED_CATALOGUE.get_or_init(|| Self::new(Cow::Borrowed(EMBEDDED)))
    }

    /// A catalogue of this text, whose first line is one's.
    fn new(text: Cow<'static, str>) -> Self {
        Self {
            text,
            version: OnceLock::new(),
            remembered: Mutex::default(),
        }
    }

    /// The price of a provider's model at a moment, by the standard service tier.
    pub fn price(&self, provider: &str, model: &str, at: Timestamp) -> Option<Price> {
        self.price_under(provider, model, at, Conditions::default())
    }

    /// The price of a provider's model at a moment, under the conditions that the reply states.
    pub fn price_under(
        &self,
        provider: &str,
        model: &str,
        at: Timestamp,
        conditions: Conditions<'_>,
    ) -> Option<Price> {
        let key = (provider.to_lowercase(), model.to_lowercase());
        let found = self.remembered().get(&key).cloned();
        let found = found.unwrap_or_else(|| {
            let found = self.find(&key.0, &key.1).map(Arc::new);
            let mut remembered = self.remembered();
            if remembered.len() >= MOST_REMEMBERED {
                remembered.clear();
            }
            remembered.insert(key, found.clone());
            found
        })?;
        Some(self.priced(&found, at, conditions))
    }

    /// The prices of many of a provider's models at a moment, in their order. Nothing is remembered, so that a long list does not push
    /// out the few models that are used.
    pub fn prices<'m>(
        &self,
        provider: &str,
        models: impl IntoIterator<Item = &'m str>,
        at: Timestamp,
    ) -> Vec<Option<Price>> {
        let provider = provider.to_lowercase();
        let offered = self.offered(&provider);
        let price = |name: &str| {
            let model = offered.as_ref()?.find(&name.to_lowercase())?;
            Some(self.priced(&model, at, Conditions::default()))
        };
        models.into_iter().map(price).collect()
    }

    /// All models that the catalogue knows of a provider and that are paid by the token, with their prices at a moment.
    pub fn models(&self, provider: &str, at: Timestamp) -> Vec<(String, Price)> {
        let provider = provider.to_lowercase();
        let offered = self.offered(&provider);
        let own = offered.into_iter().flat_map(|offered| offered.own.models);
        own.filter_map(|entry| Model::of(&entry, false))
            .map(|model| {
                let price = self.priced(&model, at, Conditions::default());
                (model.id, price)
            })
            .collect()
    }

    fn priced(&self, model: &Model, at: Timestamp, conditions: Conditions<'_>) -> Price {
        Price {
            currency: Currency::USD,
            rates: model.rates(at, conditions),
            origin: Origin::Catalogue {
                version: self.version().to_owned(),
                model: model.id.clone(),
            },
        }
    }

    /// The catalogue's name, version and date: `genai-prices 0.2.3 of 2026-11-15`.
    pub fn version(&self) -> &str {
        self.version.get_or_init(|| {
            let header: Header<'_> = self
                .text
                .lines()
                .next()
                .and_then(|line| serde_json::from_str(line).ok())
                .expect("the first line describes the catalogue; see every_line_can_be_read");
            format!("{} {} of {}", header.name, header.version, header.date)
        })
    }

    /// The day of its prices.
    pub fn date(&self) -> Option<Date> {
        date_of(&self.text)
    }

    /// All of it, as it is kept.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether a provider goes by a name: the catalogue's own or another that is usual.
    pub fn is_of(provider: &str, name: &str) -> bool {
        own_name(name) == provider
    }

    /// The catalogue's names for the providers that it knows.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        self.text.lines().skip(1).filter_map(|line| {
            let rest = line.strip_prefix("{\"id\":\"")?;
            rest.split('"').next()
        })
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, provider: &str, model: &str) -> Option<Model> {
        self.offered(provider)?.find(model)
    }

    fn offered<'a>(&'a self, provider: &'a str) -> Option<Offered<'a>> {
        let name = own_name(provider);
        let own = self.provider(name)?;
        let others = own.fallback.iter().filter_map(|name| self.provider(name));
        Some(Offered {
            others: others.collect(),
            name,
            own,
        })
    }

    fn provider(&self, name: &str) -> Option<Provider<'_>> {
        let start = format!("{{\"id\":\"{name}\",");
        let line = self.text.lines().find(|line| line.starts_with(&start))?;
        serde_json::from_str(line).ok()
    }
}

/// Returns the catalogue's name for a provider.
fn own_name(provider: &str) -> &str {
    let known = OTHER_NAMES.iter().find(|(other, _)| *other == provider);
    known.map_or(provider, |(_, name)| name)
}

/// What a provider offers.
struct Offered<'a> {
    name: &'a str,
    own: Provider<'a>,
    /// Providers whose models it offers at their prices.
    others: Vec<Provider<'a>>,
}

impl Offered<'_> {
    fn find(&self, model: &str) -> Option<Model> {
        if variant::is_free(self.name, model) {
            return Some(Model::free(model));
        }
        let plain = variant::priced_as(self.name, model);
        let dashed = [Some(model), plain].map(|name| name.and_then(with_dashed_date));
        let names = [
            Some(model),
            dashed[0].as_deref(),
            plain,
            dashed[1].as_deref(),
        ]
        .into_iter()
        .flatten();
        let mut found = names.flat_map(|name| {
            let others = self.others.iter().flat_map(|other| &other.models);
            let offered = (self.own.models.iter().map(|entry| (entry, true)))
                .chain(others.map(|entry| (entry, false)));
            offered.filter(move |(entry, _)| entry.rule.accepts(name))
        });
        let (entry, is_own) = found.next()?;
        // Another provider's service tiers are its own affair.
        Model::of(entry, is_own)
    }
}

/// The day of a catalogue's prices, by its first line.
fn date_of(text: &str) -> Option<Date> {
    let header: Header<'_> = serde_json::from_str(text.lines().next()?).ok()?;
    header.date.parse().ok()
}

#[derive(Deserialize)]
struct Header<'a> {
    name: &'a str,
    version: &'a str,
    date: &'a str,
}

/// One line of the file; prices are parsed only for the model that is wanted.
#[derive(Deserialize)]
struct Provider<'a> {
    /// Providers whose models this one offers at their prices.
    #[serde(default, borrow)]
    fallback: Vec<&'a str>,
    #[serde(borrow)]
    models: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    id: &'a str,
    #[serde(rename = "match", borrow)]
    rule: Rule<'a>,
    #[serde(borrow)]
    prices: &'a RawValue,
    #[serde(default, borrow)]
    variants: Option<&'a RawValue>,
}

struct Model {
    id: String,
    /// The last that is in force counts; the first, if none is.
    prices: Vec<Period>,
    /// Each rate comes from the first variant that is in force and has it.
    variants: Vec<Variant>,
}

impl Model {
    /// A model that is never billed by the token.
    fn free(name: &str) -> Self {
        let rates = Rates {
            input: Some(Rate::Flat(0)),
            output: Some(Rate::Flat(0)),
            ..Rates::default()
        };
        Self {
            id: name.to_owned(),
            prices: vec![Period {
                from: None,
                hours: None,
                rates,
            }],
            variants: Vec::new(),
        }
    }

    /// Reads an entry, with its service tiers if they are wanted; `None` if it is not paid by the token.
    fn of(entry: &Entry<'_>, with_variants: bool) -> Option<Self> {
        let prices: Vec<Period> = serde_json::from_str(entry.prices.get()).ok()?;
        prices.first()?;
        let variants: Vec<Variant> = match entry.variants.filter(|_| with_variants) {
            Some(variants) => serde_json::from_str(variants.get()).ok()?,
            None => Vec::new(),
        };
        // A file may have been written to since it was checked.
        let periods = variants.iter().map(|variant| &variant.period);
        if !periods.chain(&prices).all(|period| period.rates.are_sane()) {
            return None;
        }
        Some(Self {
            id: entry.id.to_owned(),
            prices,
            variants,
        })
    }

    fn rates(&self, at: Timestamp, conditions: Conditions<'_>) -> Rates {
        let mut in_force = self.prices.iter().rev().filter(|period| period.covers(at));
        let standard = in_force.next().or(self.prices.first());
        let standard = standard.map(|period| period.rates.clone());
        let variants = self.variants.iter();
        let matching =
            variants.filter(|variant| variant.period.covers(at) && variant.applies(conditions));
        let special = matching.map(|variant| &variant.period.rates);
        let overrides = special.fold(Rates::default(), Rates::or);
        overrides.or(&standard.unwrap_or_default())
    }
}

#[derive(Deserialize, Serialize)]
struct Variant {
    when: BTreeMap<String, String>,
    #[serde(flatten)]
    period: Period,
}

impl Variant {
    fn applies(&self, conditions: Conditions<'_>) -> bool {
        self.when.iter().all(|(condition, value)| {
            let stated = match condition.as_str() {
                "service_tier" => conditions.service_tier,
                "speed" => conditions.speed,
                _ => None,
            };
            stated == Some(value)
        })
    }
}

#[derive(Deserialize, Serialize)]
struct Period {
    /// The first second in which it is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    /// The seconds of the day, in UTC, between which it is in force: from the first on, until before the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hours: Option<(i64, i64)>,
    rates: Rates,
}

impl Period {
    fn covers(&self, at: Timestamp) -> bool {
        const DAY: i64 = 24 * 60 * 60;
        let second = at.as_second();
        let started = self.from.is_none_or(|from| second >= from);
        let time = second.rem_euclid(DAY);
        let in_hours = self.hours.is_none_or(|(start, end)| {
            if end < start {
                time >= start || time < end
            } else {
                (start..end).contains(&time)
            }
        });
        started && in_hours
    }
}

#[cfg(test)]
mod tests;
