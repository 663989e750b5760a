//! What a model's tokens cost, and the arithmetic from counts to money.
//!
//! Entry points: [`Price::per_million`] (from config) and [`Price::cost`]; the catalogue makes the others. A price is already
//! resolved for its moment and service tier, and is stored with the ledger row, so that the same sum can be done again years
//! later. Invariant: exact integers until the single rounding at the end, to the nearest nano-unit, halves away from zero.

mod origin;
mod rates;

use serde::{Deserialize, Serialize};

use super::Error;
use super::money::{Currency, Money, NANOS};
use super::tokens::Tokens;

pub use origin::Origin;
pub use rates::{Rate, Rates};

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

fn per_million(text: &str) -> Result<Money, Error> {
    let amount: Money = text.parse()?;
    if (0..=HIGHEST).contains(&amount.nanos()) {
        Ok(amount)
    } else {
        Err(Error::NotAPrice(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
