//! How readily a model is asked that nobody asked for.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When ghost text comes by itself; the later ones ask less.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    Serialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Eagerness {
    /// At nearly every key for which nothing is known: the most calls.
    Eager,
    /// As soon as the rhythm of typing, the provider and its price make it worth the call.
    #[default]
    Balanced,
    /// In pauses, and where suggestions were followed so far: the fewest calls.
    Quiet,
    /// Only when asked by hand.
    Manual,
}

impl fmt::Display for Eagerness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Eager => "eager",
            Self::Balanced => "balanced",
            Self::Quiet => "quiet",
            Self::Manual => "manual",
        })
    }
}
