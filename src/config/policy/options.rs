//! What a party writes; each doc comment is the setting's manual entry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::payer::Payer;
use crate::config::actions;
use crate::cost::Money;

/// Which models may be asked. The same rules can stand in your own file, in your organisation's and in a workspace's `.byok.toml`; all of them hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyOptions {
    /// `false`: no ghost text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<bool>,
    /// `false`: no code actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<bool>,
    /// The providers that may be asked, by name; the embedded engine always may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub providers: Option<Vec<String>>,
    /// Providers that must not be asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deny_providers: Vec<String>,
    /// The models that may be asked, as `provider/model` with `*` for any text; the embedded engine always may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
    /// Models that must not be asked, as `provider/model` with `*` for any text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deny_models: Vec<String>,
    /// Who may be the one to pay: `nobody`, `own-key`, `credits`, `own-account`, `gateway` (either of these two, where
    /// `routing.payer` of OpenRouter does not say which), `relay`, `subscription`, `power`, `free-pool`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payers: Option<Vec<Payer>>,
    /// The most that a million tokens of input may cost, such as `"3 USD"`; a model whose price nobody knows, or in another currency, costs too much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_input_price: Option<String>,
    /// The most that a million tokens of output may cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_price: Option<String>,
    /// `true`: nothing is asked that would leave this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline: Option<bool>,
    /// `false`: only providers that do not learn from what they are sent. OpenRouter is told so with each request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<bool>,
    /// `false`: only providers that keep nothing of what they are sent. OpenRouter is told so with each request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<bool>,
    /// The regions in which a provider may work on what it is sent, such as `["eu"]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions: Option<Vec<String>>,
    /// Whether what nobody knows of a provider counts as what `training`, `retention` and `regions` forbid. Default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// Files that may be shown to certain providers only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathOptions>,
}

/// Files that may be shown to certain providers only: those that meet each of the conditions that are named here, one of which must be. What is to hold
/// for either of two conditions is two rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathOptions {
    /// Files by their names, from the workspace's folder on, as `.gitignore` writes them: `["secret/", "*.sql"]`.
    #[serde(rename = "match", default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Files in one of these languages, by their ids such as `rust`: as the editor says, or as their names do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Files in whose first 4096 bytes one of these texts stands, letter by letter: `["CONFIDENTIAL"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markers: Vec<String>,
    /// The providers that they may be shown to, by name; `"local"` is whatever server runs on this machine and passes nothing on; `[]` is nobody. The embedded
    /// engine always may, which sends nothing.
    pub providers: Vec<String>,
}

impl PolicyOptions {
    /// Returns whether what is not known of a provider counts as what is feared.
    pub(super) fn unknown_counts(&self) -> bool {
        self.strict != Some(false)
    }
}

/// Reads a price for a million tokens.
pub(super) fn price(text: &str) -> Result<Money, String> {
    actions::money(text)
}

pub(super) fn check_regions(written: &PolicyOptions) -> Result<(), String> {
    let is_word = |region: &String| {
        (2..=32).contains(&region.len())
            && region
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    let regions = written.regions.iter().flatten();
    match regions.into_iter().find(|region| !is_word(region)) {
        None => Ok(()),
        Some(_) => Err("a region is a word in small letters, such as \"eu\" or \"us\"".into()),
    }
}
