//! Suggestions from the first key to the last, with a model that the test plays and a clock that stands still.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use serde_json::json;
use tokio::time::Instant;

use super::completions::lock;
use super::*;
use crate::config::{Layer, Layers};
use crate::cost::{Ledger, Outcome, Row};
use crate::document::{Change, Position};
use crate::gateway::Report;
use crate::local::{Engine, Limits};
use crate::provider::fake::{Fake, Running};
use crate::provider::{Http, Provider};
use crate::session::Session;

mod ahead;
mod candidates;
mod dismissed;
mod interleavings;

const URI: &str = "file:///w/a.rs";

/// An editor's session with one document, and a model that the test plays.
struct Scene {
    completions: Completions,
    gateway: Gateway,
    engine: Engine,
    session: Arc<Mutex<Session>>,
    model: Fake,
    rows: Receiver<Row>,
    cursor: usize,
}

impl Scene {
    /// Opens a document; `ˇ` marks the cursor.
    fn open(text: &str) -> Self {
        Self::with(&json!({"debounce_ms": 0}), text)
    }

    /// The same with options of its own.
    fn with(completion: &serde_json::Value, text: &str) -> Self {
        Self::booked(Ledger::in_memory(), completion, text)
    }

    /// The same with a ledger that others may have used; to make one takes longer than all else.
    fn booked(ledger: Ledger, completion: &serde_json::Value, text: &str) -> Self {
        let mut completion = completion.clone();
        if completion.get("model").is_none() {
            completion["model"] = "mock/m".into();
        }
        let model = Fake::default();
        let (sender, rows) = channel();
        let engine = Engine::new(Limits::default());
        let mut layers = Layers::default();
        let options = json!({
            "completion": completion,
            "providers": {
                "mock": {
                    "wire": "openai-completions", "base_url": "http://127.0.0.1:9/v1", "key": "none",
                },
                // What is not on this machine is billed.
                "paid": {
                    "wire": "openai-completions", "base_url": "https://paid.example/v1", "key": "none",
                    "prices": {"m": {"input": "1 USD", "output": "2 USD"}},
                },
            },
        });
        layers
            .set_json(Layer::Initialization, "test", options)
            .unwrap();
        let settings = layers.settings();
        let gateway = Gateway::with_substitutes(
            Http::new(&settings.network),
            engine.clone(),
            ledger,
            Arc::new(move |report: Report| sender.send(report.row).unwrap()),
            HashMap::from(["mock", "paid"].map(|name| {
                let provider = Arc::new(model.clone()) as Arc<dyn Provider>;
                (name.to_owned(), provider)
            })),
        );
        let mut session = Session::new(layers);
        session.open(URI, "rust", &text.replace('ˇ', ""));
        Self {
            completions: Completions::new(gateway.ledger().clone(), engine.clone()),
            gateway,
            engine,
            session: Arc::new(Mutex::new(session)),
            model,
            rows,
            cursor: text.find('ˇ').unwrap(),
        }
    }

    fn ask(&self) -> Ask {
        let snapshot = lock(&self.session).snapshot(URI).unwrap();
        let decision = decide(&self.gateway, &snapshot);
        Ask {
            first_line: Some(FIRST_LINE),
            ..Ask::new(snapshot, self.cursor, Trigger::Automatic, decision)
        }
    }

    /// Returns what can be answered without waiting.
    fn now(&self) -> Option<String> {
        let known = self.completions.reuse(&self.session, &self.ask())?;
        Some(known.map_or(String::new(), |shown| shown.suggestion.text))
    }

    /// Asks, in a task, for what may take its time.
    fn request(&self) -> tokio::task::JoinHandle<Option<String>> {
        self.request_by(Trigger::Automatic)
    }

    fn request_by(&self, trigger: Trigger) -> tokio::task::JoinHandle<Option<String>> {
        let (completions, gateway) = (self.completions.clone(), self.gateway.clone());
        let mut ask = self.ask();
        ask.trigger = trigger;
        let (session, ask) = (self.session.clone(), Arc::new(ask));
        tokio::spawn(async move {
            let shown = completions.complete(&gateway, &session, ask).await;
            shown.unwrap().map(|shown| shown.suggestion.text)
        })
    }

