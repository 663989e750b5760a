//! Messages of an editor to the whole server, in any order and with any parameters: each request has exactly one answer, also one that cannot be read, that
//! is cancelled, or that comes before `initialize` or after `shutdown`; and the server ends when the editor does. Nothing leaves the process: there is the embedded engine and nothing else.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::{Choices, Tally, text};
use byok_lsp::config::Layers;
use byok_lsp::cost::Ledger;
use byok_lsp::index::SymbolIndex;
use byok_lsp::local::{Engine, Limits};
use byok_lsp::models::Lists;
use byok_lsp::provider::Http;
use byok_lsp::server::{self, Frame, FrameDecoder, Parts};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const METHODS: [&str; 31] = [
    "initialize",
    "initialized",
    "shutdown",
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didChange",
    "textDocument/didChange",
    "textDocument/didSave",
    "textDocument/didClose",
    "textDocument/inlineCompletion",
    "textDocument/inlineCompletion",
    "textDocument/completion",
    "textDocument/codeAction",
    "codeAction/resolve",
    "workspace/didChangeConfiguration",
    "workspace/didChangeWorkspaceFolders",
    "workspace/didChangeWatchedFiles",
    "workspace/executeCommand",
    "$/cancelRequest",
    "$/setTrace",
    "byok/usageSummary",
    "byok/models",
    "byok/explainContext",
    "byok/explainRoute",
    "byok/pause",
    "byok/resume",
    "textDocument/didPartiallyAcceptCompletion",
    "textDocument/didShowCompletion",
    "byok/didDismiss",
    "nobody/knows",
    "",
];

/// How long an editor's last request may take, whatever it sent before.
const DEADLINE: Duration = Duration::from_secs(20);

thread_local! {
    static RUNTIME: RefCell<tokio::runtime::Runtime> = RefCell::new(
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"),
    );
}

static SENT: Tally = Tally::new("messages to the server", 1_000_000);

/// The most messages of one editor.
const MOST: i32 = 1000;

/// Runs it.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let mut frames = Vec::new();
    let begin = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "processId": null, "rootUri": null, "capabilities": {"textDocument": {"inlineCompletion": {}}}
    }});
    put(&mut frames, &begin.to_string());
    let mut id = 0_i32;
    while !choices.is_over() && id < MOST {
        id += 1;
        let method = choices.of(&METHODS);
        let mut message =
            json!({"jsonrpc": "2.0", "method": method, "params": params(&mut choices)});
        if choices.byte() % 3 > 0 {
            message["id"] = id.into();
        }
        let mut message = message.to_string();
        match choices.byte() {
            255 => message.truncate(message.floor_char_boundary(message.len() / 2)),
            254 => frames.extend_from_slice(choices.bytes()),
            _ => {}
        }
        put(&mut frames, &message);
    }
    SENT.add(usize::try_from(id).unwrap_or_default() + 1);
    RUNTIME.with_borrow(|runtime| runtime.block_on(converse(frames)));
}

