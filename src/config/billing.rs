//! How a provider bills beside its price list: a discount, a flat rate, the power that a server on this machine draws.
//!
//! What a model costs the user is [`ProviderSettings::price_under`]: their own price for it, else their subscription, else the catalogue's price less
//! their discount. What power costs is known by the time a call took, so the gateway asks [`Billing::of_time`] for it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::options::ProviderOptions;
use super::provider::ProviderSettings;
use super::settings::Settings;
use crate::cost::report::Subscription;
use crate::cost::{Billing, Catalogue, Conditions, Discount, Money, NANOS, Power, Price};

/// No machine draws more.
const MOST_WATTS: u32 = 100_000;

/// Nobody pays more for a kilowatt-hour.
const DEAREST_KWH: i64 = 1_000 * NANOS;

/// The power that a server on this machine draws, and what it costs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PowerOptions {
    /// How many watts the machine draws more while it answers.
    pub watts: u32,
    /// What a kilowatt-hour costs, such as `"0.30 EUR"`.
    pub kwh: String,
}

impl ProviderSettings {
    /// Returns the name by which the catalogue knows it: another name for OpenRouter does not change its prices.
    pub fn catalogue_name(&self) -> &str {
        if self.is_openrouter {
            "openrouter"
        } else {
            &self.name
        }
    }

    /// Returns what a model costs the user at a moment, in requests of usual kind; `None` if that is not known.
    pub fn price(&self, model: &str, at: Timestamp) -> Option<Price> {
        let own = self.prices.get(model).cloned();
        own.or_else(|| self.price_under(&[model], model, at, Conditions::default()))
    }

    /// Returns what a model costs the user that goes by these names and has no price of their own.
    pub fn price_under(
        &self,
        names: &[&str],
        model: &str,
        at: Timestamp,
        conditions: Conditions<'_>,
    ) -> Option<Price> {
        let listed = Catalogue::current().price_under(self.catalogue_name(), model, at, conditions);
        self.billing.on_list(names, listed)
    }
}

impl Settings {
    /// Returns the user's flat rates.
    pub fn subscriptions(&self) -> Vec<Subscription> {
        let flat = self.providers.values().filter_map(|provider| {
            Some(Subscription {
                provider: provider.name.clone(),
                fee: provider.billing.subscription?,
            })
        });
        flat.collect()
    }
}

/// Resolves what is written of a provider; a failure is its key and the message.
pub(super) fn resolve(
    written: &ProviderOptions,
    is_on_this_machine: bool,
    is_openrouter: bool,
) -> Result<Billing, (&'static str, String)> {
    let discounts = written.discounts.iter();
    let discounts = discounts.map(|(model, text)| Ok((model.clone(), discount(text)?)));
    let billing = Billing {
        discount: written
            .discount
            .as_deref()
            .map(discount)
            .transpose()
            .map_err(|message| ("discount", message))?,
        discounts: discounts
            .collect::<Result<BTreeMap<_, _>, String>>()
            .map_err(|message| ("discounts", message))?,
        subscription: written
            .subscription
            .as_deref()
            .map(fee)
            .transpose()
            .map_err(|message| ("subscription", message))?,
        power: written
            .power
            .as_ref()
            .map(power)
            .transpose()
            .map_err(|message| ("power", message))?,
    };
    if billing.power.is_some() && !is_on_this_machine {
        let message = "this provider is not on this machine; its power is in its price";
        return Err(("power", message.into()));
    }
    if billing.subscription.is_some() && is_openrouter {
        let message = "OpenRouter bills each call and says what it cost; there is no subscription";
        return Err(("subscription", message.into()));
    }
    Ok(billing)
}

fn discount(text: &str) -> Result<Discount, String> {
    Discount::parse(text).ok_or_else(|| {
        "a discount is written \"20%\" or \"12.5%\", and is less than all".to_owned()
    })
}

fn fee(text: &str) -> Result<Money, String> {
    let form = "a subscription is written with its fee, such as \"20 USD/month\"";
    let amount = text.trim().strip_suffix("/month").ok_or(form)?;
    let fee: Money = amount
        .trim_end()
        .parse()
        .map_err(|error: crate::cost::Error| error.to_string())?;
    if fee.nanos() < 0 {
        return Err("a subscription costs something or nothing, never less".into());
    }
    Ok(fee)
}

fn power(written: &PowerOptions) -> Result<Power, String> {
    let kwh: Money = written
        .kwh
        .parse()
        .map_err(|error: crate::cost::Error| error.to_string())?;
    if written.watts > MOST_WATTS || !(0..=DEAREST_KWH).contains(&kwh.nanos()) {
        return Err("this is more than a machine draws, or power costs".into());
    }
    Ok(Power {
        watts: written.watts,
        kwh,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn written(edit: impl Fn(&mut ProviderOptions)) -> ProviderOptions {
        let mut options = ProviderOptions::default();
        edit(&mut options);
        options
    }

    fn powered(watts: u32, kwh: &str) -> ProviderOptions {
        written(|it| {
            it.power = Some(PowerOptions {
                watts,
                kwh: kwh.into(),
            });
        })
    }

    #[test]
    fn what_makes_no_sense_is_refused_where_it_is_written() {
        let table = [
            (written(|it| it.discount = Some("100%".into())), "discount"),
            (written(|it| it.discount = Some("20".into())), "discount"),
            (
                written(|it| drop(it.discounts.insert("m".into(), "x".into()))),
                "discounts",
            ),
            (
                written(|it| it.subscription = Some("20 USD".into())),
                "subscription",
            ),
            (
                written(|it| it.subscription = Some("-1 USD/month".into())),
                "subscription",
            ),
            (powered(60, "-0.30 EUR"), "power"),
            (powered(1_000_000, "0.30 EUR"), "power"),
        ];
        for (options, key) in table {
            let (wrong, _) = resolve(&options, true, false).unwrap_err();
            assert_eq!(wrong, key);
        }
        let power = powered(60, "0.30 EUR");
        assert!(
            resolve(&power, false, false).is_err(),
            "only of this machine"
        );
        assert!(resolve(&power, true, false).unwrap().power.is_some());
        let flat = written(|it| it.subscription = Some("20 USD/month".into()));
        assert!(resolve(&flat, false, true).is_err(), "not of OpenRouter");
        assert!(resolve(&flat, false, false).unwrap().subscription.is_some());
    }

    #[test]
    fn a_price_of_the_users_own_comes_before_their_subscription_and_that_before_the_list() {
        let mut provider = super::super::Settings::default().providers["openai"].clone();
        let at = Timestamp::UNIX_EPOCH;
        let listed = provider.price("gpt-4.1-mini", at).unwrap();
        provider.billing.discount = Discount::parse("50%");
        let half = provider.price("gpt-4.1-mini", at).unwrap();
        assert_eq!(
            half.input().unwrap().nanos() * 2,
            listed.input().unwrap().nanos()
        );
        provider.billing.subscription = Some("20 USD".parse().unwrap());
        assert_eq!(provider.price("unheard-of", at).unwrap().input(), None);
        provider
            .prices
            .insert("gpt-4.1-mini".into(), listed.clone());
        assert_eq!(provider.price("gpt-4.1-mini", at), Some(listed));
    }
}
