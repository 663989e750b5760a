//! What can go wrong with money.

use std::time::Duration;

use super::money::Currency;

/// An error of this module; the message says what to do where there is something to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A text is no amount of money.
    #[error(
        "\"{0}\" is not an amount of money; write a number with at most nine decimals and a currency, such as \"2.50 USD\""
    )]
    NotAnAmount(String),
    /// A text is no currency.
    #[error("\"{0}\" is not a currency; write its three-letter code, such as \"USD\"")]
    NotACurrency(String),
    /// Amounts of two currencies met.
    #[error("{0} and {1} cannot be added; use one currency")]
    MixedCurrencies(Currency, Currency),
    /// A sum does not fit.
    #[error("the amount is too large to be counted")]
    TooLarge,
    /// A price is negative or beyond belief.
    #[error("\"{0}\" is not a price; write what a million tokens cost, such as \"3\" or \"3 USD\"")]
    NotAPrice(String),
    /// The ledger cannot be read.
    #[error("{0}")]
    Ledger(String),
    /// The ledger did not answer in time.
    #[error(
        "the ledger did not answer within {0:?}; its disk may be slow or another program may hold it; try again"
    )]
    NoAnswer(Duration),
}
