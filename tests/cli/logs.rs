//! `byok-lsp logs` and `byok-lsp bug-report`: what a session leaves in the log, and what is told of it.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::scripted::{Scripted, Step};
use super::{byok, stderr, stdout};

/// What is in the document, and what must be in no log.
const TEXT: &str = "let confidential = ";

/// What the model says, and the provider in an error.
const ANSWER: &str = "words_of_the_model";

/// Returns the whole session of an editor that asks once.
fn session() -> Vec<u8> {
    let document =
        json!({"uri": "file:///w/a.rs", "languageId": "rust", "version": 1, "text": TEXT});
    let client = json!({"name": "an editor", "version": "1.2"});
    let at = json!({"line": 0, "character": TEXT.len()});
    [
        json!({"id": 1, "method": "initialize", "params": {"processId": null, "rootUri": null, "capabilities": {}, "clientInfo": client}}),
        json!({"method": "initialized", "params": {}}),
        json!({"method": "textDocument/didOpen", "params": {"textDocument": document}}),
        json!({"id": 72, "method": "textDocument/inlineCompletion", "params": {
            "textDocument": {"uri": "file:///w/a.rs"}, "position": at, "context": {"triggerKind": 1}
        }}),
    ]
    .map(|mut message| {
        message["jsonrpc"] = "2.0".into();
        let body = message.to_string();
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    })
    .concat()
    .into_bytes()
}

