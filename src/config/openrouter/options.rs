//! What users write for OpenRouter; each doc comment is the setting's manual entry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How OpenRouter chooses among the providers that offer a model. What is left out is decided by OpenRouter and by your account there.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RoutingOptions {
    /// Models to ask, in this order, where the one that was named cannot answer; three at most. Each is billed at its own price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
    /// Providers to try first, in this order: `["anthropic", "google-vertex/us-east5"]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<String>>,
    /// The only providers that may be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
    /// Providers that must not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore: Option<Vec<String>>,
    /// Whether other providers may be asked when the first one fails. OpenRouter's default is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_fallbacks: Option<bool>,
    /// What the best provider is best at: `price`, `throughput`, `latency`, or `exacto` for the most exact use of tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<Sort>,
    /// Whether `sort` looks at one model after the other (`model`, OpenRouter's default) or at the providers of all `models` at once (`none`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// The most that may be paid; a call that nobody serves for it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_price: Option<MaxPriceOptions>,
    /// The precisions in which a model may be run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantizations: Option<Vec<Quantization>>,
    /// `deny` leaves out providers that keep what they are sent, or learn from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_collection: Option<DataCollection>,
    /// Whether only endpoints may be asked that keep nothing at all (zero data retention).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zdr: Option<bool>,
    /// Whether only providers may be asked that know every parameter of the request. OpenRouter's default is false: unknown ones are ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_parameters: Option<bool>,
    /// Who is to pay: `credits`, yours at OpenRouter; or `own-account`, yours at the provider behind it, by the key that you left with OpenRouter, which
    /// `only` must name. What each answer says is compared: where somebody else has paid you are told, and that model is not asked again until
    /// `byok.resume`. Default: whoever OpenRouter bills, which is noted, and a payer of its own to `policy.payers` and `fallback`: `gateway`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<UpstreamPayer>,
}

impl RoutingOptions {
    /// Lays these options over others: what they say wins, what they leave out stays.
    pub(in crate::config) fn over(below: Self, above: Self) -> Self {
        Self {
            models: above.models.or(below.models),
            order: above.order.or(below.order),
            only: above.only.or(below.only),
            ignore: above.ignore.or(below.ignore),
            allow_fallbacks: above.allow_fallbacks.or(below.allow_fallbacks),
            sort: above.sort.or(below.sort),
            partition: above.partition.or(below.partition),
            max_price: above.max_price.or(below.max_price),
            quantizations: above.quantizations.or(below.quantizations),
            data_collection: above.data_collection.or(below.data_collection),
            zdr: above.zdr.or(below.zdr),
            require_parameters: above.require_parameters.or(below.require_parameters),
            payer: above.payer.or(below.payer),
        }
    }
}

/// What the best provider is best at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// The cheapest.
    Price,
    /// The most tokens a second.
    Throughput,
    /// The soonest first token.
    Latency,
    /// The most exact use of tools.
    Exacto,
}

/// Which providers are sorted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Partition {
    /// Those of one model.
    Model,
    /// Those of all models.
    None,
}

/// A precision of a model's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(
    missing_docs,
    reason = "the names are the values, and say all there is to say"
)]
pub enum Quantization {
    Int4,
    Int8,
    Fp4,
    Mxfp4,
    Nvfp4,
    Fp6,
    Fp8,
    Mxfp8,
    Fp16,
    Bf16,
    Fp32,
    Unknown,
}

/// Who pays for what a gateway passes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UpstreamPayer {
    /// The user's credits at the gateway.
    Credits,
    /// The user's own account at the provider behind it.
    OwnAccount,
}

/// What providers may do with what they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DataCollection {
    /// Keep it, or learn from it.
    Allow,
    /// Neither.
    Deny,
}

/// The most that may be paid, in decimal text, such as `"0.50 USD"`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MaxPriceOptions {
    /// For a million tokens of input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// For a million tokens of output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<String>,
    /// For the request itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// The name under which OpenRouter shows calls, to you and in its public rankings. Without it none is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppOptions {
    /// The app's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The app's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl AppOptions {
    /// Lays these options over others.
    pub(in crate::config) fn over(below: Self, above: Self) -> Self {
        Self {
            title: above.title.or(below.title),
            url: above.url.or(below.url),
        }
    }
}
