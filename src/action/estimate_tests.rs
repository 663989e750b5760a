//! How near the price in an action's title comes to what the action costs.
//!
//! `estimate_tests.tsv` says how many tokens the real tokenizers of four families make of the prompts that [`prompt`](super::prompt) makes
//! for the fixtures of all languages in `grammars/`, and of the regions in them, which stand for the answers. They were counted once (with the
//! npm packages gpt-tokenizer 3, llama3-tokenizer-js 1.2 and mistral-tokenizer-js 1.0, and Tekken from the Python package mistral-common 1; this test
//! writes the texts into the folder that `BYOK_TEXTS_TO_COUNT` names); a prompt that has changed since is counted in proportion. What is known of
//! tokenizers beforehand was measured on other texts: `cost::estimate::rough`.

#![expect(clippy::print_stdout, reason = "it says what it measured")]

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::*;
use crate::config::{Layer, Layers};
use crate::cost::estimate::Estimate;
use crate::cost::{Cost, Ledger, Row, Tokens};
use crate::gateway::{Gateway, Interrupt, Report};
use crate::local;
use crate::provider::fake::Fake;
use crate::provider::{Event, Finish, Http, Input, Provider, Usage};
use crate::session::{Session, Snapshot};

/// The models whose tokenizers were asked, by the columns of the file.
const MODELS: [&str; 4] = [
    "openai/gpt-4.1-mini",
    "groq/llama-3.3-70b-versatile",
    "mistral/mistral-small-latest",
    "mistral/open-mixtral-8x7b",
];

/// Fewer than the model is asked for whole.
const LINES: usize = 40;

/// So many calls are enough to learn from.
const FEW: usize = 4;

/// What was counted of one action on one file.
struct Counted {
    language: String,
    prompt_bytes: u64,
    prompt: [u64; 4],
    reply: [u64; 4],
}

fn counted() -> Vec<Counted> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/action/estimate_tests.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let read = |line: &str| {
        let (language, numbers) = line.split_once('\t').unwrap();
        let numbers: Vec<u64> = numbers.split('\t').map(|it| it.parse().unwrap()).collect();
        Counted {
            language: language.into(),
            prompt_bytes: numbers[0],
            prompt: numbers[1..5].try_into().unwrap(),
            reply: numbers[5..9].try_into().unwrap(),
        }
    };
    text.lines().skip(1).map(read).collect()
}

fn fixture(language: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("grammars")
        .join(language);
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files = files.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("fixture.") && !name.ends_with(".expected")
    });
    std::fs::read_to_string(files.next().unwrap()).unwrap()
}

/// A session and a gateway by which actions go to a model that the test plays.
struct Desk {
    session: Session,
    gateway: Gateway,
    fake: Fake,
    rows: std::sync::mpsc::Receiver<Row>,
}

impl Desk {
    /// With a ledger of its own.
    fn of(model: &str) -> Self {
        Self::with(model, Ledger::in_memory())
    }

    fn with(model: &str, ledger: Ledger) -> Self {
        let provider = model.split('/').next().unwrap();
        let mut layers = Layers::default();
        let config = serde_json::json!({
            "actions": {"model": model},
            "providers": {provider: {"key": "none"}},
        });
        layers.set_json(Layer::Editor, "test", config).unwrap();
        let fake = Fake::default();
        let (sender, rows) = channel();
        let gateway = Gateway::with_substitutes(
            Http::new(&Arc::default()),
            local::Engine::new(local::Limits::default()),
            ledger,
            Arc::new(move |report: Report| sender.send(report.row).unwrap()),
            HashMap::from([(
                provider.to_owned(),
                Arc::new(fake.clone()) as Arc<dyn Provider>,
            )]),
        );
        Self {
            session: Session::new(layers),
            gateway,
            fake,
            rows,
        }
    }

    fn open(&mut self, language: &str, text: &str) -> Snapshot {
        let uri = format!("file:///w/fixture.{language}");
        self.session.open(&uri, language, text);
        self.session.snapshot(&uri).unwrap()
    }

    /// Returns what it is expected to cost to simplify the first lines of a file.
    fn estimate(&mut self, language: &str) -> Estimate {
        let (snapshot, action) = self.simplification(language);
        job(&snapshot, &action, &self.gateway).estimate(&self.gateway)
    }

    fn simplification(&mut self, language: &str) -> (Snapshot, Arc<Action>) {
        let snapshot = self.open(language, &fixture(language));
        let action = find(&snapshot.settings, "simplify").unwrap();
        (snapshot, action)
    }

