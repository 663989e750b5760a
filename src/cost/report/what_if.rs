//! What the same calls would have cost otherwise: on other models, on a subscription, for nothing.
//!
//! Entry points: [`Scenario::parse`] and [`WhatIf::of`]. It takes the tokens that were used, as they are: another model counts and writes a little
//! differently, and its provider may keep other parts of a prompt. Prices are those of requests of usual length.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Figures, Report};
use crate::cost::{Money, Price};

/// What might have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scenario {
    /// All calls to one model.
    Model {
        /// The provider's name.
        provider: String,
        /// The model as the provider calls it.
        model: String,
    },
    /// All calls for a fee a month.
    Subscription(Money),
    /// All calls on this machine, for nothing.
    Free,
}

/// What it would have cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhatIf {
    /// The scenario, as it was written.
    pub name: String,
    /// The cost; `None` if the price is not known.
    pub cost: Option<Money>,
    /// How that was found, in words.
    pub how: String,
}

impl Scenario {
    /// Reads `openai/gpt-4.1-mini`, `subscription=10 USD/month` or `free`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "free" {
            return Ok(Self::Free);
        }
        if let Some(fee) = text.strip_prefix("subscription=") {
            let fee = fee.trim_end_matches("/month").trim_end_matches(" a month");
            let fee: Money = fee
                .parse()
                .map_err(|error: crate::cost::Error| error.to_string())?;
            return if fee.nanos() < 0 {
                Err("a subscription costs something or nothing, never less".into())
            } else {
                Ok(Self::Subscription(fee))
            };
        }
        match text.split_once('/') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => {
                Ok(Self::Model {
                    provider: provider.into(),
                    model: model.into(),
                })
            }
            _ => Err(format!(
                "\"{text}\" is nothing to compare with; write a model such as openai/gpt-4.1-mini, \"subscription=10 USD/month\", or free"
            )),
        }
    }
}

impl WhatIf {
    /// Returns what a report's calls would have cost. `price` is that of the scenario's model, if it is known. The report must be a whole one.
    pub fn of(name: &str, scenario: &Scenario, price: Option<&Price>, report: &Report) -> Self {
        let (cost, how) = match scenario {
            Scenario::Free => (
                Some(Money::zero(crate::cost::Currency::USD)),
                "on a model of this machine".to_owned(),
            ),
            Scenario::Subscription(fee) => {
                let months = months(report);
                let times = i64::try_from(months).unwrap_or(i64::MAX);
                let nanos = fee.nanos().saturating_mul(times);
                (
                    Some(Money::from_nanos(nanos, fee.currency())),
                    format!("{fee} for each of {months} months with calls in them"),
                )
            }
            Scenario::Model { .. } => match price {
                Some(price) => (
                    Some(of_tokens(price, &report.total)),
                    format!("the same tokens by {}", price.origin),
                ),
                None => (None, "no price is known for this model".to_owned()),
            },
        };
        Self {
            name: name.to_owned(),
            cost,
            how,
        }
    }
}

/// Sums of tokens are no single long request, and each call has its fee.
fn of_tokens(price: &Price, total: &Figures) -> Money {
    price
        .for_usual_length()
        .cost_of_calls(total.calls, &total.tokens)
}

fn months(report: &Report) -> usize {
    let days = report.days.iter().filter_map(|group| group.key.first());
    let months: BTreeSet<_> = days.filter_map(|day| day.get(..7)).collect();
    months.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cost::report::tests::report;
    use crate::cost::{Currency, PerMillion};

    #[test]
    fn scenarios_are_written_as_people_think_of_them() {
        let model = Scenario::parse("openrouter/qwen/qwen3-coder").unwrap();
        assert!(
            matches!(model, Scenario::Model { provider, model } if provider == "openrouter" && model == "qwen/qwen3-coder")
        );
        let fee = Money::from_nanos(10_000_000_000, Currency::USD);
        for text in [
            "subscription=10 USD/month",
            "subscription=$10",
            "subscription=10",
        ] {
            assert_eq!(Scenario::parse(text).unwrap(), Scenario::Subscription(fee));
        }
        assert_eq!(Scenario::parse("free").unwrap(), Scenario::Free);
        for wrong in [
            "",
            "gpt-4.1",
            "subscription=",
            "subscription=-1 USD",
            "/x",
            "x/",
        ] {
            assert!(Scenario::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_same_tokens_cost_what_the_other_models_price_says() {
        let price = Price::per_million(PerMillion {
            input: "1",
            output: "10",
            ..PerMillion::default()
        })
        .unwrap();
        // The report has one call, of 10 tokens read and 3 written.
        let scenario = Scenario::parse("a/b").unwrap();
        let what = WhatIf::of("a/b", &scenario, Some(&price), &report());
        assert_eq!(what.cost.unwrap().to_decimal(), "0.00004");
        let what = WhatIf::of("a/b", &scenario, None, &report());
        assert_eq!(
            (what.cost, what.how.as_str()),
            (None, "no price is known for this model")
        );
    }

    #[test]
    fn a_subscription_costs_its_fee_for_each_month() {
        let scenario = Scenario::parse("subscription=10 EUR/month").unwrap();
        let what = WhatIf::of("s", &scenario, None, &report());
        assert_eq!(what.cost.unwrap().to_string(), "€10.00");
    }
}
