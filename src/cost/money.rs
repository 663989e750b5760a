//! Money: a whole number of nano-units (10^-9) of one currency.
//!
//! Entry points: [`Money`] and [`Currency`]. Invariants: no float touches an amount; amounts of different currencies never
//! mix; arithmetic that would not fit is an error and never wraps.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Error;
use super::decimal::{self, Finer};

/// Nano-units in one unit of a currency.
pub const NANOS: i64 = 1_000_000_000;

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    nanos: i64,
    currency: Currency,
}

impl Money {
    /// An amount of `nanos` 10^-9 of the currency's unit.
    pub const fn from_nanos(nanos: i64, currency: Currency) -> Self {
        Self { nanos, currency }
    }

    /// Nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::from_nanos(0, currency)
    }

    /// Reads an amount that a program wrote, such as `9.6e-06`, to the nearest nano-unit, halves away from zero.
    ///
    /// Providers report costs as binary floats, whose text may carry noise in the 17th digit.
    pub fn reported(text: &str, currency: Currency) -> Option<Self> {
        decimal::parse(text, 9, Finer::Round).map(|nanos| Self::from_nanos(nanos, currency))
    }

    /// Reads what a program wrote as the price of one token, such as `4.5e-07`, as that of a million tokens.
    pub fn per_million(text: &str, currency: Currency) -> Option<Self> {
        decimal::parse(text, 15, Finer::Round).map(|nanos| Self::from_nanos(nanos, currency))
    }

    /// Rounds a number of 10^-15 units (tokens times nano-units per million) to the nearest nano-unit, halves away from zero;
    /// what does not fit becomes the largest amount.
    pub fn from_femtos(femtos: i128, currency: Currency) -> Self {
        const FEMTOS_PER_NANO: i128 = 1_000_000;
        let half = if femtos < 0 { -500_000 } else { 500_000 };
        let nanos = femtos.saturating_add(half) / FEMTOS_PER_NANO;
        let limit = if nanos < 0 { i64::MIN } else { i64::MAX };
        Self::from_nanos(i64::try_from(nanos).unwrap_or(limit), currency)
    }

    /// The amount in nano-units.
    pub const fn nanos(self) -> i64 {
        self.nanos
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Adds an amount of the same currency.
    pub fn checked_add(self, other: Self) -> Result<Self, Error> {
        self.combine(other, i64::checked_add)
    }

    /// Subtracts an amount of the same currency.
    pub fn checked_sub(self, other: Self) -> Result<Self, Error> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(self, other: Self, operation: fn(i64, i64) -> Option<i64>) -> Result<Self, Error> {
        if self.currency != other.currency {
            return Err(Error::MixedCurrencies(self.currency, other.currency));
        }
        let nanos = operation(self.nanos, other.nanos).ok_or(Error::TooLarge)?;
        Ok(Self::from_nanos(nanos, self.currency))
    }

    /// The exact amount as plain decimal text without its currency: `0.0000042`.
    pub fn to_decimal(self) -> String {
        let sign = if self.nanos < 0 { "-" } else { "" };
        let (units, nanos) = self.split();
        let text = format!("{sign}{units}.{nanos:09}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// The size, sign aside, as whole units and the nano-units beyond them.
    fn split(self) -> (u64, u64) {
        let size = self.nanos.unsigned_abs();
        (size / NANOS.unsigned_abs(), size % NANOS.unsigned_abs())
    }
}

/// Reads what a user wrote: `2 USD`, `$2`, `0.000003` (dollars when no currency is named), to the last digit.
impl FromStr for Money {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::NotAnAmount(text.chars().take(40).collect());
        let trimmed = text.trim();
        let (number, currency) = if let Some((symbol, currency)) = Currency::SYMBOLS
            .iter()
            .find(|(symbol, _)| trimmed.starts_with(symbol))
        {
            (trimmed[symbol.len()..].trim_start(), *currency)
        } else if let Some((number, code)) = trimmed.rsplit_once(char::is_whitespace) {
            (number.trim_end(), code.parse()?)
        } else {
            (trimmed, Currency::USD)
        };
        let nanos = decimal::parse(number, 9, Finer::Refuse).ok_or_else(refused)?;
        Ok(Self::from_nanos(nanos, currency))
    }
}

/// For people: `$12.34`, `$0.0123`, `<$0.0001`, `$0`; two decimals from one unit on, up to four below.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HUNDREDTH_OF_A_CENT: u64 = 100_000;
        let (units, nanos) = self.split();
        let (less, units, nanos) = match (units, nanos) {
            (0, 1..HUNDREDTH_OF_A_CENT) => ("<", 0, HUNDREDTH_OF_A_CENT),
            (0, _) => carried(units, nanos, HUNDREDTH_OF_A_CENT),
            _ => carried(units, nanos, 10_000_000),
        };
        let sign = if self.nanos < 0 { "-" } else { "" };
        let number = match (units, nanos) {
            (0, 0) => "0".to_owned(),
            (0, _) => {
                let decimals = format!("{:04}", nanos / HUNDREDTH_OF_A_CENT);
                let (cents, finer) = decimals.split_at(2);
                format!("0.{cents}{}", finer.trim_end_matches('0'))
            }
            _ => format!("{units}.{:02}", nanos / 10_000_000),
        };
        match self.currency.symbol() {
            Some(symbol) => write!(f, "{less}{sign}{symbol}{number}"),
            None => write!(f, "{less}{sign}{number} {}", self.currency),
        }
    }
}

