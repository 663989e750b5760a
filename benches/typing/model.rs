//! A model that knows the file that is typed, and makes the mistakes that models make.

use std::sync::Mutex;
use std::time::Duration;

use byok_lsp::provider::{Call, Event, Finish, Input, Provider, Stream};
use futures_util::StreamExt as _;

use super::corpus::Dice;

/// The model.
pub struct Model {
    /// The file as it will be.
    truth: String,
    /// Where what stands behind the piece begins, counted from the end.
    after: usize,
    /// How many answers of a hundred are wrong from some place on.
    wrong: usize,
    dice: Mutex<Dice>,
    /// What it was asked, in order.
    asked: Mutex<Vec<Asked>>,
}

/// One thing that it was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// When.
    pub begun: tokio::time::Instant,
    /// The end of what stood before the cursor.
    pub before: String,
    /// The prompt, as a server lays it out that puts what stands behind the cursor last.
    pub prompt: String,
    /// Where in it the file's own text begins, and where the cursor is.
    pub window: (usize, usize),
    /// What it answered.
    pub answer: String,
}

/// How much it answers, as models do that are given a limit rather than an end.
const ANSWER: usize = 128;

impl Model {
    /// Creates a model for one piece.
    pub fn new(truth: String, after: usize, wrong: usize, seed: u64) -> Self {
        Self {
            truth,
            after,
            wrong,
            dice: Mutex::new(Dice(0x9e37_79b9_7f4a_7c15 ^ ((seed + 1) << 20))),
            asked: Mutex::default(),
        }
    }

    /// Returns what it was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("one thread").clone()
    }

    fn answer(&self, before: &str, dice: &mut Dice) -> String {
        let end = self.truth.len() - self.after;
        // Of a text with a slip in it, it makes the best: what would have come at this place.
        let from = before.len().min(end);
        let to = (from + ANSWER).min(self.truth.len());
        let mut answer = self.truth[from..to].to_owned();
        if from == end {
            answer = "\n".into();
        }
        if dice.below(100) < self.wrong {
            let at = dice.below(answer.len().clamp(1, 40));
            let elsewhere = dice.below(self.truth.len() - ANSWER);
            answer.truncate(at);
            answer.push_str(&self.truth[elsewhere..elsewhere + ANSWER - at]);
        }
        let line = before.rsplit('\n').next().unwrap_or_default();
        match dice.below(20) {
            0 => format!("```\n{answer}\n```\nThis continues the code."),
            1 => format!("{line}{answer}"),
            2 => {
                let first = answer.lines().next().unwrap_or_default().to_owned();
                format!("{first}\n{first}\n{first}\n{first}\n")
            }
            // It does not stop where the text goes on by itself.
            3 => {
                let more = (to + ANSWER).min(self.truth.len());
                format!("{answer}{}", &self.truth[to..more])
            }
            _ => answer,
        }
    }
}

impl Provider for Model {
    fn stream(&self, call: Call) -> Stream {
        let fill = match &call.input {
            Input::Fill(fill) => fill,
            Input::Chat(_) => unreachable!("the bench configures a wire that fills"),
        };
        let place = &fill.place;
        let before = place.text.byte_slice(..place.cursor).to_string();
        let (answer, first, rest) = {
            let mut dice = self.dice.lock().expect("one thread");
            let answer = self.answer(&before, &mut dice);
            let (first, rest) = latency(&mut dice);
            (answer, first, rest)
        };
        let ends = fill.prefix.bytes().rev().zip(before.bytes().rev());
        let own = ends.take_while(|(a, b)| a == b).count();
        self.asked.lock().expect("one thread").push(Asked {
            begun: tokio::time::Instant::now(),
            before: before[before.len().saturating_sub(40)..].to_owned(),
            prompt: format!("{}{}", fill.prefix, fill.suffix),
            window: (fill.prefix.len() - own, fill.prefix.len()),
            answer: answer.clone(),
        });
        let pieces: Vec<String> = answer
            .as_bytes()
            .chunks(6)
            .map(|piece| String::from_utf8_lossy(piece).into_owned())
            .collect();
        let between = rest / u32::try_from(pieces.len().max(1)).expect("few");
        let text = futures_util::stream::iter(pieces.into_iter().enumerate());
        let text = text.then(move |(number, piece)| async move {
            tokio::time::sleep(if number == 0 { first } else { between }).await;
            Ok(Event::Text(piece))
        });
        let end = futures_util::stream::iter([Ok(Event::Finish(Finish::Stop))]);
        text.chain(end).boxed()
    }
}

/// The time to the first token and from there to the last: 150 to 1,500 ms in all, mostly near 330.
fn latency(dice: &mut Dice) -> (Duration, Duration) {
    let total = match dice.below(20) {
        0 => 800 + dice.below(700),
        1..=4 => 400 + dice.below(400),
        _ => 150 + dice.below(250),
    };
    let total = Duration::from_millis(total as u64);
    (total * 6 / 10, total * 4 / 10)
}
