//! What code reads: options resolved, checked against each other and filled up with defaults.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::actions;
use super::audit::{self, AuditSettings};
use super::budget;
use super::completion;
use super::context::{self, ContextSettings};
use super::custom_action::CustomAction;
use super::eagerness::Eagerness;
use super::fallback::{self, Fallback};
use super::key_source::KeysSettings;
use super::ledger::{self, LedgerSettings};
use super::log::{self, LogSettings};
use super::network::{self, Network};
use super::options::Options;
use super::policy::{Policy, Refused, Source};
use super::privacy::Credentials;
use super::problem::Problem;
use super::project::{self, Project};
use super::provider::{self, ProviderSettings};
use super::routing::{self, Routes};
use super::telemetry::{self, TelemetrySettings};
use crate::cost::Money;
use crate::cost::budget::{AtCap, Budget, Cap};

/// All settings, immutable; a change of configuration makes new ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The model of ghost text.
    pub model: ModelName,
    /// When ghost text comes by itself.
    pub eagerness: Eagerness,
    /// How long an automatic request waits before a provider is asked, if the user fixed it.
    pub debounce: Option<Duration>,
    /// What may be spent in a day on what follows a suggestion before that is accepted; `None` asks for nothing ahead.
    pub speculation: Option<Money>,
    /// The most output tokens of a suggestion.
    pub max_tokens: u32,
    /// The most lines of a suggestion.
    pub max_lines: usize,
    /// What a model is shown besides the text at the cursor.
    pub context: Arc<ContextSettings>,
    /// What becomes of credentials in what is sent.
    pub credentials: Credentials,
    /// The model of code actions; `None` is that of ghost text.
    pub action_model: Option<ModelName>,
    /// The model that is asked once more where an answer to a code action cannot be used.
    pub escalation: Option<ModelName>,
    /// The most output tokens of one answer to a code action.
    pub action_max_tokens: u32,
    /// An action whose estimate is above this asks before it runs; `None` asks never.
    pub action_ask_above: Option<Money>,
    /// The user's own code actions.
    pub custom_actions: Arc<[Arc<CustomAction>]>,
    /// What checks the code of a language, by its id: a program and its arguments.
    pub action_checks: Arc<BTreeMap<String, Vec<String>>>,
    /// How much may be spent.
    pub budget: Arc<Budget>,
    /// What is kept of calls, and what they are tagged with.
    pub ledger: Arc<LedgerSettings>,
    /// How a model is chosen where several might do.
    pub routes: Arc<Routes>,
    /// Whether a log is kept of what leaves the machine.
    pub audit: AuditSettings,
    /// How much is written to the log file.
    pub log: LogSettings,
    /// Which collector is told of each call.
    pub telemetry: TelemetrySettings,
    /// Which models take the place of one that does not answer.
    pub fallback: Arc<Fallback>,
    /// Projects that have models of their own ([`Settings::in_project`]).
    pub projects: Vec<Project>,
    /// Providers whose servers on this machine `auto` may use, most preferred first.
    pub local_servers: Vec<String>,
    /// How sure the embedded engine must be to speak, in percent; `None` is the engine's own default.
    pub min_confidence: Option<u8>,
    /// Whether the embedded engine answers in a provider's place where it is all but sure.
    pub has_partner: bool,
    /// The bound of the embedded engine's index; `None` is the engine's own default.
    pub max_index_tokens: Option<usize>,
    /// How providers are reached that are not on this machine.
    pub network: Arc<Network>,
    /// Where keys are kept.
    pub keys: Arc<KeysSettings>,
    /// The well-known providers and the user's own, by name.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// What the user, their organisation and the workspace allow of all this.
    pub policy: Policy,
}

/// What `completion.model` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelName {
    /// An enabled local model server if one answers, else the embedded engine.
    Auto,
    /// The embedded engine.
    Local,
    /// A provider's model.
    Of {
        /// The provider's name.
        provider: String,
        /// The model as the provider calls it.
        model: String,
    },
    /// One of a pool's models, by the pool's name.
    Pool(String),
}

