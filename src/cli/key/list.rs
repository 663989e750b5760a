//! `byok-lsp key list`.

use std::process::ExitCode;

use jiff::Timestamp;
use serde::Serialize;

use super::Desk;
use crate::cli::style;
use crate::credential::{Name, Record, Scope, environment};

/// How to list.
#[derive(clap::Args)]
pub struct Arguments {
    /// Print JSON: a list of {provider, label, source, lastFour, hosts, scope, stored, lastUse, disabled}.
    #[arg(long)]
    json: bool,
}

/// One key that is there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    provider: String,
    /// Keys in the environment have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    source: String,
    last_four: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<String>,
    /// What else it is kept for; nothing if it is for everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<String>,
    /// As in `2026-11-21T10:00:00Z`, to the hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_use: Option<String>,
    disabled: bool,
}

/// Lists the keys that are there; a store that cannot be asked is said on stderr.
pub async fn list(desk: &Desk, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let settings = &desk.settings.keys;
    let mut items = Vec::new();
    let last_use = desk.keys.last_use();
    for surveyed in desk.vault().survey(settings).await {
        let kind = surveyed.kind;
        let names = surveyed.names.unwrap_or_else(|fault| {
            style::complain(&format!("{kind} cannot be asked: {fault}"));
            Vec::new()
        });
        for name in names {
            match desk.vault().get(settings, kind, &name).await {
                Ok(Some(record)) => {
                    let last_use = last_use.get(&name.to_string()).copied();
                    items.push(Item::stored(&name, kind.to_string(), &record, last_use));
                }
                Ok(None) => {}
                Err(fault) => style::complain(&format!("{name} in {kind}: {fault}")),
            }
        }
    }
    for provider in desk.settings.providers.values() {
        let variable = provider.key.variable();
        let Some((variable, key)) =
            variable.and_then(|name| Some((name, environment::read(name)?)))
        else {
            continue;
        };
        items.push(Item {
            provider: provider.name.clone(),
            label: None,
            source: format!("the environment variable {variable}"),
            last_four: key.last_four(),
            hosts: Vec::new(),
            scope: None,
            stored: None,
            last_use: None,
            disabled: false,
        });
    }
    let text = if arguments.json {
        format!("{}\n", serde_json::to_string_pretty(&items)?)
    } else if items.is_empty() {
        "no keys are stored; \"byok-lsp key set PROVIDER\" stores one\n".into()
    } else {
        items.iter().map(Item::line).collect()
    };
    style::print(&text);
    Ok(ExitCode::SUCCESS)
}

impl Item {
    fn stored(name: &Name, source: String, record: &Record, last_use: Option<Timestamp>) -> Self {
        Self {
            provider: name.provider.clone(),
            label: Some(name.label.clone()),
            source,
            last_four: record.key.last_four(),
            hosts: record.hosts.clone(),
            scope: (!record.scope.is_everything()).then(|| record.scope.clone()),
            last_use: last_use.map(|at| at.to_string()),
            stored: Some(record.stored.to_string()),
            disabled: record.is_disabled,
        }
    }

    fn line(&self) -> String {
        let name = self.label.as_ref().map_or_else(
            || self.provider.clone(),
            |label| format!("{}/{label}", self.provider),
        );
        let last = self
            .last_four
            .as_ref()
            .map_or_else(|| "short".into(), |last| format!("…{last}"));
        let mut line = format!("{name:<24} {last:<6} {}", self.source);
        if !self.hosts.is_empty() {
            line = format!("{line}, for {}", self.hosts.join(", "));
        }
        if let Some(scope) = &self.scope {
            line = format!("{line}, {}", scope.words());
        }
        if let Some(stored) = &self.stored {
            let used = self.last_use.as_ref().map_or_else(
                || "not used yet".to_owned(),
                |at| format!("last used {}", at.split('T').next().unwrap_or_default()),
            );
            line = format!("{line}, since {stored}, {used}");
        }
        if self.disabled {
            line += ", switched off";
        }
        line + "\n"
    }
}
