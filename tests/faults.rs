//! The real binary while the world around it fails: its editor, its disk, its network, its clock. docs/faults.md is the table of all faults.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "support/scripted.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest of it")]
mod scripted;

#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
#[path = "faults/clock.rs"]
mod clock;

#[cfg(target_os = "linux")]
#[path = "faults/plenty.rs"]
mod plenty;

use std::io::{BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use scripted::{Scripted, Step, chunk, event, events, stream_head};
use serde_json::{Value, json};
use tempfile::TempDir;

/// No test waits longer for anything, however busy the machine is.
const DEADLINE: Duration = Duration::from_mins(1);

/// An editor that speaks with a server, and reads on a thread of its own.
struct Editor {
    process: Child,
    input: Option<ChildStdin>,
    heard: Receiver<Value>,
    /// Reads until nobody hears it any more.
    reading: Option<JoinHandle<()>>,
    /// What came while something else was waited for.
    passed: Vec<Value>,
    last: i64,
}

impl Editor {
    /// Starts a server and says hello, in no folder.
    fn start(command: Command) -> Self {
        Self::start_in(command, &[])
    }

    fn start_in(command: Command, folders: &[Value]) -> Self {
        Self::start_for(command, folders, |_| Value::Null)
    }

    /// Starts a server and names the process that it is told to be its editor.
    fn start_for(mut command: Command, folders: &[Value], named: impl Fn(&Child) -> Value) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let (sender, heard) = channel();
        let reading = std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let process_id = named(&process);
        let mut editor = Self {
            input: process.stdin.take(),
            process,
            heard,
            reading: Some(reading),
            passed: Vec::new(),
            last: 0,
        };
        let id = editor.request(
            "initialize",
            &json!({"processId": process_id, "rootUri": null, "workspaceFolders": folders,
                "capabilities": {"textDocument": {"inlineCompletion": {}}}}),
        );
        editor.answer(id);
        editor.notify("initialized", &json!({}));
        editor
    }

    fn send(&mut self, message: &Value) {
        self.try_send(message).unwrap();
    }

    fn try_send(&mut self, message: &Value) -> std::io::Result<()> {
        let body = message.to_string();
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len())
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn request(&mut self, method: &str, params: &Value) -> i64 {
        self.last += 1;
        let id = self.last;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    fn next(&self) -> Value {
        let heard = self.heard.recv_timeout(DEADLINE);
        heard.expect("the server says something")
    }

    fn answer(&mut self, id: i64) -> Value {
        loop {
            let message = self.next();
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
            self.passed.push(message);
        }
    }

    /// Waits until something of that kind was said, before or from now on, of which the text is part.
    fn told(&mut self, method: &str, part: &str) -> Value {
        loop {
            let is_wanted =
                |it: &Value| it["method"] == method && it["params"].to_string().contains(part);
            if let Some(at) = self.passed.iter().position(is_wanted) {
                return self.passed.remove(at);
            }
            let message = self.next();
            self.passed.push(message);
        }
    }

    fn open(&mut self, uri: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": "rust", "version": 1, "text": text});
        self.notify("textDocument/didOpen", &json!({"textDocument": document}));
    }

    /// Asks at the end of the first line of `text`, by hand, so that nothing holds it back.
    fn ask(&mut self, uri: &str, text: &str) -> i64 {
        let at = json!({"line": 0, "character": text.lines().next().unwrap().len()});
        self.request(
            "textDocument/inlineCompletion",
            &json!({"textDocument": {"uri": uri}, "position": at, "context": {"triggerKind": 1}}),
        )
    }

    /// Opens a document anew, asks in it, and returns what is suggested.
    fn suggestions(&mut self) -> Vec<String> {
        // Otherwise the same question again and again would be taken for a loop.
        let resume = self.request("byok/resume", &json!({}));
        self.answer(resume);
        self.open("file:///w/a.rs", HALF);
        let id = self.ask("file:///w/a.rs", HALF);
        let answer = self.answer(id);
        let items = answer["result"]["items"].as_array().unwrap();
        let texts = items.iter().map(|item| item["insertText"].as_str());
        texts.map(|text| text.unwrap().to_owned()).collect()
    }

    /// Waits for the server's end and returns its exit code.
    fn end(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < DEADLINE, "the server does not end");
            std::thread::yield_now();
        }
    }

    /// Ends as editors do.
    fn finish(mut self) {
        let id = self.request("shutdown", &Value::Null);
        self.answer(id);
        self.notify("exit", &Value::Null);
        assert_eq!(self.end(), Some(0));
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let told = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(told.success());
    }

    /// Returns how much memory the server has, in MiB.
    #[cfg(target_os = "linux")]
    fn resident(&self) -> u64 {
        // In kilobytes there.
        self.status("VmRSS:") / 1024
    }

    /// Returns how many threads the server has.
    #[cfg(target_os = "linux")]
    fn threads(&self) -> usize {
        usize::try_from(self.status("Threads:")).unwrap()
    }

    /// Returns how nice the server's threads of a name are, which is its main thread's where it is the program's (`man 5 proc_pid_stat`).
    #[cfg(target_os = "linux")]
    fn niceness(&self, name: &str) -> Vec<i32> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        // A thread may end meanwhile.
        let stats = tasks.filter_map(|task| {
            let path = task.ok()?.path().join("stat");
            std::fs::read_to_string(path).ok()
        });
        let of_it = stats.filter_map(|stat| {
            let (_, rest) = stat.split_once(&format!("({name})"))?;
            rest.split_whitespace().nth(16)?.parse().ok()
        });
        of_it.collect()
    }

    /// Returns a number that the system tells of the server.
    #[cfg(target_os = "linux")]
    fn status(&self, name: &str) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.unwrap().split_whitespace().next().unwrap();
        number.parse().unwrap()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads a message, unless the server has ended.
