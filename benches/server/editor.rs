//! An editor: a process of the server, spoken to over its pipes, with the time at which each message came.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::everything;

/// How long anything may take before the run is given up.
const DEADLINE: Duration = Duration::from_mins(1);

/// The server's program: this crate's, or what `BYOK_BENCH_SERVER` names.
pub fn program() -> String {
    std::env::var("BYOK_BENCH_SERVER")
        .unwrap_or_else(|_| format!("{} serve", env!("CARGO_BIN_EXE_byok-lsp")))
}

/// A running server and the editor's ends of its pipes.
pub struct Editor {
    process: Child,
    to_server: ChildStdin,
    from_server: Receiver<Message>,
    unread: VecDeque<Message>,
    versions: HashMap<String, i32>,
    next_id: i64,
    /// When the process was asked for.
    pub begun: Instant,
    /// Where its ledger and its configuration lie, which is missing unless everything is to be on, unless several servers share them.
    _folder: Option<tempfile::TempDir>,
    /// The lines of its log, where it was asked for one.
    log: Receiver<String>,
}

/// How a server is started.
#[derive(Default)]
struct Start<'a> {
    /// Where its ledger lies; by default in a folder of its own.
    folder: Option<&'a Path>,
    /// What it is to log; by default nothing is read.
    log: Option<&'a str>,
}

/// A message and when it had come.
pub struct Message {
    pub at: Instant,
    pub value: Value,
}

/// The memory of the server's process, in megabytes of 10^6 bytes.
#[derive(Clone, Copy)]
pub struct Memory {
    /// All of it that is resident, the pages of the program's own file included.
    pub resident: f64,
    /// What is its own: heaps and stacks.
    pub own: f64,
}

impl Editor {
    /// Starts a server and initializes it with settings.
    pub fn start(settings: &Value) -> Self {
        let mut editor = Self::spawn();
        editor.initialize(settings);
        editor
    }

    /// Starts a server in a workspace and initializes it with settings.
    pub fn start_in(workspace: &Path, settings: &Value) -> Self {
        let mut editor = Self::spawn();
        let uri = format!("file://{}", workspace.display());
        editor.initialize_in(&json!([{"uri": uri, "name": "workspace"}]), settings);
        editor
    }

    /// Starts a server that was told nothing yet.
    pub fn spawn() -> Self {
        Self::spawn_program(&program(), &Start::default())
    }

    /// Starts and initializes a server that shares a folder, its ledger, with others, and logs.
    pub fn share(folder: &Path, log: &str, settings: &Value) -> Self {
        let start = Start {
            folder: Some(folder),
            log: Some(log),
        };
        let mut editor = Self::spawn_program(&program(), &start);
        editor.initialize(settings);
        editor
    }

    /// Starts this very program in a server's place, as what an argument makes of it, and initializes it.
    pub fn own(argument: &str, settings: &Value) -> Self {
        let own = std::env::current_exe().expect("this program has a path");
        let program = format!("{} {argument}", own.display());
        let mut editor = Self::spawn_program(&program, &Start::default());
        editor.initialize(settings);
        editor
    }

