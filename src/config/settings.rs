//! What code reads: options resolved, checked against each other and filled up with defaults.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use url::Url;

use super::known;
use super::options::{KeyOption, Options, PriceOptions, ProviderOptions, Wire};
use super::problem::Problem;
use crate::cost::{PerMillion, Price};

/// All settings, immutable; a change of configuration makes new ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The model of ghost text.
    pub model: ModelName,
    /// How long an automatic request waits before a provider is asked.
    pub debounce: Duration,
    /// The most output tokens of a suggestion.
    pub max_tokens: u32,
    /// The most lines of a suggestion.
    pub max_lines: usize,
    /// Providers whose servers on this machine `auto` may use, most preferred first.
    pub local_servers: Vec<String>,
    /// How sure the embedded engine must be to speak, in percent; `None` is the engine's own default.
    pub min_confidence: Option<u8>,
    /// The bound of the embedded engine's index; `None` is the engine's own default.
    pub max_index_tokens: Option<usize>,
    /// The well-known providers and the user's own, by name.
    pub providers: BTreeMap<String, ProviderSettings>,
}

/// A provider, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderSettings {
    /// Its name in `provider/model`.
    pub name: String,
    /// The wire protocol it speaks.
    pub wire: Wire,
    /// Where it answers, without a slash at the end.
    pub base_url: Url,
    /// Where its key comes from.
    pub key: KeySource,
    /// The user's own prices, by model.
    pub prices: BTreeMap<String, Price>,
}

impl ProviderSettings {
    /// Returns whether it answers on this machine, so that nothing leaves it and nobody is billed.
    pub fn is_on_this_machine(&self) -> bool {
        is_loopback(&self.base_url)
    }
}

/// Where a key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// There is none to send.
    None,
    /// An environment variable of this process.
    Env(String),
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
}

impl fmt::Display for ModelName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Local => formatter.write_str("local"),
            Self::Of { provider, model } => write!(formatter, "{provider}/{model}"),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: ModelName::Auto,
            debounce: Duration::from_millis(75),
            max_tokens: 128,
            max_lines: 12,
            local_servers: Vec::new(),
            min_confidence: None,
            max_index_tokens: None,
            providers: well_known(),
        }
    }
}

impl Settings {
    /// Returns whether completions may go to the embedded engine, so that it has to know the open documents.
    pub fn may_use_engine(&self) -> bool {
        matches!(self.model, ModelName::Auto | ModelName::Local)
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
        for (name, written) in &options.providers {
            let provider = resolve_provider(name, written, settings.providers.get(name))
                .map_err(|(key, message)| problem(format!("providers.{name}.{key}"), message))?;
            settings.providers.insert(name.clone(), provider);
        }
        if let Some(completion) = &options.completion {
            if let Some(model) = &completion.model {
                settings.model = parse_model(model, &settings.providers)
                    .map_err(|message| problem("completion.model".into(), message))?;
            }
            if let Some(wait) = completion.debounce_ms {
                check_range(wait, 0, 5000)
                    .map_err(|m| problem("completion.debounce_ms".into(), m))?;
                settings.debounce = Duration::from_millis(wait);
            }
            if let Some(tokens) = completion.max_tokens {
                check_range(tokens.into(), 1, 4096)
                    .map_err(|m| problem("completion.max_tokens".into(), m))?;
                settings.max_tokens = tokens;
            }
            if let Some(lines) = completion.max_lines {
                check_range(lines.into(), 1, 100)
                    .map_err(|m| problem("completion.max_lines".into(), m))?;
                settings.max_lines = lines as usize;
            }
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
            settings.max_index_tokens = local.max_index_tokens;
        }
        Ok(settings)
    }
}

fn well_known() -> BTreeMap<String, ProviderSettings> {
    known::all()
        .iter()
        .map(|(name, known)| {
            let provider = ProviderSettings {
                name: name.clone(),
                wire: known.wire,
                base_url: known
                    .base_url
                    .parse()
                    .expect("known.toml holds addresses; known::tests reads them"),
                key: known
                    .key_env
                    .clone()
                    .map_or(KeySource::None, KeySource::Env),
                prices: BTreeMap::new(),
            };
            (name.clone(), provider)
        })
        .collect()
}

/// Resolves one provider; a failure is its key and the message.
fn resolve_provider(
    name: &str,
    written: &ProviderOptions,
    known: Option<&ProviderSettings>,
) -> Result<ProviderSettings, (&'static str, String)> {
    let base_url = match (&written.base_url, known) {
        (Some(text), _) => parse_base_url(text).map_err(|message| ("base_url", message))?,
        (None, Some(known)) => known.base_url.clone(),
        (None, None) => {
            return Err((
                "base_url",
                format!(
                    "{name} is not a well-known provider; say where it answers, such as base_url = \"https://api.example.com/v1\""
                ),
            ));
        }
    };
    let wire = written.wire.or(known.map(|known| known.wire)).ok_or_else(|| {
        ("wire", format!("{name} is not a well-known provider; say what it speaks: \"openai-chat\" or \"openai-completions\""))
    })?;
    let key = match (&written.key, known) {
        (Some(KeyOption::Env(variable)), _) => KeySource::Env(variable.clone()),
        (Some(KeyOption::None), _) => KeySource::None,
        // A key goes only to the host it is for: another address of a well-known name must name its key itself.
        (None, Some(known)) if known.base_url.origin() == base_url.origin() => known.key.clone(),
        (None, _) => KeySource::None,
    };
    let prices = written
        .prices
        .iter()
        .map(|(model, written)| Ok((model.clone(), resolve_price(written)?)))
        .collect::<Result<_, crate::cost::Error>>()
        .map_err(|error| ("prices", error.to_string()))?;
    Ok(ProviderSettings {
        name: name.into(),
        wire,
        base_url,
        key,
        prices,
    })
}

fn resolve_price(written: &PriceOptions) -> Result<Price, crate::cost::Error> {
    Price::per_million(PerMillion {
        input: &written.input,
        output: &written.output,
        cache_read: written.cache_read.as_deref(),
        cache_write: written.cache_write.as_deref(),
    })
}

fn parse_base_url(text: &str) -> Result<Url, String> {
    let url: Url = text.trim_end_matches('/').parse().map_err(|error| {
        format!("this is not an address ({error}); it looks like \"https://api.example.com/v1\"")
    })?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(
            "the address must hold no user name, password or query; keys have their own setting"
                .into(),
        );
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("plain http would send your code and key readable to everybody on the way; use https, or a tunnel that ends on 127.0.0.1".into()),
        _ => Err("the address must begin with https:// (or http:// for this machine)".into()),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn parse_model(
    text: &str,
    providers: &BTreeMap<String, ProviderSettings>,
) -> Result<ModelName, String> {
    match text {
        "auto" => return Ok(ModelName::Auto),
        "local" | "local/patterns" => return Ok(ModelName::Local),
        _ => {}
    }
    let names = || providers.keys().cloned().collect::<Vec<_>>().join(", ");
    match text.split_once('/') {
        Some((provider, model)) if providers.contains_key(provider) && !model.is_empty() => Ok(ModelName::Of {
            provider: provider.into(),
            model: model.into(),
        }),
        Some((provider, model)) if !model.is_empty() => Err(format!(
            "no provider is called \"{provider}\"; known are {}, and any other with its own [providers.{provider}] table",
            names()
        )),
        _ => Err("a model is written provider/model, such as \"openai/gpt-4.1-mini\"; or \"local\", or \"auto\"".into()),
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

fn check_range(value: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(format!("{value} is outside {least} to {most}"))
}