fn read(output: &mut impl std::io::BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(number) = line.strip_prefix("Content-Length: ") {
            length = number.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

const HALF: &str = "let total = \n";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A server with nothing but the embedded engine, or with a provider.
fn server(folder: &Path, address: Option<&str>) -> Command {
    let config = address.map_or_else(String::new, |address| {
        format!(
            "[completion]\nmodel = \"mock/m\"\ndebounce_ms = 0\n[network]\nidle_s = 1\nfirst_byte_s = 1\n[providers.mock]\nwire = \"openai-completions\"\nbase_url = \"{address}/v1\"\nkey = \"none\"\n"
        )
    });
    std::fs::write(folder.join("config.toml"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_byok-lsp"));
    command.arg("serve");
    at_home(&mut command, folder);
    command
}

fn at_home(command: &mut Command, folder: &Path) {
    command
        .env("BYOK_CONFIG", folder.join("config.toml"))
        .env("BYOK_LEDGER", folder.join("ledger.sqlite3"))
        .env("BYOK_CACHE", folder.join("cache"));
}

/// Returns how many calls the ledger has of today.
fn booked(folder: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_byok-lsp"));
    command.args(["doctor", "--offline"]);
    at_home(&mut command, folder);
    let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let ledger = told.lines().find(|line| line.contains(" ledger ")).unwrap();
    ledger.rsplit("; ").next().unwrap().to_owned()
}

fn answering(text: &str) -> Vec<Step> {
    let piece = json!({"choices": [{"text": text, "finish_reason": "stop"}]});
    events(&[&piece.to_string(), "[DONE]"])
}

#[test]
fn an_editor_that_dies_ends_the_server_and_its_call_is_booked() {
    let folder = folder();
    let provider = Scripted::start(vec![Step::Stall]);
    let mut editor = Editor::start(server(folder.path(), Some(&provider.address)));
    editor.open("file:///w/a.rs", HALF);
    editor.ask("file:///w/a.rs", HALF);
    provider.request();
    // What the system does with the pipes of a process that was killed; the thread that reads goes on until then.
    drop(editor.input.take());
    assert_eq!(editor.end(), Some(1));
    provider.closed();
    assert_eq!(booked(folder.path()), "today $0, 1 calls");
}

/// Whether or not its input is still held open, by the editor or by a child of it.
#[test]
fn an_editor_that_has_closed_our_output_ends_the_server_and_its_call_is_booked() {
    let folder = folder();
    let provider = Scripted::start(vec![Step::Stall]);
    let mut editor = Editor::start(server(folder.path(), Some(&provider.address)));
    editor.open("file:///w/a.rs", HALF);
    editor.ask("file:///w/a.rs", HALF);
    provider.request();
    // Our end of its output is closed with the next answer.
    drop(std::mem::replace(&mut editor.heard, channel().1));
    editor.request("byok/usageSummary", &json!({}));
    editor.reading.take().unwrap().join().unwrap();
    // The one behind it finds nobody.
    let _ = editor.try_send(&json!({"jsonrpc": "2.0", "id": -1, "method": "nobody/knows"}));
    assert_eq!(editor.end(), Some(1));
    provider.closed();
    assert_eq!(booked(folder.path()), "today $0, 1 calls");
}

/// Its other children may hold the pipes open; here this test does.
#[cfg(target_os = "linux")]
#[test]
fn an_editor_whose_process_has_ended_ends_the_server_and_its_call_is_booked() {
    let folder = folder();
    let provider = Scripted::start(vec![Step::Stall]);
    let server = server(folder.path(), Some(&provider.address));
    // A shell that stands for the editor, and has something left to do, so that it stays.
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$0\" serve; exit $?"]);
    shell.arg(server.get_program());
    at_home(&mut shell, folder.path());
    let mut editor = Editor::start_for(shell, &[], |shell| json!(shell.id()));
    editor.open("file:///w/a.rs", HALF);
    editor.ask("file:///w/a.rs", HALF);
    provider.request();
    // Refused, so that it takes nothing back of the first.
    let again = json!({"processId": null, "rootUri": null, "capabilities": {}});
    let again = editor.request("initialize", &again);
    assert!(editor.answer(again)["error"].is_object());
    editor.signal("-KILL");
    let end = loop {
        match editor.heard.recv_timeout(DEADLINE) {
            Ok(_) => {}
            Err(end) => break end,
        }
    };
    assert_eq!(end, RecvTimeoutError::Disconnected);
    provider.closed();
    assert_eq!(booked(folder.path()), "today $0, 1 calls");
}

/// An editor outside of the server's container names a process that is nobody's or somebody else's here.
#[cfg(target_os = "linux")]
#[test]
fn a_process_that_is_not_above_the_server_is_not_taken_for_its_editor() {
    let folder = folder();
    let mut other = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let named = json!(other.id());
    let mut editor = Editor::start_for(server(folder.path(), None), &[], |_| named.clone());
    other.kill().unwrap();
    other.wait().unwrap();
    for process_id in [named, json!(i64::from(i32::MAX)), json!(-1), json!(1.5)] {
        // One that has ended by the time that it is named, and what is no process.
        let told = process_id.clone();
        let mut late = Editor::start_for(server(folder.path(), None), &[], |_| told.clone());
        let id = late.request("byok/usageSummary", &json!({}));
        assert!(late.answer(id)["result"].is_object(), "{process_id}");
    }
    let id = editor.request("byok/usageSummary", &json!({}));
    assert!(editor.answer(id)["result"].is_object());
    editor.finish();
}

#[test]
fn an_input_that_ends_in_the_middle_of_a_frame_ends_the_server_and_what_was_asked_before_is_answered()
 {
    let folder = folder();
    let mut editor = Editor::start(server(folder.path(), None));
    let id = editor.request("byok/usageSummary", &json!({}));
    let mut input = editor.input.take().unwrap();
    input
        .write_all(b"Content-Length: 5000\r\n\r\n{\"jsonrpc\": \"2.0\", \"id\": 7, \"meth")
        .unwrap();
    drop(input);
    assert!(editor.answer(id)["result"].is_object());
    assert_eq!(editor.end(), Some(1));
}

/// The server must read on, or an editor that writes before it reads would never get to reading; and must not outlive it.
#[test]
fn an_editor_that_reads_nothing_is_heard_to_its_end() {
    let folder = folder();
    let mut process = server(folder.path(), None)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = process.stdout.take().unwrap();
    let mut input = process.stdin.take().unwrap();
    // Their answers are more than the pipe to the editor holds.
    for id in 1..5000 {
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "nobody/knows"}).to_string();
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }
    drop(input);
    let (sender, ended) = channel();
    std::thread::spawn(move || sender.send(process.wait().unwrap().code()));
    // The other end of the pipe is still open, and full.
    assert_eq!(ended.recv_timeout(DEADLINE).unwrap(), Some(1));
    drop(output);
}

