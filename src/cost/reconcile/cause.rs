//! Why two sides differ, as far as the numbers show it.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Line;
use crate::cost::Tokens;

/// Why the ledger and a provider differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The provider counted another number of calls.
    Calls {
        /// In the ledger.
        here: u64,
        /// At the provider.
        there: u64,
    },
    /// The ledger knows no price.
    Unpriced(u64),
    /// The ledger had to estimate, because calls were left before the provider told.
    Estimated(u64),
    /// The provider took another number of tokens from its cache.
    Cached {
        /// In the ledger.
        here: u64,
        /// At the provider.
        there: u64,
    },
    /// The provider counted other tokens.
    Tokens {
        /// In the ledger.
        here: u64,
        /// At the provider.
        there: u64,
    },
    /// The same tokens cost a little more: a fee, or a tax, in thousandths.
    Fee(u64),
    /// The same tokens cost something else.
    Price,
}

/// Providers' statements are rounded, some to a hundredth of a cent for each call.
const ROUNDING_PER_CALL: u64 = 100_000;

/// A surcharge up to here may be a fee; more is another price.
const HIGHEST_FEE_PER_MILLE: i64 = 150;

impl Cause {
    /// Returns why both sides differ, or `None` if they agree as far as both say.
    pub(super) fn of(here: &Line, there: &Line) -> Option<Self> {
        if let (Some(here), Some(there)) = (here.calls, there.calls)
            && here != there
        {
            return Some(Self::Calls { here, there });
        }
        if let Some(cause) = by_tokens(here, there) {
            return Some(cause);
        }
        let their = there.cost?;
        let Some(our) = here.cost else {
            return (here.unpriced > 0).then_some(Self::Unpriced(here.unpriced));
        };
        let Ok(more) = their.checked_sub(our) else {
            return Some(Self::Price);
        };
        let calls = here.calls.unwrap_or(1).max(1);
        if more.nanos().unsigned_abs() <= rounding(calls, our.nanos()) {
            return None;
        }
        if here.unpriced > 0 {
            return Some(Self::Unpriced(here.unpriced));
        }
        if here.estimated > 0 {
            return Some(Self::Estimated(here.estimated));
        }
        let per_mille = (i128::from(more.nanos()) * 1_000)
            .checked_div(our.nanos().into())
            .and_then(|it| i64::try_from(it).ok());
        match per_mille {
            Some(fee @ 1..=HIGHEST_FEE_PER_MILLE) => Some(Self::Fee(fee.unsigned_abs())),
            _ => Some(Self::Price),
        }
    }
}

/// What rounding may make of so many calls: no more than a hundredth of a cent each, nor a thousandth of the sum.
fn rounding(calls: u64, sum: i64) -> u64 {
    let each = calls.saturating_mul(ROUNDING_PER_CALL);
    each.min(sum.unsigned_abs() / 1_000).max(1)
}

fn by_tokens(here: &Line, there: &Line) -> Option<Cause> {
    let (our, their) = (here.tokens?, there.tokens?);
    let sum = |tokens: &Tokens| tokens.input_total().saturating_add(tokens.output);
    if sum(&our) != sum(&their) {
        return Some(if here.estimated > 0 {
            Cause::Estimated(here.estimated)
        } else {
            Cause::Tokens {
                here: sum(&our),
                there: sum(&their),
            }
        });
    }
    (our.cache_read != their.cache_read).then_some(Cause::Cached {
        here: our.cache_read,
        there: their.cache_read,
    })
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calls { here, there } if there > here => write!(
                f,
                "{} calls are not in the ledger: another program used the same account, or rows were lost",
                there - here
            ),
            Self::Calls { here, there } => {
                write!(
                    f,
                    "{} calls are in the ledger that the provider does not count",
                    here - there
                )
            }
            Self::Unpriced(calls) => write!(f, "the ledger knows no price for {calls} calls"),
            Self::Estimated(calls) => {
                write!(
                    f,
                    "the ledger had to estimate {calls} calls that were left early"
                )
            }
            Self::Cached { here, there } => write!(
                f,
                "tokens from the cache: {here} in the ledger, {there} at the provider"
            ),
            Self::Tokens { here, there } => {
                write!(f, "tokens: {here} in the ledger, {there} at the provider")
            }
            Self::Fee(per_mille) => write!(
                f,
                "a fee or a tax of about {}.{} %",
                per_mille / 10,
                per_mille % 10
            ),
            Self::Price => f.write_str("the same tokens at another price"),
        }
    }
}

/// As `{kind, text}`, so that scripts need not read sentences.
impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let kind = match self {
            Self::Calls { .. } => "calls",
            Self::Unpriced(_) => "unpriced",
            Self::Estimated(_) => "estimated",
            Self::Cached { .. } => "cached",
            Self::Tokens { .. } => "tokens",
            Self::Fee(_) => "fee",
            Self::Price => "price",
        };
        let mut cause = serializer.serialize_struct("Cause", 2)?;
        cause.serialize_field("kind", kind)?;
        cause.serialize_field("text", &self.to_string())?;
        cause.end()
    }
}
