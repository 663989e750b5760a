//! Keys: where they come from, where they are kept, and the type that keeps them from being seen.
//!
//! Entry points: [`Keys::authorization`] for a call's header, [`Vault`] for what is stored. A key is read when a call is about to be sent and
//! turned into a header that is marked sensitive. Nothing outside this module sees its bytes, and what it once held is left out of every
//! text that leaves the process ([`redact`]).

pub mod environment;
mod failures;
mod helper;
mod in_use;
mod keys;
mod kind;
mod last_use;
mod names;
mod record;
mod scope;
mod secret;
pub mod sign_in;
mod store;
mod vault;

#[cfg(test)]
mod tests;

use std::fmt;

pub use environment::secret_variables;
pub use in_use::{Pieces, redact};
pub use keys::{Authorization, Keys};
pub use kind::belongs_to_another;

use kind::refusal;
pub use names::Name;
pub use record::Record;
pub use scope::{FEATURES, Scope, Use};
pub use secret::Secret;
pub use store::{Fault, Kind};
pub use vault::{Ask, Sought, Surveyed, Target, Vault};

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::config::{Auth, ProviderSettings};

/// A key, and where it was found.
struct Found {
    secret: Secret,
    source: Source,
    /// What it may be used for.
    scope: Scope,
}

/// Where a key was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An environment variable.
    Environment {
        /// The variable.
        variable: String,
    },
    /// What a program printed.
    Command {
        /// The program.
        program: String,
    },
    /// A store.
    Store {
        /// Which one.
        kind: Kind,
        /// The key's label.
        label: String,
    },
}

impl Source {
    /// Returns the key's label, if it has one.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Store { label, .. } => Some(label),
            Self::Environment { .. } | Self::Command { .. } => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment { variable } => {
                write!(formatter, "the environment variable {variable}")
            }
            Self::Command { program } => write!(formatter, "the command {program}"),
            Self::Store { kind, label } => write!(formatter, "{kind} (label {label})"),
        }
    }
}

/// Why there is no key. No variant holds any part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The variable that should hold it does not exist or is empty.
    #[error(
        "there is no key for {provider}: the environment variable {variable} is not set in the process that started the editor; set it there, or store the key with \"byok-lsp key set {provider}\" and set providers.{provider}.key = \"keyring\""
    )]
    NotSet {
        /// The provider.
        provider: String,
        /// The variable.
        variable: String,
    },
    /// None is stored, and no variable holds one.
    #[error("there is no key for {provider}{}; store one with \"byok-lsp key set {provider}{}\"{}{}", with_label(.label.as_ref()), as_argument(.label.as_ref()), or_variable(.variable.as_ref()), because(.faults))]
    NoKey {
        /// The provider.
        provider: String,
        /// The label, unless it is the default one.
        label: Option<String>,
        /// The variable that could hold it.
        variable: Option<String>,
        /// The stores that could not be asked.
        faults: String,
    },
    /// The stored one is for another host.
    #[error(
        "the key {name} is kept for {hosts} and does not go to {host}; if it may, say so: byok-lsp key allow-host {} {host}{}{}", .name.provider, as_argument_unless_default(.name), not_instead(&.name.provider, .unused.as_ref())
    )]
    OtherHost {
        /// The key.
        name: Name,
        /// The hosts it may go to.
        hosts: String,
        /// The host it would have gone to.
        host: String,
        /// The variable that holds another.
        unused: Option<String>,
    },
    /// The stored one is kept for something else.
    #[error(
        "the key {name} is kept for {kept}; to keep it for other things: byok-lsp key scope {}{}", .name.provider, as_argument_unless_default(.name)
    )]
    OutOfScope {
        /// The key.
        name: Name,
        /// What it is kept for, and what it was wanted for.
        kept: String,
    },
    /// The stored one is switched off.
    #[error("the key {name} is switched off; switch it on with: byok-lsp key enable {}{}{}", .name.provider, as_argument_unless_default(.name), not_instead(&.name.provider, .unused.as_ref()))]
    Disabled {
        /// The key.
        name: Name,
        /// The variable that holds another.
        unused: Option<String>,
    },
    /// One may be stored where nobody can look now.
    #[error(
        "the key for {provider} may be in a store that cannot be asked ({faults}){}",
        not_instead(provider, Some(variable))
    )]
    Uncertain {
        /// The provider.
        provider: String,
        /// The stores that could not be asked.
        faults: String,
        /// The variable that holds another.
        variable: String,
    },
    /// The program that should print it failed.
    #[error("there is no key for {provider}: {message}")]
    Helper {
        /// The provider.
        provider: String,
        /// What happened, without the key.
        message: String,
    },
    /// The program failed so often that it is not run any more.
    #[error(
        "there is no key for {provider}: its command failed, or printed a key that was refused, {times} times in a row and is not run any more; try \"byok-lsp key test {provider}\", then start the server anew"
    )]
    HelperStopped {
        /// The provider.
        provider: String,
        /// How often.
        times: u32,
    },
    /// It is a credential that must not be used here.
    #[error("what is in {place} is not sent to {provider}: {reason}")]
    NotAllowed {
        /// The provider.
        provider: String,
        /// Where it was found.
        place: Source,
        /// What it is and what to do.
        reason: String,
    },
    /// What was found cannot be sent as a header.
    #[error(
        "the key for {provider} in {place} holds characters that no key has; copy it anew, without quotes or line breaks"
    )]
    Unusable {
        /// The provider.
        provider: String,
        /// Where it was found.
        place: Source,
    },
}

fn with_label(label: Option<&String>) -> String {
    label.map_or_else(String::new, |label| format!(" with the label {label}"))
}

fn as_argument(label: Option<&String>) -> String {
    label.map_or_else(String::new, |label| format!(" --label {label}"))
}

fn as_argument_unless_default(name: &Name) -> String {
    let label = (name.label != crate::config::DEFAULT_LABEL).then_some(&name.label);
    as_argument(label)
}

fn or_variable(variable: Option<&String>) -> String {
    variable.map_or_else(String::new, |variable| {
        format!(", or set {variable} in the environment that the editor is started from")
    })
}

/// Says why a variable is passed over: its key may be of another account than the stored one.
fn not_instead(provider: &str, unused: Option<&String>) -> String {
    unused.map_or_else(String::new, |variable| {
        format!("; {variable} is not used in its place, unless you say so: providers.{provider}.key = {{ env = \"{variable}\" }}")
    })
}

fn because(faults: &str) -> String {
    if faults.is_empty() {
        return String::new();
    }
    format!(" (not every store could be asked: {faults})")
}

/// Returns what carries a provider's key with a question that costs nothing, or `None` if it takes no key or has none and may take none.
pub async fn authorization(provider: &ProviderSettings) -> Result<Option<Authorization>, Error> {
    let keys = Keys::of_process();
    keys.authorization(provider, Use::QUESTION).await
}

/// Returns whether a provider that takes a key has one, as far as is known without waiting ([`Keys::is_present`]).
pub fn is_present(provider: &ProviderSettings) -> bool {
    Keys::of_process().is_present(provider)
}

/// Returns whether a key that was just entered can be used for a provider; if not, why.
pub fn check_form(provider: &ProviderSettings, secret: &Secret) -> Result<(), String> {
    if secret.is_empty() {
        return Err("there is nothing in it".into());
    }
    if header(provider.auth, secret).is_none() {
        return Err(
            "it holds characters that no key has; copy it anew, without quotes or line breaks"
                .into(),
        );
    }
    refusal(&provider.name, provider.auth, secret).map_or(Ok(()), Err)
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
