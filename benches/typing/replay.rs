//! The replay: keys in, figures out.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use byok_lsp::completion::{self, Ask, Completions, FIRST_LINE, Shown, Trigger};
use byok_lsp::config::{Layer, Layers};
use byok_lsp::cost::{CallId, Ledger, Row};
use byok_lsp::document::{Change, Position};
use byok_lsp::gateway::{Gateway, Report};
use byok_lsp::local::{Engine, Limits};
use byok_lsp::provider::{Http, Provider};
use byok_lsp::session::Session;
use serde_json::json;

use super::model::Model;
use super::trace::{Stroke, Trace};

/// When an editor asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editor {
    /// At every key, taking the older request back.
    EveryKey,
    /// When no key came for 200 ms.
    AfterPause,
    /// At every key, of a server that remembers nothing.
    WithoutReuse,
}

/// What came of it.
#[derive(Default)]
pub struct Figures {
    keys: usize,
    right: usize,
    shown: usize,
    calls: usize,
    unseen: usize,
    prompt: u64,
    billed: u64,
    wasted: u64,
    reused: Vec<Duration>,
    to_screen: Vec<Duration>,
}

pub const URI: &str = "file:///w/typed";

/// One editor's session with one document.
pub struct Desk {
    pub completions: Completions,
    pub gateway: Gateway,
    pub session: Arc<Mutex<Session>>,
    pub rows: Arc<Mutex<Vec<Row>>>,
    pub cursor: usize,
    pub engine: Engine,
}

impl Desk {
    /// Opens a document.
    pub fn open(
        model: Arc<dyn Provider>,
        options: &serde_json::Value,
        language: &str,
        text: &str,
        cursor: usize,
    ) -> Self {
        let mut completion = json!({"model": "mock/m"});
        for (name, value) in options.as_object().into_iter().flatten() {
            completion[name] = value.clone();
        }
        let mut layers = Layers::default();
        let partner = options.get("partner").is_some();
        if let Some(fields) = completion.as_object_mut() {
            fields.remove("partner");
        }
        let config = json!({
            "completion": completion,
            "local": {"partner": partner},
            "providers": {"mock": {
                "wire": "openai-completions", "base_url": "http://127.0.0.1:9/v1", "key": "none",
                "prices": {"m": {"input": "0.3 USD", "output": "0.9 USD"}},
            }},
        });
        layers
            .set_json(Layer::Initialization, "bench", config)
            .expect("sound options");
        let engine = Engine::new(Limits::default());
        let rows = Arc::<Mutex<Vec<Row>>>::default();
        let kept = rows.clone();
        let gateway = Gateway::with_substitutes(
            Http::new(&layers.settings().network),
            engine.clone(),
            Ledger::in_memory(),
            Arc::new(move |report: Report| kept.lock().expect("unpoisoned").push(report.row)),
            HashMap::from([("mock".to_owned(), model)]),
        );
        let mut session = Session::new(layers);
        session.open(URI, language, text);
        let desk = Self {
            completions: Completions::new(gateway.ledger().clone(), engine.clone()),
            gateway,
            session: Arc::new(Mutex::new(session)),
            rows,
            cursor,
            engine,
        };
        desk.engine.update(
            URI,
            desk.session
                .lock()
                .expect("unpoisoned")
                .text(URI)
                .expect("open")
                .clone(),
        );
        desk.engine.wait_until_idle(Duration::from_secs(20));
        desk.parse();
        desk
    }

    fn parse(&self) {
        let mut session = self.session.lock().expect("unpoisoned");
        if let Some(job) = session.begin_parse(URI) {
            let tree = job.run();
            let _ = session.end_parse(&job, tree);
        }
    }

    /// Replaces what stands before the cursor.
    pub fn edit(&mut self, delete: usize, text: &str) {
        let mut session = self.session.lock().expect("unpoisoned");
        let rope = session.text(URI).expect("open").clone();
        let position = |byte: usize| {
            let line = rope.byte_to_line(byte);
            Position {
                line: line as u32,
                character: (byte - rope.line_to_byte(line)) as u32,
            }
        };
        let change = Change {
            range: Some((position(self.cursor - delete), position(self.cursor))),
            text: text.into(),
        };
        session.change(URI, &[change]);
        self.completions.follow(&session, URI);
        drop(session);
        self.parse();
        self.cursor = self.cursor - delete + text.len();
    }

    /// Returns a request for the cursor.
    pub fn ask(&self) -> Ask {
        let snapshot = self
            .session
            .lock()
            .expect("unpoisoned")
            .snapshot(URI)
            .expect("open");
        Ask {
            cursor: self.cursor,
            trigger: Trigger::Automatic,
            decision: completion::decide(&self.gateway, &snapshot),
            snapshot,
            first_line: Some(FIRST_LINE),
        }
    }

    /// Asks as the server does.
    pub fn request(&self, completions: Completions) -> tokio::task::JoinHandle<Option<Shown>> {
        let (gateway, session, ask) = (self.gateway.clone(), self.session.clone(), self.ask());
        tokio::spawn(async move {
            if !completions.hold_back(&gateway, &session, &ask).await {
                return None;
            }
            completions
                .complete(&gateway, &session, ask)
                .await
                .ok()
                .flatten()
        })
    }
}

/// Types all traces and sums up.
pub fn replay(
    traces: &[Trace],
    editor: Editor,
    options: &serde_json::Value,
    wrong: usize,
) -> Figures {
    let mut figures = Figures::default();
    for (number, trace) in traces.iter().enumerate() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(type_piece(
            trace,
            number as u64,
            editor,
            options,
            wrong,
            &mut figures,
        ));
    }
    figures
}

