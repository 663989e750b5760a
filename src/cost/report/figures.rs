//! What some calls come to.
//!
//! Entry point: [`Figures`]. Rates are made of its sums when they are asked for, never added themselves.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::cost::{Currency, Money, Tokens};

/// The sums of some calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many there were.
    pub calls: u64,
    /// How many of them have no known cost, and so are missing from `cost`.
    pub unpriced: u64,
    /// One amount for each currency, in the order of their codes.
    pub cost: Vec<Amount>,
    /// What the models read and wrote.
    pub tokens: Tokens,
    /// How many suggestions were shown.
    pub shown: u64,
    /// How many of them were accepted, whole or in part.
    pub accepted: u64,
    /// How many characters were accepted.
    pub accepted_chars: u64,
    /// How many of these were still there at the last look.
    pub retained_chars: u64,
}

/// What some calls cost in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// In which.
    pub currency: Currency,
    /// All of it, in nano-units.
    pub nanos: i64,
    /// The part that is an estimate.
    pub estimated: i64,
    /// The part that was spent for nothing.
    pub wasted: i64,
    /// The part that was spent on ghost text of which it is known what became.
    pub judged: i64,
    /// How many suggestions were accepted that this part has paid for.
    pub accepted: u64,
    /// How many characters of these were still there at the last look.
    pub retained_chars: u64,
}

impl Amount {
    fn zero(currency: Currency) -> Self {
        Self {
            currency,
            nanos: 0,
            estimated: 0,
            wasted: 0,
            judged: 0,
            accepted: 0,
            retained_chars: 0,
        }
    }

    /// Returns all of it.
    pub fn money(&self) -> Money {
        Money::from_nanos(self.nanos, self.currency)
    }

    /// Returns whether any of it is an estimate.
    pub fn is_estimated(&self) -> bool {
        self.estimated != 0
    }

    /// Returns the part that was spent for nothing.
    pub fn wasted(&self) -> Money {
        Money::from_nanos(self.wasted, self.currency)
    }
}

impl Figures {
    /// Counts what other figures count.
    pub fn add(&mut self, other: &Self) {
        let (own, tokens) = (&mut self.tokens, &other.tokens);
        for (sum, more) in [
            (&mut self.calls, other.calls),
            (&mut self.unpriced, other.unpriced),
            (&mut own.input, tokens.input),
            (&mut own.cache_read, tokens.cache_read),
            (&mut own.cache_write_5m, tokens.cache_write_5m),
            (&mut own.cache_write_1h, tokens.cache_write_1h),
            (&mut own.output, tokens.output),
            (&mut own.reasoning, tokens.reasoning),
            (&mut self.shown, other.shown),
            (&mut self.accepted, other.accepted),
            (&mut self.accepted_chars, other.accepted_chars),
            (&mut self.retained_chars, other.retained_chars),
        ] {
            *sum = sum.saturating_add(more);
        }
        for amount in &other.cost {
            let own = self.of(amount.currency);
            own.nanos = own.nanos.saturating_add(amount.nanos);
            own.estimated = own.estimated.saturating_add(amount.estimated);
            own.wasted = own.wasted.saturating_add(amount.wasted);
            own.judged = own.judged.saturating_add(amount.judged);
            own.accepted = own.accepted.saturating_add(amount.accepted);
            own.retained_chars = own.retained_chars.saturating_add(amount.retained_chars);
        }
    }

    /// Returns the amount of a currency.
    pub(super) fn of(&mut self, currency: Currency) -> &mut Amount {
        let place = self.cost.iter().position(|it| it.currency >= currency);
        let place = place.unwrap_or(self.cost.len());
        if self
            .cost
            .get(place)
            .is_none_or(|it| it.currency != currency)
        {
            self.cost.insert(place, Amount::zero(currency));
        }
        &mut self.cost[place]
    }

    /// Returns what ghost text cost for each suggestion that was accepted, by currency; nothing where none was.
    ///
    /// Where one currency was paid, those count too that cost nothing. Where several were, each is over what was accepted for it: what one
    /// currency has paid for is no bargain of the other's.
    pub fn per_accepted(&self) -> Vec<Money> {
        self.judged_per(self.accepted, |amount| amount.accepted, 1)
    }

    /// Returns what ghost text cost for every thousand characters that stayed, by currency; nothing where none did.
    pub fn per_thousand_retained(&self) -> Vec<Money> {
        self.judged_per(self.retained_chars, |amount| amount.retained_chars, 1_000)
    }

