//! How readily a model is asked that nobody asked for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When ghost text comes by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Eagerness {
    /// In pauses, and where suggestions were followed so far: the fewest calls.
    Quiet,
    /// As soon as the rhythm of typing, the provider and its price make it worth the call.
    #[default]
    Balanced,
    /// At nearly every key for which nothing is known: the most calls.
    Eager,
    /// Only when asked by hand.
    Manual,
}