async fn type_piece(
    trace: &Trace,
    number: u64,
    editor: Editor,
    options: &serde_json::Value,
    wrong: usize,
    figures: &mut Figures,
) {
    let truth = format!("{}{}{}", trace.before, trace.piece, trace.after);
    let model = Arc::new(Model::new(truth.clone(), trace.after.len(), wrong, number));
    let text = format!("{}{}", trace.before, trace.after);
    let mut desk = Desk::open(model, options, trace.language, &text, trace.before.len());
    let mut seen = HashSet::<CallId>::new();
    let mut pending = None::<(tokio::task::JoinHandle<Option<Shown>>, tokio::time::Instant)>;
    let mut screen = None::<Shown>;
    let mut asks_at = None::<tokio::time::Instant>;
    let mut correct = String::new();
    for key in &trace.keys {
        let pressed = tokio::time::Instant::now() + key.pause;
        loop {
            // Until the key: the editor's own wait, then the answer.
            let now = tokio::time::Instant::now();
            if let Some(at) = asks_at.filter(|at| *at < pressed) {
                tokio::time::sleep_until(at).await;
                asks_at = None;
                ask(&desk, editor, &mut pending, &mut screen, figures);
            } else if let Some((task, asked)) = &mut pending {
                let Ok(answer) = tokio::time::timeout_at(pressed, task).await else {
                    break;
                };
                screen = answer.expect("no panic");
                if screen.is_some() {
                    figures.to_screen.push(tokio::time::Instant::now() - *asked);
                }
                pending = None;
            } else {
                tokio::time::sleep_until(pressed).await;
                break;
            }
            debug_assert!(now <= pressed);
        }
        figures.keys += 1;
        if let Some(shown) = &screen {
            figures.shown += 1;
            seen.insert(shown.suggestion.id.clone());
            let typed = trace.piece.starts_with(&correct);
            let rest = trace.piece.get(correct.len()..).unwrap_or_default();
            let text = shown.suggestion.text.as_str();
            let is_right = typed
                && (rest.starts_with(text) || format!("{rest}{}", trace.after).starts_with(text));
            figures.right += usize::from(is_right);
        }
        match &key.stroke {
            Stroke::Insert(text) => {
                desk.edit(0, text);
                correct.push_str(text);
            }
            Stroke::Backspace => {
                desk.edit(1, "");
                correct.pop();
            }
        }
        screen = None;
        if let Some((task, _)) = pending.take() {
            if editor == Editor::AfterPause {
                // It is not taken back; the next request takes its place, and its answer is dropped unless it still fits.
                drop(task);
            } else {
                task.abort();
            }
        }
        if editor == Editor::AfterPause {
            asks_at = Some(tokio::time::Instant::now() + Duration::from_millis(200));
            // What is on the screen and is typed along stays there.
            if let Some(Some(known)) = desk.completions.reuse(&desk.session, &desk.ask()) {
                screen = Some(known);
            }
        } else {
            ask(&desk, editor, &mut pending, &mut screen, figures);
        }
    }
    drop(pending);
    desk.completions.end_all();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let _ = desk.gateway.ledger().totals(Duration::from_secs(10));
    for row in desk.rows.lock().expect("unpoisoned").iter() {
        let tokens = row.usage.tokens();
        figures.calls += 1;
        figures.prompt += tokens.input_total();
        figures.billed += tokens.input_total() + tokens.output;
        if !seen.contains(&row.id) {
            figures.unseen += 1;
            figures.wasted += tokens.input_total() + tokens.output;
        }
    }
}

fn ask(
    desk: &Desk,
    editor: Editor,
    pending: &mut Option<(tokio::task::JoinHandle<Option<Shown>>, tokio::time::Instant)>,
    screen: &mut Option<Shown>,
    figures: &mut Figures,
) {
    let asked = tokio::time::Instant::now();
    if editor == Editor::WithoutReuse {
        *pending = Some((
            desk.request(Completions::new(
                desk.gateway.ledger().clone(),
                desk.engine.clone(),
            )),
            asked,
        ));
        return;
    }
    let request = desk.ask();
    let clock = Instant::now();
    let known = desk.completions.reuse(&desk.session, &request);
    let took = clock.elapsed();
    match known {
        Some(known) => {
            if known.is_some() {
                figures.reused.push(took);
                figures.to_screen.push(Duration::ZERO);
            }
            *screen = known;
        }
        None => *pending = Some((desk.request(desk.completions.clone()), asked)),
    }
}

impl Figures {
    /// Prints the table's head.
    pub fn print_head() {
        println!(
            "{:<50} {:>7} {:>8} {:>8} {:>8} {:>7} {:>7} {:>7} {:>8} {:>9}",
            "per 1,000 keys",
            "calls",
            "prompt",
            "billed",
            "wasted",
            "right",
            "shown",
            "unseen",
            "p95",
            "reuse"
        );
    }

    /// Prints a row.
    pub fn print(mut self, name: &str) {
        let per = |count: u64| count as f64 * 1000.0 / self.keys as f64;
        let share = |part: usize, whole: usize| part as f64 * 100.0 / whole.max(1) as f64;
        self.reused.sort_unstable();
        self.to_screen.sort_unstable();
        let at = |times: &[Duration], percent: usize| {
            times
                .get(times.len() * percent / 100)
                .copied()
                .unwrap_or_default()
        };
        println!(
            "{name:<50} {:>7.1} {:>8.0} {:>8.0} {:>8.0} {:>6.1}% {:>6.1}% {:>6.1}% {:>5} ms {:>6} µs",
            per(self.calls as u64),
            per(self.prompt),
            per(self.billed),
            per(self.wasted),
            share(self.right, self.keys),
            share(self.shown, self.keys),
            share(self.unseen, self.calls),
            at(&self.to_screen, 95).as_millis(),
            at(&self.reused, 50).as_micros(),
        );
    }
}
