//! What may leave the machine of the text that may be sent at all.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What may leave the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacyOptions {
    /// What becomes of text that looks like a credential, where a model elsewhere is asked: `mask` (the default) puts a stand-in in its place, and
    /// the credential back into the answer; `refuse` does not ask; `send` sends it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
}

/// What becomes of text that looks like a credential; the later, the stricter.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Credentials {
    /// It is sent as it is.
    Send,
    /// A stand-in is sent.
    #[default]
    Mask,
    /// Nothing is sent.
    Refuse,
}

impl fmt::Display for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Send => "send",
            Self::Mask => "mask",
            Self::Refuse => "refuse",
        })
    }
}

/// Lays one layer over another.
pub(super) fn merge(below: PrivacyOptions, above: PrivacyOptions) -> PrivacyOptions {
    PrivacyOptions {
        credentials: above.credentials.or(below.credentials),
    }
}
