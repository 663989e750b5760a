//! Real servers that the tests start, and one request to such a server without an editor in between.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use byok_lsp::config::{Quirks, Wire};
use byok_lsp::provider::{
    Call, Error, Event, Fill, Http, Input, Message, Place, Provider as _, Remote, Role,
};
use futures_util::TryStreamExt as _;
use serde_json::Value;

/// How long a local server may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running `llama-server`; it is ended with the value.
pub struct Llama {
    _process: Running,
    /// Where it listens on loopback.
    pub port: u16,
    key: Option<&'static str>,
    model: PathBuf,
}

impl Drop for Llama {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.model);
    }
}

/// A process that is ended with the value.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns a port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Tries again and again until the condition holds.
pub fn until(what: &str, limit: Duration, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + limit;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::yield_now();
    }
}

impl Llama {
    /// Starts it and waits until it is ready; `None` where it is not installed, which continuous integration does not accept.
    pub fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// Starts one that takes this key and no other.
    pub fn start_with_key(key: &'static str) -> Option<Self> {
        Self::start_with(Some(key))
    }

    fn start_with(key: Option<&'static str>) -> Option<Self> {
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
        let port = free_port();
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
            .args(key.map(|key| ["--api-key", key]).into_iter().flatten())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("llama-server starts");
        let llama = Self {
            _process: Running(process),
            port,
            key,
            model,
        };
        until("it is ready", PATIENCE, || {
            llama
                .get("/health")
                .is_some_and(|health| health["status"] == "ok")
        });
        Some(llama)
    }

    fn get(&self, path: &str) -> Option<Value> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let key = self.key.unwrap_or_default();
        write!(
            connection,
            "GET {path} HTTP/1.0\r\nauthorization: Bearer {key}\r\n\r\n"
        )
        .ok()?;
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

    /// Returns whether it works on an answer.
    pub fn is_busy(&self) -> bool {
        self.get("/slots")
            .is_some_and(|slots| slots[0]["is_processing"] == true)
    }
}

/// Sends a request of a wire to a server with a key, and reads the answer to its end.
pub fn read_all(port: u16, wire: Wire, key: &str) -> Result<Vec<Event>, Error> {
    let call = call(&format!("http://127.0.0.1:{port}"), wire, key);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stream = Remote::new(Http::new(&Arc::default()), wire).stream(call);
    runtime.block_on(stream.try_collect())
}

/// A call for 24 tokens at an address, which is given without its version.
pub fn call(address: &str, wire: Wire, key: &str) -> Call {
    let input = if wire.fills() {
        Input::Fill(Fill {
            files: Vec::new(),
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
            cacheable: false,
            role: Role::User,
            text: "hello".into(),
        }])
    };
    let header = (
        "authorization".parse().unwrap(),
        format!("Bearer {key}").parse().unwrap(),
    );
    Call {
        base_url: Some(format!("{address}/v1").parse().unwrap()),
        key: Some(header),
        model: "tiny".into(),
        input,
        max_tokens: 24,
        stop: Vec::new(),
        quirks: Quirks::default(),
    }
}
