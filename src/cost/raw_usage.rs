//! A provider's own words on what a call used, kept beside the counts, so that a bill can be argued about years later.
//!
//! Entry point: [`RawUsage::of`]. Invariant: it holds numbers, truth values and short plain words, and nothing of what was asked or answered:
//! whatever else a provider puts into its usage is left out, and one that is too long is left out whole.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The longest that is kept, in bytes; the longest known are some 900.
const MOST_BYTES: usize = 4 * 1024;

/// Deeper than any provider's.
const MOST_DEPTH: usize = 8;

/// The longest word: the name of a service tier, a region or a field.
const LONGEST_WORD: usize = 48;

/// A usage object as its provider wrote it, digit by digit, its fields in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawUsage(String);

impl RawUsage {
    /// Takes what may be kept of a JSON object; `None` if that is nothing, or too much.
    pub fn of(text: &str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        let kept = kept(raw, MOST_DEPTH)?;
        let is_object = kept.starts_with('{') && kept != "{}";
        (is_object && kept.len() <= MOST_BYTES).then_some(Self(kept))
    }

    /// Returns the JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns what may be kept of a value.
fn kept(raw: &RawValue, depth: usize) -> Option<String> {
    let text = raw.get();
    let depth = depth.checked_sub(1)?;
    match text.as_bytes().first()? {
        b'{' => {
            let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            let fields = fields.iter().filter(|(name, _)| is_word(name));
            let fields = fields
                .filter_map(|(name, value)| Some(format!("\"{name}\":{}", kept(value, depth)?)));
            Some(format!("{{{}}}", fields.collect::<Vec<_>>().join(",")))
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let items = items.into_iter().filter_map(|item| kept(item, depth));
            Some(format!("[{}]", items.collect::<Vec<_>>().join(",")))
        }
        b'"' => is_word(text.trim_matches('"')).then(|| text.to_owned()),
        _ => Some(text.to_owned()),
    }
}

fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte);
    text.len() <= LONGEST_WORD && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept(text: &str) -> Option<String> {
        RawUsage::of(text).map(|usage| usage.0)
    }

    #[test]
    fn counts_are_kept_digit_by_digit_and_texts_are_not() {
        let told = r#"{ "prompt_tokens": 12, "cost": 9.6e-6, "big": 0.10000000000000000555,
            "service_tier": "flex", "details": {"cached": null, "said": "fn main() {}"}, "list": [{"modality":"TEXT","tokens":1}],
            "the user's text": 1, "is_byok": false }"#;
        assert_eq!(
            kept(told).as_deref(),
            Some(
                r#"{"big":0.10000000000000000555,"cost":9.6e-6,"details":{"cached":null},"is_byok":false,"list":[{"modality":"TEXT","tokens":1}],"prompt_tokens":12,"service_tier":"flex"}"#
            )
        );
    }

    #[test]
    fn what_is_no_usage_or_too_much_of_it_is_left_out_whole() {
        let long = format!("{{\"a\":[{}1]}}", "1,".repeat(3_000));
        let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        for text in ["", "null", "[]", "{}", "12", "\"a\"", "{\"a\":", &long] {
            assert_eq!(kept(text), None, "{text}");
        }
        assert!(kept(&deep).is_none_or(|kept| kept.len() < 100));
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_what_is_kept_is_json(text in "[\\[{\"a1:,}\\]\\\\ é-]{0,40}") {
            if let Some(kept) = kept(&text) {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&kept).is_ok(), "{}", kept);
            }
        }
    }
}
