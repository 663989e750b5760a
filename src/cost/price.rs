//! What a model's tokens cost, and the arithmetic from counts to money.
//!
//! Entry points: [`Price::per_million`] (from config) and [`Price::cost`]; the catalogue makes the others. A price is already
//! resolved for its moment and service tier, and is stored with the ledger row, so that the same sum can be done again years
//! later. Invariant: exact integers until the single rounding at the end, to the nearest nano-unit, halves away from zero.

use serde::{Deserialize, Serialize};

use super::Error;
use super::money::{Currency, Money, NANOS};
use super::tokens::Tokens;

/// No real call comes near; a hostile count beyond it is taken as this many, so that the sums below cannot overflow.
const MOST_TOKENS: u64 = 1_000_000_000_000;

/// A million units of the currency for a million tokens: a price beyond it is a mistake.
const HIGHEST: i64 = 1_000_000 * NANOS;

/// The prices of one model at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// What the numbers are in.
    pub currency: Currency,
    /// The numbers.
    pub rates: Rates,
    /// Where they are from.
    pub origin: Origin,
}

/// What each class of tokens costs. A class without a rate of its own is billed as the class it belongs to: cached and
/// cache-writing tokens as input, a one-hour write as a write, reasoning as output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    /// Input that the provider's cache has no part in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Rate>,
    /// Input taken from the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Rate>,
    /// Input written to the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Rate>,
    /// Input written to the cache for an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Rate>,
    /// Output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Rate>,
    /// The reasoning within the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Rate>,
    /// Nano-units for the request itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<i64>,
}

/// Nano-units per million tokens: one number, or one that jumps with the size of the whole input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Rate {
    /// The same for every request.
    Flat(i64),
    /// A cliff: `(base, [(start, price)])`; the last tier whose `start` the total input exceeds prices every token of the request.
    Tiered(i64, Vec<(u64, i64)>),
}

/// Where a price is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The price catalogue.
    Catalogue {
        /// The catalogue's name, version and date.
        version: String,
        /// The catalogue's name for the model.
        model: String,
    },
    /// The user's configuration.
    Config,
    /// None: the model's price is not known, and it was taken to cost what the dearest known models of its provider do.
    Assumed,
}

/// For people: where a price is from.
impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Catalogue { version, .. } => write!(f, "the price catalogue ({version})"),
            Self::Config => f.write_str("your own price"),
            Self::Assumed => f.write_str("the dearest of this provider's known models"),
        }
    }
}

/// What a user writes to override a price: amounts for a million tokens as text, such as `3` or `3 USD`.
#[derive(Debug, Clone, Copy, Default)]
pub struct PerMillion<'a> {
    /// The price of input.
    pub input: &'a str,
    /// The price of output.
    pub output: &'a str,
    /// The price of cached input, if it differs from input.
    pub cache_read: Option<&'a str>,
    /// The price of input written to the cache, if it differs from input.
    pub cache_write: Option<&'a str>,
}

impl Price {
    /// A price as the user's configuration gives it.
    pub fn per_million(amounts: PerMillion<'_>) -> Result<Self, Error> {
        let input = per_million(amounts.input)?;
        let same_currency = |amount: Money| {
            input.checked_sub(amount)?;
            Ok(Rate::Flat(amount.nanos()))
        };
        let rate = |text: &str| per_million(text).and_then(same_currency);
        let rates = Rates {
            input: Some(Rate::Flat(input.nanos())),
            cache_read: amounts.cache_read.map(rate).transpose()?,
            cache_write: amounts.cache_write.map(rate).transpose()?,
            output: Some(rate(amounts.output)?),
            ..Rates::default()
        };
        Ok(Self {
            currency: input.currency(),
            rates,
            origin: Origin::Config,
        })
    }

    /// What a million tokens of input cost in a request of usual length; `None` if they are not billed as such.
    pub fn input(&self) -> Option<Money> {
        self.usual(self.rates.input.as_ref())
    }

    /// What a million tokens of output cost in a request of usual length; `None` if they are not billed as such.
    pub fn output(&self) -> Option<Money> {
        self.usual(self.rates.output.as_ref())
    }

    fn usual(&self, rate: Option<&Rate>) -> Option<Money> {
        rate.map(|rate| Money::from_nanos(rate.at(0), self.currency))
    }

