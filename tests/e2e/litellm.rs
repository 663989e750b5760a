//! The server and a real LiteLLM proxy in front of a real `llama-server`. `tests/run litellm` installs it and names it in `BYOK_LITELLM`;
//! without that variable these tests say that they are skipped.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use byok_lsp::config::Wire;
use byok_lsp::provider::{Error, Event};
use serde_json::{Value, json};

use crate::client::Builder;
use crate::peer::{Llama, PATIENCE, Running, free_port, read_all, until};
use crate::spoken::VARIABLE;

/// The wires that it speaks to clients.
const WIRES: [(&str, Wire); 2] = [
    ("openai-chat", Wire::OpenAiChat),
    ("anthropic-messages", Wire::AnthropicMessages),
];

/// The key of the model server behind the proxy, which clients do not know.
const BEHIND: &str = "behind";

/// Importing all its modules takes some 6 s on an idle machine.
const START: Duration = Duration::from_mins(3);

/// A running proxy and the model server behind it.
struct Proxy {
    _process: Running,
    _folder: tempfile::TempDir,
    llama: Llama,
    port: u16,
}

impl Proxy {
    /// Starts both and waits until they are ready; `None` where the proxy is not named.
    fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("BYOK_LITELLM") else {
            eprintln!("skipped: BYOK_LITELLM names no LiteLLM; tests/run litellm installs it");
            return None;
        };
        let llama = Llama::start_with_key(BEHIND)?;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        let port = free_port();
        // JSON is YAML too.
        let config = json!({
            "model_list": [{
                "model_name": "tiny",
                "litellm_params": {
                    "model": "openai/tiny", "api_key": BEHIND,
                    "api_base": format!("http://127.0.0.1:{}/v1", llama.port),
                },
            }],
            "general_settings": {"master_key": std::env::var(VARIABLE).unwrap()},
        });
        std::fs::write(&path, config.to_string()).unwrap();
        let process = Command::new(program)
            .arg("--config")
            .arg(&path)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            // Its table of prices comes from its own files, not from the network.
            .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("BYOK_LITELLM can be started");
        let proxy = Self {
            _process: Running(process),
            _folder: folder,
            llama,
            port,
        };
        until("the proxy is ready", START, || proxy.is_ready());
        Some(proxy)
    }

    fn is_ready(&self) -> bool {
        std::thread::sleep(Duration::from_millis(100));
        let ask = || {
            let mut connection = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
            write!(connection, "GET /health/liveliness HTTP/1.0\r\n\r\n").ok()?;
            let mut answer = String::new();
            connection.read_to_string(&mut answer).ok()?;
            Some(answer)
        };
        ask().is_some_and(|answer| answer.contains("200 OK"))
    }

    fn config(&self, wire: &str, max_tokens: u32) -> Value {
        json!({
            "completion": {"model": "litellm/tiny", "debounce_ms": 0, "max_tokens": max_tokens, "max_lines": 100},
            "providers": {"litellm": {
                "wire": wire, "base_url": format!("http://127.0.0.1:{}/v1", self.port), "key": {"env": VARIABLE},
            }},
        })
    }
}

#[test]
fn a_real_proxy_streams_is_cancelled_to_the_model_behind_it_and_refuses_a_wrong_key() {
    let Some(proxy) = Proxy::start() else { return };
    let key = std::env::var(VARIABLE).unwrap();
    for (name, wire) in WIRES {
        streams(&proxy, wire, &key);
        completes(&proxy, name);
        cancels(&proxy, name);
        assert_eq!(
            read_all(proxy.port, wire, "wrong"),
            Err(Error::Unauthorized),
            "{name}"
        );
    }
}

/// A whole answer comes in pieces, with its tokens.
fn streams(proxy: &Proxy, wire: Wire, key: &str) {
    let events = read_all(proxy.port, wire, key).unwrap();
    let is_text = |event: &&Event| matches!(event, Event::Text(_));
    assert!(events.iter().filter(is_text).count() > 1, "{events:?}");
    let tokens = events.iter().rev().find_map(|event| match event {
        Event::Usage(usage) => Some(usage.tokens),
        _ => None,
    });
    let tokens = tokens.unwrap_or_else(|| panic!("{wire:?}: {events:?}"));
    assert_eq!(tokens.output, 24, "{wire:?}: {events:?}");
    assert!(tokens.input_total() > 0, "{wire:?}: {events:?}");
}

/// A completion through it is booked as one through somebody who bills.
fn completes(proxy: &Proxy, wire: &str) {
    let mut client = Builder::default().config(proxy.config(wire, 24)).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    client.answer(id);
    let usage = client.notification("byok/usage");
    assert_eq!(usage["outcome"], "completed", "{wire}: {usage}");
    assert_eq!(usage["payer"], "you: through a server on this machine");
    client.finish();
}

/// Whoever leaves is noticed by the model behind the proxy, since the proxy's socket was closed.
fn cancels(proxy: &Proxy, wire: &str) {
    let mut client = Builder::default().config(proxy.config(wire, 4096)).start();
    let at = client.open("let x = ˇ");
    let id = client.ask(&at);
    until("the model is busy", PATIENCE, || proxy.llama.is_busy());
    client.cancel(id);
    client.texts(id);
    until("the model is idle", PATIENCE, || !proxy.llama.is_busy());
    let usage = client.notification("byok/usage");
    assert_eq!(usage["totals"]["session"]["calls"], 1, "{wire}: {usage}");
    client.finish();
}
