//! The well-known providers, read from `known.toml`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::options::Wire;

/// What a provider's bare name stands for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    pub base_url: String,
    pub wire: Wire,
    /// The environment variable its own tools read; without one it takes no key.
    pub key_env: Option<String>,
}

/// Returns all well-known providers by name.
pub(super) fn all() -> &'static BTreeMap<String, Known> {
    static ALL: OnceLock<BTreeMap<String, Known>> = OnceLock::new();
    ALL.get_or_init(|| {
        toml::from_str(include_str!("known.toml"))
            .expect("known.toml is part of this program; the test below reads it")
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_well_known_provider_has_an_address_and_a_key_unless_it_runs_here() {
        for (name, known) in super::all() {
            let url = url::Url::parse(&known.base_url).expect("an address");
            let here = url.host_str() == Some("127.0.0.1");
            assert_eq!(here, known.key_env.is_none(), "{name}");
            assert_eq!(here, url.scheme() == "http", "{name}");
        }
    }
}
