//! What is kept with a key: the hosts it may go to what else it is kept for, and whether it is switched off. It lies in the same entry as the key itself, so that
//! whoever can change the one could read the other anyway.

use jiff::civil::Date;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::store::Fault;
use super::{Scope, Secret};

/// A stored key and what is known of it.
pub struct Record {
    /// The key.
    pub key: Secret,
    /// The hosts it may go to; never empty.
    pub hosts: Vec<String>,
    /// What else it is kept for.
    pub scope: Scope,
    /// Whether it is switched off.
    pub is_disabled: bool,
    /// The day on which it was stored.
    pub stored: Date,
}

/// The form in which it is stored.
#[derive(Serialize, Deserialize)]
struct Text<K> {
    v: u32,
    key: K,
    hosts: Vec<String>,
    #[serde(default, skip_serializing_if = "Scope::is_everything")]
    scope: Scope,
    #[serde(default)]
    disabled: bool,
    /// As `2026-11-21`.
    stored: String,
}

impl Record {
    /// Makes a record of a key that was just entered, for one host.
    pub fn new(key: Secret, host: String) -> Self {
        Self {
            key,
            hosts: vec![host],
            scope: Scope::default(),
            is_disabled: false,
            stored: jiff::Zoned::now().date(),
        }
    }

    pub(super) fn to_text(&self) -> Result<SecretString, Fault> {
        let text = Text {
            v: 1,
            key: self.key.expose(),
            hosts: self.hosts.clone(),
            scope: self.scope.clone(),
            disabled: self.is_disabled,
            stored: self.stored.to_string(),
        };
        let text = serde_json::to_string(&text);
        text.map(SecretString::from)
            .map_err(|_| Fault::new("the key cannot be written".into()))
    }

    pub(super) fn from_text(text: &SecretString) -> Result<Self, Fault> {
        // The parsers' own messages could quote what they read.
        let damaged = || {
            Fault::new("what it holds under this name is no key of this program's; remove it and store the key anew".into())
        };
        let text: Text<String> =
            serde_json::from_str(text.expose_secret()).map_err(|_| damaged())?;
        let stored = text.stored.parse().map_err(|_| damaged())?;
        Ok(Self {
            key: Secret::new(text.key),
            hosts: text.hosts,
            scope: text.scope,
            is_disabled: text.disabled,
            stored,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was() {
        let mut record = Record::new(Secret::new("sk-canary-4711".into()), "a.example".into());
        record.hosts.push("127.0.0.1:8080".into());
        record.is_disabled = true;
        record.scope.environments.push("prod".into());
        let text = record.to_text().expect("a text");
        let back = Record::from_text(&text).expect("a record");
        assert_eq!(back.key.expose(), "sk-canary-4711");
        assert_eq!(back.hosts, ["a.example", "127.0.0.1:8080"]);
        assert!(back.is_disabled);
        assert_eq!(back.scope, record.scope);
        assert_eq!(back.stored, record.stored);
    }

    #[test]
    fn what_is_no_record_is_a_fault_that_does_not_repeat_it() {
        for text in [
            "sk-canary-4711",
            r#"{"v":1,"key":"sk-canary-4711"}"#,
            r#"{"v":"sk-canary-4711"}"#,
        ] {
            let told = Record::from_text(&text.to_owned().into())
                .err()
                .expect("a fault")
                .to_string();
            assert!(!told.contains("canary"), "{told}");
        }
    }
}
