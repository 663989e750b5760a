//! The layers of configuration, each read on its own, and their sum.

use std::sync::Arc;

use serde_json::Value;

use super::actions::ActionsOptions;
use super::audit::AuditOptions;
use super::context;
use super::editor;
use super::fallback::FallbackOptions;
use super::ledger::LedgerOptions;
use super::log::LogOptions;
use super::openrouter::{AppOptions, RoutingOptions};
use super::options::{
    CompletionOptions, KeysOptions, LocalOptions, NetworkOptions, Options, ProviderOptions,
};
use super::organisation::{Again, Organisation, OrganisationOptions, Sources};
use super::privacy;
use super::problem::Problem;
use super::routing::RoutesOptions;
use super::settings::Settings;
use super::telemetry::TelemetryOptions;
use crate::scrub::scrub;

/// Where options come from, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// The user's own file.
    UserFile,
    /// The editor's `initializationOptions`.
    Initialization,
    /// The editor's last `workspace/didChangeConfiguration`.
    Editor,
    /// What the user switched at run time, such as the model; gone with the process.
    Runtime,
}

const LAYERS: usize = 4;

/// All layers, each with its last good content.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    options: [Options; LAYERS],
    /// The organisation's files.
    organisations: Vec<Arc<Organisation>>,
    /// Where they are looked for again, if they are.
    sources: Option<Arc<Sources>>,
}

impl Layers {
    /// Reads an organisation's files, and has them restrict all that the layers come to, from now on. They can be [looked at again](Self::look_again).
    pub fn read_organisations(&mut self, sources: Sources) {
        self.organisations = sources.load(self.organisation_options());
        self.sources = Some(Arc::new(sources));
    }

    /// Reads an organisation's files again, if there are places for them. Reads the disk.
    pub fn look_again(&self) -> Option<Again> {
        let sources = self.sources.as_ref()?;
        Some(sources.again(self.organisation_options(), &self.organisations))
    }

    /// Returns whether an organisation's files can be looked at again.
    pub fn has_sources(&self) -> bool {
        self.sources.is_some()
    }

    /// Replaces a layer by the content of a TOML file; on a mistake it keeps what it was.
    pub fn set_toml(&mut self, layer: Layer, name: &str, text: &str) -> Result<(), Problem> {
        let deserializer = toml::de::Deserializer::parse(text)
            .map_err(|error| problem_of_toml(name, text, "", &error))?;
        let options = serde_path_to_error::deserialize(deserializer).map_err(|error| {
            problem_of_toml(name, text, &error.path().to_string(), error.inner())
        })?;
        self.set(layer, name, options)
    }

    /// Replaces a layer by JSON from the editor, which may have put it under a `byok` key; on a mistake it keeps what it was.
    ///
    /// `null` means that the editor has nothing to say and changes nothing.
    pub fn set_json(&mut self, layer: Layer, name: &str, value: Value) -> Result<(), Problem> {
        let value = match value {
            Value::Object(mut fields) if fields.contains_key("byok") => {
                fields.remove("byok").unwrap_or_default()
            }
            other => other,
        };
        if value.is_null() {
            return Ok(());
        }
        let options: Options =
            serde_path_to_error::deserialize(value).map_err(|error| Problem {
                layer: name.into(),
                line: None,
                key: key_of(&error.path().to_string()),
                message: without_values(&error.inner().to_string()),
            })?;
        if layer != Layer::UserFile {
            // What the editor says in two ways counts together.
            let mut said = self.options.clone();
            said[layer as usize] = options.clone();
            let [own, initialization, settings, _] = said;
            editor::check(&own, &merge(initialization, settings), name)?;
        }
        self.set(layer, name, options)
    }

    /// Replaces the model of ghost text in the run-time layer.
    pub fn set_model(&mut self, model: &str) -> Result<(), Problem> {
        self.switch(Options {
            completion: Some(CompletionOptions {
                model: Some(model.into()),
                ..CompletionOptions::default()
            }),
            ..Options::default()
        })
    }

