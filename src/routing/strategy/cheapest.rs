//! Cheapest: by what this very call is estimated to cost.
//!
//! What costs nothing comes first, then what costs least. What nobody knows the price of comes last, and so does what is priced in another currency
//! than the first that has a price: what one is worth in the other is not for us to say.

use super::Figure;

/// Returns how a model ranks among all of them.
pub(super) fn rank(figures: &[Figure]) -> impl Fn(&Figure) -> (bool, i64) {
    let currency = figures.iter().find_map(|figure| match figure {
        Figure::Cost(money) => Some(money.currency()),
        _ => None,
    });
    move |figure| match figure {
        Figure::Free => (false, 0),
        Figure::Cost(money) if Some(money.currency()) == currency => (false, money.nanos()),
        _ => (true, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Figure, order};
    use crate::config::Strategy;
    use crate::cost::{Currency, Money};

    #[test]
    fn what_costs_least_comes_first_and_what_nobody_knows_last() {
        let dollars = |nanos| Figure::Cost(Money::from_nanos(nanos, Currency::USD));
        let euros = Figure::Cost(Money::from_nanos(1, "EUR".parse().expect("a currency")));
        let figures = [
            Figure::NoPrice,
            dollars(30),
            dollars(7),
            euros,
            Figure::Free,
            dollars(7),
        ];
        let order = order(Strategy::Cheapest, &figures, 9);
        assert_eq!(order, [4, 2, 5, 1, 0, 3]);
    }
}
