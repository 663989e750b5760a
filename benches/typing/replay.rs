//! The replay: keys in, figures out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use byok_lsp::completion::{self, Ask, Completions, FIRST_LINE, Shown, Trigger};
use byok_lsp::config::{Layer, Layers};
use byok_lsp::context::{self, Inputs};
use byok_lsp::cost::{CallId, Ledger, Row};
use byok_lsp::document::{Change, Position};
use byok_lsp::gateway::{Gateway, Report};
use byok_lsp::index::SymbolIndex;
use byok_lsp::local::{Engine, Limits};
use byok_lsp::provider::{Http, Provider};
use byok_lsp::session::Session;
use serde_json::json;

use super::model::{Asked, Model};
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

/// When something was typed, and what.
type Typed = (tokio::time::Instant, String);

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
    /// Bytes of prompts that were the beginning of the one before, and bytes of those prompts.
    shared: (usize, usize),
    says_unseen: bool,
}

/// How the document of [`super::first_line`] is called.
pub const URI: &str = "file:///w/typed";

/// One editor's session with one document.
pub struct Desk {
    pub completions: Completions,
    pub gateway: Gateway,
    pub session: Arc<Mutex<Session>>,
    pub rows: Arc<Mutex<Vec<Row>>>,
    pub cursor: usize,
    pub engine: Engine,
    uri: String,
    symbols: Option<SymbolIndex>,
    folder: String,
}

impl Desk {
    /// Opens a document.
    pub fn open(
        model: Arc<dyn Provider>,
        options: &serde_json::Value,
        uri: &str,
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
        session.open(uri, language, text);
        let desk = Self {
            completions: Completions::new(gateway.ledger().clone(), engine.clone()),
            gateway,
            session: Arc::new(Mutex::new(session)),
            rows,
            cursor,
            engine,
            uri: uri.to_owned(),
            symbols: None,
            folder: String::new(),
        };
        desk.engine.update(
            uri,
            desk.session
                .lock()
                .expect("unpoisoned")
                .text(uri)
                .expect("open")
                .clone(),
        );
        desk.engine.wait_until_idle(Duration::from_secs(20));
        desk.parse();
        desk
    }

    fn parse(&self) {
        let mut session = self.session.lock().expect("unpoisoned");
        if let Some(job) = session.begin_parse(&self.uri) {
            let tree = job.run();
            let _ = session.end_parse(&job, tree);
        }
    }

    /// Replaces what stands before the cursor.
    pub fn edit(&mut self, delete: usize, text: &str) {
        let mut session = self.session.lock().expect("unpoisoned");
        let rope = session.text(&self.uri).expect("open").clone();
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
        session.change(&self.uri, &[change]);
        self.completions.follow(&session, &self.uri);
        drop(session);
        self.parse();
        self.cursor = self.cursor - delete + text.len();
    }

    /// Shows models what the project defines, too.
    fn with_project(mut self, folder: &Path) -> Self {
        self.symbols = Some(index(folder));
        self.folder = folder.to_string_lossy().into_owned();
        self
    }

    /// Chooses what the next prompt shows, as the server does after edits.
    fn choose(&self) {
        let Some(symbols) = &self.symbols else {
            return;
        };
        let snapshot = self
            .session
            .lock()
            .expect("unpoisoned")
            .snapshot(&self.uri)
            .expect("open");
        let Some(tree) = snapshot.tree.clone() else {
            return;
        };
        let path = snapshot.path();
        symbols.update(&path, tree.clone(), snapshot.text.clone());
        symbols.wait_until_idle(Duration::from_secs(20));
        let settings = &snapshot.settings.context;
        let behind = snapshot.text.len_bytes() - self.cursor;
        let (_, tokens) = context::shares(settings.max_tokens, self.cursor, behind);
        let inputs = Inputs {
            path: &path,
            folder: &self.folder,
            text: &snapshot.text,
            tree: &tree,
            cursor: self.cursor,
            definitions: &symbols.definitions(),
            edited: &[],
            sources: &settings.sources,
            tokens,
        };
        let previous = snapshot.desk.prepared();
        snapshot
            .desk
            .lay(context::prepare(&inputs, Some(&previous)));
    }

