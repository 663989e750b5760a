//! What was learnt of one model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::line::Line;
use super::{Expected, Guess, Lesson, Rough, family};
use crate::cost::tokens::Tokens;

/// Nobody asks a model to do more kinds of things.
const MOST_TASKS: usize = 64;

/// Before so many calls nothing is said about how far off the estimates are.
const FEW: u32 = 3;

/// The last ten or so calls count.
const SHARE_OF_ONE: f64 = 0.1;

/// A miss is no further than this, in percent; beyond it nobody cares how far.
const FURTHEST: u32 = 999;

/// What was learnt of one model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Model {
    /// When something was last learnt, in microseconds since 1970.
    pub seen: i64,
    /// A prompt's tokens by its usual ones.
    prompt: Line,
    /// An answer's tokens by its usual ones, without what was thought and not shown.
    text: Line,
    /// By what it was asked to do.
    tasks: BTreeMap<String, Task>,
}

/// What was learnt of one kind of thing that a model is asked to do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Task {
    /// An answer's tokens, all of them, by how many were reckoned with.
    answer: Line,
    /// How many calls' caches were seen.
    reads: u32,
    /// Which part of the prompt came from the cache.
    cached: f64,
    /// Which part of it went there.
    kept: f64,
    /// How many estimates met their truth.
    estimates: u32,
    /// How far off they were, as a part of the truth.
    miss: f64,
}

impl Model {
    pub(super) fn prompt(&self, model: &str, prompt: Rough) -> u64 {
        self.prompt.at(&family::of_prompt(model), prompt.tokens())
    }

    pub(super) fn text(&self, model: &str, text: Rough) -> u64 {
        let least = text.tokens().min(1);
        self.text
            .at(&family::of_text(model), text.tokens())
            .max(least)
    }

    pub(super) fn guess(&self, model: &str, expected: &Expected<'_>) -> Guess {
        let nothing = Task::default();
        let task = self.tasks.get(expected.task).unwrap_or(&nothing);
        let read = self.prompt(model, expected.prompt);
        let cache_read = part(read, task.cached);
        let cache_write = part(read, task.kept).min(read - cache_read);
        let output = task.answer.at(&family::of_answer(model), expected.output);
        Guess {
            tokens: Tokens {
                input: read - cache_read - cache_write,
                cache_read,
                cache_write_5m: cache_write,
                output: output.min(expected.most),
                ..Tokens::default()
            },
            miss: (task.estimates >= FEW).then(|| percent(task.miss)),
        }
    }

    pub(super) fn learn(&mut self, model: &str, lesson: &Lesson) {
        let told = &lesson.tokens;
        let read = told.input_total();
        let asked = lesson.prompt.tokens();
        if read > 0 && asked > 0 {
            let start = family::of_prompt(model);
            self.prompt.learn(&start, asked, read);
        }
        let (shown, came) = (told.output_shown(), lesson.reply.tokens());
        if lesson.is_whole && came > 0 && shown > 0 {
            let start = family::of_text(model);
            self.text.learn(&start, came, shown);
        }
        let is_new = !self.tasks.contains_key(&*lesson.task);
        if is_new && self.tasks.len() >= MOST_TASKS {
            return;
        }
        let task = self.tasks.entry(lesson.task.to_string()).or_default();
        if read > 0 {
            let writes = told.cache_write_5m.saturating_add(told.cache_write_1h);
            task.reads = task.reads.saturating_add(1);
            mean(&mut task.cached, task.reads, ratio(told.cache_read, read));
            mean(&mut task.kept, task.reads, ratio(writes, read));
        }
        if let Some(expected) = lesson.output.filter(|_| lesson.is_whole) {
            let start = family::of_answer(model);
            task.answer.learn(&start, expected, told.output);
        }
        if let Some(miss) = lesson.miss_permille {
            task.estimates = task.estimates.saturating_add(1);
            let miss = f64::from(miss.min(FURTHEST * 10)) / 1_000.0;
            mean(&mut task.miss, task.estimates, miss);
        }
    }

    /// Returns it without what cannot be; a file may say anything.
    pub(super) fn sane(mut self) -> Self {
        for line in [&mut self.prompt, &mut self.text] {
            if !line.is_sane() {
                *line = Line::default();
            }
        }
        let is_part = |part: f64| (0.0..=1.0).contains(&part);
        self.tasks.retain(|name, task| {
            name.len() <= super::LONGEST_NAME
                && task.answer.is_sane()
                && is_part(task.cached)
                && is_part(task.kept)
                && (0.0..=10.0).contains(&task.miss)
        });
        while self.tasks.len() > MOST_TASKS {
            self.tasks.pop_last();
        }
        self
    }
}

/// Moves a mean towards a value: as one of all while there are few, then as one of the last ten or so.
fn mean(mean: &mut f64, count: u32, value: f64) {
    let share = (1.0 / f64::from(count.max(1))).max(SHARE_OF_ONE);
    *mean += (value - *mean) * share;
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what loses precision is no count of tokens"
)]
fn ratio(part: u64, whole: u64) -> f64 {
    (part as f64 / whole as f64).clamp(0.0, 1.0)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a whole is between nothing and it"
)]
fn part(whole: u64, share: f64) -> u64 {
    ((whole as f64 * share).round() as u64).min(whole)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is a percentage within bounds"
)]
fn percent(part: f64) -> u32 {
    (part * 100.0).ceil().clamp(1.0, f64::from(FURTHEST)) as u32
}
