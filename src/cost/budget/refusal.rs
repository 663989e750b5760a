//! Why a call is not sent for the sake of money.

use super::super::money::{Currency, Money};
use super::{AtCap, Cap, Per, Standing};

/// Why a call is not sent for the sake of money; each message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It could break a cap.
    #[error("{}", broken(.standing, *.worst))]
    Cap {
        /// How the cap stands.
        standing: Box<Standing>,
        /// What the call may cost at most.
        worst: Money,
    },
    /// Nobody knows its price, and caps apply.
    #[error(
        "nobody knows the price of {model}, and your budget caps what it may cost; give its price in [providers.{provider}.prices.\"{model}\"], or choose another model"
    )]
    NoPrice {
        /// The provider's name.
        provider: String,
        /// The model.
        model: String,
    },
    /// Its price is in another currency than a cap's.
    #[error(
        "the model's price is in {priced} and the cap \"{cap}\" in {capped}; write what {priced} is worth, such as budget.exchange.{priced} = \"1.10 {capped}\""
    )]
    Currency {
        /// The cap's name.
        cap: String,
        /// The cap's currency.
        capped: Currency,
        /// The price's.
        priced: Currency,
    },
    /// The ledger cannot say what was spent.
    #[error(
        "what was spent is not known, so nothing that costs money is sent: {0}; or set budget.when_unsure = \"allow\""
    )]
    Unsure(String),
    /// A loop was halted.
    #[error("{0}")]
    Halted(String),
}

impl Refusal {
    /// Returns the model to ask instead, if the cap says so: its provider and its name.
    pub fn instead(&self) -> Option<(&str, &str)> {
        match self {
            Self::Cap { standing, .. } => match &standing.cap.at {
                AtCap::Degrade { provider, model } => Some((provider, model)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns whether the user may be asked to let the call pass.
    pub fn may_be_asked(&self) -> bool {
        matches!(self, Self::Cap { standing, .. } if standing.cap.at == AtCap::Ask)
    }
}

fn broken(standing: &Standing, worst: Money) -> String {
    let Cap {
        name, amount, per, ..
    } = &standing.cap;
    let per = match per {
        Per::Request => {
            return format!(
                "this request may cost up to {worst}, and the cap \"{name}\" allows {amount} each; ask for less, choose a cheaper model, or raise the cap"
            );
        }
        Per::Session => "in this session",
        Per::Hour => "in this hour",
        Per::Day => "today",
        Per::Month => "this month",
    };
    let reserved = match standing.reserved.nanos() {
        0 => String::new(),
        _ => format!(", {} reserved for calls under way", standing.reserved),
    };
    format!(
        "the cap \"{name}\" of {amount} is reached: {} spent {per}{reserved}, and this call may cost up to {worst}; choose a cheaper model, or raise the cap",
        standing.spent
    )
}
