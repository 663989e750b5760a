//! What is asked of a model, and how much of it there is.

use std::borrow::Cow;
use std::hash::{Hash as _, Hasher as _};

use rustc_hash::FxHasher;

use super::interrupt::Interrupt;
use crate::audit::Shown;
use crate::config::TaskClass;
use crate::cost::estimate::Rough;
use crate::provider::Input;
use crate::routing::Decision;
use crate::workspace::Rule;

/// What is to be asked of the model that was decided on.
pub struct Request {
    /// Which model, and who pays.
    pub decision: Decision,
    /// What it is to work on.
    pub input: Input,
    /// Which code action asks, for the ledger.
    pub action: Option<Cow<'static, str>>,
    /// What kind of work it is, for the record.
    pub class: TaskClass,
    /// The most tokens it may write.
    pub max_tokens: u32,
    /// About how many tokens it is reckoned to write, judged by what is asked alone, if anything is; the gateway learns how models differ from it.
    pub expected: Option<u64>,
    /// Texts at which it must stop.
    pub stop: Vec<String>,
    /// The language of the document, for the ledger.
    pub language: Option<&'static str>,
    /// The folder that the document belongs to, for the ledger.
    pub workspace: Option<String>,
    /// Why its text must not leave this machine, if it must not: then no model elsewhere is asked.
    pub confined: Option<Rule>,
    /// What it shows of which files, for the audit log and the rules about files; nothing where there is neither.
    pub shown: Vec<Shown>,
    /// Tells why the call was dropped, if it is.
    pub interrupt: Interrupt,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The model whose answer did not pass its check, if this is asked since then.
    pub after: Option<String>,
}

/// What is asked, as far as money is concerned.
pub(super) struct Asked {
    pub bytes: usize,
    /// About how many tokens a usual tokenizer makes of it.
    pub rough: Rough,
    pub messages: usize,
    /// What tells it from other questions.
    pub hash: u64,
}

impl Asked {
    pub(super) fn of(input: &Input) -> Self {
        // Made of all of the prompt, and asked of nobody hostile: it tells a loop from other calls.
        let mut hasher = FxHasher::default();
        let (bytes, rough, messages) = match input {
            Input::Fill(fill) => {
                (&fill.prefix, &fill.suffix).hash(&mut hasher);
                let bytes = fill.prefix.len() + fill.suffix.len();
                let rough = Rough::of(&fill.prefix) + Rough::of(&fill.suffix);
                (bytes, rough, 0)
            }
            Input::Chat(messages) => {
                let texts = || messages.iter().map(|message| &message.text);
                texts().for_each(|text| text.hash(&mut hasher));
                let rough = texts().map(|text| Rough::of(text)).sum();
                (texts().map(String::len).sum(), rough, messages.len())
            }
        };
        Self {
            bytes,
            rough,
            messages,
            hash: hasher.finish(),
        }
    }
}
