//! The well-known providers, read from `known.toml`.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::families::FimFamily;
use super::free::FreeFacts;
use super::options::{Auth, Wire};
use super::pattern;
use super::policy::DataFacts;

/// What a provider's bare name stands for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a line of the data file, where nothing is confused with anything"
)]
pub(super) struct Known {
    /// Where it answers, unless each user has an address of their own.
    pub base_url: Option<String>,
    /// The form of such an address.
    pub url_form: Option<String>,
    /// The hosts of such addresses, to which the key may go.
    hosts: Vec<String>,
    pub wire: Wire,
    pub auth: Auth,
    /// The environment variable its own tools read; without one it takes no key.
    pub key_env: Option<String>,
    pub models: Vec<Rule>,
    pub bills_cut: bool,
    pub max_completion_tokens: bool,
    pub no_stream_options: bool,
    /// Whether it is OpenRouter, which has settings and endpoints of its own.
    pub is_openrouter: bool,
    pub list: ModelList,
    /// What it does with what it is sent.
    pub data: DataFacts,
    /// What it gives for nothing.
    pub free: FreeFacts,
}

/// How a provider tells which models it has, where that is not its wire's usual way.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelList {
    /// Where its list is, from its host's root; empty where no list is of use.
    pub path: Option<String>,
    /// Whether it shows its list to those without a key.
    pub open: bool,
    /// The models that it has of those that the price catalogue knows under its maker's name; all, if none are named.
    only: Vec<String>,
}

impl ModelList {
    /// Returns whether it can have a model that the price catalogue knows.
    pub fn may_have(&self, model: &str) -> bool {
        self.only.is_empty() || pattern::any(&self.only, &pattern::bare(model))
    }
}

/// What is peculiar to some of a provider's models.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    names: Vec<String>,
    pub wire: Option<Wire>,
    pub body: Option<Map<String, Value>>,
    /// The fewest tokens at the beginning of a prompt that are kept when the provider is told to.
    pub cache_from: Option<u64>,
}

/// Models that neither fill nor chat.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cannot {
    names: Vec<String>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cannot: Vec<Cannot>,
    providers: BTreeMap<String, Known>,
}

impl Known {
    /// Returns whether its key may go to an address without the user naming the key for it.
    pub(super) fn is_at(&self, url: &Url) -> bool {
        let own = self.base_url.as_ref().and_then(|own| Url::parse(own).ok());
        let is_own = own.is_some_and(|own| own.origin() == url.origin());
        let host = url.host_str().unwrap_or_default();
        is_own || (url.scheme() == "https" && pattern::any(&self.hosts, host))
    }
}

impl Rule {
    /// Returns those that are about a model. This is asked for each candidate of each call, so the name is looked at once, not by every rule.
    pub(super) fn about<'a>(rules: &'a [Self], model: &str) -> Vec<&'a Self> {
        let bare = pattern::bare(model);
        let is_family = LazyCell::new(|| FimFamily::of(model).is_some());
        let is_about = |rule: &&Self| {
            rule.names.iter().any(|name| name == "@fim" && *is_family)
                || pattern::any(&rule.names, &bare)
        };
        rules.iter().filter(is_about).collect()
    }
}

/// Returns a well-known provider, whether or not it has an address of its own.
pub(super) fn get(name: &str) -> Option<&'static Known> {
    all().get(name)
}

/// Returns why a model can neither fill a hole nor hold a conversation, if its name says so.
pub(super) fn cannot(model: &str) -> Option<&'static str> {
    let bare = pattern::bare(model);
    let mut cannot = file().cannot.iter();
    cannot
        .find(|cannot| pattern::any(&cannot.names, &bare))
        .map(|cannot| cannot.why.as_str())
}

/// Returns the environment variables in which the well-known providers' keys are.
pub fn well_known_variables() -> impl Iterator<Item = &'static str> {
    all().values().filter_map(|known| known.key_env.as_deref())
}

/// Returns whether a variable is the one that the provider at an address reads itself.
pub(super) fn is_own_variable(variable: &str, address: Option<&str>) -> bool {
    let Some(url) = address.and_then(|address| Url::parse(address).ok()) else {
        return false;
    };
    let is_own = |known: &Known| known.key_env.as_deref() == Some(variable) && known.is_at(&url);
    all().values().any(is_own)
}

/// Returns all well-known providers by name.
pub(super) fn all() -> &'static BTreeMap<String, Known> {
    &file().providers
}

fn file() -> &'static File {
    static FILE: OnceLock<File> = OnceLock::new();
    FILE.get_or_init(|| {
        toml::from_str(include_str!("known.toml"))
            .expect("known.toml is part of this program; the test below reads it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_well_known_provider_has_an_address_and_a_key_unless_it_runs_here() {
        for (name, known) in all() {
            let form = known.base_url.as_ref().or(known.url_form.as_ref());
            let url = Url::parse(form.expect("an address or its form")).expect("an address");
            assert_eq!(known.base_url.is_some(), known.url_form.is_none(), "{name}");
            assert_eq!(known.hosts.is_empty(), known.url_form.is_none(), "{name}");
            let here = url.host_str() == Some("127.0.0.1");
            assert_eq!(here, known.key_env.is_none(), "{name}");
            assert_eq!(here, url.scheme() == "http", "{name}");
            assert!(
                known.data.is_sourced(),
                "{name}: what is known of its data has a source and a date"
            );
        }
    }

    #[test]
    fn models_that_neither_fill_nor_chat_are_known_and_others_are_not_taken_for_them() {
        for model in [
            "text-embedding-3-small",
            "nomic-embed-text:latest",
            "whisper-large-v3",
            "gpt-image-1",
            "gemini-2.5-flash-image",
            "BAAI/bge-m3",
        ] {
            assert!(cannot(model).is_some(), "{model}");
        }
        for model in [
            "gpt-4.1-mini",
            "claude-opus-5",
            "codestral-latest",
            "gemini-3-flash",
        ] {
            assert_eq!(cannot(model), None, "{model}");
        }
    }
}
