//! Where a price is from, as it is stored with each row.

use serde::{Deserialize, Serialize};

/// Where a price is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The price catalogue.
    Catalogue {
        /// The catalogue's name, version and date.
        version: String,
        /// The catalogue's name for the model.
        model: String,
    },
    /// The user's configuration.
    Config,
    /// Another price, less a discount of the user's.
    Discounted {
        /// How much less, as the user wrote it: `12.5%`.
        discount: String,
        /// Where the other price is from.
        from: Box<Origin>,
    },
    /// The user's flat rate: no call costs anything more.
    Subscription {
        /// What they pay for a month.
        fee: String,
    },
    /// The power that this machine draws while it answers.
    Power {
        /// How much.
        watts: u32,
        /// What a kilowatt-hour costs.
        kwh: String,
    },
    /// None: the model's price is not known, and it was taken to cost what the dearest known models of its provider do.
    Assumed,
}

/// For people: where a price is from.
impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Catalogue { version, .. } => write!(f, "the price catalogue ({version})"),
            Self::Config => f.write_str("your own price"),
            Self::Discounted { discount, from } => write!(f, "{from}, less {discount}"),
            Self::Subscription { fee } => write!(f, "your subscription of {fee} a month"),
            Self::Power { watts, kwh } => {
                write!(
                    f,
                    "the power of this machine ({watts} W at {kwh} for a kWh)"
                )
            }
            Self::Assumed => f.write_str("the dearest of this provider's known models"),
        }
    }
}
