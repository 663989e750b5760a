//! What a call cost, together with how that is known.
//!
//! Entry point: [`Cost::known`]. Invariant: a cost that is not known is never nothing; only a call that nobody bills is free.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::money::{Currency, Money, NANOS};
use super::price::{Origin, Price};
use super::tokens::Usage;

/// A million units: no single call costs that much, so a provider that says so is not believed.
const HIGHEST_REPORTED: i64 = 1_000_000 * NANOS;

/// What a call cost and how that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// The provider stated it.
    Reported(Money),
    /// Computed from the provider's token counts and a known price.
    Priced(Money),
    /// Computed from token counts that had to be estimated, or by a price that had to be assumed.
    Estimated(Money),
    /// Nobody is billed: the model runs on this machine, or nothing was sent.
    Free,
    /// No price is known. It is shown as unknown, never as free.
    Unknown,
}

/// The kind of a [`Cost`], as the protocol and the ledger name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostSource {
    /// See [`Cost::Reported`].
    Reported,
    /// See [`Cost::Priced`].
    Priced,
    /// See [`Cost::Estimated`].
    Estimated,
    /// See [`Cost::Free`].
    Free,
    /// See [`Cost::Unknown`].
    Unknown,
}

impl Cost {
    /// The cost of a call that somebody bills: what the provider reported, else what its price makes of the usage.
    pub fn known(reported: Option<Money>, price: Option<&Price>, usage: &Usage) -> Self {
        let believable = reported.filter(|money| (0..=HIGHEST_REPORTED).contains(&money.nanos()));
        match (believable, price) {
            (Some(money), _) => Self::Reported(money),
            (None, Some(price)) if usage.is_estimated() || price.origin == Origin::Assumed => {
                Self::Estimated(price.cost(usage.tokens()))
            }
            (None, Some(price)) => Self::Priced(price.cost(usage.tokens())),
            (None, None) => Self::Unknown,
        }
    }

    /// The amount; `None` when it is unknown.
    pub fn amount(&self) -> Option<Money> {
        match self {
            Self::Reported(money) | Self::Priced(money) | Self::Estimated(money) => Some(*money),
            Self::Free => Some(Money::zero(Currency::USD)),
            Self::Unknown => None,
        }
    }

    /// How the amount is known.
    pub fn source(&self) -> CostSource {
        match self {
            Self::Reported(_) => CostSource::Reported,
            Self::Priced(_) => CostSource::Priced,
            Self::Estimated(_) => CostSource::Estimated,
            Self::Free => CostSource::Free,
            Self::Unknown => CostSource::Unknown,
        }
    }
}

impl CostSource {
    /// The name in the protocol and in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Priced => "priced",
            Self::Estimated => "estimated",
            Self::Free => "free",
            Self::Unknown => "unknown",
        }
    }
}

/// For people: `$0.0123`, `~$0.0123` when estimated, `free`, `unknown price`.
impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reported(money) | Self::Priced(money) => money.fmt(f),
            Self::Estimated(money) => write!(f, "~{money}"),
            Self::Free => f.write_str("free"),
            Self::Unknown => f.write_str("unknown price"),
        }
    }
}

/// The protocol's `{nanos, currency, source}`; both are null when the cost is unknown.
impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut cost = serializer.serialize_struct("Cost", 3)?;
        cost.serialize_field("nanos", &self.amount().map(Money::nanos))?;
        cost.serialize_field("currency", &self.amount().map(Money::currency))?;
        cost.serialize_field("source", &self.source())?;
        cost.end()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cost::{PerMillion, Tokens};

    fn usd(nanos: i64) -> Money {
        Money::from_nanos(nanos, Currency::USD)
    }

    #[test]
    fn a_reported_cost_wins_over_a_price_and_a_price_over_nothing() {
        let price = Price::per_million(PerMillion {
            input: "1",
            output: "1",
            ..PerMillion::default()
        })
        .unwrap();
        let tokens = Tokens {
            input: 5,
            ..Tokens::default()
        };
        let reported = Usage::Reported(tokens);
        let cases = [
            (Some(usd(7)), Some(&price), reported, Cost::Reported(usd(7))),
            (Some(usd(0)), None, reported, Cost::Reported(usd(0))),
            (None, Some(&price), reported, Cost::Priced(usd(5_000))),
            (
                None,
                Some(&price),
                Usage::Estimated(tokens),
                Cost::Estimated(usd(5_000)),
            ),
            (None, None, reported, Cost::Unknown),
            (
                Some(usd(-1)),
                Some(&price),
                reported,
                Cost::Priced(usd(5_000)),
            ),
            (Some(usd(i64::MAX)), None, reported, Cost::Unknown),
        ];
        for (stated, price, usage, expected) in cases {
            assert_eq!(Cost::known(stated, price, &usage), expected);
        }
    }

    #[test]
    fn an_unknown_cost_is_never_shown_as_free() {
        let json = |cost: Cost| serde_json::to_string(&cost).unwrap();
        assert_eq!(
            json(Cost::Unknown),
            r#"{"nanos":null,"currency":null,"source":"unknown"}"#
        );
        assert_eq!(
            json(Cost::Free),
            r#"{"nanos":0,"currency":"USD","source":"free"}"#
        );
        assert_eq!(Cost::Unknown.to_string(), "unknown price");
        assert_eq!(Cost::Estimated(usd(12_300_000)).to_string(), "~$0.0123");
    }

    #[test]
    fn a_source_has_one_name_everywhere() {
        for source in [
            CostSource::Reported,
            CostSource::Priced,
            CostSource::Estimated,
            CostSource::Free,
            CostSource::Unknown,
        ] {
            assert_eq!(serde_json::to_value(source).unwrap(), source.name());
        }
    }
}
