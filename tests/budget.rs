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
use scripted::{Scripted, Seen, Step};
use serde_json::{Value, json};

/// What each answer costs, by the provider's own count and at most: sixteen tokens, and nothing for what is read.
const PRICE_NANOS: i64 = 16 * 1_000;

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

/// Returns the prompts of the completions that were asked for, and forgets them. A server also asks once for the list of models, which is free.
fn prompts(provider: &Scripted) -> Vec<String> {
    let completions = provider.seen.try_iter().filter_map(|seen| match seen {
        Seen::Request { head, body, .. } if head.starts_with("POST /v1/completions ") => Some(body),
        Seen::Request { head, .. } => {
            let line = head.lines().next();
            assert_eq!(line, Some("GET /v1/models HTTP/1.1"), "all that is free");
            None
        }
        Seen::Answered(_) | Seen::Closed(_) => None,
    });
    let prompts = completions.map(|body| {
        let body: Value = serde_json::from_str(&body).unwrap();
        body["prompt"].as_str().unwrap().to_owned()
    });
    prompts.collect()
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
output = "1"
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
        .env("TZ", noon())
        .stderr(Stdio::null());
    command
}

/// A time zone in which it is about noon, so that no day and no month ends during a test.
fn noon() -> String {
    let hour = jiff::Timestamp::now().as_second() / 3_600 % 24;
    // What is added to the zone's time to get UTC.
    format!("<X>{}", hour - 12)
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

    /// Asks for ghost text in documents of their own, all at once. Each begins with who asks.
    fn ask(&mut self, who: &str, documents: std::ops::Range<usize>) {
        for number in documents.clone() {
            let uri = format!("file:///{number}.txt");
            let document = json!({"uri": uri, "languageId": "plaintext", "version": 1, "text": format!("{who} {number} ")});
            self.send(&json!({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": document}}));
        }
        for number in documents {
            if number % 50 == 0 {
                // So many at once are no human's, and would be halted as a loop.
                self.send(&json!({"jsonrpc": "2.0", "id": 10_000 + number, "method": "byok/resume", "params": {}}));
            }
            let params = json!({
                "textDocument": {"uri": format!("file:///{number}.txt")},
                "position": {"line": 0, "character": who.len() + 1}, "context": {"triggerKind": 1},
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
const RESERVED: &str = "SELECT count(*) FROM reservations";
const OTHERS: &str = "SELECT count(*) FROM calls WHERE cost_nanos <> 16000 OR cost_nanos IS NULL";

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
        editor.ask("text", 0..100);
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
    book_what_is_left(folder.path());
    let sent = i64::try_from(prompts(&provider).len()).unwrap();
    assert_eq!(sent, FIT, "completions that were sent");
    assert_eq!(one::<i64>(folder.path(), SPENT), FIT * PRICE_NANOS);
    assert_eq!(one::<i64>(folder.path(), OTHERS), 0, "each is billed whole");
    assert_eq!(one::<i64>(folder.path(), RESERVED), 0);
}

/// Starts byok-lsp once more: it books what others had reserved and did not come to book, be it that they were killed, be it that the machine was
/// too busy for them to write it in the second and a half that they have at their end.
fn book_what_is_left(folder: &Path) {
    let doctor = command(folder, &["doctor", "--offline"])
        .stdout(Stdio::null())
        .status();
    doctor.unwrap();
}

/// How many calls a server is asked for before it is killed.
const ASKED: usize = 8;

/// A server that was killed: what its editor called itself, and what the ledger calls its session by.
struct Killed {
    who: String,
    pid: u32,
}

/// Starts a server, asks, and kills it a moment after so many messages, which are answers and calls that it tells of; returns its process.
fn kill_one(
    folder: &Path,
    who: &str,
    (patience, moment): (usize, Duration),
    told: &mut Vec<String>,
) -> u32 {
    let mut editor = Editor::start(folder);
    editor.ask(who, 1..1 + ASKED);
    let (mut answers, before) = (0, told.len());
    let mut note = |message: &Value| {
        let is_answer = message["method"].is_null();
        let id = message["id"].as_u64().filter(|_| is_answer);
        answers += usize::from(id.is_some_and(|id| (2..=1 + ASKED as u64).contains(&id)));
        if message["method"] == "byok/usage" {
            told.push(message["params"]["id"].as_str().unwrap().to_owned());
        }
        answers + told.len() - before
    };
    let mut noted = 0;
    while noted < patience {
        noted = note(&editor.next().expect("it lives until it is killed"));
    }
    // So that it dies between two messages, too.
    std::thread::sleep(moment);
    editor.process.kill().unwrap();
    while let Some(message) = editor.next() {
        note(&message);
    }
    editor.process.wait().unwrap();
    editor.process.id()
}

/// Kills servers after a varying number of messages from them, one after another on one ledger.
fn kill_often(folder: &Path, kills: usize, mut seed: u32) {
    let provider = provider(Duration::from_millis(2));
    // Some six in eight of all that is asked.
    let cap = i64::try_from(kills * 6).unwrap() * PRICE_NANOS;
    configure(folder, &provider, cap);
    let (mut told, mut killed) = (Vec::new(), Vec::new());
    for number in 0..kills {
        // A linear congruential generator: the same moments each time, as far as the machine allows.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let used = used(folder);
        assert!(used <= cap, "the cap holds at every moment: {used}");
        // Where all is refused, there are no more messages than answers.
        let has_room = cap - used >= i64::try_from(ASKED).unwrap() * PRICE_NANOS;
        let most = if has_room { 2 * ASKED } else { ASKED };
        let patience = (seed >> 16) as usize % (most + 1);
        let moment = Duration::from_micros(u64::from(seed >> 8) & 0x1fff);
        let who = format!("server{number}");
        let pid = kill_one(folder, &who, (patience, moment), &mut told);
        killed.push(Killed { who, pid });
    }
    book_what_is_left(folder);
    assert_eq!(one::<i64>(folder, RESERVED), 0, "nothing stays reserved");
    assert!(one::<i64>(folder, SPENT) <= cap, "the cap holds");
    assert_eq!(one::<i64>(folder, OTHERS), 0, "each is booked whole");
    for id in &told {
        let select = format!("SELECT count(*) FROM calls WHERE id = '{id}'");
        assert_eq!(
            one::<i64>(folder, &select),
            1,
            "a row that was told is kept"
        );
    }
    assert!(told.len() > kills, "much was done: {}", told.len());
    every_call_has_its_row(folder, &prompts(&provider), &killed);
    let owners = std::fs::read_dir(folder).unwrap().flatten();
    let owners = owners.filter(|entry| entry.file_name().to_string_lossy().contains(".owner-"));
    assert_eq!(owners.count(), 0, "nothing is left of the dead");
}

/// Server by server: what the provider was asked is in the ledger, and what is there was asked, but for calls that were reserved and not yet
/// sent when the server was killed.
fn every_call_has_its_row(folder: &Path, prompts: &[String], killed: &[Killed]) {
    for Killed { who, pid } in killed {
        let own = prompts
            .iter()
            .filter(|prompt| prompt.starts_with(&format!("{who} ")));
        let asked = i64::try_from(own.count()).unwrap();
        let rows = format!("SELECT count(*) FROM calls WHERE session LIKE '%-{pid:x}'");
        let settled = format!("{rows} AND json_extract(tags, '$.ended') IS NULL");
        let (rows, settled): (i64, i64) = (one(folder, &rows), one(folder, &settled));
        assert!(
            settled <= asked && asked <= rows,
            "{who}: {settled} {asked} {rows}"
        );
    }
}

/// What is spent and what is reserved; nothing before the first server that lived to make a ledger.
fn used(folder: &Path) -> i64 {
    const USED: &str = "SELECT (SELECT coalesce(sum(cost_nanos), 0) FROM calls)
        + (SELECT coalesce(sum(cost_nanos), 0) FROM reservations)";
    const TABLE: &str = "SELECT count(*) FROM sqlite_schema WHERE name = 'reservations'";
    if !folder.join("ledger.sqlite3").exists() || one::<i64>(folder, TABLE) == 0 {
        return 0;
    }
    one(folder, USED)
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
