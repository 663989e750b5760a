//! One line of the log: values, looked at one by one, as a JSON object.

use std::fmt::Debug;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};

use crate::scrub::scrub_keys;

/// A value is cut here. Nothing that we say of ourselves is longer, but what others say may be.
const LONGEST: usize = 1024;

/// Values by name, as they were logged.
#[derive(Default)]
pub(super) struct Fields(pub Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, clean(&format!("{value:?}")).into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, clean(value).into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

/// Returns a text without keys and of a bounded length.
fn clean(text: &str) -> String {
    // Cut afterwards, so that no half of a key is left over that is none any more.
    let mut clean = scrub_keys(text);
    if clean.len() > LONGEST {
        clean.truncate(clean.floor_char_boundary(LONGEST));
        clean.push('…');
    }
    clean
}

/// Makes the line: what was logged, and the request that it belongs to.
pub(super) fn line(level: &str, fields: Fields, request: Option<Map<String, Value>>) -> String {
    let mut line = Map::new();
    line.insert("time".into(), jiff::Timestamp::now().to_string().into());
    line.insert("pid".into(), std::process::id().into());
    line.insert("level".into(), level.into());
    line.extend(fields.0);
    if let Some(request) = request {
        line.insert("request".into(), Value::Object(request));
    }
    let mut line = Value::Object(line).to_string();
    line.push('\n');
    line
}

/// Makes the line of a panic, of which nothing but its place is told: its words may hold a document's.
pub(super) fn of_panic(file: &str, number: u32) -> String {
    let mut fields = Fields::default();
    let at = clean(&format!("{file}:{number}"));
    fields.0.insert("message".into(), json!("a panic"));
    fields.0.insert("at".into(), at.into());
    line("ERROR", fields, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::Secret;

    #[test]
    fn a_value_is_cut_and_holds_no_key_nor_half_of_one() {
        let _secret = Secret::new("canary/line/4711".into());
        let text = "x".repeat(LONGEST - 8) + " canary/line/4711 and sk-canary-4711";
        let clean = clean(&text);
        assert!(!clean.contains("canary"), "{clean}");
        assert!(clean.ends_with('…') && clean.len() < LONGEST + 4);
    }
}
