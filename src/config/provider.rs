//! Providers, resolved: what is well known, and what the user says about it.

mod deciding;
mod stand_ins;

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use url::Url;

use super::billing;
use super::families::{self, FimFamily};
use super::free::{self, Free};
use super::key_source::{KeySource, KeysSettings, host_of};
use super::known::{self, Known, ModelList, Rule};
use super::openrouter::{self, Extras, UpstreamPayer};
use super::options::{Auth, PriceOptions, ProviderOptions, Wire};
use super::policy::DataFacts;
use crate::cost::{Billing, PerMillion, Price};

/// A provider, resolved.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact by itself, named where it is read"
)]
pub struct ProviderSettings {
    /// Its name in `provider/model`.
    pub name: String,
    /// The wire protocol it speaks.
    pub wire: Wire,
    /// Where it answers, without a slash at the end.
    pub base_url: Url,
    /// The header that carries the key.
    pub auth: Auth,
    /// Where its key comes from.
    pub key: KeySource,
    /// Where keys are kept.
    pub stores: Arc<KeysSettings>,
    /// What it wants otherwise than its wire's other speakers.
    pub quirks: Quirks,
    /// Whether it goes on, and bills the whole answer, when nobody listens any more.
    pub bills_cut: bool,
    /// Whether it is OpenRouter, which tells afterwards what a call has cost.
    pub is_openrouter: bool,
    /// Who is to pay for what it passes on, where the user said so.
    pub upstream_payer: Option<UpstreamPayer>,
    /// The user's own prices, by model.
    pub prices: BTreeMap<String, Price>,
    /// What is paid beside the price list, or in its place.
    pub billing: Billing,
    /// What it gives for nothing, if anything.
    pub free: Option<Free>,
    /// Whether these are the settings of a model that it gives for nothing.
    pub is_free: bool,
    /// What is known of what it does with what it is sent.
    pub data: DataFacts,
    /// The host that its key is stored for, where a policy moved its address to one of its regions.
    pub home: Option<String>,
    /// How it tells which models it has.
    pub list: ModelList,
    /// What is peculiar to some of its models.
    rules: &'static [Rule],
    /// Whether `wire` is the user's word, which holds for all its models.
    is_wire_fixed: bool,
}

/// What a provider wants otherwise than its wire's other speakers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quirks {
    /// Fields that are added to the body of a conversation.
    pub body: Map<String, Value>,
    /// Headers that are added to the request of a conversation.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The fewest tokens at the beginning of a prompt that it keeps when it is told to; `None` where it keeps by itself, or not at all.
    pub cache_from: Option<u64>,
    /// The limit of tokens goes by the newer name.
    pub max_completion_tokens: bool,
    /// It answers 400 to the wish for usage, which it sends anyway.
    pub no_stream_options: bool,
}

impl ProviderSettings {
    /// Returns whether it answers on this machine, so that nothing leaves it and nobody is billed.
    pub fn is_on_this_machine(&self) -> bool {
        is_loopback(&self.base_url)
    }

    /// Returns the settings for one of its models: its wire, and what it wants besides.
    #[must_use]
    pub fn for_model(&self, model: &str) -> Self {
        let mut settings = self.clone();
        let rules = Rule::about(self.rules, model);
        if !self.is_wire_fixed {
            settings.wire = rules.iter().find_map(|rule| rule.wire).unwrap_or(self.wire);
        }
        // What a rule adds is meant for the wire that it names, or for the provider's usual one.
        let body = rules
            .iter()
            .find_map(|rule| Some((rule.wire, rule.body.as_ref()?)));
        if let Some((wire, body)) = body
            && wire.is_none_or(|wire| wire == settings.wire)
        {
            settings.quirks.body.extend(body.clone());
        }
        settings.quirks.cache_from = rules.iter().find_map(|rule| rule.cache_from);
        settings.is_free = self.free.as_ref().is_some_and(|free| free.has(model));
        if settings.is_free {
            free::shape(&mut settings);
        }
        settings
    }

    /// Returns whether its own choice of who answers can be told what to obey.
    pub fn can_be_told(&self) -> bool {
        let wires = [
            Wire::OpenAiChat,
            Wire::OpenAiResponses,
            Wire::AnthropicMessages,
        ];
        self.is_openrouter && wires.contains(&self.wire)
    }

    /// Has the address be the one of a region, if there is one and the address is the usual one; the key stays what it was.
    pub(super) fn move_to(&mut self, region: &str) {
        let is_usual = known::get("openrouter").is_some_and(|known| known.is_at(&self.base_url));
        let Some(host) = self.data.host_of(region).filter(|_| is_usual) else {
            return;
        };
        let home = host_of(&self.base_url);
        let host = host.to_owned();
        if self.base_url.set_host(Some(&host)).is_ok() {
            self.home = Some(home);
            self.data.region = Some(region.to_owned());
        }
    }

