//! An editor in memory.

use std::collections::{HashMap, VecDeque};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use byok_lsp::config::{Layer, Layers, OrganisationSources, Patience};
use byok_lsp::cost::{Ledger, Tokens};
use byok_lsp::index::SymbolIndex;
use byok_lsp::local::{Engine, Limits};
use byok_lsp::models::Lists;
use byok_lsp::provider::{Event, Http, Provider, Usage, fake::Fake};
use byok_lsp::server::{self, Ended, Parts};
use serde_json::{Value, json};
use tokio::net::unix::pipe::{Receiver as PipeReceiver, Sender as PipeSender};

/// How long anything may take before a test gives up. Nothing waits for it when all is well.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// The uri of the document that most tests use.
pub const URI: &str = "file:///w/a.rs";

/// A server and the editor's end of its pipes.
pub struct Client {
    to_server: Option<std::io::PipeWriter>,
    from_server: Receiver<Value>,
    unread: VecDeque<Value>,
    /// Requests without an answer yet, and how many answers each got.
    answers: HashMap<i64, usize>,
    next_id: i64,
    version: i32,
    server: Option<std::thread::JoinHandle<Ended>>,
    /// The embedded engine that the server uses.
    pub engine: Engine,
    /// Where the server puts what the editor is to open.
    _folder: tempfile::TempDir,
}

/// What a server is started with.
pub struct Builder {
    own: Value,
    config: Value,
    folders: Vec<PathBuf>,
    capabilities: Value,
    patience: Patience,
    substitutes: HashMap<String, Arc<dyn Provider>>,
    lists: Option<PathBuf>,
    hinting: bool,
    ledger: Option<Ledger>,
    folder: Option<String>,
    organisation: Option<OrganisationSources>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            own: json!({}),
            config: json!({"completion": {"debounce_ms": 0}}),
            folders: Vec::new(),
            capabilities: json!({"textDocument": {"inlineCompletion": {}}}),
            patience: Patience::default(),
            substitutes: HashMap::new(),
            lists: None,
            hinting: false,
            ledger: None,
            folder: None,
            organisation: None,
        }
    }
}

impl Builder {
    /// Sets the workspace's folder.
    pub fn folder(mut self, uri: &str) -> Self {
        self.folder = Some(uri.to_owned());
        self
    }

    /// Lets completions go to a provider whose stream the test feeds.
    pub fn fake(mut self, fake: &Fake) -> Self {
        self.config = mock_config("http://127.0.0.1:9/v1", "openai-completions");
        self.substitutes
            .insert("mock".into(), Arc::new(fake.clone()));
        self
    }

    /// Lets completions and actions go to a provider that holds conversations and whose stream the test feeds.
    pub fn fake_chat(mut self, fake: &Fake) -> Self {
        self = self.fake(fake);
        self.config = mock_config("http://127.0.0.1:9/v1", "openai-chat");
        self
    }

    /// Lets completions go to an HTTP server.
    pub fn http(mut self, base_url: &str, wire: &str) -> Self {
        self.config = mock_config(base_url, wire);
        self
    }

    /// Sets the settings: what only the user's own file may say stands there, and the rest in the initialization options.
    pub fn config(mut self, mut config: Value) -> Self {
        for section in ["providers", "network", "keys"] {
            if let Some(said) = config
                .as_object_mut()
                .and_then(|config| config.remove(section))
            {
                self.own[section] = said;
            }
        }
        self.config = config;
        self
    }

    /// Sets a section of the user's own file.
    pub fn own(mut self, section: &str, said: Value) -> Self {
        self.own[section] = said;
        self
    }

    /// Sets the initialization options, whatever is in them.
    pub fn editor(mut self, options: Value) -> Self {
        self.config = options;
        self
    }

    /// Adds a workspace folder.
    pub fn workspace(mut self, folder: &std::path::Path) -> Self {
        self.folders.push(folder.to_owned());
        self
    }

    /// Sets the client's capabilities.
    pub fn capabilities(mut self, capabilities: Value) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Sets how long the server waits for providers.
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Sets the file in which the lists of models are kept.
    pub fn lists(mut self, path: PathBuf) -> Self {
        self.lists = Some(path);
        self
    }

    /// Lets the server give the hint that it gives once on a machine.
    pub fn hinting(mut self) -> Self {
        self.hinting = true;
        self
    }

    /// Books into this ledger instead of one that ends with the server.
    pub fn ledger(mut self, ledger: Ledger) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// Sets where an organisation's files are.
    pub fn organisation(mut self, sources: OrganisationSources) -> Self {
        self.organisation = Some(sources);
        self
    }