    fn spawn_program(program: &str, start: &Start<'_>) -> Self {
        let own = start
            .folder
            .is_none()
            .then(|| tempfile::tempdir().expect("a folder for the ledger"));
        let own_path = own.as_ref().map(tempfile::TempDir::path);
        let folder = start.folder.or(own_path).expect("one of the two");
        let config = folder.join("config.toml");
        if let Some(written) = everything::own_file() {
            std::fs::write(&config, written).expect("the folder is this bench's own");
        }
        let mut words = program.split_whitespace();
        let mut command = Command::new(words.next().expect("BYOK_BENCH_SERVER names a program"));
        command
            .args(words)
            .env("BYOK_CONFIG", config)
            .env("BYOK_LEDGER", folder.join("ledger.db"))
            .env("BYOK_CACHE", folder.join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(wanted) = start.log {
            command.env("BYOK_LOG", wanted).stderr(Stdio::piped());
        }
        let begun = Instant::now();
        let mut process = command.spawn().expect("the server can be started");
        let to_server = process.stdin.take().expect("it is piped");
        let output = process.stdout.take().expect("it is piped");
        let (messages, from_server) = channel();
        std::thread::spawn(move || read_all(output, &messages));
        let (lines, log) = channel();
        if let Some(written) = process.stderr.take() {
            std::thread::spawn(move || {
                let written = BufReader::new(written).lines().map_while(Result::ok);
                written.for_each(|line| drop(lines.send(line)));
            });
        }
        let (unread, versions) = (VecDeque::new(), HashMap::new());
        Self {
            process,
            to_server,
            from_server,
            unread,
            versions,
            next_id: 1,
            begun,
            _folder: own,
            log,
        }
    }

    /// Initializes the server and returns when its answer came.
    pub fn initialize(&mut self, settings: &Value) -> Instant {
        self.initialize_in(&Value::Null, settings)
    }

    fn initialize_in(&mut self, folders: &Value, settings: &Value) -> Instant {
        let params = json!({
            "processId": null, "rootUri": null, "workspaceFolders": folders, "initializationOptions": settings,
            "capabilities": {"textDocument": {"inlineCompletion": {}}},
        });
        let (id, _) = self.request("initialize", &params);
        let answer = self.answer(id);
        self.notify("initialized", &json!({}));
        answer.at
    }

    /// Sends a notification and returns when it began to go out.
    pub fn notify(&mut self, method: &str, params: &Value) -> Instant {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    /// Sends a request and returns its id, and when it began to go out.
    pub fn request(&mut self, method: &str, params: &Value) -> (i64, Instant) {
        let id = self.next_id;
        self.next_id += 1;
        let at =
            self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        (id, at)
    }

    fn send(&mut self, message: &Value) -> Instant {
        let body = message.to_string();
        let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let at = Instant::now();
        self.to_server
            .write_all(frame.as_bytes())
            .expect("the server reads");
        at
    }

    /// Waits for the answer to a request.
    pub fn answer(&mut self, id: i64) -> Message {
        let is_it =
            |message: &Message| message.value.get("method").is_none() && message.value["id"] == id;
        if let Some(at) = self.unread.iter().position(is_it) {
            return self.unread.remove(at).expect("it was just found");
        }
        loop {
            let message = self
                .from_server
                .recv_timeout(DEADLINE)
                .expect("every request is answered");
            if is_it(&message) {
                return message;
            }
            // Notifications say nothing that is measured here.
            if message.value.get("method").is_none() {
                self.unread.push_back(message);
            }
        }
    }

    /// Opens a document of Rust.
    pub fn open(&mut self, uri: &str, text: &str) -> Instant {
        self.versions.insert(uri.into(), 1);
        let document = json!({"uri": uri, "languageId": "rust", "version": 1, "text": text});
        self.notify("textDocument/didOpen", &json!({"textDocument": document}))
    }

    /// Closes a document.
    pub fn close(&mut self, uri: &str) {
        self.versions.remove(uri);
        self.notify(
            "textDocument/didClose",
            &json!({"textDocument": {"uri": uri}}),
        );
    }

    /// Replaces what lies between two positions, each a line and a UTF-16 column, and returns when that began to go out.
    pub fn change(
        &mut self,
        uri: &str,
        from: (usize, usize),
        to: (usize, usize),
        text: &str,
    ) -> Instant {
        let version = self.versions.get_mut(uri).expect("it is open");
        *version += 1;
        let params = json!({
            "textDocument": {"uri": uri, "version": *version},
            "contentChanges": [{"range": {"start": position(from), "end": position(to)}, "text": text}],
        });
        self.notify("textDocument/didChange", &params)
    }

    /// Asks for ghost text, as a user does who wants it now.
    pub fn ask(&mut self, uri: &str, at: (usize, usize)) -> (i64, Instant) {
        let params = json!({"textDocument": {"uri": uri}, "position": position(at), "context": {"triggerKind": 1}});
        self.request("textDocument/inlineCompletion", &params)
    }

    /// Asks for ghost text, as an editor does by itself.
    pub fn ask_by_itself(&mut self, uri: &str, at: (usize, usize)) -> (i64, Instant) {
        let params = json!({"textDocument": {"uri": uri}, "position": position(at), "context": {"triggerKind": 2}});
        self.request("textDocument/inlineCompletion", &params)
    }

    /// Asks for what costs the server next to nothing: it knows no such request, and says so.
    pub fn ask_cheaply(&mut self) -> i64 {
        self.request("byok/none", &json!({})).0
    }

    /// Waits until the server has worked off all it was sent, and rests.
    pub fn settle(&mut self) {
        let id = self.ask_cheaply();
        self.answer(id);
        // Parsing and indexing go on behind the answer; the server rests when it uses no processor time for a while.
        let mut last = self.processor_time();
        let mut quiet = 0;
        let begun = Instant::now();
        while quiet < 4 && begun.elapsed() < DEADLINE {
            std::thread::sleep(Duration::from_millis(50));
            let now = self.processor_time();
            let is_quiet = now.saturating_sub(last) < Duration::from_millis(1);
            quiet = if is_quiet { quiet + 1 } else { 0 };
            last = now;
        }
    }

    /// Returns the processor time that the server's living threads have used.
    pub fn processor_time(&self) -> Duration {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", self.process.id())) else {
            return Duration::ZERO;
        };
        let nanos = threads.flatten().filter_map(|thread| {
            let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            stat.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanos.sum())
    }

    /// Returns how often the server's living threads have gone to sleep, and so how often they were woken.
    pub fn wakings(&self) -> u64 {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process.id()));
        let slept = threads
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|thread| {
                let status = std::fs::read_to_string(thread.path().join("status")).ok()?;
                let mut lines = status.lines();
                let slept = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
                slept.trim().parse::<u64>().ok()
            });
        slept.sum()
    }

    /// Returns the processor time that the server has used in all, in the system's own ticks of some ten milliseconds.
    pub fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()));
        let stat = stat.unwrap_or_default();
        // Behind the program's name, which may hold blanks: the state and ten other numbers, then what was used outside and inside the system.
        let behind = stat.rsplit(')').next().unwrap_or_default();
        let numbers = behind.split_whitespace().skip(11).take(2);
        numbers
            .filter_map(|number| number.parse::<u64>().ok())
            .sum()
    }

    /// Returns how many descriptors the server has open.
    pub fn descriptors(&self) -> usize {
        self.entries("fd")
    }

    /// Returns how many threads it has.
    pub fn threads(&self) -> usize {
        self.entries("task")
    }

    fn entries(&self, what: &str) -> usize {
        let folder = std::fs::read_dir(format!("/proc/{}/{what}", self.process.id()));
        folder.map_or(0, Iterator::count)
    }

    /// Returns the lines of the log that came since it was last asked for.
    pub fn log(&self) -> Vec<String> {
        self.log.try_iter().collect()
    }

    /// Ends the session and reads what is left of the log.
    pub fn log_to_end(mut self, mut read: impl FnMut(&str)) {
        let (id, _) = self.request("shutdown", &Value::Null);
        self.answer(id);
        self.notify("exit", &Value::Null);
        while let Ok(line) = self.log.recv_timeout(DEADLINE) {
            read(&line);
        }
    }

    /// Returns the memory that the server uses.
    pub fn memory(&self) -> Memory {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))
            .unwrap_or_default();
        let megabytes = |name: &str| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap_or_default();
            let kibibytes: u32 = line
                .trim()
                .trim_end_matches(" kB")
                .parse()
                .unwrap_or_default();
            f64::from(kibibytes) * 1024.0 / 1e6
        };
        Memory {
            resident: megabytes("VmRSS:"),
            own: megabytes("RssAnon:"),
        }
    }

    /// Ends the session as the protocol wants it; returns how long it took from `shutdown` until the process was gone, and whether it went well.
    pub fn finish(mut self) -> (Duration, bool) {
        let (id, begun) = self.request("shutdown", &Value::Null);
        self.answer(id);
        self.notify("exit", &Value::Null);
        let status = self.process.wait();
        (begun.elapsed(), status.is_ok_and(|status| status.success()))
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the texts of an answer's items.
pub fn texts(answer: &Value) -> Vec<&str> {
    let items = answer["result"]["items"].as_array();
    items
        .into_iter()
        .flatten()
        .filter_map(|item| item["insertText"].as_str())
        .collect()
}

fn position((line, character): (usize, usize)) -> Value {
    json!({"line": line, "character": character})
}

/// Reads frames until the server closes its end. The time of each is taken before anything is done with it.
fn read_all(mut output: ChildStdout, messages: &Sender<Message>) {
    let mut buffer = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = output.read(&mut chunk) {
        let at = Instant::now();
        buffer.extend_from_slice(&chunk[..length]);
        while let Some((body, rest)) = split(&buffer) {
            let value = serde_json::from_slice(body).expect("the server sends JSON");
            let consumed = buffer.len() - rest;
            if messages.send(Message { at, value }).is_err() {
                return;
            }
            buffer.drain(..consumed);
        }
    }
}

/// Splits a frame off: its body, and how many bytes follow it.
pub fn split(buffer: &[u8]) -> Option<(&[u8], usize)> {
    let end = buffer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&buffer[..end]).expect("headers are ASCII");
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length:")
            .map(|n| n.trim().parse::<usize>())
    });
    let length = length
        .expect("a frame tells its length")
        .expect("its length is a number");
    let body = buffer.get(end..end + length)?;
    Some((body, buffer.len() - end - length))
}