    /// These prices for requests of usual length, without the cliffs of long ones.
    #[must_use]
    pub fn for_usual_length(&self) -> Self {
        let usual = |rate: &Option<Rate>| rate.as_ref().map(|rate| Rate::Flat(rate.at(0)));
        let rates = &self.rates;
        Self {
            rates: Rates {
                input: usual(&rates.input),
                cache_read: usual(&rates.cache_read),
                cache_write: usual(&rates.cache_write),
                cache_write_1h: usual(&rates.cache_write_1h),
                output: usual(&rates.output),
                reasoning: usual(&rates.reasoning),
                request: rates.request,
            },
            ..self.clone()
        }
    }

    /// What so many calls cost that used these tokens together.
    pub fn cost_of_calls(&self, calls: u64, tokens: &Tokens) -> Money {
        let fee = self.rates.request.unwrap_or(0);
        let once = self.cost(tokens);
        let more = i128::from(calls.saturating_sub(1)) * i128::from(fee);
        let nanos = i64::try_from(i128::from(once.nanos()) + more).unwrap_or(i64::MAX);
        Money::from_nanos(nanos, self.currency)
    }

    /// The most that a call can cost which reads and writes no more than this: by the dearest kind of each, the dearest tier within reach,
    /// and nothing taken from a cache.
    pub fn worst(&self, input: u64, output: u64) -> Money {
        let rates = &self.rates;
        let dearest = |rates: &[&Option<Rate>], count: u64| {
            let known = rates.iter().filter_map(|rate| rate.as_ref());
            let rate = known.map(|rate| rate.dearest_within(input)).max();
            i128::from(count.min(MOST_TOKENS)) * i128::from(rate.unwrap_or(0))
        };
        let read = [
            &rates.input,
            &rates.cache_read,
            &rates.cache_write,
            &rates.cache_write_1h,
        ];
        let of_tokens = dearest(&read, input) + dearest(&[&rates.output, &rates.reasoning], output);
        let of_request = i128::from(rates.request.unwrap_or(0)) * 1_000_000;
        Money::from_femtos(of_tokens + of_request, self.currency)
    }

    /// A price that is nowhere below any of these, kind by kind; `None` of none, or of several currencies.
    pub fn dearest_of(prices: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut prices = prices.into_iter();
        let mut dearest = prices.next()?;
        for price in prices {
            if price.currency != dearest.currency {
                return None;
            }
            dearest.rates = dearest.rates.dearer(&price.rates);
        }
        dearest.origin = Origin::Assumed;
        Some(dearest)
    }

    /// What a call with these counts costs.
    pub fn cost(&self, tokens: &Tokens) -> Money {
        let total = tokens.input_total();
        let rates = &self.rates;
        let input = rates.input.as_ref();
        let cache_read = rates.cache_read.as_ref().or(input);
        let cache_write = rates.cache_write.as_ref().or(input);
        let cache_write_1h = rates.cache_write_1h.as_ref().or(cache_write);
        let output = rates.output.as_ref();
        let reasoning = rates.reasoning.as_ref().or(output);
        let shown = tokens.output_shown();
        let classes = [
            (tokens.input, input),
            (tokens.cache_read, cache_read),
            (tokens.cache_write_5m, cache_write),
            (tokens.cache_write_1h, cache_write_1h),
            (shown, output),
            (tokens.output - shown, reasoning),
        ];
        let of_tokens = classes.into_iter().map(|(count, rate)| {
            let rate = rate.map_or(0, |rate| rate.at(total));
            i128::from(count.min(MOST_TOKENS)) * i128::from(rate)
        });
        let of_request = i128::from(rates.request.unwrap_or(0)) * 1_000_000;
        Money::from_femtos(of_tokens.sum::<i128>() + of_request, self.currency)
    }
}

impl Rates {
    /// These rates, with those of `other` where these have none.
    #[must_use]
    pub(super) fn or(self, other: &Self) -> Self {
        Self {
            input: self.input.or_else(|| other.input.clone()),
            cache_read: self.cache_read.or_else(|| other.cache_read.clone()),
            cache_write: self.cache_write.or_else(|| other.cache_write.clone()),
            cache_write_1h: self.cache_write_1h.or_else(|| other.cache_write_1h.clone()),
            output: self.output.or_else(|| other.output.clone()),
            reasoning: self.reasoning.or_else(|| other.reasoning.clone()),
            request: self.request.or(other.request),
        }
    }
}