    /// Returns whether a key that is stored for these hosts is one for its address.
    pub fn takes_key_of(&self, hosts: &[String]) -> bool {
        let home = self.home.as_ref();
        hosts.contains(&host_of(&self.base_url)) || home.is_some_and(|home| hosts.contains(home))
    }

    /// Returns whether its name is one of the well-known ones.
    pub fn is_well_known(&self) -> bool {
        known::get(&self.name).is_some()
    }

    /// Returns why a model can neither fill a hole nor hold a conversation, if its name says so.
    pub fn cannot(&self, model: &str) -> Option<String> {
        let settings = self.for_model(model);
        if settings.wire == Wire::FimTemplate && FimFamily::of(model).is_none() {
            let names = families::all().iter().map(|family| family.name.as_str());
            return Some(format!(
                "the wire \"fim-template\" needs a model of a family that fills holes ({}); for others use \"openai-chat\"",
                names.collect::<Vec<_>>().join(", ")
            ));
        }
        // What the user calls their own servers' models is their own affair.
        known::get(&self.name)?;
        known::cannot(model).map(|why| format!("{model} can neither complete code nor chat: {why}"))
    }
}

/// Returns the well-known providers that have an address of their own.
pub(super) fn well_known() -> BTreeMap<String, ProviderSettings> {
    let nothing = ProviderOptions::default();
    known::all()
        .iter()
        .filter(|(_, known)| known.base_url.is_some())
        .map(|(name, _)| {
            let provider = resolve(name, &nothing)
                .expect("known.toml holds addresses; known::tests reads them");
            (name.clone(), provider)
        })
        .collect()
}

/// Says that a well-known provider needs an address of the user's own, and its form.
pub fn needs_address(name: &str) -> Option<String> {
    let form = known::get(name)?.url_form.as_ref()?;
    Some(format!(
        "{name} answers at an address of your own; say which: [providers.{name}] base_url = \"{form}\""
    ))
}

/// Resolves one provider; a failure is its key and the message.
pub(super) fn resolve(
    name: &str,
    written: &ProviderOptions,
) -> Result<ProviderSettings, (&'static str, String)> {
    let known = known::get(name);
    let base_url = match (
        &written.base_url,
        known.and_then(|known| known.base_url.as_ref()),
    ) {
        (Some(text), _) | (None, Some(text)) => {
            parse_base_url(text).map_err(|message| ("base_url", message))?
        }
        (None, None) => {
            let message = needs_address(name).unwrap_or_else(|| format!(
                "{name} is not a well-known provider; say where it answers, such as base_url = \"https://api.example.com/v1\""
            ));
            return Err(("base_url", message));
        }
    };
    let wire = written.wire.or(known.map(|known| known.wire)).ok_or_else(|| {
        ("wire", format!("{name} is not a well-known provider; say what it speaks: wire = \"openai-chat\", or another of the wires in docs/providers.md"))
    })?;
    let key = match &written.key {
        Some(option) => KeySource::written(option),
        // What runs on this machine takes no key unless the user says so.
        None if is_loopback(&base_url) => KeySource::None,
        // A key goes only to the host it is for: another address of a well-known name must name its variable itself.
        None => KeySource::Default {
            variable: known
                .filter(|known| known.is_at(&base_url))
                .and_then(|known| known.key_env.clone()),
        },
    };
    let prices = written
        .prices
        .iter()
        .map(|(model, written)| Ok((model.clone(), resolve_price(written)?)))
        .collect::<Result<_, crate::cost::Error>>()
        .map_err(|error| ("prices", error.to_string()))?;
    // Another name for a well-known provider's address does not change what answers there.
    let behind = known.or_else(|| {
        known::all()
            .values()
            .find(|known| known.is_at(&base_url) && known.wire == wire)
    });
    let is_openrouter = known.is_some_and(|known| known.is_openrouter)
        || known::all()
            .values()
            .any(|other| other.is_openrouter && other.is_at(&base_url));
    let billing = billing::resolve(written, is_loopback(&base_url), is_openrouter)?;
    let free = free::resolve(
        written.free.as_ref(),
        behind.map(|behind| &behind.free),
        is_loopback(&base_url),
    )?;
    let extras = openrouter::resolve(name, written, is_openrouter, wire)?;
    // What lies elsewhere on a host is known of the provider's own host only.
    let at_home = known.filter(|known| known.is_at(&base_url));
    let host = base_url.host_str().unwrap_or_default();
    let facts = known.map(|known| {
        let is_regional = base_url.scheme() == "https" && known.data.is_host(host);
        let is_its_own = known.is_at(&base_url) || is_regional;
        known.data.at(host).filter_by(is_its_own)
    });
    let facts = facts.or_else(|| behind.map(|behind| behind.data.at(host)));
    let data = facts
        .unwrap_or_default()
        .with(&written.data.clone().unwrap_or_default());
    Ok(ProviderSettings {
        data,
        free,
        is_free: false,
        home: None,
        name: name.into(),
        list: at_home.map(|known| known.list.clone()).unwrap_or_default(),
        wire,
        auth: written.auth.unwrap_or_else(|| auth_of(wire, known)),
        base_url,
        key,
        stores: Arc::default(),
        upstream_payer: extras.payer,
        quirks: quirks(behind, extras),
        bills_cut: behind.is_some_and(|known| known.bills_cut),
        is_openrouter,
        prices,
        billing,
        rules: known.map_or(&[], |known| &known.models),
        is_wire_fixed: written.wire.is_some(),
    })
}