#[test]
fn without_room_on_the_disk_suggestions_go_on_and_it_is_told_that_nothing_is_booked() {
    let folder = folder();
    let provider = Scripted::start(answering("42;"));
    let command = server(folder.path(), Some(&provider.address));
    // No file may become larger than 4 kB, and whoever tries is told so rather than killed: what a full disk does, without one.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" serve"]);
    limited.arg(command.get_program());
    at_home(&mut limited, folder.path());
    let mut editor = Editor::start(limited);
    assert_eq!(editor.suggestions(), ["42;"]);
    editor.told("window/showMessage", "ledger");
    assert_eq!(editor.suggestions(), ["42;"]);
    editor.finish();
}

#[test]
fn with_a_home_that_cannot_be_written_suggestions_go_on() {
    let folder = folder();
    let provider = Scripted::start(answering("42;"));
    let mut command = server(folder.path(), Some(&provider.address));
    // Nobody makes a file there, the administrator included.
    let home = Path::new(if cfg!(target_os = "linux") {
        "/proc"
    } else {
        "/dev"
    });
    for name in [
        "XDG_STATE_HOME",
        "XDG_CACHE_HOME",
        "XDG_DATA_HOME",
        "BYOK_LEDGER",
        "BYOK_CACHE",
    ] {
        command.env_remove(name);
    }
    command.env("HOME", home);
    let mut editor = Editor::start(command);
    assert_eq!(editor.suggestions(), ["42;"]);
    editor.finish();
}

