//! One key, in every place that a key can come from, through everything that the product does with it; then every byte that left the process
//! by another way than to its provider is searched for it: as it is, in base64, percent-encoded.
//!
//! With `BYOK_TEST_STORES` the places are those of the systems' own stores instead: `tests/keys.sh` runs it so, where they are.

#![allow(clippy::unwrap_used)]

#[path = "support/scripted.rs"]
#[allow(dead_code, reason = "the benchmarks use the rest of it")]
mod scripted;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use scripted::{Scripted, Step, chunk, event, events, response, stream_end, stream_head};
use serde_json::{Value, json};

/// It has characters that base64 and percent-encoding change.
const CANARY: &str = "sk-canary+4711/uVwXyZ0987654321";

/// The providers that the key is stored for.
const STORED: [&str; 2] = ["canary", "canary-chat"];

/// Where the key is.
enum Place {
    Environment,
    Command,
    Store(&'static str),
}

#[test]
fn a_key_is_seen_by_its_provider_and_by_nobody_else() {
    let stores = std::env::var("BYOK_TEST_STORES").unwrap_or_default();
    let store = |name: &&str| stores.split(',').any(|store| store == *name);
    let mut places = Vec::new();
    if stores.is_empty() {
        places.extend([Place::Environment, Place::Store("file")]);
        if cfg!(unix) {
            places.push(Place::Command);
        }
    }
    let of_the_system = ["system", "session"].into_iter().filter(store);
    places.extend(of_the_system.map(Place::Store));
    assert!(!places.is_empty(), "{stores} names no store");
    // Most of their time the machines wait for a provider that says nothing.
    std::thread::scope(|scope| {
        for place in &places {
            scope.spawn(|| check(place));
        }
    });
}

/// A machine with the key in one place, and a provider.
struct Machine {
    /// What the product may write to.
    folder: tempfile::TempDir,
    /// What the user keeps.
    own: tempfile::TempDir,
    provider: Scripted,
    is_in_environment: bool,
    /// Whether the store is one that others use too.
    is_in_shared_store: bool,
}

/// An action of the user's own.
const MINE: &str = "[[actions.custom]]\nname = \"mine\"\ntitle = \"Mine:\"\nprompt = \"Say what {name} is.\"\noutput = \"document\"\n";

fn check(place: &Place) {
    let provider = Scripted::start(models());
    let machine = Machine {
        folder: tempfile::tempdir().unwrap(),
        own: tempfile::tempdir().unwrap(),
        provider,
        is_in_environment: matches!(place, Place::Environment),
        is_in_shared_store: matches!(place, Place::Store("system" | "session")),
    };
    let source = machine.source(place);
    let store = match place {
        Place::Store(store) => store,
        _ => "file",
    };
    let address = &machine.provider.address;
    let checks = machine.checks();
    let config = format!(
        "[completion]\nmodel = \"canary/m\"\ndebounce_ms = 0\n[network]\nfirst_byte_s = 1\nidle_s = 1\n[log]\nlevel = \"debug\"\n[keys]\nstore = \"{store}\"\npassphrase = {{ env = \"BYOK_TEST_PASSPHRASE\" }}\n[providers.canary]\nwire = \"openai-completions\"\nbase_url = \"{address}/v1\"\nkey = {source}\n[actions]\nmodel = \"canary-chat/m\"\n{checks}{MINE}[providers.canary-chat]\nwire = \"openai-chat\"\nbase_url = \"{address}/v1\"\nkey = {source}\n[providers.openrouter]\nbase_url = \"{address}/api/v1\"\n"
    );
    std::fs::write(machine.own.path().join("config.toml"), config).unwrap();
    std::fs::write(
        machine.folder.path().join("cart.rs"),
        "fn main() {\n    let total = \n}\n",
    )
    .unwrap();
    let mut heard = Vec::new();
    if matches!(place, Place::Store(_)) {
        for provider in STORED {
            heard.extend(machine.run(&["key", "set", provider, "--stdin"], CANARY));
        }
    }
    for arguments in [
        &["key", "list"] as &[&str],
        &["key", "list", "--json"],
        &["key", "scope", "canary", "--environment", CANARY],
        &["key", "scope", "canary", "--feature", CANARY],
        &["key", "scope", "canary", "--feature", "completion"],
        &["key", "test", "canary"],
        &["doctor"],
        &["config", "check"],
    ] {
        heard.extend(machine.run(arguments, ""));
    }
    // Each run opens the store anew, which takes its time with a file; the session below meets all faults.
    let runs = if matches!(place, Place::Store(_)) {
        2
    } else {
        usize::MAX
    };
    for script in faults().into_iter().rev().take(runs) {
        // A check waits for ten seconds, so of the stalls it meets the first one only.
        let is_checked = script.len() == 1 || !matches!(script.last(), Some(Step::Stall));
        machine.provider.set(script);
        heard.extend(machine.run(&["complete", "cart.rs:2:17"], ""));
        if is_checked {
            heard.extend(machine.run(&["key", "test", "canary"], ""));
        }
    }
    heard.extend(machine.serve());
    for arguments in [
        &["models"] as &[&str],
        &["route", "explain", "--json"],
        &["usage", "--json"],
        &["usage", "--csv"],
        &["reconcile", "--openrouter"],
        &["config", "show"],
        &["logs", "--since", "1h"],
        &["logs", "--json"],
        &["bug-report", "--output", "report.txt"],
        &["bug-report", "--output", "-"],
    ] {
        heard.extend(machine.run(arguments, ""));
    }
    if matches!(place, Place::Store(_)) {
        for provider in STORED {
            heard.extend(machine.run(&["key", "remove", provider], ""));
        }
    }
    assert!(machine.folder.path().join("explanations").exists());
    // What is searched below is there, and is about what was done.
    let log = std::fs::read_to_string(machine.folder.path().join("logs/byok-lsp.log")).unwrap();
    assert!(
        log.contains("a model call failed") && log.contains("\"answered\""),
        "{log}"
    );
    let report = std::fs::read_to_string(machine.folder.path().join("report.txt")).unwrap();
    assert!(report.contains("a model call failed"), "{report}");
    if cfg!(unix) {
        // Otherwise nothing would have been looked at.
        for child in ["seen-by-check", "seen-by-git"] {
            assert!(machine.folder.path().join(child).exists(), "{child}");
        }
    }
    let log = String::from_utf8_lossy(&heard);
    assert!(log.contains("TRACE"), "the log was on");
    search("what was printed", &heard);
    for (name, bytes) in files(machine.folder.path()) {
        search(&name, &bytes);
    }
}

impl Drop for Machine {
    /// The system's stores and the kernel's keep their keys beyond the test, also where it fails, and so for whoever runs the tests next.
    fn drop(&mut self) {
        if self.is_in_shared_store {
            for provider in STORED.iter().chain(&["openrouter"]) {
                self.run(&["key", "remove", provider], "");
            }
        }
    }
}

impl Machine {
    /// Puts the key where it belongs, stores excepted, and returns what the configuration says.
    fn source(&self, place: &Place) -> String {
        match place {
            Place::Environment => r#"{ env = "BYOK_TEST_CANARY" }"#.into(),
            Place::Store(_) => r#""keyring""#.into(),
            Place::Command => {
                let key = self.own.path().join("key");
                std::fs::write(&key, CANARY).unwrap();
                let script = format!("{}; cat {}", self.leaving("seen-by-child"), key.display());
                format!(
                    "{{ command = [\"sh\", \"-c\", {}], ttl_s = 1 }}",
                    json!(script)
                )
            }
        }
    }

