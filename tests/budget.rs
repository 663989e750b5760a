//! Caps across real processes of the real binary: at the edge of a cap, and killed at any moment.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "support/scripted.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest of it")]
mod scripted;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use scripted::{Scripted, Step};
use serde_json::{Value, json};

/// What each answer costs, by the provider's own count and at most: sixteen tokens, and nothing for what is read.
const PRICE_NANOS: i64 = 16 * 1_000_000;

/// A provider that bills sixteen tokens for each answer, after some thought.
fn provider(thinks: Duration) -> Scripted {
    let events = [
        json!({"model": "m", "choices": [{"index": 0, "text": "x", "finish_reason": null}]}),
        json!({"model": "m", "choices": [{"index": 0, "text": "", "finish_reason": "length"}]}),
        json!({"model": "m", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 16, "total_tokens": 25}}),
    ];
    let events = events.map(|event| format!("data: {event}\n\n")).concat();
    let body = format!("{events}data: [DONE]\n\n");
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Scripted::start(vec![Step::Wait(thinks), Step::Send(answer.into_bytes())])
}

/// Returns how many answers were asked for, and forgets them; what is free, such as the list of models, does not count.
fn sent(provider: &Scripted) -> i64 {
    let seen = provider.seen.try_iter();
    let posted = seen.filter(
        |seen| matches!(seen, scripted::Seen::Request { head, .. } if head.starts_with("POST ")),
    );
    i64::try_from(posted.count()).unwrap()
}

fn configure(folder: &Path, provider: &Scripted, cap_nanos: i64) {
    let config = format!(
        r#"
[completion]
model = "mock/m"
debounce_ms = 0
max_tokens = 16
[budget]
day = "{}.{:09} USD"
[providers.mock]
wire = "openai-completions"
base_url = "{}/v1"
key = "none"
[providers.mock.prices.m]
input = "0"
output = "1000"
"#,
        cap_nanos / 1_000_000_000,
        cap_nanos % 1_000_000_000,
        provider.address
    );
    std::fs::write(folder.join("config.toml"), config).unwrap();
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_byok-lsp"));
    command
        .args(arguments)
        .env("BYOK_CONFIG", folder.join("config.toml"))
        .env("BYOK_LEDGER", folder.join("ledger.sqlite3"))
        .env("BYOK_CACHE", folder)
        .stderr(Stdio::null());
    command
}

/// A server, and an editor that asks in many documents.
struct Editor {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Editor {
    fn start(folder: &Path) -> Self {
        let mut process = command(folder, &["serve"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut editor = Self {
            process,
            input,
            output,
        };
        let params = json!({"processId": null, "rootUri": null, "capabilities": {}});
        editor.send(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}));
        editor.send(&json!({"jsonrpc": "2.0", "method": "initialized", "params": {}}));
        editor
    }

