//! What an action would cost, and whether that is more than the user wants to spend unasked.

use crate::cost::estimate::Estimate;
use crate::cost::{Cost, Money};

/// Returns whether an estimate is above a set price: also where that cannot be told, since its price is not known or in another currency.
pub fn is_above(limit: Option<Money>, estimate: &Cost) -> bool {
    let Some(limit) = limit else {
        return false;
    };
    match estimate {
        Cost::Free => false,
        Cost::Unknown => true,
        Cost::Reported(money) | Cost::Priced(money) | Cost::Estimated(money) => {
            money.currency() != limit.currency() || money.nanos() > limit.nanos()
        }
    }
}

/// Says a price in a menu: about how much, and how far off such estimates were lately, once that is known.
pub fn shown(estimate: &Estimate) -> String {
    match &estimate.cost {
        Cost::Free => "free".into(),
        Cost::Unknown => "price unknown".into(),
        Cost::Reported(money) | Cost::Priced(money) | Cost::Estimated(money) => {
            let money = money.to_string();
            // Less than the least that is shown is no approximation.
            if money.starts_with('<') {
                return money;
            }
            let miss = estimate.miss.map(|percent| format!(" ±{percent}%"));
            format!("~{money}{}", miss.unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_says_that_it_is_an_estimate_and_how_good_one_once_that_is_known() {
        let shown = |cost: Cost, miss| {
            let tokens = crate::cost::Tokens::default();
            shown(&Estimate { cost, tokens, miss })
        };
        let cost = |text: &str| Cost::Estimated(text.parse().expect("money"));
        assert_eq!(shown(cost("0.0042 USD"), None), "~$0.0042");
        assert_eq!(shown(cost("0.0042 USD"), Some(12)), "~$0.0042 ±12%");
        assert_eq!(shown(cost("0.000001 USD"), Some(12)), "<$0.0001");
        assert_eq!(shown(Cost::Unknown, None), "price unknown");
        assert_eq!(shown(Cost::Free, None), "free");
    }

    #[test]
    fn what_costs_more_or_nobody_knows_how_much_asks_and_what_is_free_does_not() {
        let money = |text: &str| text.parse::<Money>().expect("money");
        let estimated = |text| Cost::Estimated(money(text));
        let limit = Some(money("0.10 USD"));
        for (estimate, expected) in [
            (estimated("0.10 USD"), false),
            (estimated("0.100000001 USD"), true),
            (estimated("0.01 EUR"), true),
            (Cost::Unknown, true),
            (Cost::Free, false),
        ] {
            assert_eq!(is_above(limit, &estimate), expected, "{estimate:?}");
            assert!(!is_above(None, &estimate));
        }
    }
}
