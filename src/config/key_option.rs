//! Where a secret comes from, as users write it, read without ever repeating what was read: derived errors quote the value, and the value
//! may be a key that somebody put into the wrong place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a provider's key comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum KeyOption {
    /// One word.
    Word(KeyWord),
    /// A table that names exactly one source.
    From(KeyFrom),
}

/// Where a key comes from, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyWord {
    /// The provider takes none.
    None,
    /// The key that `byok-lsp key set` stored.
    Keyring,
}

/// Where a key or passphrase comes from: exactly one of the sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyFrom {
    /// The value of an environment variable of the server's process, by the variable's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// The stored key with this label (`byok-lsp key set PROVIDER --label LABEL`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyring: Option<String>,
    /// What a program prints: its name or whole path, then its arguments; no shell reads them. From the user's own file only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// With `command`: after how many seconds it is asked again. Default 300; a key that is refused is always asked for anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86400))]
    pub ttl_s: Option<u64>,
}

impl<'de> Deserialize<'de> for KeyOption {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

impl<'de> Deserialize<'de> for KeyFrom {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(KeyVisitor)? {
            KeyOption::From(from) => Ok(from),
            KeyOption::Word(_) => Err(serde::de::Error::custom(FORMS)),
        }
    }
}

struct KeyVisitor;

/// What may stand there.
const FORMS: &str = r#"use { env = "NAME_OF_A_VARIABLE" }, { command = ["program", "argument"] }, "keyring" or "none""#;

impl<'de> serde::de::Visitor<'de> for KeyVisitor {
    type Value = KeyOption;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(FORMS)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<KeyOption, E> {
        match value {
            "none" => Ok(KeyOption::Word(KeyWord::None)),
            "keyring" => Ok(KeyOption::Word(KeyWord::Keyring)),
            _ => Err(E::custom(format!(
                "a key itself does not belong into a configuration, where whoever sees the file reads it; \"byok-lsp key import\" moves it from your file into the system's key store; or {FORMS}"
            ))),
        }
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<KeyOption, A::Error> {
        use serde::de::Error as _;
        let mut from = KeyFrom::default();
        while let Some(form) = map.next_key::<String>()? {
            match form.as_str() {
                "env" => from.env = Some(map.next_value()?),
                "keyring" => from.keyring = Some(map.next_value()?),
                "command" => from.command = Some(map.next_value()?),
                "ttl_s" => from.ttl_s = Some(map.next_value()?),
                _ => return Err(A::Error::custom(format!("unknown kind of key; {FORMS}"))),
            }
        }
        from.check().map_err(A::Error::custom)?;
        Ok(KeyOption::From(from))
    }
}

impl KeyFrom {
    fn check(&self) -> Result<(), String> {
        let sources = [
            self.env.is_some(),
            self.keyring.is_some(),
            self.command.is_some(),
        ];
        if sources.iter().filter(|is_there| **is_there).count() != 1 {
            return Err(format!("one source is what it takes; {FORMS}"));
        }
        if self.ttl_s.is_some() && self.command.is_none() {
            return Err("ttl_s belongs to a command".into());
        }
        if self
            .ttl_s
            .is_some_and(|seconds| !(1..=86_400).contains(&seconds))
        {
            return Err("ttl_s is outside 1 to 86400".into());
        }
        // A variable's name has no dashes, and keys do: somebody put the key where the name belongs.
        let is_name = |name: &str| {
            !name.is_empty()
                && name.len() <= 128
                && !looks_like_key(name)
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if self.env.as_ref().is_some_and(|name| !is_name(name)) {
            return Err("this is not the name of an environment variable (letters, digits and underscores); the key itself does not belong here".into());
        }
        if self.keyring.as_ref().is_some_and(|label| !is_label(label)) {
            return Err(format!(
                "this is no label ({LABEL}); the key itself does not belong here"
            ));
        }
        self.command.as_deref().map_or(Ok(()), check_command)
    }
}

/// What a label may be, in words.
pub const LABEL: &str = "up to 40 letters, digits, dots, dashes and underscores";

/// Returns whether a text can be the label of a key.
pub fn is_label(text: &str) -> bool {
    let is_label_char =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !text.is_empty() && text.len() <= 40 && text.bytes().all(is_label_char) && !looks_like_key(text)
}

fn check_command(argv: &[String]) -> Result<(), String> {
    let Some(program) = argv.first().filter(|program| !program.is_empty()) else {
        return Err("a command is a list: the program, then its arguments".into());
    };
    // The server runs where the editor was started, which may be a workspace of somebody else's making.
    let is_bare = !program.contains(['/', '\\']);
    if !is_bare && !std::path::Path::new(program).is_absolute() {
        return Err("the program is found by its name alone or by its whole path; one beside the workspace's files is not run".into());
    }
    if argv
        .iter()
        .any(|argument| crate::scrub::has_key_prefix(argument))
    {
        return Err("an argument looks like a key, and every user of the machine can see arguments; let the program find it by itself".into());
    }
    Ok(())
}

/// Variables are written in capitals; small letters and digits in a long name are a key that somebody put where the name belongs.
fn looks_like_key(name: &str) -> bool {
    let is_mixed = name.bytes().any(|byte| byte.is_ascii_lowercase())
        && name.bytes().any(|byte| byte.is_ascii_digit());
    crate::scrub::has_key_prefix(name) || (is_mixed && name.len() >= 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<KeyOption, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_source_is_one_word_or_a_table_of_one() {
        assert_eq!(read(r#""none""#), Ok(KeyOption::Word(KeyWord::None)));
        assert_eq!(read(r#""keyring""#), Ok(KeyOption::Word(KeyWord::Keyring)));
        let command = KeyFrom {
            command: Some(vec!["op".into(), "read".into(), "op://v/i/f".into()]),
            ttl_s: Some(60),
            ..KeyFrom::default()
        };
        assert_eq!(
            read(r#"{"command": ["op", "read", "op://v/i/f"], "ttl_s": 60}"#),
            Ok(KeyOption::From(command))
        );
        for wrong in [
            "{}",
            r#"{"env": "A", "keyring": "b"}"#,
            r#"{"env": "A", "ttl_s": 5}"#,
            r#"{"command": []}"#,
            r#"{"command": ["./helper"]}"#,
            r#"{"command": ["op"], "ttl_s": 0}"#,
            r#"{"command": ["echo", "sk-canary-4711"]}"#,
            r#"{"keyring": "sk-canary-4711"}"#,
        ] {
            let told = read(wrong).expect_err(wrong);
            assert!(!told.contains("canary"), "{told}");
        }
    }

    #[test]
    fn a_key_in_its_place_is_answered_with_the_command_that_moves_it() {
        let told = read(r#""sk-canary-4711""#).expect_err("a key");
        assert!(
            told.contains("byok-lsp key import") && !told.contains("canary"),
            "{told}"
        );
    }
}
