//! What users write. Every field is optional, an unknown one is a mistake, and each doc comment is the setting's manual entry, since the
//! JSON schema carries it into the editors.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actions::ActionsOptions;
use super::audit::AuditOptions;
use super::billing::PowerOptions;
use super::budget::BudgetOptions;
use super::context::ContextOptions;
use super::eagerness::Eagerness;
use super::fallback::FallbackOptions;
use super::free::FreeOptions;
use super::key_option::{KeyFrom, KeyOption};
use super::ledger::LedgerOptions;
use super::log::LogOptions;
use super::openrouter::{AppOptions, RoutingOptions};
use super::organisation::OrganisationOptions;
use super::policy::{DataOptions, PolicyOptions};
use super::privacy::PrivacyOptions;
use super::project::ProjectOptions;
use super::routing::RoutesOptions;
use super::telemetry::TelemetryOptions;

/// All that can be configured, in the user's file and in the editor alike.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Ghost text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<CompletionOptions>,
    /// What a model is shown besides the text at the cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<ContextOptions>,
    /// What may leave the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<PrivacyOptions>,
    /// Which models may be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyOptions>,
    /// What else is said so, by a second layer: all of it holds.
    #[serde(skip)]
    pub more_policies: Vec<PolicyOptions>,
    /// Where your organisation's rules are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationOptions>,
    /// Code actions: what is done on demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<ActionsOptions>,
    /// How a model is chosen where several might do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing: Option<RoutesOptions>,
    /// Projects that have models of their own; from your own file only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<ProjectOptions>,
    /// Models that take the place of one that does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<FallbackOptions>,
    /// How much may be spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetOptions>,
    /// What is kept of calls, and what they are tagged with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerOptions>,
    /// The log of what left the machine and what was kept here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditOptions>,
    /// The log file, for whoever looks for a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogOptions>,
    /// What is told of each call to a collector of yours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<TelemetryOptions>,
    /// What runs on this machine: the embedded engine and local model servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalOptions>,
    /// How providers are reached: a proxy, certificates of a company's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkOptions>,
    /// Where keys are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeysOptions>,
    /// Providers by name: those that are not well known, and changes to those that are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub providers: BTreeMap<String, ProviderOptions>,
}

/// Ghost text.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CompletionOptions {
    /// The model: `provider/model`, `local` for the embedded engine, or `auto` (the default): an enabled local model server if one
    /// answers, else the embedded engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// When ghost text comes by itself: `quiet`, `balanced` (the default), `eager`, or `manual`: only when asked by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Eagerness>,
    /// Fixes how long to wait after a key before a provider is asked, in milliseconds. An explicit request never waits, and neither does the
    /// embedded engine. Default: by the rhythm of typing, the provider's speed and price, and how often suggestions were followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 5000))]
    pub debounce_ms: Option<u64>,
    /// The most tokens a suggestion may cost. Default 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4096))]
    pub max_tokens: Option<u32>,
    /// The most lines a suggestion may have. Default 12.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub max_lines: Option<u32>,
    /// What may be spent in a day on asking for what follows a suggestion while that is still on the screen: `"0.20 USD"`. Such calls are the
    /// feature `speculation` in reports and caps. Default: nothing is asked ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speculation: Option<String>,
}

/// What runs on this machine.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocalOptions {
    /// Local model servers that `auto` may use when they answer on loopback, by provider name and in order of preference:
    /// `["llama-cpp", "ollama", "lm-studio"]`. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub servers: Option<Vec<String>>,
    /// How sure the embedded engine must be to speak, in percent from 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100))]
    pub min_confidence: Option<u8>,
    /// Whether the embedded engine answers in a provider's place where it is all but sure, for nothing. Default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<bool>,
    /// The most tokens of source code that the embedded engine's index may hold. Read when the server starts, so from the user's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_index_tokens: Option<usize>,
}

/// How providers are reached. Editors must take this from the user or the machine, never from a workspace.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkOptions {
    /// The proxy: its address without a password, such as `http://proxy.example.com:3128`; `none`; or `system` (the default): what
    /// `HTTPS_PROXY` and `NO_PROXY` say, else the system's settings. Servers on this machine are reached without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// A file of certificates in PEM that are trusted besides the system's own, by its whole path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<String>,
    /// `true`: nothing but this machine is reached, whatever else is set; models elsewhere are not asked. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline: Option<bool>,
    /// How many seconds to wait for a connection, from 1 to 600. Default 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 600))]
    pub connect_s: Option<u64>,
    /// How many seconds to wait for an answer to begin, from 1 to 600; a local server may have to load its model first. Default 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 600))]
    pub first_byte_s: Option<u64>,
    /// How many seconds an answer may pause, from 1 to 600. Default 15.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 600))]
    pub idle_s: Option<u64>,
}

