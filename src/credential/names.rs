//! The names of stored keys, and the entry of a store that lists them, since not every store can.

use std::fmt;

use secrecy::ExposeSecret as _;

use super::store::{Fault, Store};

/// The entry that lists the names of the others.
const INDEX: &str = "index";

/// A stored key's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The provider.
    pub provider: String,
    /// The label.
    pub label: String,
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.provider, self.label)
    }
}

impl Name {
    fn parse(text: &str) -> Option<Self> {
        let (provider, label) = text.rsplit_once('/')?;
        Some(Self {
            provider: provider.into(),
            label: label.into(),
        })
    }
}

/// Reads the list.
pub(super) fn index(store: &mut dyn Store) -> Result<Vec<Name>, Fault> {
    let Some(text) = store.get(INDEX)? else {
        return Ok(Vec::new());
    };
    // A list that cannot be read is made anew by the next key that is stored.
    let names: Vec<String> = serde_json::from_str(text.expose_secret()).unwrap_or_default();
    Ok(names.iter().filter_map(|name| Name::parse(name)).collect())
}

/// Writes the list; one of nothing is removed.
pub(super) fn set_index(store: &mut dyn Store, names: &[Name]) -> Result<(), Fault> {
    if names.is_empty() {
        return store.remove(INDEX);
    }
    let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
    names.sort();
    let text = serde_json::to_string(&names)
        .map_err(|_| Fault::new("the list of keys cannot be written".into()))?;
    store.set(INDEX, &text.into())
}
