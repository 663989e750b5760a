//! Prices and the arithmetic from counts to money.

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
