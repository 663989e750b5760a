//! What users write in `[budget]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much may be spent, and what is done then. No call is sent whose worst case would break a cap, in whichever editor.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetOptions {
    /// The most that a single request may cost, such as `"0.10 USD"`. A request beyond it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The most that one server may spend while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The most that may be spent in an hour of the clock, by all editors on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour: Option<String>,
    /// The most that may be spent on a local day, by all editors on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// The most that may be spent in a local month, by all editors on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// Caps on some of the calls only, or with another consequence than refusal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<CapOptions>,
    /// What is done while the ledger cannot be used, so that nobody knows what was spent. Default `refuse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when_unsure: Option<WhenUnsureOption>,
    /// What is done about a model whose price nobody knows, where a cap applies. Default `assume`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_price: Option<UnknownPriceOption>,
    /// What one unit of a currency is worth in that of the caps: `EUR = "1.08 USD"`. A call whose price is in a currency without a rate is
    /// refused where a cap of another currency applies.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub exchange: BTreeMap<String, String>,
}

/// One cap: on the calls that have all that is named.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapOptions {
    /// How much, such as `"1 USD"`.
    pub amount: String,
    /// In which time.
    pub per: PerOption,
    /// What is done when a call would break it. Default `hard`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<AtOption>,
    /// With `at = "degrade"`: the model that is asked instead, `provider/model` or `local`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degrade_to: Option<String>,
    /// Its name in messages. Default: its time, and what it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A provider's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// A model: `provider/model`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// A key's label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the calls are for: `completion`, `speculation` or `action`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// A workspace's folder, by its whole path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// An environment, such as `work`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// The time in which a cap counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PerOption {
    /// A single request.
    Request,
    /// The life of one server.
    Session,
    /// An hour of the clock.
    Hour,
    /// A local day.
    #[default]
    Day,
    /// A local month.
    Month,
}

/// What is done when a call would break a cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AtOption {
    /// You are told once, and the call goes on.
    Soft,
    /// You are asked before an action goes on; ghost text is refused.
    Ask,
    /// The call is refused.
    #[default]
    Hard,
    /// The model in `degrade_to` is asked instead.
    Degrade,
}

/// What is done while the ledger cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhenUnsureOption {
    /// Nothing is sent that costs money.
    Refuse,
    /// Calls go on, and the caps do not hold.
    Allow,
}

/// What is done about a model whose price nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownPriceOption {
    /// It is taken to cost what its provider's dearest models do; if nothing is known of them either, it is refused.
    Assume,
    /// It is not asked.
    Refuse,
}
