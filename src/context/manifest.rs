//! What a prompt is made of, piece by piece: which file, which lines, which rule put it there, and what part of the tokens and of the money
//! it takes.
//!
//! Entry points: [`Manifest`], which comes with each prompt, and [`Manifests`], the last ones of a session by their call. The pieces of a
//! field, put together in order, are what was sent in that field.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Fragment, Source};
use crate::cost::{Money, Tokens};

/// Where in a request a piece is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// A prompt of the model's own tokens.
    Prompt,
    /// The text before the hole.
    Prefix,
    /// The text behind it.
    Suffix,
    /// Another file beside them.
    File,
    /// The instructions of a conversation.
    System,
    /// What the user says in it.
    User,
}

impl Field {
    /// Returns its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Prefix => "prefix",
            Self::Suffix => "suffix",
            Self::File => "file",
            Self::System => "system",
            Self::User => "user",
        }
    }
}

/// Why a piece is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// It is neither code nor the user's: instructions, file names, marks.
    Frame,
    /// The text round the cursor.
    Window {
        /// The document, as the model is told.
        file: Arc<str>,
        /// The line in which it begins, counted from 0.
        line: u32,
    },
    /// A source put it there.
    Source {
        /// Which.
        source: Source,
        /// The file.
        file: Arc<str>,
        /// The line in which it begins, counted from 0.
        line: u32,
    },
}

impl Rule {
    pub(super) fn of(fragment: &Fragment) -> Self {
        Self::Source {
            source: fragment.source,
            file: fragment.file.clone(),
            line: fragment.line,
        }
    }

    /// Returns its name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Window { .. } => "window",
            Self::Source { source, .. } => source.name(),
        }
    }

    /// Returns the file and the line in which the piece begins, counted from 0, if it is of a file.
    pub fn place(&self) -> Option<(&str, u32)> {
        match self {
            Self::Frame => None,
            Self::Window { file, line } | Self::Source { file, line, .. } => Some((file, *line)),
        }
    }
}

/// A piece of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where it is sent.
    pub field: Field,
    /// Why.
    pub rule: Rule,
    /// What.
    pub text: Box<str>,
}

impl Part {
    /// Returns its tokens, by our estimate.
    pub fn tokens(&self) -> u64 {
        Tokens::in_bytes(self.text.len())
    }

    /// Returns its lines in its file, counted from 0, if it is of a file.
    pub fn lines(&self) -> Option<Range<u32>> {
        let (_, first) = self.rule.place()?;
        let count = self.text.trim_end_matches('\n').matches('\n').count() + 1;
        Some(first..first.saturating_add(u32::try_from(count).unwrap_or(u32::MAX)))
    }
}

/// All pieces of a prompt, in the order in which they are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    parts: Vec<Part>,
}

impl Manifest {
    /// Returns the pieces.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns what is sent in a field.
    pub fn text(&self, field: Field) -> String {
        let parts = self.parts.iter().filter(|part| part.field == field);
        parts.map(|part| &*part.text).collect()
    }

    /// Returns how many bytes are sent in all.
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.text.len()).sum()
    }

    /// Returns which part of the whole a piece is, in thousandths.
    pub fn share(&self, part: &Part) -> usize {
        part.text.len() * 1000 / self.bytes().max(1)
    }

    /// Returns what each piece cost where the whole cost so much: its part by its length, cached or not. Together they are the whole.
    pub fn costs(&self, whole: Money) -> Vec<Money> {
        let all = self.bytes().max(1) as i128;
        let mut done = 0;
        let upto = |bytes: usize| {
            let nanos = i128::from(whole.nanos()) * bytes as i128 / all;
            // A part of what fits fits.
            i64::try_from(nanos).unwrap_or_default()
        };
        let costs = self.parts.iter().map(|part| {
            let before = upto(done);
            done += part.text.len();
            Money::from_nanos(upto(done) - before, whole.currency())
        });
        costs.collect()
    }

    pub(super) fn push(&mut self, field: Field, text: &str, rule: Rule) {
        if !text.is_empty() {
            self.parts.push(Part {
                field,
                rule,
                text: text.into(),
            });
        }
    }

    pub(super) fn take(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.parts)
    }

    pub(super) fn extend(&mut self, field: Field, parts: &[Part]) {
        let parts = parts.iter().cloned();
        self.parts.extend(parts.map(|part| Part { field, ..part }));
    }

    pub(super) fn extend_as_is(&mut self, other: Self) {
        self.parts.extend(other.parts);
    }
}

/// The manifests of a session's last calls.
#[derive(Debug, Default)]
pub struct Manifests(Mutex<VecDeque<Kept>>);

/// The manifest of a call.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The call's id.
    pub call: Box<str>,
    /// What its prompt was made of.
    pub manifest: Arc<Manifest>,
    /// What its prompt cost; `None` as long as the call goes on, and where it is not known.
    pub cost: Option<Money>,
}

/// How many are kept: some minutes of typing, and some hundred kilobytes.
const KEPT: usize = 64;

impl Manifests {
    /// Keeps the manifest of a call.
    pub fn note(&self, call: &str, manifest: Manifest) {
        let mut kept = self.kept();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(Kept {
            call: call.into(),
            manifest: Arc::new(manifest),
            cost: None,
        });
    }

    /// Notes what the prompt of a call cost, once that is settled.
    pub fn settled(&self, call: &str, cost: Option<Money>) {
        let mut kept = self.kept();
        if let Some(one) = kept.iter_mut().rev().find(|one| *one.call == *call) {
            one.cost = cost;
        }
    }

    /// Returns the manifest of a call, or of the last one.
    pub fn of(&self, call: Option<&str>) -> Option<Kept> {
        let kept = self.kept();
        let is_it = |one: &&Kept| call.is_none_or(|call| *one.call == *call);
        kept.iter().rev().find(is_it).cloned()
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Currency;

    #[test]
    fn what_the_pieces_cost_is_together_what_the_prompt_cost() {
        let mut manifest = Manifest::default();
        for text in ["a", "bb", "cccc", "dddddddddd"] {
            manifest.push(Field::Prefix, text, Rule::Frame);
        }
        let nanos = |whole| {
            let costs = manifest.costs(Money::from_nanos(whole, Currency::USD));
            costs.into_iter().map(Money::nanos).collect::<Vec<_>>()
        };
        assert_eq!(nanos(1700), [100, 200, 400, 1000]);
        for whole in [0, 1, 7, 1_000_003, i64::MAX] {
            assert_eq!(nanos(whole).iter().sum::<i64>(), whole);
        }
        assert_eq!(
            Manifest::default().costs(Money::from_nanos(5, Currency::USD)),
            []
        );
    }
}
