//! Asking a provider, for nothing, whether it takes a key and whose it is; `byok-lsp key test`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use url::Url;

use super::Desk;
use crate::cli::style;
use crate::config::{KeySource, LABEL, ProviderSettings, Settings, is_label};
use crate::credential::Use;
use crate::models;
use crate::provider::openrouter::{self, KeyInfo};
use crate::provider::{self, Error, Http, endpoint};
use crate::scrub;

/// How long a provider may take to say.
const LIMIT: Duration = Duration::from_secs(10);

/// Which key.
#[derive(clap::Args)]
pub struct Arguments {
    /// The provider. Default: those that suggestions and actions go to, all of a pool's included.
    provider: Option<String>,
    /// A stored key's label, instead of the key that calls would use.
    #[arg(long)]
    label: Option<String>,
    /// Print JSON: provider, source, lastFour, checked; a list of them where several are tried.
    #[arg(long)]
    json: bool,
}

/// What a provider says about a key. Each is in its own words, and there only if it tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Whether the key was looked at; some providers show their list of models to everybody, and tell nothing else for nothing.
    is_tried: bool,
    whose: Option<String>,
    limit: Option<String>,
    left: Option<String>,
    spent: Option<String>,
}

/// Finds the keys that calls would use, and asks their providers.
pub async fn test(desk: &Desk, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let names: Vec<&str> = match &arguments.provider {
        Some(name) => vec![name],
        None => with_keys(&desk.settings),
    };
    if names.is_empty() {
        bail!("no model that is set needs a key now; name a provider");
    }
    let mut told = Vec::new();
    let mut is_well = true;
    for name in &names {
        match tested(desk, name, arguments.label.as_deref()).await {
            Ok(one) => {
                is_well &= one.outcome.is_ok();
                told.push(one);
            }
            // Of several the others are of interest all the same.
            Err(error) if names.len() > 1 => {
                is_well = false;
                style::complain(&format!("{name}: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    let text = match (arguments.json, told.as_slice()) {
        (true, [one]) if names.len() == 1 => format!("{:#}\n", one.json()),
        (true, many) => {
            let many: Vec<Value> = many.iter().map(Tested::json).collect();
            format!("{:#}\n", Value::from(many))
        }
        (false, many) => many.iter().map(Tested::text).collect(),
    };
    style::print(&text);
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns the providers that calls may go to as the settings are, those of pools included, and that take a key.
fn with_keys(settings: &Settings) -> Vec<&str> {
    let mut names = models::set(settings);
    names.retain(|name| {
        let provider = settings.providers.get(*name);
        provider.is_some_and(|provider| !provider.key.may_be_none())
    });
    names
}

/// A key that was tried.
struct Tested {
    provider: String,
    source: String,
    last_four: Option<String>,
    outcome: Result<Checked, Error>,
}

async fn tested(desk: &Desk, name: &str, label: Option<&str>) -> anyhow::Result<Tested> {
    let mut provider = desk.provider(name)?.clone();
    if let Some(label) = label {
        if !is_label(label) {
            bail!("this is no label for a key; a label is {LABEL}");
        }
        provider.key = KeySource::Keyring {
            label: label.to_owned(),
        };
    }
    let held = desk.keys.authorization(&provider, Use::QUESTION).await?;
    let held = held.with_context(|| format!("no key is set for {}", provider.name))?;
    Ok(Tested {
        outcome: check(&desk.http, &provider, Some(held.header)).await,
        provider: provider.name,
        source: held.source.to_string(),
        last_four: held.last_four,
    })
}

impl Tested {
    fn json(&self) -> Value {
        json!({
            "provider": self.provider,
            "source": self.source,
            "lastFour": self.last_four,
            "checked": match &self.outcome {
                Ok(checked) => checked.json(),
                Err(error) => json!({"ok": false, "error": error.to_string()}),
            },
        })
    }

    fn text(&self) -> String {
        let ends = self.last_four.as_ref();
        let ends = ends.map_or_else(String::new, |last| format!(", ends in {last}"));
        let says = self.outcome.as_ref();
        let says = says.map_or_else(ToString::to_string, Checked::text);
        format!(
            "{}: key from {}{ends}: {says}\n",
            self.provider, self.source
        )
    }
}

/// Asks a provider whether it takes a key. Costs nothing anywhere.
pub async fn check(
    http: &Http,
    provider: &ProviderSettings,
    key: Option<(HeaderName, HeaderValue)>,
) -> Result<Checked, Error> {
    if provider.is_openrouter {
        let told = openrouter::key(http, &provider.base_url, key, LIMIT).await?;
        return Ok(Checked::of_openrouter(&told));
    }
    let own = own_question(provider);
    let is_own = own.is_some();
    let Some(url) = own.or_else(|| models::addresses(provider).into_iter().next()) else {
        return Ok(Checked::default());
    };
    let headers = key.into_iter().chain(provider::headers(provider.wire));
    let answer = http.get_json(&url, headers, LIMIT).await?;
    let mut checked = Checked::read(&provider.name, &answer);
    checked.is_tried = is_own || !provider.list.open;
    Ok(checked)
}

/// Returns the address at which a provider tells about a key, where it has one.
fn own_question(provider: &ProviderSettings) -> Option<Url> {
    match provider.name.as_str() {
        "xai" => Some(endpoint(&provider.base_url, "api-key")),
        "deepseek" => provider.base_url.join("/user/balance").ok(),
        _ => None,
    }
}

impl Checked {
    fn of_openrouter(told: &KeyInfo) -> Self {
        Self {
            is_tried: true,
            // Its name is given by its user and may be anything, a shortened key included.
            whose: (!told.label.is_empty()).then(|| scrub::scrub_keys(&told.label)),
            limit: Some(
                told.limit
                    .map_or_else(|| "none".into(), |limit| limit.to_string()),
            ),
            left: told.limit_remaining.map(|left| left.to_string()),
            spent: Some(told.usage.to_string()),
        }
    }

    fn read(provider: &str, answer: &Value) -> Self {
        let text = |value: &Value| {
            value
                .as_str()
                .filter(|text| !text.is_empty())
                .map(scrub::scrub_keys)
        };
        match provider {
            "xai" => Self {
                whose: text(&answer["name"]),
                ..Self::default()
            },
            "deepseek" => {
                let first = &answer["balance_infos"][0];
                let left = text(&first["total_balance"]).zip(text(&first["currency"]));
                Self {
                    left: left.map(|(amount, currency)| format!("{amount} {currency}")),
                    ..Self::default()
                }
            }
            _ => Self::default(),
        }
    }

    /// Says it in a few words.
    pub fn text(&self) -> String {
        let part = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{name} {value}"))
        };
        let parts: Vec<String> = [
            part("it belongs to", &self.whose),
            part("limit", &self.limit),
            part("left", &self.left),
            part("spent", &self.spent),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !self.is_tried {
            return "it tells nobody about a key for nothing, so this one was not tried".into();
        }
        if parts.is_empty() {
            return "it takes this key; whose it is and what is left it does not tell".into();
        }
        format!("it takes this key; {}", parts.join(", "))
    }

    /// Says it to a script.
    pub fn json(&self) -> Value {
        json!({"ok": true, "tried": self.is_tried, "whose": self.whose, "limit": self.limit, "left": self.left, "spent": self.spent})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_all_models_that_calls_may_go_to_are_tried_and_those_of_pools_too() {
        let mut layers = crate::config::Layers::default();
        let config = json!({
            "completion": {"model": "pool/quick"},
            "actions": {"model": "anthropic/a"},
            "routing": {
                "pools": {
                    "quick": {"models": ["groq/a", "openai/b", "ollama/c", "groq/d"]},
                    "unused": {"models": ["mistral/a"]},
                },
                "rules": [{"tasks": ["explain"], "model": "openai/e"}],
            },
        });
        let set = layers.set_json(crate::config::Layer::UserFile, "test", config);
        assert!(set.is_ok(), "{set:?}");
        let settings = layers.settings();
        assert_eq!(with_keys(&settings), ["groq", "openai", "anthropic"]);
        assert!(with_keys(&Settings::default()).is_empty());
    }

    #[test]
    fn what_a_provider_tells_about_a_key_is_repeated() {
        let xai = Checked::read("xai", &json!({"name": "laptop"}));
        assert_eq!(xai.whose.as_deref(), Some("laptop"));
        let shortened = Checked::read("xai", &json!({"name": "xai-canary...123"}));
        assert_eq!(shortened.whose.as_deref(), Some("[redacted]...123"));
        let deepseek = json!({"balance_infos": [{"currency": "CNY", "total_balance": "110.00"}]});
        let deepseek = Checked {
            is_tried: true,
            ..Checked::read("deepseek", &deepseek)
        };
        assert_eq!(deepseek.text(), "it takes this key; left 110.00 CNY");
        assert!(Checked::default().text().contains("was not tried"));
    }
}