#[test]
fn a_name_that_nobody_resolves_is_told_and_booked_as_nothing() {
    let folder = folder();
    // A label is 63 letters at the most, so no resolver asks anybody for this one.
    let nowhere = format!("https://{}.invalid", "x".repeat(64));
    let mut editor = Editor::start(server(folder.path(), Some(&nowhere)));
    assert_eq!(editor.suggestions(), Vec::<String>::new());
    editor.told("byok/usage", "\"outcome\":\"failed\"");
    editor.told("byok/status", "cannot be reached");
    editor.finish();
}

#[test]
fn a_network_that_is_lost_and_comes_back_needs_nothing_of_the_user() {
    let folder = folder();
    let provider = Scripted::start(answering("42;"));
    let (lost, back) = lossy(&provider.address);
    let mut editor = Editor::start(server(folder.path(), Some(&back.address)));
    assert_eq!(editor.suggestions(), ["42;"]);
    lost(true);
    assert_eq!(editor.suggestions(), Vec::<String>::new());
    lost(false);
    assert_eq!(editor.suggestions(), ["42;"]);
    editor.finish();
}

/// What lies between the server and its provider.
struct Between {
    address: String,
}

/// Returns a way to lose and mend the connections between the two, those that are open included.
fn lossy(provider: &str) -> (impl Fn(bool), Between) {
    use std::net::{Shutdown, TcpStream};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};
    let provider = provider.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let is_lost = Arc::new(AtomicBool::new(false));
    let open = Arc::new(Mutex::new(Vec::<TcpStream>::new()));
    let (is_down, sockets) = (is_lost.clone(), open.clone());
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            if is_down.load(Ordering::Relaxed) {
                continue;
            }
            let far = TcpStream::connect(&provider).unwrap();
            for (from, to) in [(&near, &far), (&far, &near)] {
                let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
            sockets.lock().unwrap().extend([near, far]);
        }
    });
    let lose = move |now: bool| {
        is_lost.store(now, Ordering::Relaxed);
        for socket in open.lock().unwrap().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    };
    (lose, Between { address })
}

