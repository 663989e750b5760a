//! The ledger: for how long calls are kept one by one, and what they are tagged with.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The ledger.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerOptions {
    /// For how long calls are kept one by one, such as `"400 days"`, 35 at the least. Sums by day, model and the like stay for ever. Read when
    /// the server starts, from your own file only. Default: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<String>,
    /// What each call is tagged with, such as `{ client = "acme" }`, for reports: `byok-lsp usage --by tag:client`. A workspace's `.byok.toml`
    /// may add tags of other names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// What code reads of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerSettings {
    /// For how many days calls are kept one by one; `None` is for ever.
    pub keep_days: Option<u32>,
    /// The user's tags.
    pub tags: BTreeMap<String, String>,
}

/// Longer than any month, so that no cap and no report of one misses a call.
const LEAST_DAYS: u32 = 35;

/// A hundred years.
const MOST_DAYS: u32 = 36_525;

/// Tags make groups of reports, so they are few and short.
const MOST_TAGS: usize = 8;
const LONGEST_TAG: usize = 64;

/// Tags that byok-lsp itself writes.
const OWN_TAGS: [&str; 2] = ["environment", "ended"];

impl LedgerOptions {
    /// Lays one over another: what it says wins, what it leaves out stays.
    #[must_use]
    pub(super) fn over(below: Self, above: Self) -> Self {
        let mut tags = below.tags;
        tags.extend(above.tags);
        Self {
            keep: above.keep.or(below.keep),
            tags,
        }
    }
}

/// Resolves it; a failure is its key and the message.
pub(super) fn resolve(options: &LedgerOptions) -> Result<LedgerSettings, (&'static str, String)> {
    let keep_days = options.keep.as_deref().map(days).transpose();
    let keep_days = keep_days.map_err(|message| ("keep", message))?;
    check_tags(&options.tags).map_err(|message| ("tags", message))?;
    Ok(LedgerSettings {
        keep_days,
        tags: options.tags.clone(),
    })
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), String> {
    if tags.len() > MOST_TAGS {
        return Err(format!("{MOST_TAGS} tags are the most"));
    }
    for (name, value) in tags {
        if OWN_TAGS.contains(&name.as_str()) {
            return Err(format!(
                "\"{name}\" is a tag that byok-lsp writes itself; take another name"
            ));
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > LONGEST_TAG || !name.chars().all(is_plain) {
            return Err(format!(
                "a tag's name is 1 to {LONGEST_TAG} letters, digits, -, _ and ."
            ));
        }
        if value.is_empty() || value.len() > LONGEST_TAG || value.contains(char::is_control) {
            return Err(format!(
                "the value of \"{name}\" is to be 1 to {LONGEST_TAG} bytes, without control characters"
            ));
        }
    }
    Ok(())
}

pub(super) fn days(text: &str) -> Result<u32, String> {
    let refused = || {
        format!(
            "it is written \"400 days\", of {LEAST_DAYS} to {MOST_DAYS} days; leave it out to keep everything"
        )
    };
    let number = text.trim().strip_suffix("days").ok_or_else(refused)?;
    let days: u32 = number.trim().parse().map_err(|_| refused())?;
    if (LEAST_DAYS..=MOST_DAYS).contains(&days) {
        Ok(days)
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_time_to_keep_is_said_in_days_and_longer_than_a_month() {
        assert_eq!(days("400 days"), Ok(400));
        assert_eq!(days(" 35days "), Ok(35));
        for wrong in [
            "400",
            "34 days",
            "-1 days",
            "1 year",
            "days",
            "",
            "99999999999 days",
        ] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tags_are_few_short_and_not_those_that_the_ledger_itself_goes_by() {
        let tagged = |name: &str, value: &str| {
            let tags = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            check_tags(&tags)
        };
        assert_eq!(tagged("client", "Acme & Söhne"), Ok(()));
        let long = "x".repeat(65);
        for (name, value) in [
            ("", "x"),
            (&*long, "x"),
            ("a\"b", "x"),
            ("a b", "x"),
            ("client", ""),
            ("client", &long),
            ("client", "a\u{1b}[2J"),
            ("ended", "crash"),
            ("environment", "prod"),
        ] {
            assert!(tagged(name, value).is_err(), "{name} = {value}");
        }
        let many = (0..9).map(|n| (format!("t{n}"), "x".to_owned())).collect();
        assert!(check_tags(&many).is_err());
    }
}