    /// The server may have been killed, and then nobody reads.
    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let _ = write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len());
    }

    /// Asks for ghost text in documents of their own, all at once.
    fn ask(&mut self, documents: std::ops::Range<usize>) {
        for number in documents.clone() {
            let uri = format!("file:///{number}.txt");
            let document = json!({"uri": uri, "languageId": "plaintext", "version": 1, "text": format!("text {number} ")});
            self.send(&json!({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": document}}));
        }
        for number in documents {
            if number % 50 == 0 {
                // So many at once are no human's, and would be halted as a loop.
                self.send(&json!({"jsonrpc": "2.0", "id": 10_000 + number, "method": "byok/resume", "params": {}}));
            }
            let params = json!({
                "textDocument": {"uri": format!("file:///{number}.txt")},
                "position": {"line": 0, "character": 5}, "context": {"triggerKind": 1},
            });
            self.send(&json!({"jsonrpc": "2.0", "id": 1 + number, "method": "textDocument/inlineCompletion", "params": params}));
        }
    }

    /// Returns the next message; `None` at the end, however it came.
    fn next(&mut self) -> Option<Value> {
        let mut length = None;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().ok();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length?];
        self.output.read_exact(&mut body).ok()?;
        serde_json::from_slice(&body).ok()
    }
}

fn one<T: rusqlite::types::FromSql>(folder: &Path, select: &str) -> T {
    let connection = Connection::open(folder.join("ledger.sqlite3")).unwrap();
    connection.busy_timeout(Duration::from_secs(20)).unwrap();
    connection.query_row(select, [], |row| row.get(0)).unwrap()
}

const SPENT: &str = "SELECT coalesce(sum(cost_nanos), 0) FROM calls";
/// Calls that were taken back before their first byte, such as by a change of settings: they are not billed by the ledger's rule.
const TAKEN_BACK: &str =
    "SELECT count(*) FROM calls WHERE outcome IN ('cancelled', 'superseded') AND cost_nanos = 0";
const RESERVED: &str = "SELECT count(*) FROM reservations";

#[test]
fn four_servers_with_a_hundred_calls_each_spend_a_cap_to_its_last_call_and_no_more() {
    const FIT: i64 = 37;
    let folder = tempfile::tempdir().unwrap();
    let provider = provider(Duration::from_millis(20));
    configure(
        folder.path(),
        &provider,
        FIT * PRICE_NANOS + PRICE_NANOS / 2,
    );
    let mut editors: Vec<Editor> = (0..4).map(|_| Editor::start(folder.path())).collect();
    for editor in &mut editors {
        editor.ask(0..100);
    }
    for editor in &mut editors {
        let mut answers = 0;
        while answers < 100 {
            let message = editor.next().expect("the server goes on");
            let id = message["id"].as_i64();
            answers += u32::from(id.is_some_and(|id| (1..=100).contains(&id)));
        }
        editor.send(&json!({"jsonrpc": "2.0", "id": 9_999, "method": "shutdown"}));
        editor.send(&json!({"jsonrpc": "2.0", "method": "exit"}));
        while editor.next().is_some() {}
        assert!(editor.process.wait().unwrap().success());
    }
    let taken_back: i64 = one(folder.path(), TAKEN_BACK);
    let sent = sent(&provider);
    assert!(
        (FIT..=FIT + taken_back).contains(&sent),
        "{sent} sent, {taken_back} taken back"
    );
    assert_eq!(one::<i64>(folder.path(), SPENT), FIT * PRICE_NANOS);
    assert_eq!(one::<i64>(folder.path(), RESERVED), 0);
}

/// Kills servers after a varying number of answers from them, one after another on one ledger; returns what was billed by the provider.
fn kill_often(folder: &Path, kills: usize, mut seed: u32) {
    let provider = provider(Duration::from_millis(2));
    let cap = 150 * PRICE_NANOS;
    configure(folder, &provider, cap);
    let mut told = Vec::new();
    for _ in 0..kills {
        // A linear congruential generator: the same moments each time, as far as the machine allows.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // So many answers, of the eight that come also from a server that refuses everything.
        let patience = (seed >> 28) % 9;
        let mut editor = Editor::start(folder);
        editor.ask(1..9);
        let mut note = |message: &Value| {
            if message["method"] == "byok/usage" {
                told.push(message["params"]["id"].as_str().unwrap().to_owned());
            }
        };
        let mut answers = 0;
        while answers < patience {
            let message = editor.next().expect("it lives until it is killed");
            let id = message["id"]
                .as_u64()
                .filter(|_| message["method"].is_null());
            answers += u32::from(id.is_some_and(|id| (2..=9).contains(&id)));
            note(&message);
        }
        std::thread::sleep(Duration::from_micros(u64::from(seed >> 8) & 0x1fff));
        editor.process.kill().unwrap();
        while let Some(message) = editor.next() {
            note(&message);
        }
        editor.process.wait().unwrap();
        if folder.join("ledger.sqlite3").exists() && !told.is_empty() {
            assert!(one::<i64>(folder, SPENT) <= cap, "the cap holds meanwhile");
        }
    }
    let doctor = command(folder, &["doctor", "--offline"])
        .stdout(Stdio::null())
        .status();
    doctor.unwrap();
    assert_eq!(one::<i64>(folder, RESERVED), 0, "nothing stays reserved");
    for id in &told {
        let count: i64 = one(
            folder,
            &format!("SELECT count(*) FROM calls WHERE id = '{id}'"),
        );
        assert_eq!(count, 1, "a row that was told is kept");
    }
    let spent: i64 = one(folder, SPENT);
    let taken_back: i64 = one(folder, TAKEN_BACK);
    let requests = sent(&provider);
    let billed = (requests - taken_back) * PRICE_NANOS;
    assert!(spent <= cap, "the cap holds: {spent}");
    assert!(
        billed <= spent,
        "nothing that was billed is missing: {billed} {spent} {taken_back}"
    );
    assert!(!told.is_empty() && spent > 0, "something was done");
    let owners = std::fs::read_dir(folder).unwrap().flatten();
    let owners = owners.filter(|entry| entry.file_name().to_string_lossy().contains(".owner-"));
    assert_eq!(owners.count(), 0, "nothing is left of the dead");
}

#[test]
fn servers_that_are_killed_at_any_moment_lose_no_row_and_leave_nothing_reserved_and_the_cap_holds()
{
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                kill_often(folder.path(), 50, 7 + thread);
            });
        }
    });
}