    /// Returns a request for the cursor.
    pub fn ask(&self) -> Ask {
        let snapshot = self
            .session
            .lock()
            .expect("unpoisoned")
            .snapshot(&self.uri)
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

/// Reads a project, once.
fn index(folder: &Path) -> SymbolIndex {
    static READ: Mutex<BTreeMap<PathBuf, SymbolIndex>> = Mutex::new(BTreeMap::new());
    let mut read = READ.lock().expect("unpoisoned");
    let index = read.entry(folder.to_owned()).or_insert_with(|| {
        let index = SymbolIndex::new(byok_lsp::index::Limits::default());
        index.add_folder(folder.to_owned());
        assert!(index.wait_until_idle(Duration::from_mins(2)));
        index
    });
    index.clone()
}

/// Types all traces and sums up.
pub fn replay(
    traces: &[Trace],
    editor: Editor,
    options: &serde_json::Value,
    wrong: usize,
    says_unseen: bool,
) -> Figures {
    let mut figures = Figures {
        says_unseen,
        ..Figures::default()
    };
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
    let uri = format!("file://{}", trace.path.display());
    let mut desk = Desk::open(
        model.clone(),
        options,
        &uri,
        trace.language,
        &text,
        trace.before.len(),
    )
    .with_project(&trace.folder);
    let mut typed = Vec::<Typed>::new();
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
        if figures.says_unseen {
            typed.push((tokio::time::Instant::now(), stroke_text(&key.stroke)));
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
    let asked = model.asked();
    for pair in asked.windows(2) {
        let same = |(a, b): &(u8, u8)| a == b;
        let common = pair[0].prompt.bytes().zip(pair[1].prompt.bytes());
        figures.shared.0 += common.take_while(same).count();
        figures.shared.1 += pair[1].prompt.len();
    }
    for row in desk.rows.lock().expect("unpoisoned").iter() {
        let tokens = row.usage.tokens();
        figures.calls += 1;
        figures.prompt += tokens.input_total();
        figures.billed += tokens.input_total() + tokens.output;
        if !seen.contains(&row.id) {
            figures.unseen += 1;
            figures.wasted += tokens.input_total() + tokens.output;
            if figures.says_unseen {
                say_unseen(row, &asked, &typed);
            }
        }
    }
}

fn stroke_text(stroke: &Stroke) -> String {
    match stroke {
        Stroke::Insert(text) => text.clone(),
        Stroke::Backspace => "\u{232b}".into(),
    }
}

/// Prints what was asked, answered and typed after it, of a call whose answer nobody saw.
fn say_unseen(row: &Row, asked: &[Asked], typed: &[Typed]) {
    let number = row.id.to_string();
    let number = number.rsplit('-').next().and_then(|it| it.parse().ok());
    let Some(asked) = number.and_then(|number: usize| asked.get(number.wrapping_sub(1))) else {
        return;
    };
    let after = typed.iter().skip_while(|(begun, ..)| *begun < asked.begun);
    let after: String = after.take(12).map(|(_, text)| text.as_str()).collect();
    let answer: String = asked.answer.chars().take(60).collect();
    println!(
        "  {:?}: {:?} | {answer:?}, typed {after:?}",
        row.outcome, asked.before
    );
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
        desk.choose();
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
        None => {
            desk.choose();
            *pending = Some((desk.request(desk.completions.clone()), asked));
        }
    }
}

impl Figures {
    /// Prints the table's head.
    pub fn print_head() {
        println!(
            "{:<50} {:>7} {:>8} {:>8} {:>8} {:>7} {:>7} {:>7} {:>8} {:>9} {:>7}",
            "per 1,000 keys",
            "calls",
            "prompt",
            "billed",
            "wasted",
            "right",
            "shown",
            "unseen",
            "p95",
            "reuse",
            "shared"
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
            "{name:<50} {:>7.1} {:>8.0} {:>8.0} {:>8.0} {:>6.1}% {:>6.1}% {:>6.1}% {:>5} ms {:>6} µs {:>6.1}%",
            per(self.calls as u64),
            per(self.prompt),
            per(self.billed),
            per(self.wasted),
            share(self.right, self.keys),
            share(self.shown, self.keys),
            share(self.unseen, self.calls),
            at(&self.to_screen, 95).as_millis(),
            at(&self.reused, 50).as_micros(),
            share(self.shared.0, self.shared.1),
        );
    }
}
