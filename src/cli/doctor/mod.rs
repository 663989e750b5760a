//! `byok-lsp doctor`: what is configured, what works, and what to do about the rest.

mod index;
mod ledger;
mod log;
mod stores;
mod telemetry;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::cli::place::settings_here;
use crate::cli::{parts, runtime, style};
use crate::config::{KeySource, Settings, host_of, user_file};
use crate::credential::{Error as KeyError, Keys, Use, environment};
use crate::gateway::Gateway;
use crate::models;
use crate::provider::openrouter::{self, KeyInfo};
use crate::provider::{self, Http};
use crate::routing::{Decision, Feature, Way};
use style::Style;

/// How to tell it.
#[derive(clap::Args)]
pub struct Arguments {
    /// Print JSON: a list of {name, ok, warning, says, fix}.
    #[arg(long)]
    json: bool,
    /// Ask nobody outside of this machine. Otherwise the provider that completions go to is asked for its list of models and, where it
    /// tells, about the key; both are free, and nothing of yours but the key is sent.
    #[arg(long)]
    offline: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    name: &'static str,
    ok: bool,
    /// Whether it works, but not as one would like.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    warning: bool,
    says: String,
    /// What to do, where something is wrong or could be better.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl Finding {
    fn good(name: &'static str, says: impl Into<String>) -> Self {
        Self {
            name,
            ok: true,
            warning: false,
            says: says.into(),
            fix: None,
        }
    }

    fn bad(name: &'static str, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            name,
            ok: false,
            warning: false,
            says: says.into(),
            fix: Some(fix.into()),
        }
    }

    fn warning(name: &'static str, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            warning: true,
            fix: Some(fix.into()),
            ..Self::good(name, says)
        }
    }
}

/// The model servers that people run on their machines, asked only to say whether they could be used.
const LOCAL_SERVERS: [&str; 3] = ["llama-cpp", "ollama", "lm-studio"];

/// Looks at everything; the exit code says whether all of it works.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let asked = if arguments.offline {
        Asked::Nobody
    } else {
        Asked::All
    };
    let findings = runtime()?.block_on(look(asked))?;
    let is_well = findings.iter().all(|finding| finding.ok);
    let text = if arguments.json {
        format!("{}\n", serde_json::to_string_pretty(&findings)?)
    } else {
        pretty(&findings, Style::stdout())
    };
    style::print(&text);
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Looks at all that needs nobody outside of this machine and no key, and renders it for others to read.
pub(super) fn for_others() -> anyhow::Result<String> {
    let findings = runtime()?.block_on(look(Asked::NobodyForAKey))?;
    Ok(pretty(&findings, Style::plain()))
}

/// Who may be asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Whoever can say something.
    All,
    /// Nobody outside of this machine.
    Nobody,
    /// Nobody, and no key is fetched either: what is seen is handed on.
    NobodyForAKey,
}

async fn look(asked: Asked) -> anyhow::Result<Vec<Finding>> {
    let is_offline = asked != Asked::All;
    let (layers, problems) = parts::configuration();
    let settings = settings_here(&layers.settings());
    let mut findings = vec![Finding::good(
        "version",
        format!("byok-lsp {}", env!("CARGO_PKG_VERSION")),
    )];
    findings.push(match (problems.first(), user_file()) {
        (Some(problem), _) => Finding::bad(
            "settings",
            problem.to_string(),
            "mend it; until then the defaults hold",
        ),
        (None, Some(path)) if path.exists() => {
            Finding::good("settings", path.display().to_string())
        }
        (None, Some(path)) => Finding::good(
            "settings",
            format!("none at {}; the defaults hold", path.display()),
        ),
        (None, None) => Finding::bad(
            "settings",
            "this system tells no home folder",
            "set BYOK_CONFIG to the file's path",
        ),
    });
    let ledger = parts::ledger();
    findings.extend(ledger::look(&ledger).await?);
    findings.extend(ledger::look_at_caps(&ledger, &settings).await);
    findings.push(index::look(&settings));
    findings.extend(log::look(&settings));
    let http = Http::new(&settings.network);
    findings.push(telemetry::look(&http, &settings, is_offline).await);
    let gateway = Gateway::new(
        http.clone(),
        parts::engine(&settings),
        ledger,
        Arc::new(|_| ()),
    );
    if asked != Asked::NobodyForAKey {
        // They may be asked with a key, too.
        gateway.probe(&settings).await;
    }
    let decision = gateway.decide(&settings, Feature::Completion);
    findings.push(Finding::good(
        "model",
        format!(
            "{} ({}): {}",
            decision.name(),
            decision.payer,
            decision.reason
        ),
    ));
    let keys = gateway.keys();
    findings.extend(stores::look(&settings, keys.vault()).await);
    findings.extend(look_for_keys(&settings, &decision));
    findings.extend(look_at_provider(&http, keys, &decision, asked).await);
    if asked != Asked::NobodyForAKey {
        findings.extend(look_for_servers(&http, &settings, keys).await);
    }
    Ok(findings)
}

