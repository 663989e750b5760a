//! The configuration as it may be shown to others: its structure, numbers and words that are known to be harmless; of everything else, that there
//! is something.
//!
//! What is shown is chosen, not what is hidden: a file that is wrong may hold anything anywhere, such as a key under a name that is not one of ours.
//! So a text is shown only where it is one of the schema's own words, or stands under a name whose values are names, patterns or amounts.

use std::collections::HashSet;

use toml::{Table, Value};
use url::Url;

use crate::scrub::{has_key_prefix, scrub};

/// A longer word is no name.
const LONGEST: usize = 80;

/// Settings whose values are nobody's business, by their last name: words of one's own, names of clients, programs.
const PRIVATE: [&str; 9] = [
    "prompt",
    "title",
    "tags",
    "key",
    "command",
    "passphrase",
    "check",
    "app",
    "public_key",
];

/// Settings whose texts are names of models, providers and files, patterns, or amounts.
const NAMED: [&str; 46] = [
    "actions",
    "amount",
    "cache_read",
    "cache_write",
    "ceiling",
    "completion",
    "day",
    "degrade_to",
    "deny_models",
    "deny_providers",
    "escalate_to",
    "feature",
    "folder",
    "glob",
    "hour",
    "ignore",
    "input",
    "languages",
    "level",
    "match",
    "max_input_price",
    "max_output_price",
    "max_price",
    "model",
    "models",
    "month",
    "name",
    "only",
    "order",
    "output",
    "partition",
    "paths",
    "payer",
    "payers",
    "pools",
    "provider",
    "quantizations",
    "region",
    "regions",
    "request",
    "retention",
    "servers",
    "session",
    "store",
    "tasks",
    "workspace",
];

/// Settings whose texts are addresses.
const ADDRESSES: [&str; 4] = ["base_url", "endpoint", "proxy", "url"];

/// What the schema knows: the names of settings, and the words that some of them take.
#[derive(Default)]
struct Known {
    names: HashSet<String>,
    words: HashSet<String>,
}

impl Known {
    fn of_schema() -> Self {
        let mut known = Self::default();
        known.take(&crate::config::schema().to_value());
        known
    }

    fn take(&mut self, schema: &serde_json::Value) {
        if let Some(properties) = schema["properties"].as_object() {
            self.names.extend(properties.keys().cloned());
        }
        let choices = schema["enum"].as_array().into_iter().flatten();
        let words = choices.chain(schema.get("const"));
        self.words
            .extend(words.filter_map(|word| word.as_str()).map(str::to_owned));
        match schema {
            serde_json::Value::Object(map) => map.values().for_each(|value| self.take(value)),
            serde_json::Value::Array(values) => values.iter().for_each(|value| self.take(value)),
            _ => {}
        }
    }
}

/// Returns a file's text as it may be shown.
pub(super) fn shown(text: &str) -> String {
    // The error's own words quote the line that is wrong.
    let Ok(table) = text.parse::<Table>() else {
        return format!(
            "it is no TOML, and so not shown ({} lines); \"byok-lsp config check\" names the place",
            text.lines().count()
        );
    };
    let table = of_table(&table, false, &Known::of_schema());
    toml::to_string(&table).unwrap_or_else(|_| "it cannot be shown".into())
}

fn of_table(table: &Table, is_private: bool, known: &Known) -> Table {
    let mut shown = Table::new();
    for (name, value) in table {
        let is_private = is_private || PRIVATE.contains(&name.as_str());
        let name = if is_name(name) { name } else { "removed" };
        shown.insert(name.to_owned(), of_value(name, value, is_private, known));
    }
    shown
}

fn of_value(name: &str, value: &Value, is_private: bool, known: &Known) -> Value {
    match value {
        Value::Table(table) => of_table(table, is_private, known).into(),
        Value::Array(values) => values
            .iter()
            .map(|value| of_value(name, value, is_private, known))
            .collect::<Vec<_>>()
            .into(),
        Value::String(text) => of_text(name, text, is_private, known).into(),
        Value::Boolean(_) => value.clone(),
        _ if is_private || !known.names.contains(name) => "[a number]".into(),
        number => number.clone(),
    }
}

fn of_text(name: &str, text: &str, is_private: bool, known: &Known) -> String {
    // Where a key comes from is telling; a variable's name is one only if it looks like that.
    let is_variable = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let is_source = matches!(text, "keyring" | "none")
        || (name == "env" && text.len() <= 48 && text.chars().all(is_variable));
    if is_private && !is_source {
        return format!("[{} bytes]", text.len());
    }
    if ADDRESSES.contains(&name)
        && let Ok(url) = Url::parse(text)
        && url.has_host()
    {
        return of_url(url);
    }
    let is_named = NAMED.contains(&name) && is_name(text);
    if is_named || is_source || known.words.contains(text) {
        text.to_owned()
    } else {
        format!("[{} bytes]", text.len())
    }
}

