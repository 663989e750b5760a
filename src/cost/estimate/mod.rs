//! How many tokens a call will use, without a tokenizer, and how far off that may be.
//!
//! Entry points: [`most_tokens`] is never too low, and what budgets reserve by; [`Estimates`] are about right, and what prices are shown by before a
//! call. They begin with what the text looks like ([`Rough`]) and what is known of the model's family, and learn from each call whose provider told what it
//! used: how many tokens a prompt and an answer have by comparison, how long answers are for what was asked, which part of a prompt comes from the provider's cache, and how far off the
//! estimates were. Invariants: only counts are kept, by the names of models and of what they were asked to do; what is kept is bounded, in memory
//! and on the disk; a file that cannot be read is as good as none.

mod bound;
mod family;
mod line;
mod model;
mod rough;
mod store;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

pub use bound::most_tokens;
pub use rough::{Rough, Tally};

use self::model::Model;
use self::store::Models;
use super::call_cost::Cost;
use super::tokens::Tokens;

/// Names of more are not kept.
const LONGEST_NAME: usize = 200;

/// How long what was learnt may wait to be written.
const OFTEN: Duration = Duration::from_secs(10);

/// What was learnt of all models. Clones are the same.
#[derive(Clone, Default)]
pub struct Estimates(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// None where it is kept in memory alone.
    path: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    models: Models,
    is_read: bool,
    /// The models of which something was learnt that is not on the disk.
    unwritten: BTreeSet<String>,
    written: Option<Instant>,
}

/// What is about to be asked.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// What the model is asked to do: a feature, or an action.
    pub task: &'a str,
    /// How long the prompt is.
    pub prompt: Rough,
    /// How many tokens an answer is reckoned to have, from what is asked alone.
    pub output: u64,
    /// The most tokens it may have.
    pub most: u64,
}

/// What a call is expected to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess {
    /// The counts.
    pub tokens: Tokens,
    /// How long the model works on it.
    pub time: Duration,
    /// How far off the costs of such calls were lately, on average and in percent, once there were some.
    pub miss: Option<u32>,
}

/// What a call is expected to cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The cost.
    pub cost: Cost,
    /// What it is made of.
    pub tokens: Tokens,
    /// How far off the costs of such calls were lately, on average and in percent, once there were some.
    pub miss: Option<u32>,
}

/// What a call turned out to use, by its provider's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// The model's full name.
    pub model: String,
    /// What it was asked to do.
    pub task: Cow<'static, str>,
    /// How long the prompt was.
    pub prompt: Rough,
    /// How long the answer was, as far as it was shown.
    pub reply: Rough,
    /// How many tokens of an answer were reckoned with, if any.
    pub output: Option<u64>,
    /// What was used; nothing of what was not told.
    pub tokens: Tokens,
    /// Whether all of the answer came, and all of it is counted.
    pub is_whole: bool,
    /// How long it took, if it was made to its end.
    pub took: Option<Duration>,
    /// How far off the estimate of its cost was, in thousandths of the truth.
    pub miss_permille: Option<u32>,
}

impl Estimates {
    /// Keeps what is learnt in a file, too, which is read when it is first needed.
    pub fn in_file(path: PathBuf) -> Self {
        Self(Arc::new(Inner {
            path: Some(path),
            state: Mutex::default(),
        }))
    }

    /// Returns about how many tokens a model makes of a prompt.
    pub fn prompt(&self, model: &str, prompt: Rough) -> u64 {
        self.with(model, |known| known.prompt(model, prompt))
    }

    /// Returns about how many tokens a text has that a model wrote.
    pub fn text(&self, model: &str, text: Rough) -> u64 {
        self.with(model, |known| known.text(model, text))
    }

    /// Returns about how long a model works on so many tokens of an answer.
    pub fn time(&self, model: &str, output: u64) -> Duration {
        self.with(model, |known| known.time(output))
    }

    /// Returns what a call is expected to use.
    pub fn guess(&self, model: &str, expected: &Expected<'_>) -> Guess {
        self.with(model, |known| known.guess(model, expected))
    }

    /// Learns from a call. Now and then it writes a file of some kilobytes, so it belongs on the ledger's thread.
    pub fn learn(&self, lesson: &Lesson) {
        if lesson.model.len() > LONGEST_NAME || lesson.task.len() > LONGEST_NAME {
            return;
        }
        let mut state = self.state();
        let known = state.models.entry(lesson.model.clone()).or_default();
        known.learn(&lesson.model, lesson);
        known.seen = Timestamp::now().as_microsecond();
        store::bound(&mut state.models);
        state.unwritten.insert(lesson.model.clone());
        let is_due = state.written.is_none_or(|then| then.elapsed() >= OFTEN);
        if is_due {
            self.write(&mut state);
        }
    }

    /// Writes what is not on the disk yet.
    pub fn close(&self) {
        self.write(&mut self.state());
    }

    fn write(&self, state: &mut State) {
        let Some(path) = &self.0.path else {
            return;
        };
        if state.unwritten.is_empty() {
            return;
        }
        state.written = Some(Instant::now());
        let news = std::mem::take(&mut state.unwritten);
        let news = news.into_iter().filter_map(|name| {
            let model = state.models.get(&name)?.clone();
            Some((name, model))
        });
        // It is lost at worst, and learnt again.
        if let Err(error) = store::write(path, news.collect()) {
            tracing::warn!(%error, path = %path.display(), "what was learnt for estimates cannot be kept");
        }
    }

    fn with<T>(&self, model: &str, look: impl FnOnce(&Model) -> T) -> T {
        let state = self.state();
        match state.models.get(model) {
            Some(known) => look(known),
            None => look(&Model::default()),
        }
    }

    /// Returns what is known, read from the disk the first time.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut state.is_read, true)
            && let Some(path) = &self.0.path
        {
            state.models = store::read(path);
        }
        state
    }
}

/// Returns how far an estimate is from the truth, in thousandths of that.
pub fn miss_permille(estimate: i64, truth: i64) -> Option<u32> {
    let truth = u64::try_from(truth).ok().filter(|truth| *truth > 0)?;
    let off = estimate.abs_diff(i64::try_from(truth).ok()?);
    let permille = u128::from(off) * 1_000 / u128::from(truth);
    Some(u32::try_from(permille).unwrap_or(u32::MAX))
}
