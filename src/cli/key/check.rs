//! Asking a provider, for nothing, whether it takes a key and whose it is; `byok-lsp key test`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use url::Url;

use super::Desk;
use crate::cli::style;
use crate::config::{KeySource, LABEL, ModelName, ProviderSettings, is_label};
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
    /// The provider. Default: the one that completions go to.
    provider: Option<String>,
    /// A stored key's label, instead of the key that calls would use.
    #[arg(long)]
    label: Option<String>,
    /// Print JSON: provider, source, lastFour, checked.
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

/// Finds the key that calls would use, and asks the provider.
pub async fn test(desk: &Desk, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let name = match (&arguments.provider, &desk.settings.model) {
        (Some(name), _) => name,
        (None, ModelName::Of { provider, .. }) => provider,
        (None, _) => bail!("completions need no key now; name a provider"),
    };
    let mut provider = desk.provider(name)?.clone();
    if let Some(label) = &arguments.label {
        if !is_label(label) {
            bail!("this is no label for a key; a label is {LABEL}");
        }
        provider.key = KeySource::Keyring {
            label: label.clone(),
        };
    }
    let held = desk.keys.authorization(&provider, Use::QUESTION).await?;
    let held = held.with_context(|| format!("no key is set for {}", provider.name))?;
    let outcome = check(&desk.http, &provider, Some(held.header)).await;
    let ends = held
        .last_four
        .as_ref()
        .map_or_else(String::new, |last| format!(", ends in {last}"));
    if arguments.json {
        let json = json!({
            "provider": provider.name,
            "source": held.source.to_string(),
            "lastFour": held.last_four,
            "checked": match &outcome {
                Ok(checked) => checked.json(),
                Err(error) => json!({"ok": false, "error": error.to_string()}),
            },
        });
        style::print(&format!("{json:#}\n"));
    } else {
        let says = outcome
            .as_ref()
            .map_or_else(ToString::to_string, Checked::text);
        style::print(&format!(
            "{}: key from {}{ends}: {says}\n",
            provider.name, held.source
        ));
    }
    Ok(if outcome.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
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