    fn judged_per(&self, all: u64, own: impl Fn(&Amount) -> u64, times: i128) -> Vec<Money> {
        let paid = self.cost.iter().filter(|amount| amount.judged != 0);
        let are_several = paid.count() > 1;
        let each = |amount: &Amount| {
            let count = match (are_several, amount.judged) {
                (false, _) => all,
                (true, 0) => return None,
                (true, _) => own(amount),
            };
            let count = Some(i128::from(count)).filter(|count| *count > 0)?;
            // The nearest nano-unit, halves away from zero; what is judged is never negative.
            let nanos = (i128::from(amount.judged) * times + count / 2) / count;
            let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
            Some(Money::from_nanos(nanos, amount.currency))
        };
        self.cost.iter().filter_map(each).collect()
    }

    /// Orders the dearer before the cheaper, by dollars first; what costs nothing by its calls.
    pub(super) fn dearness(&self) -> (i64, i64, u64) {
        let is_dollars = |amount: &&Amount| amount.currency == Currency::USD;
        let dollars = self.cost.iter().find(is_dollars);
        let others = self.cost.iter().filter(|amount| !is_dollars(amount));
        (
            dollars.map_or(0, |amount| amount.nanos),
            others.map(|amount| amount.nanos).max().unwrap_or(0),
            self.calls,
        )
    }
}

/// With the rates, so that whoever reads the JSON need not divide.
impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut figures = serializer.serialize_struct("Figures", 10)?;
        figures.serialize_field("calls", &self.calls)?;
        figures.serialize_field("unpriced", &self.unpriced)?;
        figures.serialize_field("cost", &self.cost)?;
        figures.serialize_field("tokens", &self.tokens)?;
        figures.serialize_field("shown", &self.shown)?;
        figures.serialize_field("accepted", &self.accepted)?;
        figures.serialize_field("acceptedChars", &self.accepted_chars)?;
        figures.serialize_field("retainedChars", &self.retained_chars)?;
        figures.serialize_field("perAccepted", &self.per_accepted())?;
        figures.serialize_field("perThousandRetained", &self.per_thousand_retained())?;
        figures.end()
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut amount = serializer.serialize_struct("Amount", 4)?;
        amount.serialize_field("currency", &self.currency)?;
        amount.serialize_field("nanos", &self.nanos)?;
        amount.serialize_field("estimated", &self.estimated)?;
        amount.serialize_field("wasted", &self.wasted)?;
        amount.end()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn spent(nanos: i64, code: &str) -> Figures {
        let mut figures = Figures {
            calls: 1,
            ..Figures::default()
        };
        let amount = figures.of(code.parse().unwrap());
        amount.nanos = nanos;
        amount.judged = nanos;
        figures
    }

    #[test]
    fn currencies_stay_apart() {
        let mut sum = spent(5, "USD");
        sum.add(&spent(7, "EUR"));
        sum.add(&spent(1, "USD"));
        let told: Vec<_> = sum.cost.iter().map(Amount::money).collect();
        assert_eq!(
            told,
            [
                Money::from_nanos(7, "EUR".parse().unwrap()),
                Money::from_nanos(6, Currency::USD)
            ]
        );
    }

    #[test]
    fn a_rate_is_what_was_spent_over_what_came_of_it_and_none_where_nothing_did() {
        let mut figures = spent(1_000, "USD");
        assert!(figures.per_accepted().is_empty());
        figures.accepted = 3;
        figures.retained_chars = 400;
        assert_eq!(figures.per_accepted()[0].nanos(), 333);
        assert_eq!(figures.per_thousand_retained()[0].nanos(), 2_500);
    }

    #[test]
    fn of_two_currencies_each_is_over_what_was_accepted_for_it() {
        let mut figures = spent(900, "EUR");
        figures.of("EUR".parse().unwrap()).accepted = 3;
        figures.add(&spent(800, "USD"));
        figures.of(Currency::USD).accepted = 4;
        figures.accepted = 10;
        let told: Vec<_> = figures.per_accepted().iter().map(|it| it.nanos()).collect();
        assert_eq!(told, [300, 200]);
        // What costs nothing is no currency's.
        let mut figures = spent(900, "EUR");
        figures.add(&spent(0, "USD"));
        figures.accepted = 9;
        assert_eq!(figures.per_accepted()[0].nanos(), 100);
    }
}
