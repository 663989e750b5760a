//! The rules by which a catalogue recognises a model's name, and the forms of names it tries.

use serde::Deserialize;

/// A test of a lower-case name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Rule<'a> {
    Equals(&'a str),
    StartsWith(&'a str),
    EndsWith(&'a str),
    Contains(&'a str),
    /// The whole name, in which `#` stands for a digit.
    Shape(&'a str),
    /// The start of the name, in which `#` stands for a digit.
    ShapeStart(&'a str),
    #[serde(borrow)]
    Not(Box<Rule<'a>>),
    Or(Vec<Rule<'a>>),
    And(Vec<Rule<'a>>),
}

impl Rule<'_> {
    pub(super) fn accepts(&self, name: &str) -> bool {
        match self {
            Self::Equals(text) => name == *text,
            Self::StartsWith(text) => name.starts_with(text),
            Self::EndsWith(text) => name.ends_with(text),
            Self::Contains(text) => name.contains(text),
            Self::Shape(shape) => name.len() == shape.len() && has_shape(name, shape),
            Self::ShapeStart(shape) => name.len() >= shape.len() && has_shape(name, shape),
            Self::Not(rule) => !rule.accepts(name),
            Self::Or(rules) => rules.iter().any(|rule| rule.accepts(name)),
            Self::And(rules) => rules.iter().all(|rule| rule.accepts(name)),
        }
    }
}

fn has_shape(name: &str, shape: &str) -> bool {
    let mut pairs = name.bytes().zip(shape.bytes());
    pairs.all(|(byte, wanted)| match wanted {
        b'#' => byte.is_ascii_digit(),
        _ => byte == wanted,
    })
}

/// Writes the first date such as `-20251211`, at the end of the name or before `-` or `:`, as `-2025-12-11`; `None` if it has none.
///
/// Resellers use the compact form, model makers the other.
pub(super) fn with_dashed_date(name: &str) -> Option<String> {
    let mut dashes = name.match_indices("-20").map(|(dash, _)| dash);
    dashes.find_map(|dash| {
        let digits = name.get(dash + 1..dash + 9)?;
        if !has_shape(digits, "########") {
            return None;
        }
        let written = format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]);
        let date: jiff::civil::Date = written.parse().ok()?;
        let rest = &name[dash + 9..];
        let ends = rest.is_empty() || rest.starts_with(['-', ':']);
        ends.then(|| format!("{}-{date}{rest}", &name[..dash]))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rules_accept_the_names_they_describe() {
        let cases = [
            (r#"{"equals":"gpt-4o"}"#, "gpt-4o", "gpt-4o-mini"),
            (r#"{"starts_with":"gpt-4o"}"#, "gpt-4o-mini", "x-gpt-4o"),
            (
                r#"{"ends_with":"-latest"}"#,
                "codestral-latest",
                "latest-codestral",
            ),
            (r#"{"contains":"kimi"}"#, "moonshotai/kimi-k3", "glm"),
            (r#"{"shape":"o-####-##"}"#, "o-2026-11", "o-2026-1x"),
            (r#"{"shape":"o-##"}"#, "o-12", "o-123"),
            (r#"{"shape_start":"flash-#"}"#, "flash-0-preview", "flash-"),
            (r#"{"not":{"contains":"-tts-"}}"#, "gemini", "gemini-tts-x"),
            (r#"{"or":[{"equals":"a"},{"equals":"b"}]}"#, "b", "c"),
            (r#"{"and":[{"contains":"a"},{"contains":"b"}]}"#, "ab", "a"),
        ];
        for (rule, accepted, refused) in cases {
            let parsed: Rule<'_> = serde_json::from_str(rule).unwrap();
            assert!(parsed.accepts(accepted), "{rule} {accepted}");
            assert!(!parsed.accepts(refused), "{rule} {refused}");
        }
    }

    #[test]
    fn a_compact_date_is_written_out() {
        let cases = [
            ("gpt-5.2-20251211", Some("gpt-5.2-2025-12-11")),
            ("gpt-5.2-20251211:free", Some("gpt-5.2-2025-12-11:free")),
            ("m-2048-20251211-x", Some("m-2048-2025-12-11-x")),
            ("gpt-5.2-20251341", None),
            ("gpt-5.2-202512110", None),
            ("gpt-4o", None),
            ("-20", None),
            ("-20é51211", None),
        ];
        for (name, expected) in cases {
            assert_eq!(with_dashed_date(name).as_deref(), expected, "{name}");
        }
    }
}
