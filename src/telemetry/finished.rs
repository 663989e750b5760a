//! A call that is over, as far as a collector may know of it: names, numbers and times.

use std::time::Duration;

use crate::config::Wire;
use crate::cost::{Cost, Outcome, Tokens};
use crate::provider::Finish;

/// A call that is over. A field here is something that leaves the machine: none may hold text of the user's or of a model's.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The call's name in the ledger.
    pub id: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// When it was sent, in nanoseconds since 1970.
    pub started: u64,
    /// How long it took in all.
    pub took: Duration,
    /// How long it took to the first text, if any came.
    pub first_text: Option<Duration>,
    /// What the model was asked to do.
    pub operation: Operation,
    /// The provider, by the name of its settings.
    pub provider: String,
    /// The model that was asked for.
    pub requested: String,
    /// The model that the provider says it ran.
    pub served: Option<String>,
    /// The provider's own name for the answer.
    pub response: Option<String>,
    /// Why the model stopped, if that was told.
    pub finish: Option<Finish>,
    /// What kind of failure ended it, in a word of ours.
    pub fault: Option<&'static str>,
    /// The provider's host and port; the embedded engine has none.
    pub server: Option<(String, u16)>,
    /// The most tokens that the model was to write.
    pub max_tokens: u32,
    /// What was used.
    pub tokens: Tokens,
    /// Whether that is an estimate of ours.
    pub is_estimated: bool,
    /// What asked: `completion`, `action`, ...
    pub feature: String,
    /// Who pays, in words of ours.
    pub payer: String,
    /// The key's label.
    pub key: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What it cost.
    pub cost: Cost,
}

/// What a model is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// To continue a conversation.
    Chat,
    /// The same, as Google calls it.
    GenerateContent,
    /// To continue a text, or to fill a hole in one.
    TextCompletion,
}

impl Operation {
    /// Returns what is asked for over a wire.
    pub fn over(wire: Wire) -> Self {
        match wire {
            Wire::Gemini => Self::GenerateContent,
            wire if wire.fills() => Self::TextCompletion,
            _ => Self::Chat,
        }
    }

    /// Returns the conventions' name for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::GenerateContent => "generate_content",
            Self::TextCompletion => "text_completion",
        }
    }
}