/// Where keys are kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeysOptions {
    /// The store that `byok-lsp key set` writes and that keys are read from. Default `auto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreOption>,
    /// Where the passphrase of the encrypted file comes from: `{ env = "NAME" }` or `{ command = ["program", "argument"] }`. In a terminal it
    /// is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<KeyFrom>,
    /// The name of this environment, for keys that are kept for one (`byok-lsp key set --environment`): `dev`, `prod`, or another word. From
    /// your own file only. Default: what `BYOK_ENVIRONMENT` says, else `dev`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// A store for keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoreOption {
    /// The first of the others that works; all of them are read.
    #[default]
    Auto,
    /// The system's: Keychain, Credential Manager, Secret Service.
    System,
    /// The kernel's, on Linux: kept in memory until the session ends or the machine restarts.
    Session,
    /// A file that a passphrase opens.
    File,
}

/// One provider: an account at a model service, or a server on this machine.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderOptions {
    /// The wire protocol it speaks. Needed for a name that is not well known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire: Option<Wire>,
    /// Where it answers, up to and including the version: `https://api.example.com/v1`. Needed for a name that is not well known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The header that carries its key. Default: the one that the provider, or its wire's maker, reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// Where its key comes from: `"keyring"` or `{ keyring = "label" }`, `{ env = "NAME" }`, `{ command = ["program", "argument"] }`, or
    /// `"none"`. Never the key itself. Default: the stored one if there is one, else the variable that the provider's own tools read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyOption>,
    /// Prices by model, for contracts and for models that no catalogue knows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub prices: BTreeMap<String, PriceOptions>,
    /// A discount on the catalogue's prices, such as `"20%"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<String>,
    /// Discounts on single models, by the provider's names for them, in place of that.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub discounts: BTreeMap<String, String>,
    /// A fee for each month in place of any price, such as `"20 USD/month"`: no call then costs anything more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// The power that a server on this machine draws while it answers, and what it costs: `{ watts = 300, kwh = "0.30 EUR" }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power: Option<PowerOptions>,
    /// What it gives for nothing: with this, no call by this key is billed (of OpenRouter: none to a model whose name ends in `:free`), within these limits. From
    /// your own file only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<FreeOptions>,
    /// What you have agreed upon with it about what it is sent, for the rules of `policy`. From your own file only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<DataOptions>,
    /// How OpenRouter chooses among the providers behind it. A mistake with any other provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing: Option<RoutingOptions>,
    /// The name under which OpenRouter shows your calls. None is sent unless you write one. A mistake with any other provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppOptions>,
}

/// A wire protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Wire {
    /// OpenAI's Chat Completions: `POST {base_url}/chat/completions`.
    #[default]
    #[serde(rename = "openai-chat")]
    OpenAiChat,
    /// OpenAI's older Completions with `prompt` and `suffix`: `POST {base_url}/completions`.
    #[serde(rename = "openai-completions")]
    OpenAiCompletions,
    /// OpenAI's Responses: `POST {base_url}/responses`.
    #[serde(rename = "openai-responses")]
    OpenAiResponses,
    /// Anthropic's Messages: `POST {base_url}/messages`.
    AnthropicMessages,
    /// Google's `POST {base_url}/models/{model}:streamGenerateContent`.
    Gemini,
    /// Ollama's `POST /api/chat`, beside the `/v1` at the end of `base_url`.
    OllamaChat,
    /// Ollama's `POST /api/generate` with `suffix`, beside the `/v1` at the end of `base_url`.
    OllamaGenerate,
    /// Mistral's and Inception's `POST {base_url}/fim/completions`.
    FimCompletions,
    /// `POST {base_url}/completions` with a prompt made here, for raw models that were trained to fill holes.
    FimTemplate,
    /// Cohere's own `POST {base_url}/chat`, version 2.
    CohereChat,
    /// Bedrock's `POST {base_url}/model/{model}/converse-stream`.
    BedrockConverse,
    /// llama.cpp's `POST /infill`, beside the `/v1` at the end of `base_url`.
    LlamaCppInfill,
}

impl Wire {
    /// Returns whether it takes text with a hole in it, rather than a conversation.
    pub fn fills(self) -> bool {
        match self {
            Self::OpenAiCompletions
            | Self::OllamaGenerate
            | Self::FimCompletions
            | Self::FimTemplate
            | Self::LlamaCppInfill => true,
            Self::OpenAiChat
            | Self::OpenAiResponses
            | Self::AnthropicMessages
            | Self::Gemini
            | Self::OllamaChat
            | Self::CohereChat
            | Self::BedrockConverse => false,
        }
    }
}

/// The header that carries a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// `Authorization: Bearer KEY`.
    #[default]
    Bearer,
    /// `x-api-key: KEY`, as Anthropic reads it.
    XApiKey,
    /// `x-goog-api-key: KEY`, as Google reads it.
    XGoogApiKey,
    /// `api-key: KEY`, as Azure reads it.
    ApiKey,
}

/// What a model costs, in decimal text per million tokens, such as `"0.15 USD"`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceOptions {
    /// A million tokens of input.
    pub input: String,
    /// A million tokens of output.
    pub output: String,
    /// A million tokens of input that the provider had cached. Default: as `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<String>,
    /// A million tokens written to the provider's cache. Default: as `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<String>,
}
