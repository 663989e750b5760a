//! What a line of the log says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A line lists no more files than these; the rest is counted.
const MOST_FILES: usize = 64;

/// A name is kept up to this length, in characters.
const LONGEST: usize = 300;

/// What became of something that was to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// It was let go.
    Sent,
    /// It was not sent.
    Refused,
    /// It was not sent; the embedded engine was asked in the model's place.
    Kept,
    /// Lines could not be written before this one; how many says `lost`.
    Lost,
}

impl Event {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Kept => "kept",
            Self::Lost => "lost",
        }
    }
}

/// A file of which something was to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The file, as the model is told: from the workspace's folder on.
    pub path: String,
    /// How many bytes of it.
    pub bytes: usize,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When.
    #[serde(with = "super::stamp")]
    pub at: Timestamp,
    /// What became of it.
    pub event: Event,
    /// The call's name in the ledger, of what was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// What it was for: `completion` or `action`.
    pub feature: String,
    /// Which action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The provider.
    pub provider: String,
    /// The model, as the provider calls it.
    pub model: String,
    /// The label of the key, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Who pays, in words.
    pub payer: String,
    /// The host that is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The rule that allowed or refused it, in words.
    pub rule: String,
    /// What tells the settings that decided from others; the ledger's records have it too.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub policy: String,
    /// The workspace's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Of which files, and how much of each.
    pub files: Vec<Shown>,
    /// How many more files there were.
    #[serde(default, skip_serializing_if = "is_none")]
    pub more_files: usize,
    /// How many bytes of text there were in all, instructions included.
    pub bytes: usize,
    /// How many lines could not be written.
    #[serde(default, skip_serializing_if = "is_none")]
    pub lost: usize,
}

impl Entry {
    /// Returns it with each of its texts passed through `clean` and cut to a bearable length.
    #[must_use]
    pub fn bounded(self, clean: impl Fn(&str) -> String) -> Self {
        let short = |text: String| -> String { clean(&text).chars().take(LONGEST).collect() };
        let more = self.files.len().saturating_sub(MOST_FILES);
        let shown = |file: Shown| Shown {
            path: short(file.path),
            bytes: file.bytes,
        };
        Self {
            call: self.call.map(short),
            feature: short(self.feature),
            action: self.action.map(short),
            provider: short(self.provider),
            model: short(self.model),
            key: self.key.map(short),
            payer: short(self.payer),
            host: self.host.map(short),
            rule: short(self.rule),
            workspace: self.workspace.map(short),
            files: self.files.into_iter().take(MOST_FILES).map(shown).collect(),
            more_files: self.more_files + more,
            ..self
        }
    }

    /// The line that says how many could not be written.
    pub(super) fn of_lost(lost: u64) -> Self {
        Self {
            at: Timestamp::now(),
            event: Event::Lost,
            call: None,
            feature: String::new(),
            action: None,
            provider: String::new(),
            model: String::new(),
            key: None,
            payer: String::new(),
            host: None,
            rule: "these lines found no place while the log could not be written".into(),
            policy: String::new(),
            workspace: None,
            files: Vec::new(),
            more_files: 0,
            bytes: 0,
            lost: usize::try_from(lost).unwrap_or(usize::MAX),
        }
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_none(number: &usize) -> bool {
    *number == 0
}