impl fmt::Display for ModelName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Local => formatter.write_str("local"),
            Self::Of { provider, model } => write!(formatter, "{provider}/{model}"),
            Self::Pool(name) => write!(formatter, "{}/{name}", routing::POOL),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: ModelName::Auto,
            eagerness: Eagerness::default(),
            debounce: None,
            speculation: None,
            max_tokens: 128,
            max_lines: 12,
            context: Arc::default(),
            credentials: Credentials::default(),
            action_model: None,
            escalation: None,
            action_max_tokens: 4096,
            action_ask_above: None,
            custom_actions: Arc::default(),
            action_checks: Arc::default(),
            budget: Arc::default(),
            ledger: Arc::default(),
            routes: Arc::default(),
            audit: AuditSettings::default(),
            log: LogSettings::default(),
            telemetry: TelemetrySettings::default(),
            fallback: Arc::default(),
            projects: Vec::new(),
            local_servers: Vec::new(),
            min_confidence: None,
            has_partner: false,
            max_index_tokens: None,
            network: Arc::default(),
            keys: Arc::default(),
            providers: provider::well_known(),
            policy: Policy::default(),
        }
    }
}

impl Settings {
    /// Returns whether completions may go to the embedded engine, so that it has to know the open documents.
    pub fn may_use_engine(&self) -> bool {
        let degrades = |cap: &Cap| matches!(&cap.at, AtCap::Degrade { provider, .. } if &**provider == "local");
        self.budget.caps.iter().any(degrades)
            || match &self.model {
                ModelName::Auto | ModelName::Local => true,
                ModelName::Of { provider, model } => {
                    self.has_partner
                        || self.policy.has_paths()
                        || self.judge(provider, model).is_err()
                }
                ModelName::Pool(name) => {
                    let pool = self.routes.pools.get(name);
                    let mut models = pool.into_iter().flat_map(|pool| &pool.models);
                    self.has_partner
                        || self.policy.has_paths()
                        || !models.any(|it| self.judge(&it.provider, &it.model).is_ok())
                }
            }
    }

    /// Returns whether a request has to say which files it shows.
    pub fn must_tell_files(&self) -> bool {
        self.audit.is_on || self.policy.has_paths()
    }

    /// Returns whether a model may be asked; else who forbids it, by which rule. Of a provider that is not configured there is nothing to say.
    pub fn judge(&self, provider: &str, model: &str) -> Result<(), Refused> {
        let route = self.route(provider, model);
        route.map_or(Ok(()), |route| self.policy.judge(&route, model))
    }

    /// Returns a provider's settings for one of its models, with what the policy has it told.
    pub fn route(&self, provider: &str, model: &str) -> Option<ProviderSettings> {
        let mut route = self.providers.get(provider)?.for_model(model);
        self.policy.shape(&mut route);
        Some(route)
    }

    /// Returns the models that a gateway would ask in the place of one of its models, and that the policy keeps out, with who forbids each.
    pub fn kept_out(&self, provider: &str, model: &str) -> Vec<(String, Refused)> {
        // Most have none, and this is asked for each call.
        let route = self.providers.get(provider);
        let route = route.filter(|route| route.stand_ins().next().is_some());
        let route = route.map(|provider| provider.for_model(model));
        route.map_or_else(Vec::new, |mut route| self.policy.shape(&mut route))
    }

    /// Returns the model of code actions.
    pub fn model_of_actions(&self) -> &ModelName {
        self.action_model.as_ref().unwrap_or(&self.model)
    }

