//! The server and a real model server: `llama-server` with a tiny random model, if it is installed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Builder;

/// A running `llama-server`; it is ended with the value.
struct Llama {
    process: Child,
    port: u16,
}

impl Drop for Llama {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Llama {
    /// Starts it and waits until it is ready; `None` where it is not installed, which continuous integration does not accept.
    fn start() -> Option<Self> {
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
        let model = folder.join("tiny.gguf");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/tiny_gguf.py");
        let made = Command::new("python3")
            .arg(script)
            .arg(&model)
            .status()
            .expect("python3");
        assert!(made.success());
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
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
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("llama-server starts");
        let llama = Self { process, port };
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