    /// Starts the server and initializes it.
    pub fn start(self) -> Client {
        let mut layers = Layers::default();
        layers
            .set_json(Layer::UserFile, "config.toml", self.own)
            .expect("a good file");
        if let Some(sources) = self.organisation {
            layers.read_organisations(sources);
        }
        let mut client = Client::started(
            layers,
            self.patience,
            self.substitutes,
            self.lists,
            self.hinting,
            self.ledger,
        );
        let folders: Vec<Value> = self
            .folders
            .iter()
            .map(|folder| json!({"uri": url::Url::from_file_path(folder).unwrap(), "name": "w"}))
            .collect();
        let params = json!({
            "processId": null, "rootUri": self.folder, "capabilities": self.capabilities,
            "initializationOptions": self.config, "workspaceFolders": folders,
        });
        let initialized = client.request("initialize", params);
        let answer = client.answer(initialized);
        assert!(answer.get("result").is_some(), "{answer}");
        client.notify("initialized", json!({}));
        client
    }
}

/// The configuration of a provider called `mock` whose model is `m`.
pub fn mock_config(base_url: &str, wire: &str) -> Value {
    json!({
        "completion": {"model": "mock/m", "debounce_ms": 0},
        "providers": {"mock": {
            "wire": wire, "base_url": base_url, "key": "none",
            "prices": {"m": {"input": "1 USD", "output": "2 USD"}},
        }},
    })
}

impl Client {
    /// Starts a server on defaults: the embedded engine, nothing indexed.
    pub fn new() -> Self {
        Builder::default().start()
    }

    /// Starts a server that was told nothing yet.
    pub fn uninitialized(
        patience: Patience,
        substitutes: HashMap<String, Arc<dyn Provider>>,
    ) -> Self {
        Self::started(Layers::default(), patience, substitutes, None, false, None)
    }