/// Returns an address as far as it tells who is asked; one that carries a credential not at all.
fn of_url(url: Url) -> String {
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let text = String::from(url);
    if is_bare && scrub(&text) == text {
        text
    } else {
        "[an address]".into()
    }
}

/// Returns whether a text is a short word such as the names of models, folders and providers, and none that could be a key.
fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_./:*%<>=".contains(c);
    // Longer runs of letters and digits are keys more often than names; those of models have dots and dashes in between.
    let is_word = |word: &str| word.len() < 20 || !word.bytes().any(|byte| byte.is_ascii_digit());
    text.len() <= LONGEST
        && text.chars().all(is_plain)
        && text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .all(is_word)
        && !text
            .split([' ', '=', '/', ':'])
            .any(|word| has_key_prefix(word) || is_uuid(word))
}

/// Returns whether a word is a universally unique identifier, as the keys of some providers are.
fn is_uuid(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let lengths = parts.iter().map(|part| part.len());
    lengths.eq([8, 4, 4, 4, 12])
        && parts
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_how_things_are_set_stays() {
        let own = "[completion]\nmodel = \"anthropic/claude-haiku-4-5-20251001\"\nmax_tokens = 128\n\n[providers.mine]\nbase_url = \"https://llm.example.com/v1\"\nwire = \"openai-chat\"\n\n[providers.mine.key]\nenv = \"MY_KEY\"\n";
        let table: Table = shown(own).parse().expect("TOML");
        assert_eq!(table, own.parse::<Table>().expect("TOML"));
    }

    #[test]
    fn no_value_that_could_be_a_secret_or_of_ones_own_is_shown() {
        let key = "sk-canary+4711/uVwXyZ0987654321";
        let lower = "k3yk3yk3yk3yk3yk3yk3yk3y";
        let own = format!(
            r#"
            "{key}" = 1
            [providers.a]
            key = "{key}"
            base_url = "https://user:{lower}@a.example/v1"
            wire = "{lower}"
            [providers.b]
            base_url = "https://b.example/v1?key={lower}"
            key = {{ command = ["pass", "show", "{lower}"] }}
            [providers.c]
            base_url = "https://c.example/{lower}/v1"
            key = {{ env = "{key}" }}
            [providers.{lower}]
            key = "none"
            [[actions.custom]]
            name = "mine"
            prompt = "what only I know"
            [ledger]
            tags = {{ client = "acme" }}
            "#
        );
        let shown = shown(&own);
        for hidden in [key, lower, "4711", "only I know", "acme", "pass"] {
            assert!(!shown.contains(hidden), "{hidden}: {shown}");
        }
        assert!(shown.contains("name = \"mine\""), "{shown}");
        assert!(shown.contains("key = \"none\""), "{shown}");
    }

    #[test]
    fn under_a_name_that_is_none_of_ours_no_value_is_shown() {
        // Some providers' keys have this form; put together here, so that it is none to whoever looks for keys in this file.
        let uuid = ["3fa85f64", "5717", "4562", "b3fc", "2c963f66afa6"].join("-");
        let own = format!(
            r#"
            pin = 4711
            [providers.mine]
            api_key = "hunter2"
            apikey = "{uuid}"
            password = "hunter2"
            auth = "Bearer hunter2"
            [providers.other]
            auth = "x-api-key"
            [network]
            proxy = "u:hunter2@x.example:80"
            [completion]
            model = "mine/{uuid}"
            "#
        );
        let shown = shown(&own);
        for hidden in ["hunter2", "3fa85f64", "4711", "x.example"] {
            assert!(!shown.contains(hidden), "{hidden}: {shown}");
        }
        assert!(shown.contains("auth = \"x-api-key\""), "{shown}");
        assert!(shown.contains("api_key = \"[7 bytes]\""), "{shown}");
    }

    #[test]
    fn every_name_whose_values_are_shown_is_one_of_a_setting() {
        let known = Known::of_schema();
        for name in NAMED.iter().chain(&ADDRESSES).chain(&PRIVATE) {
            assert!(known.names.contains(*name), "{name}");
        }
        assert!(known.words.contains("openai-chat"), "{:?}", known.words);
    }

    #[test]
    fn of_a_file_that_is_none_nothing_is_shown() {
        let shown = shown("[providers.a\nkey = \"abc123\"");
        assert!(
            !shown.contains("abc123") && shown.contains("2 lines"),
            "{shown}"
        );
    }
}
