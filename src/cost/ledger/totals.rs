//! What has been spent: this session, this day, this month.

use jiff::civil::Date;
use serde::Serialize;

use super::row::Row;
use crate::cost::{Cost, Money};

/// What has been spent, by the periods that an editor shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Since this process started.
    pub session: Sum,
    /// On this local day, by every process on this machine.
    pub day: Sum,
    /// In this local month, by every process on this machine.
    pub month: Sum,
    /// Calls of this process that are in the sums and not (yet) on the disk.
    pub unrecorded: u64,
}

/// The sum of some calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// One amount for each currency, in the order of their codes.
    pub cost: Vec<Money>,
    /// How many calls there were.
    pub calls: u64,
    /// How many of them have no known cost, and so are missing from `cost`.
    pub unpriced: u64,
}

impl Sum {
    /// Counts one more call.
    pub fn add(&mut self, cost: &Cost) {
        self.add_group(1, cost.amount());
    }

    /// Counts `calls` more calls, which cost `amount` together.
    pub(super) fn add_group(&mut self, calls: u64, amount: Option<Money>) {
        self.calls = self.calls.saturating_add(calls);
        let Some(amount) = amount else {
            self.unpriced = self.unpriced.saturating_add(calls);
            return;
        };
        match self
            .cost
            .binary_search_by_key(&amount.currency(), |sum| sum.currency())
        {
            Ok(index) => {
                let nanos = self.cost[index].nanos().saturating_add(amount.nanos());
                self.cost[index] = Money::from_nanos(nanos, amount.currency());
            }
            Err(index) => self.cost.insert(index, amount),
        }
    }

    /// Counts a call that was counted before by what it turned out to cost.
    pub(super) fn replace(&mut self, before: &Cost, after: &Cost) {
        match before.amount() {
            None => self.unpriced = self.unpriced.saturating_sub(1),
            Some(amount) => {
                let negative =
                    Money::from_nanos(amount.nanos().saturating_neg(), amount.currency());
                self.add_group(0, Some(negative));
            }
        }
        match after.amount() {
            None => self.unpriced = self.unpriced.saturating_add(1),
            Some(amount) => self.add_group(0, Some(amount)),
        }
    }

    /// Counts the calls of another sum too.
    pub(super) fn add_sum(&mut self, other: &Self) {
        for amount in &other.cost {
            self.add_group(0, Some(*amount));
        }
        self.calls = self.calls.saturating_add(other.calls);
        self.unpriced = self.unpriced.saturating_add(other.unpriced);
    }
}

/// A local date as the ledger stores it: 20261121, whose order is the calendar's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(pub(super) i64);

impl Day {
    /// The local day on which a call counts.
    pub(super) fn of(row: &Row, zone: &jiff::tz::TimeZone) -> Self {
        Self::from(zone.to_datetime(row.started).date())
    }

    /// The first and last possible days of this day's month.
    pub(super) fn month(self) -> (Self, Self) {
        let first = self.0 / 100 * 100;
        (Self(first), Self(first + 99))
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        Self(
            i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day()),
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cost::Currency;

    fn money(nanos: i64, code: &str) -> Money {
        Money::from_nanos(nanos, code.parse().unwrap())
    }

    #[test]
    fn currencies_are_summed_apart_and_unknown_costs_are_counted() {
        let mut sum = Sum::default();
        sum.add(&Cost::Priced(money(5, "USD")));
        sum.add(&Cost::Reported(money(7, "EUR")));
        sum.add(&Cost::Estimated(money(i64::MAX, "USD")));
        sum.add(&Cost::Unknown);
        assert_eq!(sum.cost, [money(7, "EUR"), money(i64::MAX, "USD")]);
        assert_eq!((sum.calls, sum.unpriced), (4, 1));
        let mut twice = sum.clone();
        twice.add_sum(&sum);
        assert_eq!((twice.calls, twice.unpriced), (8, 2));
        assert_eq!(twice.cost[0], money(14, "EUR"));
    }

    #[test]
    fn a_call_that_cost_something_else_is_still_one_call() {
        let mut sum = Sum::default();
        let (guess, truth) = (
            Cost::Estimated(money(50, "USD")),
            Cost::Reported(money(7, "USD")),
        );
        sum.add(&guess);
        sum.add(&Cost::Unknown);
        sum.replace(&guess, &truth);
        assert_eq!(
            (sum.calls, sum.unpriced, &sum.cost[..]),
            (2, 1, &[money(7, "USD")][..])
        );
        sum.replace(&Cost::Unknown, &truth);
        assert_eq!(
            (sum.calls, sum.unpriced, &sum.cost[..]),
            (2, 0, &[money(14, "USD")][..])
        );
    }

    #[test]
    fn a_free_call_shows_as_zero_dollars() {
        let mut sum = Sum::default();
        sum.add(&Cost::Free);
        assert_eq!(sum.cost, [Money::zero(Currency::USD)]);
        assert_eq!(sum.unpriced, 0);
    }

    #[test]
    fn a_day_lies_within_its_month() {
        let day = Day::from(jiff::civil::date(2026, 12, 31));
        let (first, last) = day.month();
        assert_eq!(day, Day(20_261_231));
        assert!(first < day && day < last && last < Day::from(jiff::civil::date(2027, 1, 1)));
    }
}
