//! An organisation's file: rules that hold for all its people's machines, signed, so that nobody on the way or on the machine can change them unseen.
//!
//! Entry points: [`places`], which says where there is such a file, [`Organisation::load`], and [`Organisation::restrict`], which is pure. The file is TOML
//! of the same kind as a workspace's `.byok.toml`, so it can only restrict, with a `serial` that never goes down. Beside it lies its signature, made by
//! minisign. A place is named by the system's folder, the user's own file or their environment, never by an editor or a workspace. Where a file
//! is named and not there, not signed by the key that is named, older than one that was seen on this machine, or not understood,
//! nothing is asked that costs something or leaves the machine; the embedded engine goes on.

mod again;
mod seen;
mod signed;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use again::{Again, Sources};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::Source;
use super::settings::Settings;
use super::trust::{self, Written};
use crate::scrub::scrub;

/// The file's name in the system's folder; the key lies beside it.
const FILE: &str = "organisation.toml";
const KEY: &str = "organisation.pub";

/// Where your organisation's rules are. From your own file only; a file in the system's folder holds without it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganisationOptions {
    /// The file, by its whole path; its signature lies beside it as `FILE.minisig`.
    pub file: String,
    /// The key that it is signed with, as minisign prints it: 56 characters that begin with `RW`.
    pub public_key: String,
}

/// Where a file lies, and which key it is checked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Its key.
    pub key: Key,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// It itself.
    Text(String),
    /// The file that it lies in.
    File(PathBuf),
}

/// An organisation's file as it was when it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Organisation {
    /// Where it lies.
    pub place: Place,
    /// What it is.
    pub state: State,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// It holds.
    Valid {
        /// The organisation's name, if it says it.
        name: Option<String>,
        /// Its serial.
        serial: u64,
        /// What it restricts.
        rules: Box<Rules>,
    },
    /// It does not, and why.
    Invalid(String),
}

/// What a file restricts.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules(Written);

/// Returns the system's folder for such files.
pub fn system_folder() -> PathBuf {
    if cfg!(target_os = "macos") {
        return "/Library/Application Support/byok-lsp".into();
    }
    if cfg!(windows) {
        let base = std::env::var_os("ProgramData").unwrap_or_else(|| "C:\\ProgramData".into());
        return PathBuf::from(base).join("byok-lsp");
    }
    "/etc/byok-lsp".into()
}

/// Returns all places at which a file has to be: in the system's folder, if a key or a file lies there; where the user's own file says; and where
/// their environment does, as the file and the key.
pub fn places(
    system: &Path,
    own: Option<&OrganisationOptions>,
    environment: Option<(String, String)>,
) -> Vec<Place> {
    let (file, key) = (system.join(FILE), system.join(KEY));
    // A broken link or a file that may not be read is there, too.
    let is_there = |path: &PathBuf| std::fs::symlink_metadata(path).is_ok();
    let of_system = (is_there(&file) || is_there(&key)).then_some(Place {
        file,
        key: Key::File(key),
    });
    let own = own.map(|own| (own.file.clone(), own.public_key.clone()));
    let named = own.into_iter().chain(environment);
    let named = named.map(|(file, key)| Place {
        file: file.into(),
        key: Key::Text(key),
    });
    of_system.into_iter().chain(named).collect()
}

impl Organisation {
    /// Reads and checks a file. `seen` is where the newest serials are noted that were seen on this machine; without it none is compared.
    pub fn load(place: Place, seen: Option<&Path>) -> Self {
        let state = match load(&place, seen) {
            Ok(state) => state,
            Err(why) => State::Invalid(scrub(&why)),
        };
        Self { place, state }
    }

    /// Returns settings as far as the file lets them.
    #[must_use]
    pub fn restrict(&self, settings: Settings) -> Settings {
        match &self.state {
            State::Valid { rules, .. } => rules.0.applied(settings, Source::Organisation),
            State::Invalid(_) => trust::under_invalid(settings),
        }
    }

    /// Returns what the user is to be told.
    pub fn problem(&self) -> Option<String> {
        match &self.state {
            State::Valid { .. } => None,
            State::Invalid(why) => Some(format!(
                "your organisation's file {} is not valid: {why}. Until it is, nothing is asked that costs something or leaves this machine",
                self.place.file.display()
            )),
        }
    }
}

fn load(place: &Place, seen: Option<&Path>) -> Result<State, String> {
    let key = match &place.key {
        Key::Text(text) => text.clone(),
        Key::File(path) => signed::read(path, "the key")?,
    };
    let (text, key_id) = signed::verified(&place.file, &key)?;
    let mut table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| format!("it is not TOML: {}", error.message()))?;
    let serial = match table.remove("serial") {
        Some(toml::Value::Integer(serial)) if serial > 0 => serial.unsigned_abs(),
        _ => return Err("it needs a `serial`, a number that grows with each version".into()),
    };
    let name = match table.remove("name") {
        None => None,
        Some(toml::Value::String(name)) if name.len() <= 200 => Some(name),
        Some(_) => return Err("`name` is to be a short text".into()),
    };
    let shown = place.file.display().to_string();
    let written = Written::of(&shown, table)
        .map_err(|problem| format!("{}: {}", problem.key, problem.message))?;
    if let Some(closed) = written.first_closed() {
        return Err(format!(
            "it says something that such a file cannot say: {closed}"
        ));
    }
    if let Some(path) = seen {
        seen::check(path, &key_id, serial, &text)?;
    }
    Ok(State::Valid {
        name,
        serial,
        rules: Box::new(Rules(written)),
    })
}