/// A machine that sleeps: nothing of the process runs while its provider's connection goes stale. How far the clocks of a machine that
/// wakes have jumped cannot be had here; that waits are over when it wakes can.
#[test]
fn a_server_that_was_asleep_gives_the_stale_call_up_and_asks_anew() {
    let folder = folder();
    let provider = Scripted::start(vec![Step::Stall]);
    let mut editor = Editor::start(server(folder.path(), Some(&provider.address)));
    editor.open("file:///w/a.rs", HALF);
    let id = editor.ask("file:///w/a.rs", HALF);
    provider.request();
    editor.signal("-STOP");
    // Longer than the limit of a second; what is tested is what follows from the time that has passed.
    let _ = editor.heard.recv_timeout(Duration::from_millis(1500));
    provider.set(answering("42;"));
    editor.signal("-CONT");
    assert_eq!(editor.answer(id)["result"]["items"], json!([]));
    // The limit that passed meanwhile ended it, and not the minute that any suggestion may take.
    editor.told("byok/status", "did not begin to answer");
    provider.closed();
    assert_eq!(editor.suggestions(), ["42;"]);
    editor.finish();
}

#[cfg(target_os = "linux")]
#[test]
fn a_provider_that_floods_is_hung_up_on_and_nothing_of_it_is_kept() {
    let folder = folder();
    let piece = json!({"choices": [{"text": "x"}]}).to_string();
    let Step::Send(piece) = event(&piece) else {
        unreachable!()
    };
    // 64 MB without an end of the line, as fast as the socket takes them.
    let flood = piece.repeat(64_000_000 / piece.len());
    let provider = Scripted::start(vec![stream_head(), Step::Send(flood), Step::Stall]);
    let mut editor = Editor::start(server(folder.path(), Some(&provider.address)));
    let before = editor.resident();
    for _ in 0..3 {
        editor.suggestions();
    }
    let grown = editor.resident().saturating_sub(before);
    assert!(grown < 64, "{grown} MiB");
    editor.finish();
}

/// What holds no text is never too long a suggestion, so that the length of the answer itself is looked at.
#[test]
fn a_provider_that_floods_without_a_word_is_hung_up_on_long_before_its_time_is_up() {
    let silent = json!({"choices": [{"text": ""}]}).to_string();
    for step in [chunk(b": a comment\n\n"), event(&silent)] {
        let Step::Send(piece) = step else {
            unreachable!()
        };
        let folder = folder();
        let flood = Step::Send(piece.repeat((1 << 20) / piece.len()));
        // 64 MB, then nothing: whoever reads on to the end says that nothing more came.
        let mut script = vec![stream_head()];
        script.extend(std::iter::repeat_n(flood, 64));
        script.push(Step::Stall);
        let provider = Scripted::start(script);
        let mut editor = Editor::start(server(folder.path(), Some(&provider.address)));
        assert_eq!(editor.suggestions(), Vec::<String>::new());
        editor.told("byok/status", "many times the length that was asked for");
        editor.finish();
    }
}
