//! Keys: where they come from, and the type that keeps them from being seen.
//!
//! Entry point: [`authorization`]. A key is read when a call is about to be sent, turned into a header that is marked sensitive, and
//! dropped with it. Nothing outside this module sees its bytes.

mod secret;

pub use secret::Secret;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::config::{Auth, KeySource, ProviderSettings};

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

/// Returns the header that carries a provider's key, or `None` if it takes no key.
pub fn authorization(
    provider: &ProviderSettings,
) -> Result<Option<(HeaderName, HeaderValue)>, Error> {
    let KeySource::Env(variable) = &provider.key else {
        return Ok(None);
    };
    let secret = from_environment(variable).ok_or_else(|| Error::NotSet {
        provider: provider.name.clone(),
        variable: variable.clone(),
    })?;
    let header = header(provider.auth, &secret).ok_or_else(|| Error::Unusable {
        provider: provider.name.clone(),
        variable: variable.clone(),
    })?;
    Ok(Some(header))
}

/// Makes the header, or `None` if the key holds bytes that no header may.
fn header(auth: Auth, secret: &Secret) -> Option<(HeaderName, HeaderValue)> {
    let name = match auth {
        Auth::Bearer => return Some((AUTHORIZATION, secret.bearer()?)),
        Auth::XApiKey => "x-api-key",
        Auth::XGoogApiKey => "x-goog-api-key",
        Auth::ApiKey => "api-key",
    };
    Some((HeaderName::from_static(name), secret.bare()?))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_with_a_key_is_marked_so_that_no_log_shows_it() {
        let secret = Secret::new("canary".into());
        for (auth, name, value) in [
            (Auth::Bearer, "authorization", "Bearer canary"),
            (Auth::XApiKey, "x-api-key", "canary"),
            (Auth::XGoogApiKey, "x-goog-api-key", "canary"),
            (Auth::ApiKey, "api-key", "canary"),
        ] {
            let (header, content) = header(auth, &secret).expect("a header");
            assert_eq!(
                (header.as_str(), content.as_bytes()),
                (name, value.as_bytes())
            );
            assert!(content.is_sensitive());
        }
    }
}
