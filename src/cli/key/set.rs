//! `byok-lsp key set` and `key rotate`.

use std::process::ExitCode;

use anyhow::bail;
use serde_json::{Value, json};

use super::scope::ScopeArguments;
use super::{Checked, Desk, Which, check, entry, faulty};
use crate::cli::style;
use crate::config::{
    KeySource, KeysSettings, ModelName, Project, ProviderSettings, StoreOption, host_of,
};
use crate::credential::{self, Kind, Name, Record, Secret};
use crate::provider;

/// Which key, and how it comes in.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Read the key from stdin instead of asking for it.
    #[arg(long)]
    stdin: bool,
    /// Do not ask the provider whether it takes the key.
    #[arg(long)]
    no_check: bool,
    /// The store, instead of the configured or first one that works.
    #[arg(long, value_enum)]
    store: Option<StoreArgument>,
    #[command(flatten)]
    scope: ScopeArguments,
    /// Print JSON: provider, label, store, hosts, scope, lastFour, checked.
    #[arg(long)]
    json: bool,
}

/// A store, on the command line.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum StoreArgument {
    /// The system's: Keychain, Credential Manager, Secret Service.
    System,
    /// The kernel's, until the session ends.
    Session,
    /// A file that a passphrase opens.
    File,
}

/// Stores a key, then checks it.
pub async fn set(desk: &Desk, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let name = arguments.which.name()?;
    let provider = desk.provider(&name.provider)?;
    let scope = arguments.scope.read()?;
    let key = typed(provider, &name, arguments)?;
    let settings = settings(desk, arguments);
    let record = Record {
        scope,
        ..Record::new(key, host_of(&provider.base_url))
    };
    let stored = store(desk, &settings, &name, record).await?;
    let checked = if arguments.no_check {
        None
    } else {
        Some(check(&desk.http, provider, stored.record.key.header(provider)).await)
    };
    Ok(stored.tell(provider, checked.as_ref(), arguments.json))
}

/// Checks a key, then stores it in place of the old one, so that no call in between meets a key that is not taken.
pub async fn rotate(desk: &Desk, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let name = arguments.which.name()?;
    let provider = desk.provider(&name.provider)?;
    let (kind, old) = desk.stored(&name).await?;
    let host = host_of(&provider.base_url);
    if !old.hosts.contains(&host) {
        bail!(
            "the key {name} is kept for {}, not for {host}; \"byok-lsp key allow-host\" allows it there too",
            old.hosts.join(", ")
        );
    }
    let key = typed(provider, &name, arguments)?;
    let mut checked = None;
    if !arguments.no_check {
        let outcome = check(&desk.http, provider, key.header(provider)).await;
        match &outcome {
            Ok(_) => {}
            Err(provider::Error::Unauthorized | provider::Error::Forbidden(_)) => bail!(
                "{} does not take the new key; the old one is still in use",
                provider.name
            ),
            Err(error) => bail!(
                "{} could not be asked about the new key ({error}); the old one is still in use; try again later, or store it unasked with --no-check",
                provider.name
            ),
        }
        checked = Some(outcome);
    }
    let record = Record {
        hosts: old.hosts,
        scope: old.scope,
        is_disabled: old.is_disabled,
        ..Record::new(key, host)
    };
    desk.vault()
        .put(&desk.settings.keys, kind, &name, &record)
        .await
        .map_err(faulty(kind))?;
    let stored = Stored {
        kind,
        why: "the old one was there".into(),
        name,
        next: None,
        record,
    };
    Ok(stored.tell(provider, checked.as_ref(), arguments.json))
}

/// A key that was just stored.
pub struct Stored {
    kind: Kind,
    why: String,
    name: Name,
    /// What is to be done next, if anything.
    next: Option<String>,
    /// What was stored.
    pub record: Record,
}

/// Stores a key in the store that new ones go to.
pub async fn store(
    desk: &Desk,
    settings: &KeysSettings,
    name: &Name,
    record: Record,
) -> anyhow::Result<Stored> {
    let target = desk.vault().target(settings).await.map_err(|fault| {
        anyhow::anyhow!("no store for keys works here ({fault}); set the provider's environment variable instead, or choose the encrypted file with --store file")
    })?;
    let kind = target.kind;
    desk.vault()
        .put(settings, kind, name, &record)
        .await
        .map_err(faulty(kind))?;
    let found = desk.vault().find(&desk.settings.keys, name).await.found;
    match found {
        Some((other, _)) if other != kind => style::complain(&format!(
            "{other} holds another key {name}, which is found first; remove that one with \"byok-lsp key remove\", then store this one again"
        )),
        _ => {}
    }
    Ok(Stored {
        kind,
        why: target.to_string(),
        next: next(desk, &name.provider),
        name: name.clone(),
        record,
    })
}