    /// Checks options and fills them up. The problem, if there is one, is `layer`'s.
    pub(super) fn resolve(options: &Options, layer: &str) -> Result<Self, Problem> {
        let problem = |key: String, message: String| Problem {
            layer: layer.into(),
            line: None,
            key,
            message,
        };
        let mut settings = Self::default();
        if let Some(written) = &options.context {
            let resolved = context::resolve(written)
                .map_err(|(key, message)| problem(format!("context.{key}"), message))?;
            settings.context = Arc::new(resolved);
        }
        if let Some(credentials) = options.privacy.as_ref().and_then(|it| it.credentials) {
            settings.credentials = credentials;
        }
        if let Some(written) = &options.network {
            let network = network::resolve(written)
                .map_err(|(key, message)| problem(format!("network.{key}"), message))?;
            settings.network = Arc::new(network);
        }
        for (name, written) in &options.providers {
            let provider = provider::resolve(name, written)
                .map_err(|(key, message)| problem(format!("providers.{name}.{key}"), message))?;
            settings.providers.insert(name.clone(), provider);
        }
        let keys = options.keys.clone().unwrap_or_default();
        let sources = settings.providers.values().map(|provider| &provider.key);
        settings.keys = KeysSettings::resolve(&keys, sources)
            .map(Arc::new)
            .map_err(|message| problem("keys.passphrase".into(), message))?;
        for provider in settings.providers.values_mut() {
            provider.stores = settings.keys.clone();
        }
        if let Some(written) = &options.routing {
            let routes = routing::resolve(written, &settings.providers)
                .map_err(|(key, message)| problem(format!("routing.{key}"), message))?;
            settings.routes = Arc::new(routes);
        }
        if let Some(actions) = &options.actions {
            actions::resolve(actions, &mut settings)
                .map_err(|(key, message)| problem(format!("actions.{key}"), message))?;
        }
        if let Some(written) = &options.budget {
            let budget = budget::resolve(written, &settings.providers)
                .map_err(|(key, message)| problem(format!("budget.{key}"), message))?;
            settings.budget = Arc::new(budget);
        }
        if let Some(written) = &options.completion {
            completion::resolve(written, &mut settings)
                .map_err(|(key, message)| problem(format!("completion.{key}"), message))?;
        }
        if let Some(written) = &options.fallback {
            let resolved = fallback::resolve(written, &settings.providers)
                .map_err(|(key, message)| problem(format!("fallback.{key}"), message))?;
            settings.fallback = Arc::new(resolved);
        }
        settings.projects = project::resolve(&options.projects, &settings)
            .map_err(|(key, message)| problem(key, message))?;
        if let Some(written) = &options.ledger {
            let resolved = ledger::resolve(written)
                .map_err(|(key, message)| problem(format!("ledger.{key}"), message))?;
            settings.ledger = Arc::new(resolved);
        }
        settings.policy = own_policy(options)
            .map_err(|(key, message)| problem(format!("policy.{key}"), message))?;
        if let Some(written) = &options.audit {
            settings.audit = audit::resolve(written)
                .map_err(|(key, message)| problem(format!("audit.{key}"), message))?;
        }
        if let Some(written) = &options.log {
            settings.log = log::resolve(written)
                .map_err(|(key, message)| problem(format!("log.{key}"), message))?;
        }
        if let Some(written) = &options.telemetry {
            settings.telemetry = telemetry::resolve(written)
                .map_err(|(key, message)| problem(format!("telemetry.{key}"), message))?;
        }
        if let Some(local) = &options.local {
            settings.local_servers = local.servers.clone().unwrap_or_default();
            for server in &settings.local_servers {
                check_local_server(server, &settings.providers)
                    .map_err(|message| problem("local.servers".into(), message))?;
            }
            if let Some(percent) = local.min_confidence {
                check_range(percent.into(), 0, 100)
                    .map_err(|m| problem("local.min_confidence".into(), m))?;
            }
            settings.min_confidence = local.min_confidence;
            settings.has_partner = local.partner.unwrap_or_default();
            settings.max_index_tokens = local.max_index_tokens;
        }
        Ok(settings)
    }
}

/// Returns the rules that the user wrote, in whatever layers.
fn own_policy(options: &Options) -> Result<Policy, (&'static str, String)> {
    let mut policy = Policy::default();
    for written in options.more_policies.iter().chain(&options.policy) {
        policy.add(Source::User, written.clone())?;
    }
    Ok(policy)
}

pub(super) fn parse_model(
    text: &str,
    providers: &BTreeMap<String, ProviderSettings>,
) -> Result<ModelName, String> {
    match text {
        "auto" => return Ok(ModelName::Auto),
        "local" | "local/patterns" => return Ok(ModelName::Local),
        _ => {}
    }
    if routing::pool_of(text, providers).is_some() {
        return Err("a pool cannot stand here; name a model".into());
    }
    let names = || providers.keys().cloned().collect::<Vec<_>>().join(", ");
    let split = text.split_once('/').filter(|(_, model)| !model.is_empty());
    match split.map(|(provider, model)| (provider, model, providers.get(provider))) {
        Some((provider, model, Some(settings))) => match settings.cannot(model) {
            Some(why) => Err(why),
            None => Ok(ModelName::Of {
                provider: provider.into(),
                model: model.into(),
            }),
        },
        Some((provider, _, None)) => Err(provider::needs_address(provider).unwrap_or_else(|| format!(
            "no provider is called \"{provider}\"; known are {}, and any other with its own [providers.{provider}] table",
            names()
        ))),
        None => Err("a model is written provider/model, such as \"openai/gpt-4.1-mini\"; or \"local\", or \"auto\"".into()),
    }
}

fn check_local_server(
    name: &str,
    providers: &BTreeMap<String, ProviderSettings>,
) -> Result<(), String> {
    match providers.get(name) {
        Some(provider) if provider.is_on_this_machine() => Ok(()),
        Some(_) => Err(format!(
            "{name} is not on this machine; name it in completion.model instead"
        )),
        None => Err(format!(
            "no provider is called \"{name}\"; known local servers are llama-cpp, ollama, lm-studio, vllm"
        )),
    }
}

pub(super) fn check_range(value: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(format!("{value} is outside {least} to {most}"))
}