    /// Returns a script that leaves behind what any program started by us could see.
    fn leaving(&self, name: &str) -> String {
        let seen = self.folder.path().join(name);
        format!(
            "env >> {0}; tr '\\0' ' ' < /proc/$$/cmdline >> {0}",
            seen.display()
        )
    }

    /// A check of the user's own, and a git that is found before the system's.
    fn checks(&self) -> String {
        if !cfg!(unix) {
            return String::new();
        }
        let folder = self.own.path().join("bin");
        std::fs::create_dir(&folder).unwrap();
        let git = folder.join("git");
        let script = format!(
            "#!/bin/sh\n{}\ncommand -p git \"$@\"\n",
            self.leaving("seen-by-git")
        );
        std::fs::write(&git, script).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&git, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        let check = json!(["sh", "-c", self.leaving("seen-by-check")]);
        format!("[actions.check]\nrust = {check}\n")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", self.own.path().join("bin").display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_byok-lsp"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("BYOK_CONFIG", self.own.path().join("config.toml"))
            .env("BYOK_LEDGER", self.folder.path().join("ledger.sqlite3"))
            .env("BYOK_KEYS", self.folder.path().join("keys"))
            .env("BYOK_LOG", "trace")
            .env("PATH", path)
            .env("RUST_BACKTRACE", "full")
            .env("BYOK_TEST_PASSPHRASE", "correct horse battery staple")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.is_in_environment {
            command.env("BYOK_TEST_CANARY", CANARY);
        } else {
            // A program that is started must not see keys that are meant for others.
            command.env("OPENAI_API_KEY", CANARY);
            command.env("MY_OWN_VARIABLE", CANARY);
        }
        command
    }

