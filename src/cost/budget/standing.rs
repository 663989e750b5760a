//! How a cap stands: what was spent, what is reserved, and what that means for the next call.

use jiff::Timestamp;

use super::super::money::Money;
use super::{AtCap, Cap};

/// How a cap stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The cap.
    pub cap: Cap,
    /// What was spent, in the cap's currency.
    pub spent: Money,
    /// What is reserved for calls that are under way.
    pub reserved: Money,
    /// How it stands in a word.
    pub state: CapState,
    /// When, within its span, a damaged ledger was moved aside: what was spent before is not known.
    pub lost: Option<Timestamp>,
}

/// How a cap stands in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapState {
    /// There is room.
    Ok,
    /// A soft cap is passed.
    Warned,
    /// The user is asked before each further call.
    Asked,
    /// Calls are refused.
    Reached,
    /// The cheaper model answers.
    Degraded,
}

impl CapState {
    /// Returns the state of a cap that a call would break.
    pub fn of_broken(at: &AtCap) -> Self {
        match at {
            AtCap::Soft => Self::Warned,
            AtCap::Ask => Self::Asked,
            AtCap::Hard => Self::Reached,
            AtCap::Degrade { .. } => Self::Degraded,
        }
    }
}

impl Standing {
    /// Returns what is left; below nothing where a soft cap was passed.
    pub fn left(&self) -> Money {
        let used = self.spent.nanos().saturating_add(self.reserved.nanos());
        let left = self.cap.amount.nanos().saturating_sub(used);
        Money::from_nanos(left, self.cap.amount.currency())
    }
}