fn quirks(known: Option<&Known>, extras: Extras) -> Quirks {
    Quirks {
        body: extras.body,
        headers: extras.headers,
        cache_from: None,
        max_completion_tokens: known.is_some_and(|known| known.max_completion_tokens),
        no_stream_options: known.is_some_and(|known| known.no_stream_options),
    }
}

/// The header in which a wire's maker expects the key; a well-known provider may have its own on a wire that others made.
fn auth_of(wire: Wire, known: Option<&Known>) -> Auth {
    match (wire, known) {
        (_, Some(known)) if known.wire == wire => known.auth,
        // Bedrock takes Anthropic's bodies with its own kind of key.
        (_, Some(known)) if known.auth == Auth::Bearer => known.auth,
        (Wire::AnthropicMessages, _) => Auth::XApiKey,
        (Wire::Gemini, _) => Auth::XGoogApiKey,
        (_, Some(known)) if known.url_form.is_some() => known.auth,
        _ => Auth::Bearer,
    }
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

/// Returns whether an address is on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(provider: &str, model: &str) -> ProviderSettings {
        well_known()[provider].for_model(model)
    }

    #[test]
    fn the_wire_is_the_models_where_a_provider_has_several() {
        let table = [
            ("mistral", "codestral-latest", Wire::FimCompletions),
            ("mistral", "mistral-small-latest", Wire::OpenAiChat),
            ("inception", "mercury-edit-2", Wire::FimCompletions),
            ("inception", "mercury-2", Wire::OpenAiChat),
            ("openai", "gpt-4.1-mini", Wire::OpenAiChat),
            ("openai", "gpt-5-pro", Wire::OpenAiResponses),
            ("openai", "gpt-3.5-turbo-instruct", Wire::OpenAiCompletions),
            ("ollama", "qwen2.5-coder:1.5b", Wire::OllamaGenerate),
            ("ollama", "deepseek-coder:1.3b", Wire::OllamaChat),
            ("ollama", "llama3.2", Wire::OllamaChat),
            ("vllm", "Qwen/Qwen2.5-Coder-7B", Wire::FimTemplate),
            ("vllm", "meta-llama/Llama-3.1-8B", Wire::OpenAiChat),
            ("llama-cpp", "tiny", Wire::OpenAiCompletions),
            (
                "llama-cpp",
                "qwen2.5-coder-1.5b-q8_0.gguf",
                Wire::LlamaCppInfill,
            ),
        ];
        for (provider, model, wire) in table {
            assert_eq!(of(provider, model).wire, wire, "{provider}/{model}");
        }
    }

    #[test]
    fn what_a_model_is_asked_besides_fits_its_wire() {
        let body = |provider, model| Value::Object(of(provider, model).quirks.body).to_string();
        assert_eq!(
            body("openai", "gpt-5-nano"),
            r#"{"reasoning_effort":"minimal"}"#
        );
        assert_eq!(
            body("openai", "gpt-5-codex"),
            r#"{"reasoning":{"effort":"low"}}"#
        );
        assert_eq!(body("openai", "gpt-4.1"), "{}");
    }

    #[test]
    fn the_users_word_on_the_wire_holds_for_every_model() {
        let written = ProviderOptions {
            wire: Some(Wire::OpenAiChat),
            ..ProviderOptions::default()
        };
        let mistral = resolve("mistral", &written).expect("settings");
        assert_eq!(mistral.for_model("codestral-latest").wire, Wire::OpenAiChat);
    }

    #[test]
    fn each_provider_gets_its_key_in_the_header_it_reads() {
        let table = [
            ("anthropic", Auth::XApiKey),
            ("google", Auth::XGoogApiKey),
            ("openai", Auth::Bearer),
        ];
        for (provider, auth) in table {
            assert_eq!(of(provider, "m").auth, auth, "{provider}");
        }
    }

    #[test]
    fn a_provider_with_the_users_own_address_gets_its_key_at_its_own_hosts_only() {
        let key = |url: &str| {
            let written = ProviderOptions {
                base_url: Some(url.into()),
                ..ProviderOptions::default()
            };
            let azure = resolve("azure-openai", &written).expect("settings");
            assert_eq!(azure.auth, Auth::ApiKey);
            azure.key
        };
        let own = KeySource::Default {
            variable: Some("AZURE_OPENAI_API_KEY".into()),
        };
        assert_eq!(key("https://mine.openai.azure.com/openai/v1"), own);
        assert_eq!(
            key("https://openai.azure.com.example.com/v1"),
            KeySource::Default { variable: None }
        );
    }
}