    fn started(
        layers: Layers,
        patience: Patience,
        substitutes: HashMap<String, Arc<dyn Provider>>,
        lists: Option<PathBuf>,
        hinting: bool,
        ledger: Option<Ledger>,
    ) -> Self {
        let (server_input, to_server) = std::io::pipe().unwrap();
        let (mut from_server, server_output) = std::io::pipe().unwrap();
        let engine = Engine::new(Limits::default());
        let http = Http::with_patience(&Arc::default(), patience);
        let folder = tempfile::tempdir().unwrap();
        let parts = Parts {
            layers,
            problems: Vec::new(),
            explanations: Some(folder.path().join("explanations")),
            hints: hinting.then(|| folder.path().join("told")),
            ledger: ledger.unwrap_or_else(Ledger::in_memory),
            lists: Lists::new(http.clone(), lists),
            symbols: SymbolIndex::new(byok_lsp::index::Limits::default()),
            http,
            engine: engine.clone(),
            substitutes,
        };
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let ended = runtime.block_on(async {
                let input = PipeReceiver::from_owned_fd(server_input.into()).unwrap();
                let output = PipeSender::from_owned_fd(server_output.into()).unwrap();
                server::run(input, output, parts).await
            });
            runtime.shutdown_background();
            ended
        });
        let (messages, received) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read_message(&mut from_server) {
                if messages.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            to_server: Some(to_server),
            from_server: received,
            unread: VecDeque::new(),
            answers: HashMap::new(),
            next_id: 1,
            version: 1,
            server: Some(server),
            engine,
            _folder: folder,
        }
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.to_server.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Sends a message in a frame.
    pub fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.send_bytes(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and returns its id.
    pub fn request(&mut self, method: &str, params: Value) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        self.answers.insert(id, 0);
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Cancels a request.
    pub fn cancel(&mut self, id: i64) {
        self.notify("$/cancelRequest", json!({"id": id}));
    }

    /// Waits for the answer to a request.
    pub fn answer(&mut self, id: i64) -> Value {
        self.wait_for(&format!("the answer to request {id}"), |message| {
            message.get("method").is_none() && message["id"] == id
        })
    }

    /// Waits for a notification of a method.
    pub fn notification(&mut self, method: &str) -> Value {
        self.wait_for(method, |message| message["method"] == method)["params"].take()
    }

    /// Waits for a request of the server's.
    pub fn asked(&mut self, method: &str) -> Value {
        self.wait_for(method, |message| {
            message["method"] == method && message.get("id").is_some()
        })
    }

    /// Answers a request of the server's.
    pub fn reply(&mut self, request: &Value, result: Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result}));
    }

    /// Returns whether a message that fits came and was not read; the server has looked at all that was sent.
    pub fn has_unread(&mut self, fits: impl Fn(&Value) -> bool) -> bool {
        let id = self.request("byok/models", json!({}));
        self.answer(id);
        self.unread.iter().any(fits)
    }

    /// Forgets what came of a method so far.
    pub fn forget(&mut self, method: &str) {
        self.unread.retain(|message| message["method"] != method);
    }

    /// Waits for the first message that fits, and leaves the others to be read.
    pub fn wait_for(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.unread.iter().position(&fits) {
            return self.unread.remove(at).unwrap();
        }
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = self
                .from_server
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("{what} did not come; unread: {:?}", self.unread));
            self.count(&message);
            if fits(&message) {
                return message;
            }
            self.unread.push_back(message);
        }
    }

    fn count(&mut self, message: &Value) {
        if message.get("method").is_none()
            && let Some(count) = message["id"]
                .as_i64()
                .and_then(|id| self.answers.get_mut(&id))
        {
            *count += 1;
        }
    }

    /// Opens [`URI`] as Rust; `ˇ` marks the cursor, whose position is returned.
    pub fn open(&mut self, text: &str) -> Value {
        self.open_as(URI, "rust", text)
    }

    /// Opens a document; `ˇ` marks the cursor, whose position is returned.
    pub fn open_as(&mut self, uri: &str, language: &str, text: &str) -> Value {
        let before = text.split('ˇ').next().unwrap();
        let line = before.matches('\n').count();
        let character = before.rsplit('\n').next().unwrap().encode_utf16().count();
        self.version = 1;
        let document = json!({"uri": uri, "languageId": language, "version": 1, "text": text.replace('ˇ', "")});
        self.notify("textDocument/didOpen", json!({"textDocument": document}));
        json!({"line": line, "character": character})
    }

    /// Types text at a position of [`URI`] and returns the position behind it; the text has no line breaks.
    pub fn type_at(&mut self, at: &Value, text: &str) -> Value {
        self.version += 1;
        let params = json!({
            "textDocument": {"uri": URI, "version": self.version},
            "contentChanges": [{"range": {"start": at, "end": at}, "text": text}],
        });
        self.notify("textDocument/didChange", params);
        let units = u64::try_from(text.encode_utf16().count()).unwrap();
        json!({"line": at["line"], "character": at["character"].as_u64().unwrap() + units})
    }

    /// Asks what can be done at a range, by hand, and returns the entries.
    pub fn actions(&mut self, uri: &str, range: &Value, diagnostics: Value) -> Vec<Value> {
        let params = json!({
            "textDocument": {"uri": uri}, "range": range,
            "context": {"diagnostics": diagnostics, "triggerKind": 1},
        });
        let id = self.request("textDocument/codeAction", params);
        let answer = self.answer(id);
        answer["result"].as_array().expect("a list").clone()
    }

    /// Runs a command and returns its request's id.
    pub fn execute(&mut self, command: &str, arguments: Value) -> i64 {
        let params = json!({"command": command, "arguments": arguments});
        self.request("workspace/executeCommand", params)
    }

    /// Asks for ghost text at a position of [`URI`].
    pub fn ask(&mut self, at: &Value) -> i64 {
        self.ask_in(URI, at)
    }

    /// Asks for ghost text.
    pub fn ask_in(&mut self, uri: &str, at: &Value) -> i64 {
        let params =
            json!({"textDocument": {"uri": uri}, "position": at, "context": {"triggerKind": 2}});
        self.request("textDocument/inlineCompletion", params)
    }

    /// Waits for an answer to a request for ghost text and returns the texts of its items.
    pub fn texts(&mut self, id: i64) -> Vec<String> {
        let answer = self.answer(id);
        let items = answer["result"]["items"]
            .as_array()
            .unwrap_or_else(|| panic!("no list: {answer}"));
        items
            .iter()
            .map(|item| item["insertText"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Ends the session as an editor does, and checks that every request got exactly one answer.
    pub fn finish(mut self) {
        let shutdown = self.request("shutdown", Value::Null);
        self.answer(shutdown);
        self.notify("exit", Value::Null);
        assert_eq!(self.ended(), Ended::Properly);
        for (id, count) in &self.answers {
            assert_eq!(*count, 1, "answers to request {id}");
        }
    }

    /// Hangs up and returns how the server ended.
    pub fn hang_up(mut self) -> Ended {
        self.to_server = None;
        self.ended()
    }

    /// Waits for the server to end, and reads what it still said.
    fn ended(&mut self) -> Ended {
        let ended = self
            .server
            .take()
            .unwrap()
            .join()
            .expect("the server does not panic");
        while let Ok(message) = self.from_server.recv_timeout(DEADLINE) {
            self.count(&message);
        }
        ended
    }
}

/// Reads one frame as JSON; `None` at the end.
fn read_message(from: &mut std::io::PipeReader) -> Option<Value> {
    let mut header = Vec::new();
    while !header.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if from.read(&mut byte).ok()? == 0 {
            return None;
        }
        header.push(byte[0]);
    }
    let header = String::from_utf8(header).unwrap();
    let length: usize = header
        .trim()
        .strip_prefix("Content-Length: ")
        .unwrap()
        .parse()
        .unwrap();
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("the server sends JSON"))
}

/// Runs a future of the fake provider on the test's own thread.
pub fn wait<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(std::time::Duration::from_secs(20), future)
            .await
            .expect("in time")
    })
}

/// What a provider tells of a call that read and wrote so many tokens.
pub fn used(input: u64, output: u64) -> Event {
    Event::Usage(Usage {
        tokens: Tokens {
            input,
            output,
            ..Tokens::default()
        },
        ..Usage::default()
    })
}
