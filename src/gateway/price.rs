//! Which price a call is billed by, where the provider does not tell the cost itself.
//!
//! Entry point: [`of`]. The user's own price comes before their terms with the provider and the catalogue's price. Prices follow the model that the provider says it ran. Where it
//! knows that one under a name which has no price, the name that was asked for will do, unless the user let the provider take other models in
//! its place: the price of one is no price of another.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::ProviderSettings;
use crate::cost::{Catalogue, Conditions, Price};

/// What is priced.
pub(super) struct Priced<'a> {
    /// The provider that was asked.
    pub provider: &'a ProviderSettings,
    /// The model that was asked for.
    pub requested: &'a str,
    /// The model that the provider says it ran.
    pub served: Option<&'a str>,
    /// When.
    pub at: Timestamp,
    /// How long the model works on it, by which power is paid.
    pub time: Duration,
    /// What else the price depends on.
    pub conditions: Conditions<'a>,
}

/// Returns the price of a model, if it is known.
pub(super) fn of(priced: &Priced<'_>) -> Option<Price> {
    let requested = priced.requested;
    let served = priced.served.unwrap_or(requested);
    let is_other =
        priced.provider.quirks.body.contains_key("models") && !is_same(requested, served);
    let names = if is_other {
        [served, served]
    } else {
        [requested, served]
    };
    let own = &priced.provider.prices;
    if let Some(price) = names.iter().find_map(|name| own.get(*name)) {
        return Some(price.clone());
    }
    if let Some(price) = priced.provider.billing.of_time(priced.time) {
        return Some(price);
    }
    let of = |model: &str| {
        let (at, conditions) = (priced.at, priced.conditions);
        priced.provider.price_under(&names, model, at, conditions)
    };
    if is_other {
        return of(served);
    }
    of(&with_variant(
        served,
        requested,
        priced.provider.is_openrouter,
    ))
    .or_else(|| of(requested))
}

/// Returns a price that none of a provider's known models is dearer than, kind by kind, for a model of which nothing is known.
pub(super) fn dearest(provider: &ProviderSettings, at: Timestamp) -> Option<Price> {
    let own = provider.prices.values().cloned();
    let known = Catalogue::current().models(provider.catalogue_name(), at);
    Price::dearest_of(own.chain(known.into_iter().map(|(_, price)| price)))
}

/// Returns the served model's name with the variant that was asked for, which the answer may leave out: `:free` is another price.
fn with_variant(served: &str, requested: &str, has_variants: bool) -> String {
    match requested.rsplit_once(':') {
        Some((_, variant)) if has_variants && !served.contains(':') => {
            format!("{served}:{variant}")
        }
        _ => served.to_owned(),
    }
}

/// Returns whether two names are of one model: the answer's may be without the variant, and with a date.
fn is_same(requested: &str, served: &str) -> bool {
    let plain = |name: &str| name.split(':').next().unwrap_or_default().to_lowercase();
    let (requested, served) = (plain(requested), plain(served));
    let dated = served.strip_prefix(&requested);
    dated.is_some_and(|rest| {
        let mut rest = rest.chars();
        match rest.next() {
            None => true,
            // Not `-mini`.
            Some(first) => first == '-' && rest.next().is_some_and(|c| c.is_ascii_digit()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::cost::{Rate, Rates};

    fn rates(requested: &str, served: &str, fallbacks: &[&str]) -> Option<Rates> {
        let mut provider = Settings::default().providers["openrouter"].clone();
        if !fallbacks.is_empty() {
            let models = serde_json::json!(fallbacks);
            provider.quirks.body.insert("models".into(), models);
        }
        let priced = Priced {
            provider: &provider,
            requested,
            served: Some(served),
            at: "2026-11-15T12:00:00Z".parse().expect("a moment"),
            time: Duration::ZERO,
            conditions: Conditions::default(),
        };
        of(&priced).map(|price| price.rates)
    }

    #[test]
    fn a_free_variant_stays_free_where_the_answer_leaves_the_variant_out() {
        let free = rates("openai/gpt-oss-20b:free", "openai/gpt-oss-20b", &[]);
        assert_eq!(free.and_then(|it| it.output), Some(Rate::Flat(0)));
        let paid = rates("openai/gpt-oss-20b", "openai/gpt-oss-20b", &[]);
        assert_ne!(paid.and_then(|it| it.output), Some(Rate::Flat(0)));
    }

    #[test]
    fn a_fallback_is_priced_as_itself_and_never_as_the_free_model_that_it_stands_in_for() {
        let mini = "openai/gpt-4o-mini";
        let fallback = rates("openai/gpt-oss-20b:free", mini, &[mini]);
        assert_eq!(fallback, rates(mini, mini, &[]));
        assert!(fallback.is_some());
        assert_eq!(
            rates("openai/gpt-oss-20b:free", "a/unknown", &["a/unknown"]),
            None
        );
    }

    #[test]
    fn a_date_makes_no_other_model_and_a_size_does() {
        assert!(is_same("openai/gpt-4o:nitro", "openai/gpt-4o-2024-08-06"));
        assert!(is_same("openai/gpt-4o", "OpenAI/gpt-4o"));
        assert!(!is_same("openai/gpt-4o", "openai/gpt-4o-mini"));
        assert!(!is_same("openai/gpt-4o-mini", "openai/gpt-4o"));
    }
}
