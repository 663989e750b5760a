//! What a user pays beside a price list: a discount on it, a flat rate in its place, or the power of their own machine.
//!
//! Entry points: [`Billing::on_list`] for a price out of the catalogue, [`Billing::of_time`] for what runs on this machine. The price that comes of it
//! says so ([`Origin`]) and is stored with each row like any other, so that the same sum can be done again years later.

use std::collections::BTreeMap;
use std::time::Duration;

use super::decimal::{self, Finer};
use super::money::Money;
use super::price::{Origin, Price, Rates};

/// How a provider bills beside its price list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Billing {
    /// A discount on the prices of the catalogue.
    pub discount: Option<Discount>,
    /// Discounts on single models, in place of that.
    pub discounts: BTreeMap<String, Discount>,
    /// A fee for each month, in place of the price list.
    pub subscription: Option<Money>,
    /// What the power of this machine costs.
    pub power: Option<Power>,
}

/// A discount in hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discount(u16);

/// The power that a machine draws, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Power {
    /// What the machine draws more while it answers.
    pub watts: u32,
    /// What a thousand watts cost for an hour.
    pub kwh: Money,
}

/// The whole of a price.
const WHOLE: u16 = 10_000;

/// A kilowatt-hour in watts and microseconds.
const KWH: u128 = 1_000 * 3_600 * 1_000_000;

impl Discount {
    /// Reads `20%` or `12.5%`: more than nothing, less than all.
    pub fn parse(text: &str) -> Option<Self> {
        let percent = text.trim().strip_suffix('%')?.trim_end();
        let hundredths = decimal::parse(percent, 2, Finer::Refuse)?;
        let hundredths = u16::try_from(hundredths).ok()?;
        (1..WHOLE).contains(&hundredths).then_some(Self(hundredths))
    }

    /// Prices are billionths for a million tokens, so what is rounded here, upwards, is less than any call costs.
    fn off(self, nanos: i64) -> i64 {
        let whole = i128::from(WHOLE);
        let left = i128::from(nanos) * i128::from(WHOLE - self.0);
        i64::try_from((left + whole - 1) / whole).unwrap_or(nanos)
    }
}

/// As it is written: `12.5%`.
impl std::fmt::Display for Discount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        match part {
            0 => write!(f, "{whole}%"),
            _ => write!(f, "{whole}.{}%", format!("{part:02}").trim_end_matches('0')),
        }
    }
}

impl Billing {
    /// Returns what is paid for a model, which goes by these names, where the catalogue has `listed`.
    pub fn on_list(&self, names: &[&str], listed: Option<Price>) -> Option<Price> {
        if let Some(fee) = self.subscription {
            return Some(Price {
                currency: fee.currency(),
                rates: Rates {
                    request: Some(0),
                    ..Rates::default()
                },
                origin: Origin::Subscription {
                    fee: fee.to_string(),
                },
            });
        }
        let listed = listed?;
        let own = names.iter().find_map(|name| self.discounts.get(*name));
        let Some(discount) = own.or(self.discount.as_ref()) else {
            return Some(listed);
        };
        Some(Price {
            currency: listed.currency,
            rates: listed.rates.map(|nanos| discount.off(nanos)),
            origin: Origin::Discounted {
                discount: discount.to_string(),
                from: Box::new(listed.origin),
            },
        })
    }