    /// Simplifies the first lines of a file; the model answers with all of them. Returns the estimate before and the cost after.
    async fn simplify(
        &mut self,
        language: &str,
        usage: impl Fn(&str, &str) -> Tokens,
    ) -> (Estimate, Cost) {
        let (snapshot, action) = self.simplification(language);
        let mut job = job(&snapshot, &action, &self.gateway);
        let region = snapshot.text.byte_slice(job.target.lines.clone());
        let answer = format!("```\n{region}```\n");
        let estimate = job.estimate(&self.gateway);
        let mut watch = |_: Progress<'_>| ();
        let model = async {
            loop {
                let running = self.fake.next().await;
                let Input::Chat(messages) = &running.call.input else {
                    panic!("an action is asked in words");
                };
                let prompt: Vec<&str> = messages.iter().map(|one| one.text.as_str()).collect();
                let tokens = usage(&prompt.join("\n"), &answer);
                running.text(&answer);
                running.event(Event::Usage(Usage {
                    tokens,
                    ..Usage::default()
                }));
                running.event(Event::Finish(Finish::Stop));
            }
        };
        // What becomes of the answer is another matter, and so is a second one.
        tokio::select! {
            _ = run(&self.gateway, &mut job, &mut watch) => {}
            () = model => unreachable!("it never ends"),
        }
        let deadline = Duration::from_secs(10);
        self.gateway.ledger().totals(deadline).unwrap();
        let first = self.rows.recv_timeout(deadline).unwrap();
        while self.rows.try_recv().is_ok() {}
        (estimate, first.cost)
    }
}

fn job<'a>(snapshot: &'a Snapshot, action: &'a Action, gateway: &Gateway) -> Job<'a> {
    let text = snapshot.text.to_string();
    let lines = text.split_inclusive('\n').take(LINES);
    let selection: usize = lines.map(str::len).sum();
    Job {
        snapshot,
        action,
        material: &Material::None,
        check: None,
        target: target(snapshot, action, &(0..selection), &[]).unwrap(),
        diagnostics: &[],
        instruction: None,
        decision: decide(gateway, snapshot, action),
        interrupt: Interrupt::default(),
    }
}

/// How far off the estimates are for a model, in percent of what was settled: of each file as the first of its session, and of each that comes
/// after a few others, of other languages.
async fn misses(column: usize) -> (Vec<u32>, Vec<u32>) {
    let nanos = |cost: Cost| cost.amount().unwrap().nanos();
    let percent = |estimate: Estimate, cost: Cost| {
        let off = nanos(estimate.cost).abs_diff(nanos(cost)) * 100;
        u32::try_from(off / nanos(cost).unsigned_abs()).unwrap()
    };
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.sqlite3");
    let mut unlearnt = Desk::of(MODELS[column]);
    for (part, files) in counted().chunks(5).enumerate() {
        // The program is started anew now and then.
        let mut learning = Desk::with(MODELS[column], Ledger::open(&ledger));
        for (number, one) in files.iter().enumerate() {
            let usage = |prompt: &str, _: &str| Tokens {
                input: one.prompt[column] * prompt.len() as u64 / one.prompt_bytes,
                output: one.reply[column],
                ..Tokens::default()
            };
            let (estimate, cost) = learning.simplify(&one.language, usage).await;
            assert!(matches!(cost, Cost::Priced(_)), "{cost:?}");
            first.push(percent(unlearnt.estimate(&one.language), cost));
            if part * 5 + number >= FEW {
                last.push(percent(estimate, cost));
            }
        }
        learning.gateway.close();
    }
    (first, last)
}

#[tokio::test]
async fn estimates_are_within_30_percent_of_what_is_settled() {
    if let Ok(folder) = std::env::var("BYOK_TEXTS_TO_COUNT") {
        return Box::pin(write_texts(Path::new(&folder))).await;
    }
    for (column, model) in MODELS.iter().enumerate() {
        let (first, last) = Box::pin(misses(column)).await;
        println!("{model}: off by {first:?} % at first, by {last:?} % after a few others");
        assert!(last.len() >= 15, "{model}");
        assert!(
            last.iter().all(|percent| *percent <= 30),
            "{model}: {last:?}"
        );
        assert!(
            first.iter().all(|percent| *percent <= 30),
            "{model}: {first:?}"
        );
    }
}

/// Writes the prompt and the answer for each language into a folder, to be counted.
async fn write_texts(folder: &Path) {
    for language in std::fs::read_dir("grammars").unwrap() {
        let language = language.unwrap();
        if !language.file_type().unwrap().is_dir() {
            continue;
        }
        let language = language.file_name().into_string().unwrap();
        let mut desk = Desk::of(MODELS[0]);
        desk.simplify(&language, |prompt, answer| {
            let path = folder.join(format!("{language}.prompt"));
            if path.exists() {
                // The second answer's.
                return Tokens {
                    input: 1,
                    output: 1,
                    ..Tokens::default()
                };
            }
            std::fs::write(path, prompt).unwrap();
            std::fs::write(folder.join(format!("{language}.reply")), answer).unwrap();
            Tokens {
                input: 1,
                output: 1,
                ..Tokens::default()
            }
        })
        .await;
    }
}