impl Rates {
    fn dearer(self, other: &Self) -> Self {
        // Absent is as the class it belongs to, which is written out, so that the greater is found.
        let full = |rates: &Self| {
            let input = rates.input.clone();
            let write = rates.cache_write.clone().or_else(|| input.clone());
            let output = rates.output.clone();
            Self {
                cache_read: rates.cache_read.clone().or_else(|| input.clone()),
                cache_write_1h: rates.cache_write_1h.clone().or_else(|| write.clone()),
                cache_write: write,
                input,
                reasoning: rates.reasoning.clone().or_else(|| output.clone()),
                output,
                request: rates.request,
            }
        };
        let (one, other) = (full(&self), full(other));
        Self {
            input: Rate::dearer(one.input, other.input),
            cache_read: Rate::dearer(one.cache_read, other.cache_read),
            cache_write: Rate::dearer(one.cache_write, other.cache_write),
            cache_write_1h: Rate::dearer(one.cache_write_1h, other.cache_write_1h),
            output: Rate::dearer(one.output, other.output),
            reasoning: Rate::dearer(one.reasoning, other.reasoning),
            request: one.request.max(other.request),
        }
    }
}

impl Rate {
    /// The dearest that a request can meet which reads no more than `input_total` tokens.
    fn dearest_within(&self, input_total: u64) -> i64 {
        match self {
            Self::Flat(price) => *price,
            Self::Tiered(base, tiers) => {
                let within = tiers.iter().filter(|(start, _)| input_total > *start);
                within.map(|(_, price)| *price).fold(*base, i64::max)
            }
        }
    }

    /// The one whose dearest is the greater, as a flat one: what is assumed need not be fine.
    fn dearer(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let dearest = |rate: Self| rate.dearest_within(u64::MAX);
        let (one, other) = (one.map(dearest), other.map(dearest));
        one.max(other).map(Self::Flat)
    }

    /// Nano-units per million tokens in a request that reads `input_total` tokens.
    fn at(&self, input_total: u64) -> i64 {
        match self {
            Self::Flat(price) => *price,
            Self::Tiered(base, tiers) => {
                let mut reached = tiers.iter().rev().filter(|(start, _)| input_total > *start);
                reached.next().map_or(*base, |(_, price)| *price)
            }
        }
    }
}