    fn run(&self, arguments: &[&str], piped: &str) -> Vec<u8> {
        let mut child = self.command(arguments).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(piped.as_bytes());
        let output = child.wait_with_output().unwrap();
        [output.stdout, output.stderr].concat()
    }

    /// A session of an editor in which everything is asked and everything goes wrong, and its end by a crash.
    fn serve(&self) -> Vec<u8> {
        let mut server = Editor::start(self.command(&["serve"]));
        server.send(&json!({"id": 1, "method": "initialize", "params": {
            "processId": null, "rootUri": null, "capabilities": {"textDocument": {"inlineCompletion": {}}, "window": {"showDocument": {"support": true}}},
            "workspaceFolders": [{"uri": url::Url::from_file_path(self.workspace()).unwrap(), "name": "w"}]
        }}));
        server.answer(1);
        server.send(&json!({"method": "initialized", "params": {}}));
        let uri = "file:///w/a.rs";
        let mut id = 1;
        for script in faults() {
            self.provider.set(script);
            // Anew, so that no suggestion is known for it.
            server.send(
                &json!({"method": "textDocument/didOpen", "params": {"textDocument": {
                    "uri": uri, "languageId": "rust", "version": 1, "text": "let total = "
                }}}),
            );
            // Otherwise the same question again and again would be taken for a loop.
            id += 1;
            server.send(&json!({"id": id, "method": "byok/resume", "params": {}}));
            server.answer(id);
            self.provider.requests();
            id += 1;
            server.send(&json!({"id": id, "method": "textDocument/inlineCompletion", "params": {
                "textDocument": {"uri": uri}, "position": {"line": 0, "character": 12}, "context": {"triggerKind": 1}
            }}));
            server.answer(id);
            assert!(self.reached_provider(), "the provider was given no key");
        }
        for mistake in [
            json!({"providers": {"canary": {"key": CANARY}}}),
            json!({"providers": {"canary": {"key": {"env": CANARY}}}}),
            json!({"providers": {"canary": {"base_url": format!("https://{CANARY}@a.example")}}}),
            json!({"completion": {"model": CANARY}}),
            json!({CANARY: 1}),
            json!({"completion": {CANARY: 1}}),
        ] {
            server.send(&json!({"method": "workspace/didChangeConfiguration", "params": {"settings": mistake}}));
        }
        self.actions(&mut server, &mut id);
        self.hostile_files(&mut server, &mut id);
        self.sign_in(&mut server, &mut id);
        for method in [
            "byok/usageSummary",
            "byok/models",
            "byok/explainContext",
            "byok/pause",
            "byok/resume",
        ] {
            id += 1;
            server.send(&json!({"id": id, "method": method, "params": {}}));
            server.answer(id);
        }
        server.crash(self.folder.path())
    }