    /// Asks, and lets the model answer.
    async fn answered(&self, text: &str) -> Option<String> {
        let request = self.request();
        let running = self.model.next().await;
        running.text(text);
        drop(running);
        request.await.unwrap()
    }

    fn edit(&mut self, from: usize, to: usize, text: &str) {
        self.edit_in(URI, from, to, text);
    }

    fn edit_in(&mut self, uri: &str, from: usize, to: usize, text: &str) {
        let mut session = lock(&self.session);
        let rope = session.text(uri).unwrap().clone();
        let position = |byte: usize| {
            let line = rope.byte_to_line(byte);
            Position {
                line: u32::try_from(line).unwrap(),
                character: u32::try_from(byte - rope.line_to_byte(line)).unwrap(),
            }
        };
        let change = Change {
            range: Some((position(from), position(to))),
            text: text.into(),
        };
        session.change(uri, &[change]).unwrap();
        self.completions.follow(&session, uri);
    }

    fn type_text(&mut self, text: &str) {
        self.edit(self.cursor, self.cursor, text);
        self.cursor += text.len();
    }

    fn backspace(&mut self) {
        self.edit(self.cursor - 1, self.cursor, "");
        self.cursor -= 1;
    }

    fn odds(&self) -> f32 {
        self.completions.desks().record.habits.odds
    }

    /// Returns how the calls ended that were settled so far.
    fn outcomes(&self) -> Vec<Outcome> {
        self.gateway
            .ledger()
            .totals(Duration::from_secs(10))
            .unwrap();
        self.rows.try_iter().map(|row| row.outcome).collect()
    }
}

/// Lets everything run that can.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

async fn streaming(scene: &Scene, text: &str) -> Running {
    let running = scene.model.next().await;
    running.text(text);
    settle().await;
    running
}

