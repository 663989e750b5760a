//! An editor's session with one document, as the server has it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use byok_lsp::completion::{self, Ask, Completions, FIRST_LINE, Shown, Trigger};
use byok_lsp::config::{Layer, Layers};
use byok_lsp::context::{self, Inputs};
use byok_lsp::cost::{Ledger, Row};
use byok_lsp::document::{Change, Position};
use byok_lsp::gateway::{Gateway, Report};
use byok_lsp::index::SymbolIndex;
use byok_lsp::local::{Engine, Limits};
use byok_lsp::provider::{Http, Provider};
use byok_lsp::session::Session;
use serde_json::json;

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
    pub fn with_project(mut self, folder: &Path) -> Self {
        self.symbols = Some(index(folder));
        self.folder = folder.to_string_lossy().into_owned();
        self
    }

    /// Chooses what the next prompt shows, as the server does after edits.
    pub fn choose(&self) {
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
            admits: &|_| true,
            attention: &context::Attention::default(),
            sources: &settings.sources,
            tokens,
        };
        let previous = snapshot.desk.prepared();
        let prepared = context::prepare(&inputs, Some(&previous));
        let era = snapshot.era;
        snapshot.desk.lay(context::Prepared { era, ..prepared });
    }

    /// Returns a request for the cursor.
    pub fn ask(&self) -> Ask {
        let snapshot = self
            .session
            .lock()
            .expect("unpoisoned")
            .snapshot(&self.uri)
            .expect("open");
        let decision = completion::decide(&self.gateway, &snapshot);
        let mut ask = Ask::new(snapshot, self.cursor, Trigger::Automatic, decision);
        ask.first_line = Some(FIRST_LINE);
        ask
    }

    /// Asks as the server does.
    pub fn request(&self, completions: Completions) -> tokio::task::JoinHandle<Option<Shown>> {
        let (gateway, session) = (self.gateway.clone(), self.session.clone());
        let ask = Arc::new(self.ask());
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
