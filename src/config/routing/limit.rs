//! How many calls a provider is sent at once and in a minute.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many calls go to a provider, for each of its keys. Some are kept for code actions, which so never wait behind ghost text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitOptions {
    /// How many at once, from 2; one of them is kept for code actions. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 1000))]
    pub concurrent: Option<u32>,
    /// How many in a minute, from 2; a fifth of them, and one at least, is kept for code actions. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 10000))]
    pub requests_per_minute: Option<u32>,
}

/// Checks limits; a failure is its key and the message.
pub(super) fn check(limit: LimitOptions) -> Result<(), (&'static str, String)> {
    let is_outside = |value: Option<u32>, most| value.is_some_and(|it| !(2..=most).contains(&it));
    if is_outside(limit.concurrent, 1_000) {
        return Err(("concurrent", "it is from 2 to 1000".into()));
    }
    if is_outside(limit.requests_per_minute, 10_000) {
        return Err(("requests_per_minute", "it is from 2 to 10000".into()));
    }
    Ok(())
}
