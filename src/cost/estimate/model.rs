//! What was learnt of one model.

use std::collections::BTreeMap;
use std::time::Duration;

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

/// How many microseconds a token takes before any was seen: what a model of seven billion parameters does on a good graphics card.
const FIRST_PACE: f64 = 20_000.0;

/// No answer takes longer, in microseconds.
const HOUR: u64 = 3_600_000_000;

/// What was learnt of one model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Model {
    /// When something was last learnt, in microseconds since 1970.
    pub seen: i64,
    /// A prompt's tokens by its usual ones.
    prompt: Line,
    /// An answer's tokens by its usual ones, without what was thought and not shown.
    text: Line,
    /// How many calls' times were seen.
    #[serde(default)]
    timed: u32,
    /// How many microseconds a token of the answer took, with all that came before it.
    #[serde(default)]
    pace: f64,
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
            time: self.time(output.min(expected.most)),
            miss: (task.estimates >= FEW).then(|| percent(task.miss)),
        }
    }

    /// Returns about how long it works on so many tokens of an answer.
    pub(super) fn time(&self, output: u64) -> Duration {
        let pace = if self.timed == 0 {
            FIRST_PACE
        } else {
            self.pace
        };
        Duration::from_micros(times(output, pace))
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
        if let Some(took) = lesson.took.filter(|_| told.output > 0) {
            self.timed = self.timed.saturating_add(1);
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            let pace = micros.min(HOUR) / told.output;
            mean(&mut self.pace, self.timed, as_number(pace));
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
        if !(0.0..=as_number(HOUR)).contains(&self.pace) {
            (self.timed, self.pace) = (0, 0.0);
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
fn as_number(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what loses precision is no count of tokens"
)]
fn ratio(part: u64, whole: u64) -> f64 {
    (part as f64 / whole as f64).clamp(0.0, 1.0)
}

fn part(whole: u64, share: f64) -> u64 {
    times(whole, share).min(whole)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "neither is below nothing, and what is beyond all counts becomes the last of them"
)]
fn times(count: u64, each: f64) -> u64 {
    (count as f64 * each).round() as u64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is a percentage within bounds"
)]
fn percent(part: f64) -> u32 {
    (part * 100.0).ceil().clamp(1.0, f64::from(FURTHEST)) as u32
}