fn per_million(text: &str) -> Result<Money, Error> {
    let amount: Money = text.parse()?;
    if (0..=HIGHEST).contains(&amount.nanos()) {
        Ok(amount)
    } else {
        Err(Error::NotAPrice(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn price(input: &str, output: &str) -> Price {
        Price::per_million(PerMillion {
            input,
            output,
            ..PerMillion::default()
        })
        .unwrap()
    }

    fn tokens(input: u64, output: u64) -> Tokens {
        Tokens {
            input,
            output,
            ..Tokens::default()
        }
    }

    #[test]
    fn a_price_from_config_multiplies_exactly() {
        let cost = price("0.003625", "15").cost(&tokens(1_000, 3));
        assert_eq!(cost.to_decimal(), "0.000048625");
    }

    #[test]
    fn a_fraction_of_a_nano_is_rounded_once_at_the_end() {
        // 0.4 + 0.4 nano-units: rounded apart they would vanish.
        assert_eq!(price("0.0004", "0.0004").cost(&tokens(1, 1)).nanos(), 1);
        assert_eq!(price("0.0004", "0.0004").cost(&tokens(1, 0)).nanos(), 0);
    }

    #[test]
    fn a_long_context_price_is_a_cliff_on_the_whole_request() {
        let mut price = price("3", "15");
        price.rates.input = Some(Rate::Tiered(
            3_000_000_000,
            vec![(200_000, 6_000_000_000), (500_000, 9_000_000_000)],
        ));
        assert_eq!(price.cost(&tokens(200_000, 0)).to_decimal(), "0.6");
        assert_eq!(price.cost(&tokens(200_001, 0)).to_decimal(), "1.200006");
        assert_eq!(price.cost(&tokens(1_000_000, 0)).to_decimal(), "9");
        let mut cached = tokens(1, 0);
        cached.cache_read = 200_000;
        assert_eq!(price.cost(&cached).to_decimal(), "1.200006");
    }

    #[test]
    fn a_class_without_a_price_is_billed_as_the_class_it_belongs_to() {
        let every_class = Tokens {
            input: 1,
            cache_read: 1,
            cache_write_5m: 1,
            cache_write_1h: 1,
            output: 2,
            reasoning: 1,
        };
        let cost = price("1", "10").cost(&every_class);
        assert_eq!(cost.nanos(), 4 * 1_000 + 2 * 10_000);
    }

    #[test]
    fn a_mistaken_override_is_refused() {
        for (input, output) in [
            ("-1", "1"),
            ("1", "2 EUR"),
            ("x", "1"),
            ("2000000", "1"),
            ("", "1"),
        ] {
            let amounts = PerMillion {
                input,
                output,
                ..PerMillion::default()
            };
            assert!(Price::per_million(amounts).is_err(), "{input} {output}");
        }
    }

    #[test]
    fn an_assumed_price_is_nowhere_below_those_it_stands_for() {
        let mut cliff = price("1", "9");
        cliff.rates.input = Some(Rate::Tiered(1_000_000_000, vec![(10, 7_000_000_000)]));
        let dearest = Price::dearest_of([price("5", "2"), cliff.clone()]).unwrap();
        assert_eq!(dearest.origin, Origin::Assumed);
        assert_eq!(
            dearest.cost(&tokens(1_000_000, 1_000_000)).to_decimal(),
            "16"
        );
        assert_eq!(Price::dearest_of([]), None);
        assert_eq!(Price::dearest_of([cliff, price("1 EUR", "1 EUR")]), None);
    }

    proptest! {
        #[test]
        fn no_usage_within_the_bounds_costs_more_than_the_worst(
            rates in any::<[u32; 7]>(),
            start in 0_u64..5_000,
            counts in proptest::array::uniform6(0_u64..2_000),
        ) {
            let flat = |rate: u32| Some(Rate::Flat(rate.into()));
            let rates = Rates {
                input: Some(Rate::Tiered(rates[0].into(), vec![(start, rates[1].into())])),
                cache_read: flat(rates[2]),
                cache_write: flat(rates[3]),
                cache_write_1h: None,
                output: flat(rates[4]),
                reasoning: flat(rates[5]),
                request: Some(rates[6].into()),
            };
            let price = Price { currency: Currency::USD, rates, origin: Origin::Config };
            let [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning] = counts;
            let tokens = Tokens { input, cache_read, cache_write_5m, cache_write_1h, output, reasoning };
            prop_assert!(price.cost(&tokens).nanos() <= price.worst(tokens.input_total(), output).nanos());
        }

        #[test]
        fn a_stored_price_gives_the_same_cost_again(
            rates in any::<[u32; 6]>(),
            starts in any::<[u16; 2]>(),
            counts in any::<[u32; 6]>(),
        ) {
            let flat = |rate: u32| Some(Rate::Flat(rate.into()));
            let rates = Rates {
                input: Some(Rate::Tiered(rates[0].into(), vec![(starts[0].into(), rates[1].into())])),
                cache_read: flat(rates[2]),
                cache_write: flat(rates[3]),
                cache_write_1h: None,
                output: flat(rates[4]),
                reasoning: flat(rates[5]),
                request: Some(starts[1].into()),
            };
            let price = Price { currency: Currency::USD, rates, origin: Origin::Config };
            let [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning] = counts.map(u64::from);
            let tokens = Tokens { input, cache_read, cache_write_5m, cache_write_1h, output, reasoning };
            let stored = serde_json::to_string(&price).unwrap();
            let again: Price = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(again.cost(&tokens), price.cost(&tokens));
            prop_assert_eq!(again, price);
        }

        #[test]
        fn no_count_overflows(counts in any::<[u64; 6]>()) {
            let [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning] = counts;
            let tokens = Tokens { input, cache_read, cache_write_5m, cache_write_1h, output, reasoning };
            prop_assert!(price("1000000", "1000000").cost(&tokens).nanos() >= 0);
        }
    }
}