/// Runs it against a provider, waits for the answer, and ends it as editors do.
fn serve(folder: &Path, answer: Vec<Step>) -> Scripted {
    let provider = Scripted::start(answer);
    let log = std::fs::read_to_string(folder.join("log.toml")).unwrap_or_default();
    let config = format!(
        "[completion]\nmodel = \"mock/m\"\ndebounce_ms = 0\n{log}[providers.mock]\nwire = \"openai-completions\"\nbase_url = \"{}/v1\"\nkey = \"none\"\n",
        provider.address
    );
    std::fs::write(folder.join("config.toml"), config).unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_byok-lsp"))
        .arg("serve")
        .env("BYOK_CONFIG", folder.join("config.toml"))
        .env("BYOK_LEDGER", folder.join("ledger.sqlite3"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = server.stdin.take().unwrap();
    input.write_all(&session()).unwrap();
    let mut output = server.stdout.take().unwrap();
    let (mut heard, mut chunk) = (Vec::new(), [0; 4096]);
    let is_answered = |heard: &[u8]| String::from_utf8_lossy(heard).contains("\"id\":72");
    while !is_answered(&heard) {
        let length = output.read(&mut chunk).unwrap();
        assert!(length > 0, "{}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&chunk[..length]);
    }
    for body in [
        r#"{"jsonrpc":"2.0","id":99,"method":"shutdown"}"#,
        r#"{"jsonrpc":"2.0","method":"exit"}"#,
    ] {
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }
    let _ = output.read_to_end(&mut heard);
    assert_eq!(server.wait().unwrap().code(), Some(0));
    provider
}

fn good() -> Vec<Step> {
    let body = format!(
        "data: {{\"choices\":[{{\"text\":\"{ANSWER}\",\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
    );
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req-of-the-provider\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    vec![Step::Send((head + &body).into_bytes())]
}

fn bad() -> Vec<Step> {
    let body =
        json!({"error": {"message": format!("cannot take {TEXT} nor {ANSWER}")}}).to_string();
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    vec![Step::Send((head + &body).into_bytes())]
}

fn lines(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let told = byok(folder, &[&["logs", "--json"], arguments].concat());
    assert!(told.status.success(), "{}", stderr(&told));
    let text = stdout(&told);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn the_log_joins_the_editors_request_the_call_and_the_providers_name_for_it() {
    let folder = folder();
    serve(folder.path(), good());
    let all = lines(folder.path(), &[]);
    let call = all
        .iter()
        .find(|line| line["message"] == "a model call")
        .unwrap();
    assert_eq!(
        call["request"],
        json!({"id": "72", "method": "textDocument/inlineCompletion"})
    );
    assert_eq!(call["provider_request"], "req-of-the-provider");
    assert_eq!(call["model"], "mock/m");
    let row = byok(
        folder.path(),
        &["route", "explain", "--call", call["call"].as_str().unwrap()],
    );
    assert!(
        row.status.success(),
        "the call is in the ledger: {}",
        stderr(&row)
    );
    let editor = all
        .iter()
        .find(|line| line["message"] == "an editor")
        .unwrap();
    assert_eq!(
        (&editor["editor"], &editor["version"]),
        (&json!("an editor"), &json!("1.2"))
    );
    assert_eq!(all.last().unwrap()["message"], "a server ends");

    let told = stdout(&byok(folder.path(), &["logs", "--since", "1h"]));
    assert!(
        told.contains("request=textDocument/inlineCompletion#72"),
        "{told}"
    );
    assert!(lines(folder.path(), &["--level", "warn"]).is_empty());
    assert_eq!(lines(folder.path(), &["-n", "1"]).len(), 1);
    let path = stdout(&byok(folder.path(), &["logs", "--path"]));
    assert_eq!(
        path.trim(),
        folder.path().join("logs/byok-lsp.log").to_str().unwrap()
    );
}

#[test]
fn neither_the_log_nor_the_report_has_a_word_of_the_document_or_of_the_model_at_any_level() {
    for level in ["info", "debug"] {
        let folder = folder();
        std::fs::write(
            folder.path().join("log.toml"),
            format!("[log]\nlevel = \"{level}\"\n"),
        )
        .unwrap();
        serve(folder.path(), good());
        serve(folder.path(), bad());
        let log = std::fs::read_to_string(folder.path().join("logs/byok-lsp.log")).unwrap();
        assert!(log.contains("\"fault\":\"rejected\""), "{log}");
        let written = byok(folder.path(), &["bug-report", "--output", "report.txt"]);
        assert!(written.status.success(), "{}", stderr(&written));
        assert!(
            stdout(&written).contains("report.txt")
                && stdout(&written).contains("Nothing was sent")
        );
        let report = std::fs::read_to_string(folder.path().join("report.txt")).unwrap();
        for part in [
            "byok-lsp 0.",
            "schema version ",
            "model = \"mock/m\"",
            "BYOK_CONFIG",
            "ledger",
            "a model call",
        ] {
            assert!(report.contains(part), "{part}: {report}");
        }
        for text in [log, report] {
            assert!(
                !text.contains("confidential") && !text.contains(ANSWER),
                "{level}: {text}"
            );
        }
        let again = byok(folder.path(), &["bug-report", "--output", "report.txt"]);
        assert!(!again.status.success(), "what is there is not overwritten");
    }
}

#[test]
fn no_log_is_written_where_none_is_wanted_and_one_that_cannot_be_written_is_no_fault() {
    let folder = folder();
    std::fs::write(folder.path().join("log.toml"), "[log]\nlevel = \"off\"\n").unwrap();
    serve(folder.path(), good());
    assert!(!folder.path().join("logs").exists());
    assert!(stderr(&byok(folder.path(), &["logs"])).contains("there is no log yet"));
    // A file is where the folder would have to be.
    std::fs::remove_file(folder.path().join("log.toml")).unwrap();
    std::fs::write(folder.path().join("logs"), "").unwrap();
    serve(folder.path(), good());
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let folder = folder();
    assert!(byok(folder.path(), &["man", "pages"]).status.success());
    let pages = folder.path().join("pages");
    for page in ["byok-lsp.1", "byok-lsp-logs.1", "byok-lsp-key-set.1"] {
        let text = std::fs::read_to_string(pages.join(page)).unwrap();
        assert!(text.contains(".TH byok-lsp"), "{page}");
    }
}
