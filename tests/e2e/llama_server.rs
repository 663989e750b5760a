//! The server and a real model server: `llama-server` with a tiny random model, if it is installed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use byok_lsp::config::{Quirks, Wire};
use byok_lsp::provider::{
    Call, Error, Event, Fill, Finish, Http, Input, Message, Place, Provider as _, Remote, Role,
};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};

use crate::client::Builder;

/// A running `llama-server`; it is ended with the value.
struct Llama {
    process: Child,
    port: u16,
    model: PathBuf,
}

impl Drop for Llama {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(&self.model);
    }
}

impl Llama {
    /// Starts it and waits until it is ready; `None` where it is not installed, which continuous integration does not accept.
    fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    fn start_with(arguments: &[&str]) -> Option<Self> {
        if Command::new("llama-server")
            .arg("--version")
            .output()
            .is_err()
        {
            assert!(
                std::env::var_os("CI").is_none(),
                "llama-server is missing; tests/support/install_editors.sh installs it"
            );
            eprintln!(
                "skipped: llama-server is not installed; tests/run installs it on Debian as root"
            );
            return None;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        // Each server has a file of its own: one that is written anew under a running server crashes it.
        let model = folder.join(format!("tiny-{port}.gguf"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/tiny_gguf.py");
        let made = Command::new("python3")
            .arg(script)
            .arg(&model)
            .status()
            .expect("python3");
        assert!(made.success());
        let process = Command::new("llama-server")
            .args(["-m".as_ref(), model.as_os_str()])
            .args([
                "--alias",
                "tiny",
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ])
            .args(["-c", "65536", "-np", "1", "-t", "1", "--slots"])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("llama-server starts");
        let llama = Self {
            process,
            port,
            model,
        };
        Self::until("it is ready", || {
            llama
                .get("/health")
                .is_some_and(|health| health["status"] == "ok")
        });
        Some(llama)
    }

    /// Asks again and again, each time over a connection of its own, until the condition holds.
    fn until(what: &str, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !condition() {
            assert!(Instant::now() < deadline, "waited in vain until {what}");
            std::thread::yield_now();
        }
    }

    fn get(&self, path: &str) -> Option<Value> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(connection, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut reader = BufReader::new(connection);
        // The head ends at a blank line.
        let mut line = String::new();
        while reader.read_line(&mut line).ok()? > 2 {
            line.clear();
        }
        let mut body = String::new();
        reader.read_to_string(&mut body).ok()?;
        serde_json::from_str(&body).ok()
    }

    fn is_busy(&self) -> bool {
        self.get("/slots")
            .is_some_and(|slots| slots[0]["is_processing"] == true)
    }

    fn config(&self, max_tokens: u32) -> Value {
        json!({
            "completion": {"model": "llama-cpp/tiny", "debounce_ms": 0, "max_tokens": max_tokens, "max_lines": 100},
            "providers": {"llama-cpp": {"base_url": format!("http://127.0.0.1:{}/v1", self.port)}},
        })
    }
}

#[test]
fn a_real_model_server_streams_a_suggestion_and_tells_its_tokens() {
    let Some(llama) = Llama::start() else { return };
    let mut client = Builder::default().config(llama.config(16)).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    let answer = client.answer(id);
    assert!(answer["result"]["items"].is_array(), "{answer}");
    let usage = client.notification("byok/usage");
    assert_eq!(
        (&usage["provider"], &usage["outcome"]),
        (&json!("llama-cpp"), &json!("completed"))
    );
    assert_eq!(usage["payer"], "nobody: runs on this machine");
    assert_eq!(usage["cost"]["nanos"], 0);
    assert!(
        usage["tokens"]["input"].as_u64().unwrap() > 0
            && usage["tokens"]["output"].as_u64().unwrap() > 0,
        "{usage}"
    );
    client.finish();
}

#[test]
fn a_real_model_server_is_asked_over_every_wire_it_speaks() {
    let Some(llama) = Llama::start() else { return };
    let wires = [
        "openai-chat",
        "openai-completions",
        "openai-responses",
        "anthropic-messages",
        "llama-cpp-infill",
    ];
    for wire in wires {
        let mut config = llama.config(16);
        config["providers"]["llama-cpp"]["wire"] = json!(wire);
        let mut client = Builder::default().config(config).start();
        let at = client.open("fn main() {\n    let x = ˇ\n}\n");
        let id = client.ask(&at);
        client.answer(id);
        let usage = client.notification("byok/usage");
        assert_eq!(usage["outcome"], "completed", "{wire}: {usage}");
        let tokens = &usage["tokens"];
        assert!(
            tokens["input"].as_u64().unwrap() > 0 && tokens["output"].as_u64().unwrap() > 0,
            "{wire}: {usage}"
        );
        client.finish();
    }
}

/// Sends a request of a wire to the server with a key, and reads the answer to its end.
fn read_all(llama: &Llama, wire: Wire, key: &str) -> Result<Vec<Event>, Error> {
    let input = if wire.fills() {
        Input::Fill(Fill {
            prefix: "fn main() {".into(),
            suffix: "}\n".into(),
            place: Place {
                uri: "file:///a.rs".into(),
                text: "".into(),
                cursor: 0,
                max_lines: 1,
            },
        })
    } else {
        Input::Chat(vec![Message {
            role: Role::User,
            text: "hello".into(),
        }])
    };
    let header = (
        "authorization".parse().unwrap(),
        format!("Bearer {key}").parse().unwrap(),
    );
    let call = Call {
        base_url: Some(
            format!("http://127.0.0.1:{}/v1", llama.port)
                .parse()
                .unwrap(),
        ),
        key: Some(header),
        model: "tiny".into(),
        input,
        max_tokens: 24,
        stop: Vec::new(),
        quirks: Quirks::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stream = Remote::new(Http::new(&Arc::default()), wire).stream(call);
    runtime.block_on(stream.try_collect())
}

#[test]
fn a_real_answer_is_read_to_its_end_and_a_wrong_key_is_refused() {
    let Some(llama) = Llama::start_with(&["--api-key", "right"]) else {
        return;
    };
    for wire in [
        Wire::OpenAiChat,
        Wire::OpenAiCompletions,
        Wire::OpenAiResponses,
        Wire::AnthropicMessages,
        Wire::LlamaCppInfill,
    ] {
        let events = read_all(&llama, wire, "right").unwrap();
        let usage = events.iter().find_map(|event| match event {
            Event::Usage(usage) => Some(usage.tokens),
            _ => None,
        });
        let tokens = usage.unwrap_or_else(|| panic!("{wire:?}: {events:?}"));
        assert_eq!(tokens.output, 24, "{wire:?}: {events:?}");
        assert!(tokens.input_total() > 0, "{wire:?}: {events:?}");
        // Over Responses it calls an answer completed that met its limit.
        let finish = match wire {
            Wire::OpenAiResponses => Finish::Stop,
            _ => Finish::Length,
        };
        let end = Event::Finish(finish);
        assert!(events.contains(&end), "{wire:?}: {events:?}");
        assert!(
            events.iter().any(|event| matches!(event, Event::Text(_))),
            "{wire:?}: {events:?}"
        );
        assert_eq!(
            read_all(&llama, wire, "wrong"),
            Err(Error::Unauthorized),
            "{wire:?}"
        );
    }
}

#[test]
fn cancelling_stops_a_real_model_server() {
    let Some(llama) = Llama::start() else { return };
    let mut client = Builder::default().config(llama.config(4096)).start();
    let at = client.open("let x = ˇ");
    let id = client.ask(&at);
    Llama::until("it is busy", || llama.is_busy());
    client.cancel(id);
    client.texts(id);
    Llama::until("it is idle", || !llama.is_busy());
    client.finish();
}
