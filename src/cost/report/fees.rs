//! Subscriptions: fees that are paid whatever is called.
//!
//! Entry point: [`of`]. They are no cost of any call, so they stand beside the sums, never in them.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Group;
use crate::cost::Money;

/// A fee that the user pays a provider for each month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The provider's name, as configured.
    pub provider: String,
    /// The fee for a month.
    pub fee: Money,
}

/// What a subscription came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fee {
    /// The provider's name.
    pub provider: String,
    /// What was paid: the fee for each month with calls in it.
    #[serde(flatten)]
    pub amount: Money,
    /// How many months these are.
    pub months: u64,
    /// How many calls there were to the provider.
    pub calls: u64,
}

/// Returns what subscriptions came to, by groups that have a month and a provider for a key.
pub(super) fn of(subscriptions: &[Subscription], groups: &[Group]) -> Vec<Fee> {
    let fee = |subscription: &Subscription| {
        let own = groups
            .iter()
            .filter(|group| group.key.get(1) == Some(&subscription.provider));
        let months: BTreeSet<_> = own.clone().filter_map(|group| group.key.first()).collect();
        let times = i64::try_from(months.len()).unwrap_or(i64::MAX);
        let nanos = subscription.fee.nanos().saturating_mul(times);
        Fee {
            provider: subscription.provider.clone(),
            amount: Money::from_nanos(nanos, subscription.fee.currency()),
            months: months.len() as u64,
            calls: own.map(|group| group.figures.calls).sum(),
        }
    };
    let fees = subscriptions.iter().map(fee);
    fees.filter(|fee| fee.months > 0).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cost::report::Figures;

    #[test]
    fn a_fee_is_paid_for_each_month_with_calls_in_it_and_for_no_other_provider() {
        let group = |month: &str, provider: &str, calls| Group {
            key: vec![month.into(), provider.into()],
            figures: Figures {
                calls,
                ..Figures::default()
            },
        };
        let groups = [
            group("2026-10", "zai", 7),
            group("2026-11", "zai", 2),
            group("2026-11", "openai", 9),
        ];
        let subscription = |provider: &str, fee: &str| Subscription {
            provider: provider.into(),
            fee: fee.parse().unwrap(),
        };
        let fees = of(
            &[subscription("zai", "20 USD"), subscription("idle", "5 EUR")],
            &groups,
        );
        let told: Vec<_> = fees
            .iter()
            .map(|fee| {
                (
                    fee.provider.as_str(),
                    fee.amount.to_string(),
                    fee.months,
                    fee.calls,
                )
            })
            .collect();
        assert_eq!(told, [("zai", "$40.00".to_owned(), 2, 9)]);
    }
}
