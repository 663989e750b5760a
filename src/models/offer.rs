//! What a provider offers, put together from its list, the user's settings and the price catalogue.
//!
//! Entry point: [`Offer::of`], a function of these alone.

use jiff::Timestamp;

use super::cache::Kept;
use super::listed::{Listed, TokenPrice};
use crate::config::ProviderSettings;
use crate::cost::{Catalogue, Price};

/// What one provider offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The provider's name.
    pub provider: String,
    /// How that is known.
    pub source: Source,
    /// Why the provider could not be asked when it last was.
    pub failure: Option<String>,
    /// Its models, by name.
    pub models: Vec<Model>,
}

/// How it is known what a provider offers.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// By its own list.
    List {
        /// When it was asked.
        asked: Timestamp,
        /// Whether the list was read to its end.
        is_whole: bool,
    },
    /// By the price catalogue, which knows names and prices and may be out of date.
    Catalogue {
        /// The catalogue's name, version and date.
        version: String,
    },
    /// Not at all.
    Nothing,
}

/// A model that a provider offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its name, as the provider calls it.
    pub name: String,
    /// How many tokens it takes, where that is known.
    pub context: Option<u64>,
    /// What it can do for ghost text.
    pub ability: Ability,
    /// What its tokens cost, where that is known.
    pub price: Option<(TokenPrice, PriceSource)>,
}

/// What a model can do for ghost text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ability {
    /// It takes the text around a hole.
    Fills,
    /// It is asked in a conversation.
    Chats,
    /// It can do neither, and why.
    Neither(String),
}

/// Where a price is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceSource {
    /// The user's configuration.
    Config,
    /// The provider's own list.
    List,
    /// The price catalogue.
    Catalogue,
}

impl Offer {
    /// Puts together what a provider offers.
    pub(super) fn of(
        provider: &ProviderSettings,
        list: Option<&Kept>,
        failure: Option<String>,
        now: Timestamp,
    ) -> Self {
        let (source, models) = match list {
            Some(list) => by_list(provider, list, now),
            None => by_catalogue(provider, now),
        };
        Self {
            provider: provider.name.clone(),
            source,
            failure,
            models,
        }
    }

    /// Returns the models that ghost text can use.
    pub fn of_use(&self) -> impl Iterator<Item = &Model> {
        let is_of_use = |model: &&Model| !matches!(model.ability, Ability::Neither(_));
        self.models.iter().filter(is_of_use)
    }
}

impl Ability {
    /// Says what a model can do, by the provider's settings and, where there is one, its list.
    pub(super) fn of(provider: &ProviderSettings, model: &str, listed: Option<&Listed>) -> Self {
        let (fills, chats) = listed.map_or((None, None), |listed| (listed.fills, listed.chats));
        if let Some(why) = provider.cannot(model) {
            Self::Neither(why)
        } else if chats == Some(false) && fills != Some(true) {
            Self::Neither("it neither completes code nor chats".into())
        } else if provider.for_model(model).wire.fills() && fills != Some(false) {
            Self::Fills
        } else {
            Self::Chats
        }
    }

    /// Returns its name in messages: `fill`, `chat` or `none`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fills => "fill",
            Self::Chats => "chat",
            Self::Neither(_) => "none",
        }
    }
}

impl Source {
    /// Returns its name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::List { .. } => "list",
            Self::Catalogue { .. } => "catalogue",
            Self::Nothing => "nothing",
        }
    }
}

impl PriceSource {
    /// Returns its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::List => "list",
            Self::Catalogue => "catalogue",
        }
    }
}

/// Finds a model in a list by the name that somebody uses, which may leave out or add what does not make another model of it.
pub(super) fn find<'l>(list: &'l [Listed], name: &str) -> Option<&'l Listed> {
    let is = |listed: &&Listed, name: &str| listed.name.eq_ignore_ascii_case(name);
    let exact = list.iter().find(|listed| is(listed, name));
    let latest = || {
        let latest = format!("{name}:latest");
        list.iter().find(|listed| is(listed, &latest))
    };
    // A router's way to serve a model, such as `:nitro`; where models have tags of their own, none goes without.
    let variant = || {
        let (model, _) = name.rsplit_once(':')?;
        list.iter().find(|listed| is(listed, model))
    };
    // Anthropic and others take names without their date, and list them with it.
    let dated = || {
        let with_date = |listed: &&Listed| {
            let rest = listed.name.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with("-20") || rest.starts_with('@'))
        };
        list.iter().find(with_date)
    };
    exact.or_else(latest).or_else(variant).or_else(dated)
}

/// Writes a moment as its date, in UTC.
pub(super) fn date(second: i64) -> String {
    let moment = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    moment.strftime("%Y-%m-%d").to_string()
}

fn by_list(provider: &ProviderSettings, list: &Kept, now: Timestamp) -> (Source, Vec<Model>) {
    let source = Source::List {
        asked: Timestamp::from_second(list.asked).unwrap_or(Timestamp::UNIX_EPOCH),
        is_whole: list.is_whole,
    };
    let names = list.models.iter().map(|listed| listed.name.as_str());
    let prices = Catalogue::current().prices(provider.catalogue_name(), names, now);
    let model = |(listed, price): (&Listed, Option<Price>)| Model {
        name: listed.name.clone(),
        context: listed.context,
        ability: Ability::of(provider, &listed.name, Some(listed)),
        price: price_of(provider, &listed.name, listed.price, price.as_ref()),
    };
    let models = list.models.iter().zip(prices).map(model);
    (source, models.collect())
}

fn by_catalogue(provider: &ProviderSettings, now: Timestamp) -> (Source, Vec<Model>) {
    let catalogue = Catalogue::current();
    let known = catalogue.models(provider.catalogue_name(), now);
    let model = |(name, price): (String, Price)| Model {
        context: None,
        ability: Ability::of(provider, &name, None),
        price: price_of(provider, &name, None, Some(&price)),
        name,
    };
    let had = known
        .into_iter()
        .filter(|(name, _)| provider.list.may_have(name));
    let models: Vec<Model> = had.map(model).collect();
    if models.is_empty() {
        return (Source::Nothing, models);
    }
    let version = catalogue.version().to_owned();
    (Source::Catalogue { version }, models)
}

impl Model {
    /// Returns what is known of a model that nobody lists: what the user's settings and the price catalogue say.
    pub fn unlisted(provider: &ProviderSettings, name: &str, now: Timestamp) -> Self {
        let price = Catalogue::current().price(provider.catalogue_name(), name, now);
        Self {
            name: name.to_owned(),
            context: None,
            ability: Ability::of(provider, name, None),
            price: price_of(provider, name, None, price.as_ref()),
        }
    }
}

fn price_of(
    provider: &ProviderSettings,
    model: &str,
    listed: Option<TokenPrice>,
    catalogued: Option<&Price>,
) -> Option<(TokenPrice, PriceSource)> {
    let both = |price: &Price| {
        Some(TokenPrice {
            input: price.input()?,
            output: price.output()?,
        })
    };
    let own = provider.prices.get(model).and_then(both);
    // A flat rate has no price by the token; the list's says what it is worth.
    let discounted = provider.billing.on_list(&[model], catalogued.cloned());
    let catalogued = match provider.billing.subscription {
        None => discounted.as_ref(),
        Some(_) => catalogued,
    };
    own.map(|price| (price, PriceSource::Config))
        .or_else(|| Some((listed?, PriceSource::List)))
        .or_else(|| Some((both(catalogued?)?, PriceSource::Catalogue)))
}
