//! What the user is told about a call once it is settled.

use std::sync::Arc;

pub use crate::cost::CallId;
use crate::cost::estimate::Estimate;
use crate::cost::{Row, Totals};

/// A settled call.
#[derive(Debug, Clone)]
pub struct Report {
    /// The row as it stands in the ledger.
    pub row: Row,
    /// What has been spent, this call included.
    pub totals: Totals,
    /// What it was expected to cost, where its answer was reckoned with.
    pub expected: Option<Estimate>,
    /// Whether the call was reported before, with what was known by then.
    pub is_correction: bool,
}

/// Takes the reports. It is called on the ledger's thread and must not wait.
pub type Reporter = Arc<dyn Fn(Report) + Send + Sync>;