/// Has a server hear all of it, waits for the answers, and hangs up; the server must end by itself.
async fn converse(frames: Vec<u8>) {
    let mut open = asked(&frames);
    let (mut to_server, input) = tokio::io::duplex(1 << 16);
    let (output, mut from_server) = tokio::io::duplex(1 << 16);
    let serving = tokio::spawn(server::run(input, output, parts()));
    let (answered, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let hearing = tokio::spawn(async move {
        let mut decoder = FrameDecoder::default();
        let mut chunk = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_server.read(&mut chunk).await {
            decoder.push(&chunk[..length]);
            while let Some(frame) = decoder.next_frame() {
                let Frame::Body(body) = frame else {
                    panic!("the server wrote what is no frame");
                };
                let message: Value = serde_json::from_slice(&body).expect("the server writes JSON");
                if message.get("method").is_none()
                    && let Some(id) = message["id"].as_i64()
                {
                    let _ = answered.send(id);
                }
            }
        }
    });
    let _ = to_server.write_all(&frames).await;
    let mut closed = HashSet::new();
    let answering = async {
        while !open.is_empty()
            && let Some(id) = answers.recv().await
        {
            open.remove(&id);
            assert!(closed.insert(id), "request {id} is answered twice");
        }
    };
    let _ = tokio::time::timeout(DEADLINE, answering).await;
    assert!(open.is_empty(), "without an answer: {open:?}");
    drop(to_server);
    let ended = tokio::time::timeout(DEADLINE, serving).await;
    ended
        .expect("the server ends")
        .expect("the server does not panic");
    let heard = tokio::time::timeout(DEADLINE, hearing).await;
    heard.expect("the output ends").expect("it is read");
    while let Ok(id) = answers.try_recv() {
        assert!(closed.insert(id), "request {id} is answered twice");
    }
}

/// Returns the requests that a server reads out of such bytes, by their numbers, each with its method: what is cut off and what is strewn in between
/// may swallow some of those that were written.
fn asked(frames: &[u8]) -> HashMap<i64, String> {
    let mut decoder = FrameDecoder::default();
    decoder.push(frames);
    let mut asked = HashMap::new();
    while let Some(frame) = decoder.next_frame() {
        let Frame::Body(body) = frame else {
            continue;
        };
        let Ok(message) = serde_json::from_slice::<Value>(&body) else {
            decoder.put_back(&body);
            continue;
        };
        if message["jsonrpc"] == "2.0"
            && let (Some(id), Some(method)) = (message["id"].as_i64(), message["method"].as_str())
            && !is_notification(method)
        {
            asked.insert(id, method.to_owned());
        }
    }
    asked
}

/// Returns whether a method is a notification, which has no answer, whether or not somebody gave it a number.
fn is_notification(method: &str) -> bool {
    method.starts_with("$/") || method.contains("/did") || method == "initialized"
}

fn put(frames: &mut Vec<u8>, body: &str) {
    frames.extend_from_slice(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
}

/// Returns parameters that hold all that any of the methods looks for, some of it wrong.
fn params(choices: &mut Choices<'_>) -> Value {
    let uri = choices.of(&[
        "file:///w/a.rs",
        "file:///w/b.py",
        "untitled:1",
        "",
        "file:///%ff",
        "🦀",
    ]);
    let mut position = || json!({"line": choices.number(), "character": choices.number()});
    let (start, end) = (position(), position());
    let range = json!({"start": start, "end": end});
    let new = text(choices.bytes());
    let mut params = json!({
        "textDocument": {"uri": uri, "languageId": choices.of(&["rust", "python", "", "none"]), "version": choices.number(), "text": new},
        "contentChanges": [{"range": range, "text": new}, {"text": new}],
        "position": start,
        "range": range,
        "context": {"triggerKind": choices.byte() % 4, "diagnostics": [{"range": range, "message": new}]},
        "command": choices.of(&["byok.action", "byok.setModel", "byok.pause", "byok.usageSummary", "byok.explain", "nothing"]),
        "arguments": [{"action": "explain", "uri": uri, "range": range, "instruction": new}, new],
        "settings": {"completion": {"model": new, "max_lines": choices.number()}, "byok": new},
        "event": {"added": [{"uri": uri, "name": new}], "removed": []},
        "changes": [{"uri": uri, "type": 2}],
        "id": choices.number(),
        "value": "off",
        "acceptedLength": choices.number(),
        "title": new,
    });
    match choices.byte() {
        255 => Value::Null,
        254 => json!([new]),
        253 => json!(new),
        252 => {
            params["textDocument"] = json!(7);
            params
        }
        251 => {
            params["contentChanges"] =
                json!([{"text": new, "range": {"start": end, "end": start}}]);
            params
        }
        other if other % 2 == 0 => {
            params["contentChanges"] = json!([{"range": range, "text": new}]);
            params
        }
        _ => params,
    }
}

fn parts() -> Parts {
    let http = Http::new(&Arc::default());
    Parts {
        layers: Layers::default(),
        problems: Vec::new(),
        ledger: Ledger::in_memory(),
        lists: Lists::new(http.clone(), None),
        http,
        engine: Engine::new(Limits::default()),
        symbols: SymbolIndex::new(byok_lsp::index::Limits::default()),
        explanations: None,
        hints: None,
        substitutes: HashMap::new(),
    }
}