/// Rounds to a multiple of `step` nano-units, carrying into the units.
fn carried(units: u64, nanos: u64, step: u64) -> (&'static str, u64, u64) {
    let rounded = (nanos + step / 2) / step * step;
    let unit = NANOS.unsigned_abs();
    ("", units + rounded / unit, rounded % unit)
}

/// A currency, by its three-letter ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The US dollar, in which nearly every provider bills.
    pub const USD: Self = Self(*b"USD");

    /// Signs that people write before a number, and show with it.
    const SYMBOLS: [(&str, Self); 3] =
        [("$", Self::USD), ("€", Self(*b"EUR")), ("£", Self(*b"GBP"))];

    /// The code: `USD`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a code is made of ASCII letters, see from_str")
    }

    fn symbol(self) -> Option<&'static str> {
        let known = Self::SYMBOLS.iter().find(|(_, known)| *known == self);
        known.map(|(symbol, _)| *symbol)
    }
}

impl FromStr for Currency {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self(code.map(|letter| letter.to_ascii_uppercase())))
            }
            _ => Err(Error::NotACurrency(text.chars().take(40).collect())),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn usd(nanos: i64) -> Money {
        Money::from_nanos(nanos, Currency::USD)
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let eur: Currency = "eur".parse().unwrap();
        assert_eq!("2 USD".parse::<Money>().unwrap(), usd(2 * NANOS));
        assert_eq!("$2.50".parse::<Money>().unwrap(), usd(2_500_000_000));
        assert_eq!(" 0.000003 ".parse::<Money>().unwrap(), usd(3_000));
        assert_eq!(
            "€ 1".parse::<Money>().unwrap(),
            Money::from_nanos(NANOS, eur)
        );
        for wrong in [
            "",
            "two",
            "2 dollars",
            "2 US",
            "1,50 USD",
            "0.0000000001",
            "USD",
            "2 $",
        ] {
            assert!(wrong.parse::<Money>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_shown_in_words_a_person_reads_at_a_glance() {
        let cases = [
            (0, "$0"),
            (1, "<$0.0001"),
            (99_999, "<$0.0001"),
            (100_000, "$0.0001"),
            (12_345_678, "$0.0123"),
            (500_000_000, "$0.50"),
            (999_960_000, "$1.00"),
            (1_004_000_000, "$1.00"),
            (12_345_000_000, "$12.35"),
            (1_999_000_000, "$2.00"),
            (-12_345_678, "-$0.0123"),
            (-1, "<-$0.0001"),
        ];
        for (nanos, expected) in cases {
            assert_eq!(usd(nanos).to_string(), expected);
        }
        let chf = Money::from_nanos(12_300_000, "CHF".parse().unwrap());
        assert_eq!(chf.to_string(), "0.0123 CHF");
    }

    #[test]
    fn currencies_do_not_mix_and_sums_do_not_wrap() {
        let eur = Money::from_nanos(1, "EUR".parse().unwrap());
        assert!(matches!(
            usd(1).checked_add(eur),
            Err(Error::MixedCurrencies(..))
        ));
        assert!(matches!(
            usd(i64::MAX).checked_add(usd(1)),
            Err(Error::TooLarge)
        ));
        assert_eq!(usd(3).checked_sub(usd(5)).unwrap(), usd(-2));
    }

    #[test]
    fn the_protocol_form_is_nanos_and_currency() {
        let json = serde_json::to_string(&usd(4_200)).unwrap();
        assert_eq!(json, r#"{"nanos":4200,"currency":"USD"}"#);
        assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), usd(4_200));
        assert!(serde_json::from_str::<Money>(r#"{"nanos":1.5,"currency":"USD"}"#).is_err());
        assert!(serde_json::from_str::<Money>(r#"{"nanos":1,"currency":"U\u0000D"}"#).is_err());
    }

    #[test]
    fn femtos_round_to_the_nearest_nano_and_saturate() {
        let cases = [
            (499_999, 0),
            (500_000, 1),
            (1_499_999, 1),
            (-500_000, -1),
            (i128::MAX, i64::MAX),
            (i128::MIN, i64::MIN),
        ];
        for (femtos, nanos) in cases {
            assert_eq!(Money::from_femtos(femtos, Currency::USD), usd(nanos));
        }
    }

    proptest! {
        #[test]
        fn decimal_text_survives_a_round_trip(nanos in any::<i64>()) {
            prop_assume!(nanos != i64::MIN);
            let money = usd(nanos);
            prop_assert_eq!(money.to_decimal().parse::<Money>().unwrap(), money);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,80}") {
            let _ = text.parse::<Money>();
            let _ = Money::reported(&text, Currency::USD);
            let _ = text.parse::<Currency>();
        }

        #[test]
        fn every_amount_can_be_shown(nanos in any::<i64>()) {
            prop_assert!(!usd(nanos).to_string().is_empty());
        }
    }
}