    /// Returns what the power costs that this machine draws for so long, as the price of one request.
    pub fn of_time(&self, time: Duration) -> Option<Price> {
        let Power { watts, kwh } = self.power?;
        let nanos = u128::from(kwh.nanos().unsigned_abs())
            .saturating_mul(u128::from(watts))
            .saturating_mul(time.as_micros());
        let nanos = nanos.saturating_add(KWH / 2) / KWH;
        Some(Price {
            currency: kwh.currency(),
            rates: Rates {
                request: Some(i64::try_from(nanos).unwrap_or(i64::MAX)),
                ..Rates::default()
            },
            origin: Origin::Power {
                watts,
                kwh: kwh.to_string(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cost::{Catalogue, Tokens};

    fn tokens() -> Tokens {
        Tokens {
            input: 1_000_000,
            output: 1_000_000,
            ..Tokens::default()
        }
    }

    fn listed() -> Price {
        let price = Catalogue::embedded().price("openai", "gpt-4.1-mini", jiff::Timestamp::now());
        price.unwrap()
    }

    /// The price as a row keeps it.
    fn stored(price: &Price) -> Price {
        serde_json::from_str(&serde_json::to_string(price).unwrap()).unwrap()
    }

    #[test]
    fn a_discount_is_taken_off_every_class_and_said_with_the_price() {
        let billing = Billing {
            discount: Discount::parse("12.5%"),
            discounts: BTreeMap::from([("dear".into(), Discount::parse("50%").unwrap())]),
            ..Billing::default()
        };
        let price = billing.on_list(&["gpt-4.1-mini"], Some(listed())).unwrap();
        let (whole, paid) = (listed().cost(&tokens()), price.cost(&tokens()));
        assert_eq!(paid.nanos() * 8, whole.nanos() * 7);
        let told = price.origin.to_string();
        assert!(told.ends_with(", less 12.5%"), "{told}");
        assert_eq!(
            billing.on_list(&["x"], None),
            None,
            "nothing is known of nothing"
        );
        let half = billing.on_list(&["other", "dear"], Some(listed())).unwrap();
        assert_eq!(half.cost(&tokens()).nanos() * 2, whole.nanos());
        assert_eq!(stored(&price), price);
    }

    #[test]
    fn what_is_left_of_a_price_is_rounded_upwards() {
        let third = Discount::parse("33.33%").unwrap();
        assert_eq!(third.off(100), 67);
        assert_eq!(third.off(0), 0);
        assert_eq!(Discount::parse("20%").unwrap().off(3_625_000), 2_900_000);
    }

    #[test]
    fn discounts_are_written_in_percent() {
        for (text, shown) in [("20%", "20%"), ("12.5 %", "12.5%"), ("0.01%", "0.01%")] {
            assert_eq!(Discount::parse(text).unwrap().to_string(), shown);
        }
        for wrong in ["20", "0%", "100%", "-5%", "12.345%", "%", "700%"] {
            assert_eq!(Discount::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn on_a_subscription_no_call_costs_anything_more() {
        let billing = Billing {
            subscription: Some("20 USD".parse().unwrap()),
            ..Billing::default()
        };
        for listed in [None, Some(listed())] {
            let price = billing.on_list(&["m"], listed).unwrap();
            assert_eq!(price.cost(&tokens()).nanos(), 0);
            assert_eq!(price.worst(1_000_000, 1_000_000).nanos(), 0);
            assert_eq!(
                price.origin.to_string(),
                "your subscription of $20.00 a month"
            );
            assert_eq!(stored(&price), price);
        }
    }

    #[test]
    fn power_is_paid_by_the_time_that_it_is_drawn() {
        let billing = Billing {
            power: Some(Power {
                watts: 300,
                kwh: "0.30 EUR".parse().unwrap(),
            }),
            ..Billing::default()
        };
        // 300 W for 2 s are a sixth of a Wh: 0.00005 EUR.
        let price = billing.of_time(Duration::from_secs(2)).unwrap();
        assert_eq!(price.cost(&tokens()).to_decimal(), "0.00005");
        assert_eq!(price.worst(9, 9), price.cost(&tokens()));
        assert_eq!(stored(&price), price);
        assert_eq!(
            price.origin.to_string(),
            "the power of this machine (300 W at €0.30 for a kWh)"
        );
        assert_eq!(Billing::default().of_time(Duration::from_secs(2)), None);
        assert!(billing.of_time(Duration::MAX).unwrap().rates.request > Some(0));
    }
}