#[tokio::test(start_paused = true)]
async fn typing_along_a_suggestion_asks_nobody() {
    let mut scene = Scene::open("fn main() {\n    let x = ˇ\n}\n");
    assert_eq!(scene.answered("compute(1);").await.unwrap(), "compute(1);");
    scene.type_text("c");
    assert_eq!(scene.now().unwrap(), "ompute(1);");
    scene.type_text("omp");
    assert_eq!(scene.now().unwrap(), "ute(1);");
    scene.backspace();
    scene.backspace();
    assert_eq!(scene.now().unwrap(), "mpute(1);");
    assert!(!scene.model.is_called());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_that_is_taken_back_brings_the_suggestion_back() {
    let mut scene = Scene::open("fn main() {\n    let x = ˇ\n}\n");
    scene.answered("compute(1);").await;
    scene.type_text("k");
    assert_eq!(scene.now(), None);
    scene.backspace();
    assert_eq!(scene.now().unwrap(), "compute(1);");
    scene.backspace();
    assert_eq!(scene.now().unwrap(), " compute(1);");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_after_a_part_was_accepted_is_known() {
    let mut scene = Scene::open("fn main() {\n    ˇ\n}\n");
    scene.answered("let a = 1;\n    let b = 2;\n}").await;
    scene.type_text("let a = 1;");
    assert_eq!(scene.now().unwrap(), "\n    let b = 2;");
}

#[tokio::test(start_paused = true)]
async fn a_bracket_that_the_editor_closes_does_not_end_it() {
    let mut scene = Scene::open("fn main() {\n    ˇ\n}\n");
    scene.answered("call(a)").await;
    scene.edit(scene.cursor, scene.cursor, "call()");
    scene.cursor += 5;
    assert_eq!(scene.now().unwrap(), "a");
}

#[tokio::test(start_paused = true)]
async fn a_suggestion_of_one_document_is_none_in_another_with_the_same_text() {
    let text = "fn main() {\n    let x = ˇ\n}\n";
    let scene = Scene::open(text);
    scene.answered("compute(1);").await;
    let other = "file:///w/b.rs";
    lock(&scene.session).open(other, "rust", &text.replace('ˇ', ""));
    let mut ask = scene.ask();
    ask.snapshot = lock(&scene.session).snapshot(other).unwrap();
    assert!(scene.completions.reuse(&scene.session, &ask).is_none());
    // Nor when the same name is opened anew.
    lock(&scene.session).open(URI, "rust", &text.replace('ˇ', ""));
    assert_eq!(scene.now(), None);
}

#[tokio::test(start_paused = true)]
async fn a_suggestion_is_none_where_another_model_would_be_asked() {
    let scene = Scene::open("let x = ˇ");
    scene.answered("compute(1);").await;
    let mut ask = scene.ask();
    ask.decision.model = "another".into();
    assert!(scene.completions.reuse(&scene.session, &ask).is_none());
}

#[tokio::test(start_paused = true)]
async fn ten_typed_characters_are_one_call_while_they_are_what_streams_in() {
    let mut scene = Scene::open("fn main() {\n    let x = ˇ\n}\n");
    let mut request = scene.request();
    let running = streaming(&scene, "com").await;
    for character in ["c", "o", "m", "p", "u", "t", "e", "(", "1", ","] {
        scene.type_text(character);
        // The editor gives the older request up.
        request.abort();
        request = scene.request();
        settle().await;
    }
    running.text("pute(1, 2);");
    drop(running);
    assert_eq!(request.await.unwrap().unwrap(), " 2);");
    assert!(!scene.model.is_called());
    settle().await;
    assert_eq!(scene.outcomes(), [Outcome::Completed]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_proven_wrong_gives_way_to_a_new_one() {
    let mut scene = Scene::open("fn main() {\n    let x = ˇ\n}\n");
    let _older = scene.request();
    let running = streaming(&scene, "com").await;
    scene.type_text("x");
    let newer = scene.request();
    let second = streaming(&scene, "yz;").await;
    drop(second);
    running.dropped().await;
    assert_eq!(newer.await.unwrap().unwrap(), "yz;");
    settle().await;
    assert!(scene.outcomes().contains(&Outcome::Superseded));
}

#[tokio::test(start_paused = true)]
async fn who_waited_for_a_stream_that_turns_out_wrong_asks_once_more() {
    let mut scene = Scene::open("fn main() {\n    let x = ˇ\n}\n");
    let _older = scene.request();
    let running = scene.model.next().await;
    scene.type_text("x");
    let newer = scene.request();
    settle().await;
    assert!(!scene.model.is_called());
    // A piece is enough, long before a line or the end.
    running.text("compute();");
    let second = scene.model.next().await;
    drop(running);
    second.text("yz;");
    drop(second);
    assert_eq!(newer.await.unwrap().unwrap(), "yz;");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_taken_back_and_not_made_again_closes_the_stream() {
    let scene = Scene::open("let x = ˇ");
    let request = scene.request();
    let running = streaming(&scene, "com").await;
    request.abort();
    let begun = Instant::now();
    running.dropped().await;
    assert!(begun.elapsed() < Duration::from_millis(50));
    settle().await;
    assert_eq!(scene.outcomes(), [Outcome::Cancelled]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_taken_back_at_a_key_leaves_its_stream_to_the_next() {
    let mut scene = Scene::open("let x = ˇ");
    let request = scene.request();
    let running = streaming(&scene, "com").await;
    scene.type_text("c");
    request.abort();
    tokio::time::sleep(Duration::from_millis(45)).await;
    let next = scene.request();
    settle().await;
    running.text("pute();");
    drop(running);
    assert_eq!(next.await.unwrap().unwrap(), "ompute();");
}

#[tokio::test(start_paused = true)]
async fn the_first_whole_line_is_answered_while_the_stream_goes_on() {
    let mut scene = Scene::open("fn main() {\n    ˇ\n}\n");
    let begun = Instant::now();
    let request = scene.request();
    let running = scene.model.next().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.text("let a = 1;\n    le");
    assert_eq!(request.await.unwrap().unwrap(), "let a = 1;");
    assert!(begun.elapsed() <= Duration::from_millis(250));
    assert!(!running.is_dropped());
    // What was accepted is typed, and the stream is there already.
    scene.type_text("let a = 1;");
    let next = scene.request();
    running.text("t b = 2;\n}");
    assert_eq!(next.await.unwrap().unwrap(), "\n    let b = 2;");
    assert!(!scene.model.is_called());
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_closed_when_something_else_is_typed_and_nobody_asks_also_one_that_was_shown_in_part()
 {
    // Whoever waited is told that there is nothing, by the next piece.
    let mut scene = Scene::open("fn main() {\n    let x = ˇ\n}\n");
    let request = scene.request();
    let running = streaming(&scene, "com").await;
    scene.type_text("x");
    running.text("pute(");
    assert_eq!(request.await.unwrap(), None);
    let begun = Instant::now();
    running.dropped().await;
    assert!(begun.elapsed() < Duration::from_millis(50));
    // The first line is shown, and not what is typed.
    let mut scene = Scene::open("fn main() {\n    ˇ\n}\n");
    let request = scene.request();
    let running = streaming(&scene, "let a = 1;\n    le").await;
    assert_eq!(request.await.unwrap().unwrap(), "let a = 1;");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!running.is_dropped());
    scene.type_text("x");
    let begun = Instant::now();
    running.dropped().await;
    assert!(begun.elapsed() < Duration::from_millis(50));
    settle().await;
    assert_eq!(scene.outcomes(), [Outcome::Superseded]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_which_who_waited_for_it_was_answered_is_closed() {
    let mut scene = Scene::open("let x = ˇ");
    scene.answered("one").await;
    scene.type_text("one");
    let request = scene.request();
    let running = scene.model.next().await;
    scene.backspace();
    running.text("(");
    assert_eq!(request.await.unwrap().unwrap(), "e");
    let begun = Instant::now();
    running.dropped().await;
    assert!(begun.elapsed() < Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn what_was_shown_of_a_stream_that_was_closed_is_there_again_once_the_slip_is_taken_back() {
    let mut scene = Scene::open("fn main() {\n    ˇ\n}\n");
    let request = scene.request();
    let running = streaming(&scene, "let a = 1;\n    le").await;
    assert_eq!(request.await.unwrap().unwrap(), "let a = 1;");
    scene.type_text("x");
    running.dropped().await;
    scene.backspace();
    assert_eq!(scene.now().unwrap(), "let a = 1;");
    assert!(!scene.model.is_called());
}

#[tokio::test(start_paused = true)]
async fn a_bracket_that_the_editor_closes_ends_no_stream_that_is_shown() {
    let mut scene = Scene::open("fn main() {\n    ˇ\n}\n");
    let request = scene.request();
    let running = streaming(&scene, "compute(1);\n    le").await;
    assert_eq!(request.await.unwrap().unwrap(), "compute(1);");
    scene.type_text("compute");
    scene.type_text("()");
    scene.cursor -= 1;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!running.is_dropped());
    assert_eq!(scene.now().unwrap(), "1");
}

#[tokio::test(start_paused = true)]
async fn a_suggestion_that_is_taken_with_the_line_breaks_of_windows_is_taken() {
    let mut scene = Scene::open("fn main() {\r\n    ˇ\r\n}\r\n");
    let text = "let a = 1;\n    let b = 2;";
    assert_eq!(scene.answered(text).await.unwrap(), text);
    scene.type_text("let a = 1;\r\n");
    assert_eq!(scene.now().unwrap(), "    let b = 2;");
    scene.type_text("    let b = 2;");
    assert!(!scene.model.is_called());
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_carried_over_an_edit_elsewhere() {
    let mut scene = Scene::open("fn main() {\n    let x = ˇ\n}\n");
    let request = scene.request();
    let running = scene.model.next().await;
    scene.edit(0, 0, "use a;\n");
    scene.cursor += 7;
    running.text("compute();");
    drop(running);
    assert_eq!(request.await.unwrap().unwrap(), "compute();");
    assert_eq!(scene.now().unwrap(), "compute();");
}

#[tokio::test(start_paused = true)]
async fn what_a_model_had_nothing_for_is_not_asked_again_until_something_changes() {
    let mut scene = Scene::open("let x = ˇ");
    assert_eq!(scene.answered("  \n").await, None);
    assert_eq!(scene.now().unwrap(), "");
    scene.type_text("a");
    assert_eq!(scene.now(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_known_is_shown_also_where_a_stream_for_something_else_has_failed() {
    let mut scene = Scene::open("let x = ˇ");
    scene.answered("one").await;
    scene.type_text("one");
    // Whoever waited for it has gone, so that the next to ask finds the failure.
    let request = scene.request();
    let running = scene.model.next().await;
    request.abort();
    scene.backspace();
    assert_eq!(scene.now().unwrap(), "e");
    running.fail(crate::provider::Error::Unauthorized);
    settle().await;
    assert_eq!(scene.now().unwrap(), "e");
}

#[tokio::test(start_paused = true)]
async fn who_asks_by_hand_for_what_a_model_had_nothing_for_is_answered_what_it_says_then() {
    let scene = Scene::open("let x = ˇ");
    assert_eq!(scene.answered("").await, None);
    let request = scene.request_by(Trigger::Explicit);
    let running = streaming(&scene, "3;").await;
    drop(running);
    assert_eq!(request.await.unwrap().unwrap(), "3;");
}

#[tokio::test(start_paused = true)]
async fn what_streams_in_for_who_asked_by_hand_stays_on_the_screen_where_a_model_had_nothing() {
    let scene = Scene::open("let x = ˇ");
    assert_eq!(scene.answered("").await, None);
    let by_hand = scene.request_by(Trigger::Explicit);
    let running = streaming(&scene, "3;\nlet y").await;
    assert_eq!(by_hand.await.unwrap().unwrap(), "3;");
    assert_eq!(scene.now().unwrap(), "3;");
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn what_comes_behind_a_block_is_known_when_the_block_is_left() {
    let mut scene = Scene::open("fn a() {\n    done();ˇ\n");
    // It is read on past the block's end, but only what belongs here is shown.
    assert_eq!(scene.answered("\n}\n\nfn b() {\n    more();\n").await, None);
    assert_eq!(scene.now().unwrap(), "");
    scene.type_text("\n}");
    assert_eq!(scene.now().unwrap(), "\n\nfn b() {\n    more();");
    assert!(!scene.model.is_called());
}

#[tokio::test(start_paused = true)]
async fn a_line_that_stands_next_to_the_cursor_is_not_shown_whatever_comes_behind_it() {
    let scene = Scene::open("fn a() {\n    one(1, 2);\n    ˇ\n}\n");
    let answered = scene.answered("one(1, 2);\n}\n\nfn c() {}\n").await;
    assert_eq!(answered, None);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_had_nothing_to_say_is_given_time_before_it_is_asked_again() {
    let mut scene = Scene::with(&json!({}), "let x = ˇ");
    assert_eq!(scene.answered("").await, None);
    scene.type_text("k");
    let (ask, begun) = (scene.ask(), Instant::now());
    let asks = scene
        .completions
        .hold_back(&scene.gateway, &scene.session, &ask);
    assert!(asks.await);
    assert!(begun.elapsed() >= Duration::from_millis(450));
}

#[tokio::test]
async fn the_embedded_engine_is_asked_again_for_what_it_did_not_know_yet() {
    let scene = Scene::with(&json!({"model": "local"}), "fn c() {\n    let totˇ\n}\n");
    assert_eq!(scene.request().await.unwrap(), None);
    let other = "fn c() {\n    let total = compute(left, right);\n}\n".repeat(9);
    scene.engine.update("file:///w/b.rs", other.into());
    assert!(scene.engine.wait_until_idle(Duration::from_mins(1)));
    let suggested = scene.request().await.unwrap();
    assert_eq!(suggested.as_deref(), Some("al = compute(left, right);"));
}
