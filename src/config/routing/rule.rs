//! A rule: which model calls of a certain class go to.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::settings::ModelName;

/// Which model calls of a certain class go to. What it does not say is any.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleOptions {
    /// What is asked: `completion`, `explain`, `fix`, `refactor`, `test`, `document`, `commit-message`, `custom`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskClass>,
    /// The languages of the document, by their ids such as `rust`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// For calls whose prompt has about so many tokens at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to_tokens: Option<u64>,
    /// The model, `provider/model`, or a pool, `pool/NAME`.
    pub model: String,
}

/// What kind of work a model is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TaskClass {
    /// Ghost text.
    Completion,
    /// Something to read: an explanation, a review.
    Explain,
    /// What mends a problem.
    Fix,
    /// What changes code by its looks or by an instruction.
    Refactor,
    /// Tests.
    Test,
    /// Comments and their translation.
    Document,
    /// A commit's message.
    CommitMessage,
    /// An action of your own.
    Custom,
}

impl TaskClass {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Completion,
        Self::Explain,
        Self::Fix,
        Self::Refactor,
        Self::Test,
        Self::Document,
        Self::CommitMessage,
        Self::Custom,
    ];

    /// Returns the class of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|class| class.to_string() == name)
    }
}

impl fmt::Display for TaskClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Completion => "completion",
            Self::Explain => "explain",
            Self::Fix => "fix",
            Self::Refactor => "refactor",
            Self::Test => "test",
            Self::Document => "document",
            Self::CommitMessage => "commit-message",
            Self::Custom => "custom",
        })
    }
}

/// What code reads of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteRule {
    /// The kinds of work; none is all.
    pub tasks: Vec<TaskClass>,
    /// The languages; none is all.
    pub languages: Vec<String>,
    /// The longest prompt.
    pub up_to_tokens: Option<u64>,
    /// Where such calls go.
    pub model: ModelName,
}

impl RouteRule {
    /// Returns whether a call is of this rule's class.
    pub fn fits(&self, class: TaskClass, language: Option<&str>, tokens: u64) -> bool {
        let is_language = |own: &String| language == Some(own.as_str());
        (self.tasks.is_empty() || self.tasks.contains(&class))
            && (self.languages.is_empty() || self.languages.iter().any(is_language))
            && self.up_to_tokens.is_none_or(|most| tokens <= most)
    }
}
