//! The real binary on whatever an editor, a script or a shell connects to its stdin and stdout.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "support/scripted.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest of it")]
mod scripted;

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A session from the first message to the last.
fn session() -> Vec<u8> {
    let text = "fn a() {}\\n".repeat(20_000);
    [
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"rootUri":null,"capabilities":{}}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#.into(),
        // Longer than a pipe holds.
        format!(r#"{{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{{"textDocument":{{"uri":"file:///a.rs","languageId":"rust","version":1,"text":"{text}"}}}}}}"#),
        r#"{"jsonrpc":"2.0","id":2,"method":"shutdown"}"#.into(),
        r#"{"jsonrpc":"2.0","method":"exit"}"#.into(),
    ]
    .map(|body| format!("Content-Length: {}\r\n\r\n{body}", body.len()))
    .concat()
    .into_bytes()
}

fn server(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_byok-lsp"));
    command
        .arg("serve")
        .env("BYOK_CONFIG", folder.path().join("config.toml"))
        .env("BYOK_LEDGER", folder.path().join("ledger.sqlite3"))
        .stderr(Stdio::null());
    command
}

fn assert_answered(output: &str) {
    for answer in [r#""id":1"#, r#""id":2"#] {
        assert!(output.contains(answer), "no {answer} in {output}");
    }
}

#[test]
fn a_call_that_is_under_way_when_the_system_ends_the_server_is_booked() {
    let folder = tempfile::tempdir().unwrap();
    let provider = scripted::Scripted::start(vec![scripted::Step::Stall]);
    let config = format!(
        "[completion]\nmodel = \"mock/m\"\ndebounce_ms = 0\n[providers.mock]\nwire = \"openai-completions\"\nbase_url = \"{}/v1\"\nkey = \"none\"\n",
        provider.address
    );
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let mut process = server(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    let bodies = [
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"rootUri":null,"capabilities":{}}}"#,
        r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///a.rs","languageId":"rust","version":1,"text":"fn a() {}"}}}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"textDocument/inlineCompletion","params":{"textDocument":{"uri":"file:///a.rs"},"position":{"line":0,"character":8},"context":{"triggerKind":1}}}"#,
    ];
    for body in bodies {
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }
    provider.request();
    let id = process.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(told.success());
    assert_eq!(process.wait().unwrap().code(), Some(1));
    let doctor = Command::new(env!("CARGO_BIN_EXE_byok-lsp"))
        .args(["doctor", "--offline"])
        .env("BYOK_CONFIG", folder.path().join("none.toml"))
        .env("BYOK_LEDGER", folder.path().join("ledger.sqlite3"))
        .output()
        .unwrap();
    let text = String::from_utf8(doctor.stdout).unwrap();
    assert!(text.contains(", 1 calls"), "{text}");
}

#[test]
fn an_editor_may_connect_pairs_of_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let (mut input, server_input) = UnixStream::pair().unwrap();
    let (mut output, server_output) = UnixStream::pair().unwrap();
    let mut process = server(&folder)
        .stdin(OwnedFd::from(server_input))
        .stdout(OwnedFd::from(server_output))
        .spawn()
        .unwrap();
    let writing = std::thread::spawn(move || input.write_all(&session()).map(|()| input));
    let mut answers = String::new();
    output.read_to_string(&mut answers).unwrap();
    assert!(process.wait().unwrap().success());
    assert_answered(&answers);
    writing.join().unwrap().unwrap();
}

#[test]
fn a_shell_may_connect_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session");
    std::fs::write(&path, session()).unwrap();
    let mut output = tempfile::tempfile().unwrap();
    let status = server(&folder)
        .stdin(File::open(path).unwrap())
        .stdout(output.try_clone().unwrap())
        .status()
        .unwrap();
    assert!(status.success());
    let mut answers = String::new();
    output.rewind().unwrap();
    output.read_to_string(&mut answers).unwrap();
    assert_answered(&answers);
}

#[test]
fn an_editor_that_reads_nothing_until_it_has_written_all_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = server(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    input.write_all(&session()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_answered(&String::from_utf8(output.stdout).unwrap());
}
