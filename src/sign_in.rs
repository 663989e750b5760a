//! Signing in at a provider that hands over a key of the user's own: the same for the terminal and for the editor.
//!
//! Entry points: [`Begun::new`] for a way back through the browser, [`exchange`] for a code that was pasted. What proves that the answer belongs
//! to the question is in [`crate::credential::sign_in`].

use std::time::Duration;

use url::Url;

use crate::config::ProviderSettings;
use crate::credential::Secret;
use crate::credential::sign_in::{Callback, Challenge, Error as WayError, key_of};
use crate::provider::{self, Http, endpoint};

/// The one provider that signs users in for every program.
pub const PROVIDER: &str = "openrouter";

/// How long the user may take.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// How long the provider may take to hand the key over.
const EXCHANGE: Duration = Duration::from_secs(30);

/// The name under which the provider shows the key.
const NAME: &str = "byok-lsp";

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// On the way there or back.
    #[error(transparent)]
    Way(#[from] WayError),
    /// The provider's address has nothing beside it.
    #[error(
        "the address of {PROVIDER} has no page beside it; look at providers.{PROVIDER}.base_url"
    )]
    NoPage,
    /// The code was used before, or is too old.
    #[error(
        "{PROVIDER} did not take the code; it works once and for ten minutes, so sign in again"
    )]
    NotTaken,
    /// It answered without a key.
    #[error("{PROVIDER} handed over no key")]
    NoKey,
    /// It could not be asked.
    #[error("{PROVIDER}: {0}")]
    Provider(provider::Error),
}

/// A sign-in that waits for the user.
pub struct Begun {
    /// The page on which the user signs in.
    pub page: Url,
    challenge: Challenge,
    callback: Callback,
}

impl Begun {
    /// Opens the way back on a port of this machine; 0 is any.
    pub async fn new(provider: &ProviderSettings, port: u16) -> Result<Self, Error> {
        let challenge = Challenge::new()?;
        let callback = Callback::open(port).await?;
        let page = challenge.page(&page_of(provider)?, Some(callback.url()), NAME);
        Ok(Self {
            page,
            challenge,
            callback,
        })
    }

    /// Waits for the user, then for the provider, and returns the key.
    pub async fn key(
        self,
        http: &Http,
        provider: &ProviderSettings,
        limit: Duration,
    ) -> Result<Secret, Error> {
        let code = self.callback.code(limit).await?;
        exchange(http, provider, &self.challenge, &code).await
    }
}

/// Returns the page that shows a code to be pasted.
pub fn page_to_paste_from(
    provider: &ProviderSettings,
    challenge: &Challenge,
) -> Result<Url, Error> {
    Ok(challenge.page(&page_of(provider)?, None, NAME))
}

/// Has the provider hand over the key for a code.
pub async fn exchange(
    http: &Http,
    provider: &ProviderSettings,
    challenge: &Challenge,
    code: &Secret,
) -> Result<Secret, Error> {
    let url = endpoint(&provider.base_url, "auth/keys");
    let body = challenge.exchange(code);
    let answer = http.post_json(&url, &body, EXCHANGE).await;
    let mut answer = answer.map_err(|error| match error {
        provider::Error::Unauthorized
        | provider::Error::Forbidden(_)
        | provider::Error::Rejected(_) => Error::NotTaken,
        error => Error::Provider(error),
    })?;
    key_of(&mut answer).ok_or(Error::NoKey)
}

fn page_of(provider: &ProviderSettings) -> Result<Url, Error> {
    provider.base_url.join("/auth").map_err(|_| Error::NoPage)
}