/// Says how completions come to use a provider that no setting names.
fn next(desk: &Desk, provider: &str) -> Option<String> {
    let is_of = |model: &ModelName| matches!(model, ModelName::Of { provider: named, .. } if named == provider);
    let settings = &desk.settings;
    let mut of_projects = settings.projects.iter().flat_map(Project::models);
    let is_named =
        is_of(&settings.model) || is_of(settings.model_of_actions()) || of_projects.any(is_of);
    (!is_named).then(|| {
        format!(
            "next: name one of its models in your configuration, [completion] model = \"{provider}/...\"; \"byok-lsp models {provider}\" lists them"
        )
    })
}

impl Stored {
    /// Says what was stored where, and what the provider says; a provider that does not take the key is a failure.
    pub fn tell(
        &self,
        provider: &ProviderSettings,
        checked: Option<&Result<Checked, provider::Error>>,
        is_json: bool,
    ) -> ExitCode {
        let is_refused = matches!(
            checked,
            Some(Err(
                provider::Error::Unauthorized | provider::Error::Forbidden(_)
            ))
        );
        if is_json {
            style::print(&format!("{:#}\n", self.json(checked)));
        } else {
            style::print(&self.text(provider, checked));
        }
        if is_refused {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }

    fn json(&self, checked: Option<&Result<Checked, provider::Error>>) -> Value {
        json!({
            "provider": self.name.provider,
            "label": self.name.label,
            "store": self.kind.id(),
            "hosts": self.record.hosts,
            "scope": self.record.scope,
            "lastFour": self.record.key.last_four(),
            "checked": checked.map(|checked| match checked {
                Ok(checked) => checked.json(),
                Err(error) => json!({"ok": false, "error": error.to_string()}),
            }),
        })
    }

    fn text(
        &self,
        provider: &ProviderSettings,
        checked: Option<&Result<Checked, provider::Error>>,
    ) -> String {
        let mut lines = vec![format!(
            "stored {} in {} ({}), for {}; it stays {}",
            self.name,
            self.kind,
            self.why,
            self.record.hosts.join(", "),
            self.kind.lasts()
        )];
        if !self.record.scope.is_everything() {
            lines.push(format!("it is kept for {}", self.record.scope.words()));
        }
        match checked {
            None => {}
            Some(Ok(checked)) => lines.push(format!("{}: {}", provider.name, checked.text())),
            Some(Err(error)) => lines.push(format!("{}: {error}", provider.name)),
        }
        lines.extend(self.hint(provider));
        lines.extend(self.next.clone());
        lines.join("\n") + "\n"
    }

    /// Says what is still to be done so that calls use the key.
    fn hint(&self, provider: &ProviderSettings) -> Option<String> {
        let label = &self.name.label;
        let is_used = match &provider.key {
            KeySource::Default { .. } => label == crate::config::DEFAULT_LABEL,
            KeySource::Keyring { label: used } => used == label,
            KeySource::None | KeySource::Env(_) | KeySource::Command(_) => false,
        };
        (!is_used).then(|| {
            format!(
                "to use it, set in your configuration: [providers.{}] key = {{ keyring = \"{label}\" }}",
                provider.name
            )
        })
    }
}

/// Reads the key and refuses what is none.
fn typed(
    provider: &ProviderSettings,
    name: &Name,
    arguments: &Arguments,
) -> anyhow::Result<Secret> {
    let is_checked = !arguments.no_check;
    let question = format!("Key for {name} (it is not shown): ");
    let key = entry::key(&question, arguments.stdin)?;
    if let Err(reason) = credential::check_form(provider, &key) {
        bail!(
            "this is not stored as a key for {}: {reason}",
            provider.name
        );
    }
    if let Some(owner) = credential::belongs_to_another(&provider.name, &key) {
        // The question whether the provider takes it would show it to a stranger.
        if is_checked {
            bail!(
                "this looks like a key of {owner}, not of {}, so it was neither stored nor sent; store it with \"byok-lsp key set {owner}\", or here all the same and unasked with --no-check",
                provider.name
            );
        }
        style::complain(&format!(
            "this looks like a key of {owner}, not of {}",
            provider.name
        ));
    }
    Ok(key)
}

fn settings(desk: &Desk, arguments: &Arguments) -> KeysSettings {
    let mut settings = KeysSettings::clone(&desk.settings.keys);
    match arguments.store {
        None => {}
        Some(StoreArgument::System) => settings.store = StoreOption::System,
        Some(StoreArgument::Session) => settings.store = StoreOption::Session,
        Some(StoreArgument::File) => settings.store = StoreOption::File,
    }
    settings
}