/// Looks at the key and the address that completions use. The question to the provider is free everywhere: its list of models.
async fn look_at_provider(
    http: &Http,
    keys: &Keys,
    decision: &Decision,
    asked: Asked,
) -> Vec<Finding> {
    let Way::Http(provider) = &decision.way else {
        return Vec::new();
    };
    if asked == Asked::NobodyForAKey {
        let says = format!("{} was not asked, nor its key looked for", provider.name);
        return vec![Finding::good("provider", says)];
    }
    let mut findings = Vec::new();
    let held = match keys.authorization(provider, Use::QUESTION).await {
        Ok(held) => held,
        Err(error) => {
            let fix = match &error {
                KeyError::NotSet { .. } => {
                    "then start the editor anew, from where the variable is set"
                }
                _ => "\"byok-lsp key list\" shows the keys that are there",
            };
            return vec![Finding::bad("key", error.to_string(), fix)];
        }
    };
    findings.push(match &held {
        Some(held) => {
            let ends = held
                .last_four
                .as_ref()
                .map_or_else(String::new, |last| format!(", ends in {last}"));
            Finding::good(
                "key",
                format!(
                    "from {}{ends}, for {}",
                    held.source,
                    host_of(&provider.base_url)
                ),
            )
        }
        None if provider.key == KeySource::None => Finding::good("key", "none needed"),
        None => Finding::good("key", "none; the provider is asked without one"),
    });
    if asked == Asked::Nobody && !provider.is_on_this_machine() {
        let says = format!("{} was not asked", provider.name);
        findings.push(Finding::good("provider", says));
        return findings;
    }
    let addresses = models::addresses(provider);
    let Some(address) = addresses.first() else {
        return findings;
    };
    findings.push(match models::ask(http, provider).await {
        Ok(_) => Finding::good(
            "provider",
            format!("{} answers at {address}", provider.name),
        ),
        Err(provider::Error::Malformed(_)) => Finding {
            fix: Some(format!(
                "if completions fail, check the address {}",
                provider.base_url
            )),
            ..Finding::good(
                "provider",
                format!("{} answers, and lists no models", provider.name),
            )
        },
        Err(error) => Finding::bad(
            "provider",
            format!("{}: {error}", provider.name),
            format!("it should answer at {}", provider.base_url),
        ),
    });
    if provider.is_openrouter {
        // Its list of models is for everybody and says nothing about the key.
        let limit = Duration::from_secs(10);
        let authorization = held.map(|held| held.header);
        let key = openrouter::key(http, &provider.base_url, authorization, limit).await;
        findings.push(account(key));
    }
    findings
}

/// Says whose a key is and what it may still spend.
fn account(key: Result<KeyInfo, provider::Error>) -> Finding {
    let key = match key {
        Ok(key) => key,
        Err(error) => {
            let fix = "look at the key at https://openrouter.ai/settings/keys";
            return Finding::bad("account", error.to_string(), fix);
        }
    };
    let mut says = format!("\"{}\": {} spent this month", key.label, key.usage_monthly);
    if key.byok_usage_monthly.nanos() > 0 {
        let _ = write!(says, ", {} at upstream providers", key.byok_usage_monthly);
    }
    match (key.limit, key.limit_remaining) {
        (Some(limit), Some(left)) => {
            let _ = write!(says, "; {left} left of {limit}");
        }
        _ => says.push_str("; it has no limit of its own"),
    }
    if let Some(reset) = &key.limit_reset {
        let _ = write!(says, ", reset {reset}");
    }
    if let Some(end) = &key.expires_at {
        let _ = write!(says, "; it expires at {end}");
    }
    if key.is_management_key {
        let fix = "make a key for calls at https://openrouter.ai/settings/keys";
        return Finding::bad(
            "account",
            format!("{says}; it manages keys and cannot call models"),
            fix,
        );
    }
    if key.limit_remaining.is_some_and(|left| left.nanos() <= 0) {
        let fix = "raise the key's limit at https://openrouter.ai/settings/keys";
        return Finding::bad("account", says, fix);
    }
    Finding::good("account", says)
}

/// Looks for keys that are there and not used: whoever has one may not know that naming a model is all it takes.
fn look_for_keys(settings: &Settings, decision: &Decision) -> Option<Finding> {
    if !decision.is_embedded() {
        return None;
    }
    let found: Vec<_> = settings
        .providers
        .values()
        .filter_map(|provider| {
            let variable = provider.key.variable()?;
            environment::has(variable).then_some((provider.name.as_str(), variable))
        })
        .collect();
    let (first, _) = found.first()?;
    let names: Vec<String> = found
        .iter()
        .map(|(name, variable)| format!("{name} ({variable})"))
        .collect();
    Some(Finding {
        fix: Some(format!(
            "to use one for ghost text: [completion] model = \"{first}/MODEL\""
        )),
        ..Finding::good("keys", names.join(", "))
    })
}

/// Looks for local servers that answer and are not enabled.
async fn look_for_servers(http: &Http, settings: &Settings, keys: &Keys) -> Option<Finding> {
    let all = Settings {
        local_servers: LOCAL_SERVERS.map(str::to_owned).to_vec(),
        ..settings.clone()
    };
    let found = crate::gateway::probe(http, keys, &all).await;
    let unused = found
        .iter()
        .find(|server| !settings.local_servers.contains(&server.provider))?;
    Some(Finding {
        fix: Some(format!(
            "to use it for ghost text: [local] servers = [\"{}\"]",
            unused.provider
        )),
        ..Finding::good(
            "local server",
            format!(
                "{} answers on this machine, with {}",
                unused.provider, unused.model
            ),
        )
    })
}

fn pretty(findings: &[Finding], style: Style) -> String {
    let mut out = String::new();
    for finding in findings {
        let mark = match finding {
            Finding { ok: false, .. } => style.bad("fix "),
            Finding { warning: true, .. } => style.bad("warn"),
            _ => style.good("ok  "),
        };
        let _ = writeln!(out, "{mark} {:<13} {}", finding.name, finding.says);
        if let Some(fix) = &finding.fix {
            let _ = writeln!(out, "                   {}", style.dim(fix));
        }
    }
    out
}