    /// Runs code actions of every kind of answer: the model repeats the key in an edit, in words, in a commit's message, and the provider in an error.
    fn actions(&self, server: &mut Editor, id: &mut i64) {
        let file = self.workspace().join("count.rs");
        let text = "fn count() -> usize {\n    1\n}\n";
        std::fs::write(&file, text).unwrap();
        for arguments in [["init", "-q"], ["add", "."]] {
            let git = Command::new("git")
                .args(arguments)
                .current_dir(self.workspace())
                .status();
            assert!(git.unwrap().success());
        }
        let uri = url::Url::from_file_path(&file).unwrap();
        server.send(
            &json!({"method": "textDocument/didOpen", "params": {"textDocument": {
                "uri": uri, "languageId": "rust", "version": 1, "text": text
            }}}),
        );
        let says = |content: &str| {
            let delta = json!({"id": CANARY, "model": CANARY, "choices": [{"delta": {"content": content}, "finish_reason": "stop"}]});
            events(&[&delta.to_string(), "[DONE]"])
        };
        let code = format!("```\nfn count() -> usize {{\n    // {CANARY}\n    2\n}}\n```");
        let refused = format!(r#"{{"error":{{"message":"bad key {CANARY}","code":"{CANARY}"}}}}"#);
        let refused = vec![Step::Send(response(
            "400 Bad Request",
            "application/json",
            &refused,
        ))];
        for (action, answer) in [
            ("simplify", says(&code)),
            ("explain", says(&format!("It counts with {CANARY}."))),
            (
                "commit-message",
                says(&format!("```\ncount: {CANARY}\n```")),
            ),
            ("simplify", says(CANARY)),
            ("tests", says(&code)),
            ("change", says(&code)),
            ("mine", says(&format!("Mine, with {CANARY}."))),
            ("explain", refused),
        ] {
            self.provider.set(answer);
            *id += 1;
            let range =
                json!({"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 4}});
            let argument =
                json!({"action": action, "uri": uri, "range": range, "instruction": "count twice"});
            server.send(&json!({"id": *id, "method": "workspace/executeCommand", "params": {"command": "byok.action", "arguments": [argument]}}));
            server.consent_until(*id);
        }
    }

    /// A workspace beside what the product may write to.
    fn workspace(&self) -> std::path::PathBuf {
        let folder = self.own.path().join("workspace");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Has the workspace's own file hold the key wherever one could stand.
    fn hostile_files(&self, server: &mut Editor, id: &mut i64) {
        let path = self.workspace().join(".byok.toml");
        let uri = url::Url::from_file_path(&path).unwrap();
        for text in [
            format!("[providers.canary]\nkey = \"{CANARY}\""),
            format!("[providers.\"{CANARY}\"]\nwire = \"openai-chat\""),
            format!("[completion]\nmodel = \"{CANARY}\""),
            format!("[completion]\n\"{CANARY}\" = 1"),
            format!("[policy]\nproviders = \"{CANARY}\""),
            format!("\"{CANARY}\" = 1"),
            CANARY.to_owned(),
        ] {
            std::fs::write(&path, text).unwrap();
            server.send(&json!({"method": "textDocument/didSave", "params": {"textDocument": {"uri": uri}}}));
            server.told(".byok.toml");
            *id += 1;
            server.send(&json!({"id": *id, "method": "byok/usageSummary", "params": {}}));
            server.answer(*id);
        }
    }

    /// Signs in from the editor, at a provider that hands the key over.
    fn sign_in(&self, server: &mut Editor, id: &mut i64) {
        let key = json!({"key": CANARY, "user_id": "u"}).to_string();
        let answer = response("200 OK", "application/json", &key);
        self.provider.set(vec![Step::Send(answer)]);
        *id += 1;
        server.send(&json!({"id": *id, "method": "workspace/executeCommand", "params": {"command": "byok.signIn"}}));
        let told = server.told("callback_url=");
        let page = told.split_once("callback_url=").unwrap().1;
        let callback = page.split(['&', '"', ' ']).next().unwrap();
        let query = format!("u={callback}");
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let (_, callback) = pairs.next().unwrap();
        let callback = url::Url::parse(&callback).unwrap();
        let address = ("127.0.0.1", callback.port().unwrap());
        let mut browser = std::net::TcpStream::connect(address).unwrap();
        write!(
            browser,
            "GET {}?code=a-code-of-4711 HTTP/1.1\r\n\r\n",
            callback.path()
        )
        .unwrap();
        server.consent_until(*id);
        let told = server.told("signed in at OpenRouter");
        assert!(told.contains("the key is kept in"), "{told}");
        let removed = self.run(&["key", "remove", "openrouter"], "");
        search("key remove", &removed);
    }

    fn reached_provider(&self) -> bool {
        let seen: Vec<_> = self.provider.seen.try_iter().collect();
        format!("{seen:?}").contains(&format!("Bearer {CANARY}"))
    }
}

fn models() -> Vec<Step> {
    vec![Step::Send(response(
        "200 OK",
        "application/json",
        r#"{"data":[{"id":"m"}]}"#,
    ))]
}

/// Every fault of `tests/e2e/faults.rs`, with the key wherever a provider has words: in errors of every shape, in the answer, in headers.
fn faults() -> Vec<Vec<Step>> {
    [refusals(), redirects(), broken()].concat()
}

/// Refusals by status. A provider that limits the rate is left alone for as long as it says, so each says next to nothing.
fn refusals() -> Vec<Vec<Step>> {
    let error = error();
    let mut refusals: Vec<_> = [
        "400 Bad Request",
        "401 Unauthorized",
        "402 Payment Required",
        "403 Forbidden",
        "404 Not Found",
        "500 Internal Server Error",
        "529 Overloaded",
    ]
    .iter()
    .map(|status| vec![Step::Send(response(status, "application/json", &error))])
    .collect();
    let long = error.replace("bad key", &"bad key ".repeat(1 << 17));
    for body in [long, format!("<html>{CANARY}")] {
        let whole = response("500 Internal Server Error", "text/html", &body);
        refusals.push(vec![Step::Send(whole)]);
    }
    let unended = format!(
        "HTTP/1.1 500 Internal Server Error\r\nx-request-id: {CANARY}\r\ncontent-length: 999\r\n\r\n{error}"
    );
    refusals.push(vec![Step::Send(unended.into_bytes()), Step::Stall]);
    let limited = format!(
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 0\r\nx-request-id: {CANARY}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{error}",
        error.len()
    );
    refusals.push(vec![Step::Send(limited.into_bytes())]);
    refusals
}

fn redirects() -> Vec<Vec<Step>> {
    ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
        .iter()
        .map(|status| {
            let head = format!(
                "HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:9/{CANARY}\r\nx-request-id: {CANARY}\r\ncontent-length: 0\r\n\r\n"
            );
            vec![Step::Send(head.into_bytes())]
        })
        .collect()
}

/// What goes wrong with the connection or with what comes over it: stalls, resets, ends too early, and answers that are none.
fn broken() -> Vec<Vec<Step>> {
    let said = json!({"model": CANARY, "id": CANARY, "choices": [{"text": format!("\"{CANARY}\";"), "finish_reason": null}]}).to_string();
    let whole = json!({"model": CANARY, "id": CANARY, "choices": [{"text": format!("\"{CANARY}\";"), "finish_reason": "stop"}], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}).to_string();
    let after = |step| vec![stream_head(), event(&said), step];
    let page = |kind| {
        vec![Step::Send(response(
            "200 OK",
            kind,
            &format!("<html>{CANARY}"),
        ))]
    };
    let head = format!("HTTP/1.1 200 OK\r\nx-request-id: {CANARY}\r\nx-");
    let cut = format!("data: {{\"choices\":[{{\"text\":\"{CANARY}");
    let cut = [cut.as_bytes(), b"\xf0\x9f"].concat();
    vec![
        vec![Step::Stall],
        vec![Step::Send(head.into_bytes()), Step::Stall],
        after(Step::Stall),
        vec![Step::Reset],
        after(Step::Reset),
        after(Step::Close),
        after(stream_end()),
        vec![stream_head(), chunk(&cut), stream_end()],
        vec![stream_head(), chunk(&cut), Step::Reset],
        events(&[&error()]),
        events(&[&format!("{{nonsense {CANARY}")]),
        events(&[&format!("[[\"{CANARY}\"]]")]),
        events(&[&CANARY.repeat((10 << 20) / CANARY.len())]),
        page("text/html"),
        page("application/json"),
        vec![
            Step::Send(format!("HTTP/9 {CANARY}\r\n\r\n").into_bytes()),
            Step::Close,
        ],
        events(&[&whole, "[DONE]"]),
    ]
}

/// An error in the shape that most providers use.
fn error() -> String {
    format!(r#"{{"error":{{"message":"bad key {CANARY}","type":"{CANARY}","code":"{CANARY}"}}}}"#)
}

/// An editor's end of the pipes.
struct Editor {
    child: Child,
    input: ChildStdin,
    heard: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
    readers: Vec<std::thread::JoinHandle<()>>,
    /// How much of it the test has looked through.
    seen: usize,
    /// The requests of the server's that were said yes to.
    consented: Vec<String>,
}

impl Editor {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let pipes: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        let readers = pipes.map(|mut pipe| {
            let heard = heard.clone();
            std::thread::spawn(move || {
                let mut chunk = [0; 8192];
                while let Ok(length @ 1..) = pipe.read(&mut chunk) {
                    heard.lock().unwrap().extend_from_slice(&chunk[..length]);
                }
            })
        });
        Self {
            input: child.stdin.take().unwrap(),
            child,
            heard,
            readers: readers.into(),
            seen: 0,
            consented: Vec::new(),
        }
    }

    fn send(&mut self, message: &Value) {
        let mut message = message.clone();
        message["jsonrpc"] = "2.0".into();
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }

    /// Waits until something was said that was not there before, and returns what came from there on, to the end of the text at least.
    fn told(&mut self, what: &str) -> String {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let heard = String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned();
            if let Some(at) = heard.get(self.seen..).and_then(|new| new.find(what))
                && heard[self.seen + at + what.len()..].contains('"')
            {
                let at = self.seen + at;
                self.seen = at + what.len();
                return heard[at..].to_owned();
            }
            assert!(Instant::now() < deadline, "{what} was not said: {heard}");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Waits until a request was answered, and says yes to all that the server asks until then.
    fn consent_until(&mut self, id: i64) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !self.is_answered(id) {
            self.consent();
            assert!(
                Instant::now() < deadline,
                "request {id} was not answered: {}",
                String::from_utf8_lossy(&self.heard.lock().unwrap())
            );
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Says yes to all that the server has asked so far.
    fn consent(&mut self) {
        let heard = String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned();
        for method in ["workspace/applyEdit", "window/showDocument"] {
            for (at, _) in heard.match_indices(&format!("\"method\":\"{method}\"")) {
                let frame = &heard[heard[..at].rfind('{').unwrap_or(0)..];
                let Some(asked) = frame.split("\"id\":").nth(1) else {
                    continue;
                };
                let Some(end) = asked.find([',', '}']) else {
                    continue;
                };
                let asked = asked[..end].to_owned();
                if !self.consented.contains(&asked) {
                    let id: Value = serde_json::from_str(&asked).unwrap_or_default();
                    self.send(&json!({"id": id, "result": {"applied": true, "success": true}}));
                    self.consented.push(asked);
                }
            }
        }
    }

    fn is_answered(&self, id: i64) -> bool {
        let wanted = [format!("\"id\":{id}}}"), format!("\"id\":{id},")];
        let heard = String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned();
        let is_answer = |frame: &str| frame.contains("\"result\"") || frame.contains("\"error\"");
        heard
            .split("Content-Length")
            .any(|frame| wanted.iter().any(|id| frame.contains(id)) && is_answer(frame))
    }

    /// Waits until a request was answered.
    fn answer(&self, id: i64) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.is_answered(id) {
            assert!(
                Instant::now() < deadline,
                "request {id} was not answered: {}",
                String::from_utf8_lossy(&self.heard.lock().unwrap())
            );
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Ends the server as a crash does, which must leave no image of its memory behind.
    fn crash(mut self, folder: &Path) -> Vec<u8> {
        #[cfg(target_os = "linux")]
        {
            let limits =
                std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
            let core = limits
                .lines()
                .find(|line| line.starts_with("Max core file size"))
                .unwrap();
            assert!(core.split_whitespace().nth(4) == Some("0"), "{core}");
            let abort = Command::new("sh")
                .args(["-c", &format!("kill -ABRT {}", self.child.id())])
                .status();
            assert!(abort.unwrap().success());
        }
        #[cfg(not(target_os = "linux"))]
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        drop(self.input);
        for reader in self.readers {
            reader.join().unwrap();
        }
        assert!(
            std::fs::read_dir(folder)
                .unwrap()
                .flatten()
                .all(|file| !file.file_name().to_string_lossy().starts_with("core"))
        );
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push((
                entry.path().display().to_string(),
                std::fs::read(entry.path()).unwrap(),
            ));
        }
    }
    found
}

/// Asserts that the key is in these bytes in none of its forms.
fn search(place: &str, bytes: &[u8]) {
    let mut forms = vec![
        CANARY.to_owned(),
        CANARY[3..].to_owned(),
        CANARY.replace('/', "\\/"),
    ];
    for prefix in ["", "x", "xx"] {
        let encoded = STANDARD_NO_PAD.encode(format!("{prefix}{CANARY}"));
        let inner = encoded[4..encoded.len() - 4].to_owned();
        forms.push(inner.replace('+', "-").replace('/', "_"));
        forms.push(inner);
    }
    forms.push(url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect());
    for form in forms {
        let at = bytes
            .windows(form.len())
            .position(|window| window == form.as_bytes());
        if let Some(at) = at {
            let around = &bytes[at.saturating_sub(300)..(at + 100).min(bytes.len())];
            panic!(
                "{place} holds the key as {form}: {}",
                String::from_utf8_lossy(around)
            );
        }
    }
}

/// Another program of the same user tries to get at the memory and the environment of a server that holds the key, and has it die by each
/// signal that leaves an image behind. The administrator may do all of that, so a server of the administrator's is run as nobody.
#[cfg(target_os = "linux")]
#[test]
fn no_other_program_of_the_user_reads_the_servers_memory_and_no_signal_leaves_an_image() {
    let is_root = std::fs::metadata("/proc/self")
        .is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let as_user = if is_root {
        "setpriv --reuid 65534 --regid 65534 --clear-groups"
    } else {
        ""
    };
    let shell = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    };
    // Not QUIT: whoever runs the tests in the background has it ignored.
    for signal in ["ABRT", "ILL", "SYS"] {
        let folder = tempfile::tempdir().unwrap();
        let open: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let binary = env!("CARGO_BIN_EXE_byok-lsp");
        let config = "[completion]\nmodel = \"canary/m\"\n[providers.canary]\nwire = \"openai-chat\"\nbase_url = \"http://127.0.0.1:9/v1\"\nkey = { env = \"BYOK_TEST_CANARY\" }\n";
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let mut command = shell(&format!(
            "ulimit -c unlimited; exec {as_user} {binary} serve"
        ));
        command
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .env("BYOK_CONFIG", folder.path().join("config.toml"))
            .env("BYOK_TEST_CANARY", CANARY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut server = Editor::start(command);
        server.send(&json!({"id": 1, "method": "initialize", "params": {"processId": null, "rootUri": null, "capabilities": {}}}));
        server.answer(1);
        let id = server.child.id();
        for attempt in [
            format!("cat /proc/{id}/environ"),
            format!("head -c 1 /proc/{id}/mem"),
            format!("cat /proc/{id}/maps"),
            format!("gcore -o {}/image {id}", folder.path().display()),
        ] {
            let tried = shell(&format!("{as_user} {attempt}")).output().unwrap();
            assert!(
                !tried.status.success() || tried.stdout.is_empty(),
                "{attempt}: {tried:?}"
            );
            search(&attempt, &tried.stdout);
        }
        let killed = shell(&format!("kill -{signal} {id}")).status().unwrap();
        assert!(killed.success());
        server.child.wait().unwrap();
        for (name, bytes) in files(folder.path()) {
            assert!(
                !name.contains("/core") && !name.contains("/image"),
                "{signal}: {name}"
            );
            search(&name, &bytes);
        }
        search("what was printed", &server.heard.lock().unwrap());
    }
}
