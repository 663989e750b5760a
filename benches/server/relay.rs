//! The least that any server could do: a process that passes a request on to the provider and its answer back, on one thread, and looks at
//! neither. What it takes is the machine's own time; a server's overhead is to be read beside it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::provider::SUGGESTED;

/// The argument that makes this program a relay.
pub const ARGUMENT: &str = "--relay";

/// How much text a relay sends: what the server's window holds.
const WINDOW: usize = 10 * 1024;

/// Relays until the editor hangs up.
pub fn run() {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout());
    let mut buffer = Vec::new();
    let mut provider = None;
    let request = json!({"model": "m", "prompt": "    let doubled = value * 2;\n".repeat(WINDOW / 29) + "    let doubled = value * 2;", "suffix": ""});
    let request = request.to_string();
    let request = format!(
        "POST /v1/completions HTTP/1.1\r\nhost: relay\r\ncontent-length: {}\r\n\r\n{request}",
        request.len()
    );
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = input.read(&mut chunk) {
        buffer.extend_from_slice(&chunk[..length]);
        while let Some((body, rest)) = super::editor::split(&buffer) {
            let message: Value = serde_json::from_slice(body).expect("the editor sends JSON");
            buffer.drain(..buffer.len() - rest);
            let result = match message["method"].as_str() {
                Some("initialize") => {
                    let address =
                        message["params"]["initializationOptions"]["providers"]["mock"]["base_url"]
                            .as_str();
                    let address = address
                        .expect("the scenario names its provider")
                        .trim_start_matches("http://")
                        .trim_end_matches("/v1");
                    let connection = TcpStream::connect(address).expect("the provider listens");
                    connection.set_nodelay(true).expect("it is a socket");
                    provider = Some(connection);
                    json!({})
                }
                Some("textDocument/inlineCompletion") => {
                    let provider = provider.as_mut().expect("it was initialized");
                    provider
                        .write_all(request.as_bytes())
                        .expect("the provider reads");
                    // The scripted answer comes in one piece.
                    assert!(provider.read(&mut chunk).is_ok_and(|length| length > 0));
                    json!({"items": [{"insertText": SUGGESTED}]})
                }
                _ => Value::Null,
            };
            if message.get("id").is_some() {
                let answer =
                    json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string();
                let frame = format!("Content-Length: {}\r\n\r\n{answer}", answer.len());
                output
                    .write_all(frame.as_bytes())
                    .and_then(|()| output.flush())
                    .expect("the editor reads");
            }
        }
    }
}
