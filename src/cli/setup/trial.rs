//! Tries what editors will do: starts the server, opens a document, asks for one completion of the embedded engine, which costs nothing and
//! asks nobody.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The last request's id; those before it ask for the suggestion.
const LAST: u64 = 100;

/// How long to wait before it is asked for again.
const PAUSE: Duration = Duration::from_millis(50);

/// No answer to this is longer.
const MAX_BYTES: usize = 1024 * 1024;

/// A line is half typed that the embedded engine can continue, since it stands above.
const TEXT: &str = "fn a() {\n    let total = compute(left, right);\n}\n\nfn b() {\n    let total = compute(left, right);\n}\n\nfn c() {\n    let tot\n}\n";

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Trial {
    /// Whether a suggestion came.
    pub ok: bool,
    /// What happened, in a sentence.
    pub says: String,
}

/// Tries a server's program.
pub async fn run(program: &Path) -> Trial {
    let tried = match tokio::time::timeout(PATIENCE, converse(program)).await {
        Ok(tried) => tried,
        Err(_) => Err(anyhow::anyhow!(
            "the server did not answer within {} s",
            PATIENCE.as_secs()
        )),
    };
    match tried {
        Ok(label) => Trial {
            ok: true,
            says: format!("the server starts and suggests \"{label}\", for nothing"),
        },
        Err(error) => Trial {
            ok: false,
            says: format!("{error:#}"),
        },
    }
}

async fn converse(program: &Path) -> anyhow::Result<String> {
    let mut child = Command::new(program)
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} cannot be started", program.display()))?;
    let mut to = child.stdin.take().context("its input is ours")?;
    let mut from = BufReader::new(child.stdout.take().context("its output is ours")?);
    let options = json!({"completion": {"model": "local"}});
    let capabilities = json!({"textDocument": {"completion": {}}});
    let initialize = json!({"processId": null, "rootUri": null, "capabilities": capabilities, "initializationOptions": options});
    send(&mut to, Some(1), "initialize", initialize).await?;
    answer(&mut from, 1).await?;
    send(&mut to, None, "initialized", json!({})).await?;
    let uri = "file:///byok-lsp-setup/trial.rs";
    let document = json!({"uri": uri, "languageId": "rust", "version": 1, "text": TEXT});
    send(
        &mut to,
        None,
        "textDocument/didOpen",
        json!({"textDocument": document}),
    )
    .await?;
    let label = suggestion(&mut to, &mut from, uri).await?;
    send(&mut to, Some(LAST), "shutdown", Value::Null).await?;
    answer(&mut from, LAST).await?;
    send(&mut to, None, "exit", Value::Null).await?;
    drop(to);
    child.wait().await?;
    Ok(label)
}

/// Asks for the suggestion. The server reads a document behind its being opened, so at first it may have none.
async fn suggestion(
    to: &mut ChildStdin,
    from: &mut BufReader<ChildStdout>,
    uri: &str,
) -> anyhow::Result<String> {
    for id in 2..LAST {
        let place = json!({"textDocument": {"uri": uri}, "position": {"line": 9, "character": 11}, "context": {"triggerKind": 1}});
        send(to, Some(id), "textDocument/completion", place).await?;
        let completion = answer(from, id).await?;
        if let Some(label) = completion["items"][0]["label"].as_str() {
            return Ok(label.to_owned());
        }
        tokio::time::sleep(PAUSE).await;
    }
    bail!("the server started and had no suggestion where it should have one")
}

async fn send(
    to: &mut ChildStdin,
    id: Option<u64>,
    method: &str,
    params: Value,
) -> anyhow::Result<()> {
    let mut message = json!({"jsonrpc": "2.0", "method": method});
    if let Some(id) = id {
        message["id"] = id.into();
    }
    if !params.is_null() {
        message["params"] = params;
    }
    let body = message.to_string();
    let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
    to.write_all(frame.as_bytes())
        .await
        .context("the server ended")
}

/// Waits for the answer to a request; what else the server says is passed over.
async fn answer(from: &mut BufReader<ChildStdout>, id: u64) -> anyhow::Result<Value> {
    loop {
        let mut message = receive(from).await?;
        if message["id"] == id && message.get("method").is_none() {
            if let Some(error) = message.get("error") {
                bail!("the server refused: {error}");
            }
            return Ok(message["result"].take());
        }
    }
}

async fn receive(from: &mut BufReader<ChildStdout>) -> anyhow::Result<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        let mut bounded = (&mut *from).take(1024);
        if bounded.read_line(&mut line).await? == 0 {
            bail!("the server ended");
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length:") {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let length = length
        .filter(|length| *length <= MAX_BYTES)
        .context("the server does not speak the protocol")?;
    let mut body = vec![0; length];
    from.read_exact(&mut body).await?;
    serde_json::from_slice(&body).context("the server does not speak the protocol")
}
