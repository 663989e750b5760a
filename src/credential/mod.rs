//! Keys: where they come from, and the type that keeps them from being seen.
//!
//! Entry point: [`authorization`]. A key is read when a call is about to be sent, turned into a header that is marked sensitive, and
//! dropped with it. Nothing outside this module sees its bytes.

mod secret;

pub use secret::Secret;

use reqwest::header::HeaderValue;

use crate::config::{KeySource, ProviderSettings};

/// Why there is no key. No variant holds any part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The variable that should hold it does not exist or is empty.
    #[error(
        "there is no key for {provider}: the environment variable {variable} is not set in the process that started the editor; set it there, or name another one with providers.{provider}.key = {{ env = \"NAME\" }}"
    )]
    NotSet {
        /// The provider.
        provider: String,
        /// The variable.
        variable: String,
    },
    /// What was found cannot be sent as a header.
    #[error(
        "the key for {provider} in {variable} holds characters that no key has; copy it anew, without quotes or line breaks"
    )]
    Unusable {
        /// The provider.
        provider: String,
        /// The variable.
        variable: String,
    },
}

/// Returns the `Authorization` header of a provider, or `None` if it takes no key.
pub fn authorization(provider: &ProviderSettings) -> Result<Option<HeaderValue>, Error> {
    let KeySource::Env(variable) = &provider.key else {
        return Ok(None);
    };
    let secret = from_environment(variable).ok_or_else(|| Error::NotSet {
        provider: provider.name.clone(),
        variable: variable.clone(),
    })?;
    let header = secret.bearer().ok_or_else(|| Error::Unusable {
        provider: provider.name.clone(),
        variable: variable.clone(),
    })?;
    Ok(Some(header))
}

/// Returns whether a provider that takes a key has one, without reading more of it than its presence.
pub fn is_present(provider: &ProviderSettings) -> bool {
    match &provider.key {
        KeySource::None => true,
        KeySource::Env(variable) => {
            std::env::var_os(variable).is_some_and(|value| !value.is_empty())
        }
    }
}

fn from_environment(variable: &str) -> Option<Secret> {
    let value = std::env::var(variable).ok()?;
    let secret = Secret::new(value);
    (!secret.is_empty()).then_some(secret)
}