    /// Replaces the model of code actions in the run-time layer.
    pub fn set_action_model(&mut self, model: &str) -> Result<(), Problem> {
        self.switch(Options {
            actions: Some(ActionsOptions {
                model: Some(model.into()),
                ..ActionsOptions::default()
            }),
            ..Options::default()
        })
    }

    /// Lays options over what was switched at run time before.
    fn switch(&mut self, options: Options) -> Result<(), Problem> {
        let before = self.options[Layer::Runtime as usize].clone();
        self.set(
            Layer::Runtime,
            "the model asked for",
            merge(before, options),
        )
    }

    /// Returns what the layers come to together.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::resolve(&self.merged(), "").unwrap_or_default();
        let switched = &self.options[Layer::Runtime as usize];
        settings.switched(
            switched
                .completion
                .as_ref()
                .is_some_and(|it| it.model.is_some()),
            switched
                .actions
                .as_ref()
                .is_some_and(|it| it.model.is_some()),
        );
        let files = self.organisations.iter();
        files.fold(settings, |settings, file| file.restrict(settings))
    }

    /// Has an organisation's files restrict all that the layers come to, from now on.
    pub fn set_organisations(&mut self, files: Vec<Arc<Organisation>>) {
        self.organisations = files;
    }

    /// Returns the organisation's files.
    pub fn organisations(&self) -> &[Arc<Organisation>] {
        &self.organisations
    }

    /// Returns where the user's own file says that the organisation's file is.
    pub fn organisation_options(&self) -> Option<&OrganisationOptions> {
        self.options[Layer::UserFile as usize].organisation.as_ref()
    }

    /// Returns what the user's own file comes to by itself, for what an editor must have no say in.
    pub fn settings_of_own_file(&self) -> Settings {
        Settings::resolve(&self.options[Layer::UserFile as usize], "").unwrap_or_default()
    }

    fn set(&mut self, layer: Layer, name: &str, options: Options) -> Result<(), Problem> {
        let before = std::mem::replace(&mut self.options[layer as usize], options);
        // A layer can be sound in itself and still make no sense with the others, such as a model of a provider that nobody defines.
        let Err(problem) = Settings::resolve(&self.merged(), name) else {
            return Ok(());
        };
        // What was switched at run time must not stand in the way of new settings for ever.
        let runtime = std::mem::take(&mut self.options[Layer::Runtime as usize]);
        if layer != Layer::Runtime && Settings::resolve(&self.merged(), name).is_ok() {
            return Ok(());
        }
        self.options[Layer::Runtime as usize] = runtime;
        self.options[layer as usize] = before;
        Err(problem)
    }

    fn merged(&self) -> Options {
        self.options.iter().cloned().fold(Options::default(), merge)
    }
}

/// Lays one layer over another: what it says wins, what it leaves out stays.
fn merge(below: Options, above: Options) -> Options {
    // No layer takes back what another forbids.
    let mut more_policies = below.more_policies;
    more_policies.extend(below.policy);
    more_policies.extend(above.more_policies);
    let mut providers = below.providers;
    for (name, over) in above.providers {
        let under = providers.remove(&name).unwrap_or_default();
        providers.insert(name, merge_provider(under, over));
    }
    Options {
        completion: merge_with(below.completion, above.completion, merge_completion),
        context: merge_with(below.context, above.context, context::merge),
        privacy: merge_with(below.privacy, above.privacy, privacy::merge),
        actions: merge_with(below.actions, above.actions, ActionsOptions::over),
        routing: merge_with(below.routing, above.routing, RoutesOptions::over),
        projects: if above.projects.is_empty() {
            below.projects
        } else {
            above.projects
        },
        fallback: merge_with(below.fallback, above.fallback, FallbackOptions::over),
        budget: merge_with(below.budget, above.budget, |below, above| {
            below.with(&above)
        }),
        ledger: merge_with(below.ledger, above.ledger, LedgerOptions::over),
        audit: merge_with(below.audit, above.audit, AuditOptions::over),
        log: merge_with(below.log, above.log, LogOptions::over),
        telemetry: merge_with(below.telemetry, above.telemetry, TelemetryOptions::over),
        local: merge_with(below.local, above.local, merge_local),
        network: merge_with(below.network, above.network, merge_network),
        keys: merge_with(below.keys, above.keys, merge_keys),
        policy: above.policy,
        more_policies,
        organisation: above.organisation.or(below.organisation),
        providers,
    }
}

