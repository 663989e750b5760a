//! Configuration: what users write ([`Options`]), what code reads ([`Settings`]), and the layers between them.
//!
//! Entry point: [`Layers`]. The same schema serves the user's file (TOML), the editor's `initializationOptions` and
//! `workspace/didChangeConfiguration` (JSON); the editor's wins, key by key. A layer with a mistake keeps its last good content, and the
//! mistake is reported as a [`Problem`] that names layer, key and fix; it never stops the server and never prints a key.
//!
//! Trust is graded: the user's own file may say everything, an editor's settings nothing that a key could leave by ([`editor`]), and a
//! workspace's file can only restrict what the others came to ([`WorkspaceFile`]).

mod actions;
mod audit;
mod billing;
mod budget;
mod completion;
mod context;
mod custom_action;
mod eagerness;
mod editor;
mod fallback;
mod families;
mod free;
mod key_option;
mod key_source;
mod known;
mod layer;
mod ledger;
mod log;
mod network;
mod openrouter;
mod options;
mod organisation;
mod pattern;
mod policy;
mod privacy;
mod problem;
mod project;
mod provider;
mod routing;
mod settings;
mod telemetry;
mod trust;
mod user_file;

pub use actions::ActionsOptions;
pub use audit::{AuditOptions, AuditSettings, WhenUnwritable};
pub use billing::PowerOptions;
pub use budget::{
    AtOption, BudgetOptions, CapOptions, PerOption, UnknownPriceOption, WhenUnsureOption,
};
pub use context::{ContextOptions, ContextSettings, ContextSource};
pub use custom_action::{CustomAction, CustomActionOptions, CustomNode, CustomOutput, fill};
pub use eagerness::Eagerness;
pub use fallback::{Fallback, FallbackOptions};
pub use families::{FimFamily, FimPiece};
pub use free::{Free, FreeOptions};
pub use key_option::{KeyFrom, KeyOption, KeyWord, LABEL, is_label};
pub use key_source::{DEFAULT_LABEL, Helper, KeySource, KeysSettings, Passphrase, host_of};
pub use known::ModelList;
pub use known::well_known_variables;
pub use layer::{Layer, Layers};
pub use ledger::{LedgerOptions, LedgerSettings};
pub use log::{LogLevel, LogOptions, LogSettings};
pub use network::{Network, Patience, Proxy};
pub use openrouter::{
    AppOptions, DataCollection, MaxPriceOptions, Partition, Quantization, RoutingOptions, Sort,
    UpstreamPayer,
};
pub use options::{
    Auth, CompletionOptions, KeysOptions, LocalOptions, NetworkOptions, Options, PriceOptions,
    ProviderOptions, StoreOption, Wire,
};
pub use organisation::{
    Again as OrganisationAgain, Key as OrganisationKey, Organisation, OrganisationOptions,
    Place as OrganisationPlace, Sources as OrganisationSources, State as OrganisationState,
    places as organisation_places, system_folder as organisation_folder,
};
pub use policy::{
    About, DataFacts, DataOptions, PathOptions, Payer, Policy, PolicyOptions, Refused, Rule, Source,
};
pub use privacy::Credentials;
pub use problem::Problem;
pub use project::{Project, ProjectOptions};
pub use provider::{ProviderSettings, Quirks, is_loopback, needs_address};
pub use routing::{
    LimitOptions, POOL, Pool, PoolModel, PoolOptions, RouteRule, Routes, RoutesOptions,
    RuleOptions, Strategy, TaskClass,
};
pub use settings::{ModelName, Settings};
pub use telemetry::{TelemetryOptions, TelemetrySettings};
pub use trust::{WORKSPACE_FILE, WorkspaceFile};
pub use user_file::{read as read_user_file, user_file};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

/// Returns the JSON schema of [`Options`], for editors that check settings while they are typed.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Options)
}
