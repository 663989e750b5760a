//! Where secrets come from, resolved.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::key_option::{KeyFrom, KeyOption, KeyWord};
use super::options::{KeysOptions, StoreOption};

/// The label of a key that was stored without one.
pub const DEFAULT_LABEL: &str = "default";

/// Where a provider's key comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeySource {
    /// There is none to send.
    None,
    /// The stored key with the default label, if there is one, else an environment variable, if the provider has one of its own.
    Default {
        /// The variable.
        variable: Option<String>,
    },
    /// A stored key.
    Keyring {
        /// Its label.
        label: String,
    },
    /// An environment variable of this process.
    Env(String),
    /// What a program prints.
    Command(Helper),
}

/// A program that prints a secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Helper {
    /// The program and its arguments; never empty.
    pub argv: Vec<String>,
    /// How long what it printed holds.
    pub ttl: Duration,
}

/// Where keys are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysSettings {
    /// The store.
    pub store: StoreOption,
    /// What opens the encrypted file, where it is not asked for in a terminal.
    pub passphrase: Option<Passphrase>,
    /// The environment variables that the settings name as holding keys or the passphrase.
    pub variables: Vec<String>,
    /// The name of this environment, for keys that are kept for one.
    pub environment: Arc<str>,
}

impl Default for KeysSettings {
    fn default() -> Self {
        Self {
            store: StoreOption::default(),
            passphrase: None,
            variables: Vec::new(),
            environment: environment(None),
        }
    }
}

/// What opens the encrypted file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passphrase {
    /// An environment variable of this process.
    Env(String),
    /// What a program prints.
    Command(Helper),
}

/// How long what a program printed holds, unless the user says otherwise.
const TTL: Duration = Duration::from_mins(5);

impl Passphrase {
    fn variable(&self) -> Option<&str> {
        match self {
            Self::Env(variable) => Some(variable),
            Self::Command(_) => None,
        }
    }
}

impl KeySource {
    /// Returns whether the provider may be asked without a key: it takes none, or nobody said where one would be.
    pub fn may_be_none(&self) -> bool {
        matches!(self, Self::None | Self::Default { variable: None })
    }

    /// Returns the environment variable that may hold the key.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Env(variable) => Some(variable),
            Self::Default { variable } => variable.as_deref(),
            Self::None | Self::Keyring { .. } | Self::Command(_) => None,
        }
    }

    pub(super) fn written(option: &KeyOption) -> Self {
        let from = match option {
            KeyOption::Word(KeyWord::None) => return Self::None,
            KeyOption::Word(KeyWord::Keyring) => {
                return Self::Keyring {
                    label: DEFAULT_LABEL.into(),
                };
            }
            KeyOption::From(from) => from,
        };
        match (
            from.env.clone(),
            from.keyring.clone(),
            Helper::written(from),
        ) {
            (Some(variable), ..) => Self::Env(variable),
            (None, Some(label), _) => Self::Keyring { label },
            (None, None, Some(helper)) => Self::Command(helper),
            (None, None, None) => Self::None,
        }
    }
}

impl Helper {
    fn written(from: &KeyFrom) -> Option<Self> {
        Some(Self {
            argv: from.command.clone()?,
            ttl: from.ttl_s.map_or(TTL, Duration::from_secs),
        })
    }
}

impl KeysSettings {
    pub(super) fn resolve<'a>(
        written: &KeysOptions,
        sources: impl Iterator<Item = &'a KeySource>,
    ) -> Result<Self, String> {
        let passphrase = match &written.passphrase {
            None => None,
            Some(from) => match (from.env.clone(), Helper::written(from)) {
                (Some(variable), _) => Some(Passphrase::Env(variable)),
                (None, Some(helper)) => Some(Passphrase::Command(helper)),
                (None, None) => {
                    return Err(r#"the passphrase comes from { env = "NAME" } or { command = ["program", "argument"] }"#.into());
                }
            },
        };
        let named = sources.filter_map(KeySource::variable).map(str::to_owned);
        let own = passphrase.as_ref().and_then(Passphrase::variable);
        let variables = named.chain(own.map(str::to_owned)).collect();
        Ok(Self {
            store: written.store.unwrap_or_default(),
            variables,
            passphrase,
            environment: environment(written.environment.as_deref()),
        })
    }
}

/// The environment of a process that nobody gave another name: an editor on somebody's machine.
const DEV: &str = "dev";

fn environment(written: Option<&str>) -> Arc<str> {
    let own = std::env::var_os("BYOK_ENVIRONMENT").and_then(|name| name.into_string().ok());
    let own = own.as_deref().filter(|name| !name.is_empty());
    written.or(own).unwrap_or(DEV).into()
}

/// Returns what a key is bound to: an address's host, and its port where that is not the scheme's own.
pub fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