fn merge_with<T>(below: Option<T>, above: Option<T>, merge: fn(T, T) -> T) -> Option<T> {
    match (below, above) {
        (Some(below), Some(above)) => Some(merge(below, above)),
        (below, above) => above.or(below),
    }
}

fn merge_completion(below: CompletionOptions, above: CompletionOptions) -> CompletionOptions {
    CompletionOptions {
        model: above.model.or(below.model),
        trigger: above.trigger.or(below.trigger),
        debounce_ms: above.debounce_ms.or(below.debounce_ms),
        max_tokens: above.max_tokens.or(below.max_tokens),
        max_lines: above.max_lines.or(below.max_lines),
        speculation: above.speculation.or(below.speculation),
    }
}

fn merge_local(below: LocalOptions, above: LocalOptions) -> LocalOptions {
    LocalOptions {
        servers: above.servers.or(below.servers),
        min_confidence: above.min_confidence.or(below.min_confidence),
        partner: above.partner.or(below.partner),
        max_index_tokens: above.max_index_tokens.or(below.max_index_tokens),
    }
}

fn merge_network(below: NetworkOptions, above: NetworkOptions) -> NetworkOptions {
    NetworkOptions {
        proxy: above.proxy.or(below.proxy),
        ca_bundle: above.ca_bundle.or(below.ca_bundle),
        offline: above.offline.or(below.offline),
        connect_s: above.connect_s.or(below.connect_s),
        first_byte_s: above.first_byte_s.or(below.first_byte_s),
        idle_s: above.idle_s.or(below.idle_s),
    }
}

fn merge_keys(below: KeysOptions, above: KeysOptions) -> KeysOptions {
    KeysOptions {
        store: above.store.or(below.store),
        passphrase: above.passphrase.or(below.passphrase),
        environment: above.environment.or(below.environment),
    }
}

pub(super) fn merge_provider(below: ProviderOptions, above: ProviderOptions) -> ProviderOptions {
    let mut prices = below.prices;
    prices.extend(above.prices);
    let mut discounts = below.discounts;
    discounts.extend(above.discounts);
    ProviderOptions {
        wire: above.wire.or(below.wire),
        base_url: above.base_url.or(below.base_url),
        auth: above.auth.or(below.auth),
        key: above.key.or(below.key),
        prices,
        discount: above.discount.or(below.discount),
        discounts,
        subscription: above.subscription.or(below.subscription),
        power: above.power.or(below.power),
        free: above.free.or(below.free),
        data: above.data.or(below.data),
        routing: merge_with(below.routing, above.routing, RoutingOptions::over),
        app: merge_with(below.app, above.app, AppOptions::over),
    }
}

pub(super) fn problem_of_toml(
    name: &str,
    text: &str,
    path: &str,
    error: &toml::de::Error,
) -> Problem {
    Problem {
        layer: name.into(),
        line: error
            .span()
            .map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count()),
        key: key_of(path),
        message: without_values(&error.message().replace('\n', "; ")),
    }
}

/// Takes the value out of a parser's message: somebody may have put a key where a name or a number belongs.
pub(super) fn without_values(message: &str) -> String {
    let quoted = message.split_once("string \"").and_then(|(before, rest)| {
        let (_, after) = rest.rsplit_once('"')?;
        Some(format!("{before}a text{after}"))
    });
    scrub(&quoted.unwrap_or_else(|| message.to_owned()))
}

/// `serde_path_to_error` writes the root as `.`.
pub(super) fn key_of(path: &str) -> String {
    if path == "." {
        String::new()
    } else {
        path.into()
    }
}
