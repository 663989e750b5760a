//! The server and a provider over HTTP: what is sent, what is read, and that nobody waits for it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::channel;

use serde_json::{Value, json};

use crate::client::{Builder, Client, DEADLINE};
use crate::provider::{Scripted, Step, event, events, response, stream_end, stream_head};

const COMPLETIONS: &str = "openai-completions";

const TINY: &str = r#"{"data":[{"id":"tiny"}]}"#;

fn shows(model: &'static str) -> impl Fn(&Value) -> bool {
    move |message| message["method"] == "byok/status" && message["params"]["model"] == model
}

fn ask(client: &mut Client) -> Vec<String> {
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    client.texts(id)
}

/// Asks once and returns the suggestion and the usage.
fn ask_of(provider: &Scripted, wire: &str) -> (Vec<String>, Value) {
    let mut client = Builder::default().http(&provider.address, wire).start();
    let texts = ask(&mut client);
    let usage = client.notification("byok/usage");
    client.finish();
    (texts, usage)
}

#[test]
fn a_hole_is_sent_with_what_stands_after_it_and_filled_from_the_stream() {
    let provider = Scripted::start(vec![
        stream_head(),
        event(r#"{"model":"m-2","choices":[{"text":"1 +"}]}"#),
        event(r#"{"choices":[{"text":" 2;","finish_reason":"stop"}]}"#),
        event(r#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":4}}"#),
        event("[DONE]"),
        stream_end(),
    ]);
    let (texts, usage) = ask_of(&provider, COMPLETIONS);
    assert_eq!(texts, ["1 + 2;"]);
    assert_eq!(
        (&usage["model"], &usage["cost"]["nanos"]),
        (&json!("m-2"), &json!(15_000))
    );
    let (head, body) = provider.request();
    assert!(head.starts_with("POST /completions HTTP/1.1"), "{head}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&body["prompt"], &body["suffix"]),
        (&json!("fn main() {\n    let x = "), &json!("\n}\n"))
    );
    assert_eq!(
        (&body["model"], &body["stream"], &body["max_tokens"]),
        (&json!("m"), &json!(true), &json!(128))
    );
}

#[test]
fn a_chat_model_is_asked_in_words_and_its_fence_taken_off() {
    let provider = Scripted::start(events(&[
        r#"{"choices":[{"delta":{"role":"assistant","content":null}}]}"#,
        r#"{"choices":[{"delta":{"content":"```rust\n42;\n```"},"finish_reason":"stop"}]}"#,
        "[DONE]",
    ]));
    let (texts, usage) = ask_of(&provider, "openai-chat");
    assert_eq!(texts, ["42;"]);
    assert_eq!(usage["cost"]["source"], "estimated");
    let (head, body) = provider.request();
    assert!(head.starts_with("POST /chat/completions"), "{head}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["messages"].as_array().unwrap().len(), 2);
    assert!(body.get("temperature").is_none() && body.get("stop").is_none());
}

#[test]
fn an_answer_that_is_not_streamed_is_read_all_the_same() {
    let body = r#"{"choices":[{"text":"7;","finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
    let provider = Scripted::start(vec![Step::Send(response(
        "200 OK",
        "application/json",
        body,
    ))]);
    assert_eq!(ask_of(&provider, COMPLETIONS).0, ["7;"]);
}

#[test]
fn a_stream_cut_inside_a_character_and_between_its_bytes_is_whole() {
    let text =
        "data: {\"choices\":[{\"text\":\"é😀;\",\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let mut script = vec![Step::Send(
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n",
            text.len()
        )
        .into_bytes(),
    )];
    for byte in text.bytes() {
        script.push(Step::Send(vec![byte]));
    }
    assert_eq!(ask_of(&Scripted::start(script), COMPLETIONS).0, ["é😀;"]);
}

#[test]
fn a_provider_that_stalls_keeps_nobody_else_waiting() {
    let provider = Scripted::start(vec![Step::Stall]);
    let mut client = Builder::default()
        .http(&provider.address, COMPLETIONS)
        .start();
    let mut at = client.open("let x = ˇ");
    let stalled = client.ask(&at);
    provider.request();
    for _ in 0..1000 {
        at = client.type_at(&at, "a");
    }
    let switch = client.request("byok/setModel", json!({"model": "local"}));
    client.answer(switch);
    let other = client.open_as("file:///w/b.rs", "rust", "fn b() ˇ");
    let id = client.ask_in("file:///w/b.rs", &other);
    client.texts(id);
    let shutdown = client.request("shutdown", Value::Null);
    client.answer(shutdown);
    assert_eq!(client.texts(stalled), Vec::<String>::new());
    client.notify("exit", Value::Null);
    client.hang_up();
}

#[test]
fn an_enabled_local_server_that_answers_comes_before_the_embedded_engine() {
    let models = response("200 OK", "application/json", TINY);
    let provider = Scripted::start(vec![Step::Send(models)]);
    let config = json!({
        "local": {"servers": ["mine"]},
        "providers": {"mine": {"wire": COMPLETIONS, "base_url": provider.address, "key": "none"}},
    });
    let mut client = Builder::default().config(config).start();
    let status = client.wait_for("the local server", shows("mine/tiny"));
    assert_eq!(status["params"]["payer"], "nobody: runs on this machine");
    client.finish();
}

#[test]
fn a_local_server_that_is_started_later_is_found_as_soon_as_somebody_writes() {
    let busy = response("503 Service Unavailable", "text/plain", "");
    let provider = Scripted::start(vec![Step::Send(busy)]);
    provider.then(vec![Step::Send(response(
        "200 OK",
        "application/json",
        TINY,
    ))]);
    let mine = json!({"wire": COMPLETIONS, "base_url": provider.address, "key": "none"});
    let mut client = Builder::default()
        .config(json!({"providers": {"mine": mine}}))
        .start();
    // Without any on the list nobody is asked as a document is opened.
    let at = client.open("fn main() {ˇ}\n");
    let listed = json!({"settings": {"byok": {"local": {"servers": ["mine"]}}}});
    client.notify("workspace/didChangeConfiguration", listed);
    provider.request();
    client.type_at(&at, "x");
    client.wait_for("the local server", shows("mine/tiny"));
    client.finish();
}

#[test]
fn whatever_somebody_does_has_a_local_server_looked_for() {
    let uri = json!({"uri": "file:///w/a.rs"});
    let at = json!({"line": 0, "character": 0});
    let range = json!({"start": at, "end": at});
    let requests = [
        (
            "textDocument/inlineCompletion",
            json!({"textDocument": uri, "position": at, "context": {"triggerKind": 1}}),
        ),
        (
            "textDocument/completion",
            json!({"textDocument": uri, "position": at}),
        ),
        (
            "textDocument/codeAction",
            json!({"textDocument": uri, "range": range, "context": {"diagnostics": []}}),
        ),
        (
            "workspace/executeCommand",
            json!({"command": "byok.action", "arguments": []}),
        ),
        ("byok/explainRoute", json!({})),
        ("byok/models", json!({})),
    ];
    let saving = ("textDocument/didSave", json!({"textDocument": uri}));
    for (method, params) in requests.into_iter().chain([saving]) {
        let busy = response("503 Service Unavailable", "text/plain", "");
        let models = response("200 OK", "application/json", TINY);
        let provider = Scripted::start(vec![Step::Send(busy)]);
        provider.then(vec![Step::Send(models)]);
        let mine = json!({"wire": COMPLETIONS, "base_url": provider.address, "key": "none"});
        let config = json!({"local": {"servers": ["mine"]}, "providers": {"mine": mine}});
        let mut client = Builder::default().config(config).start();
        provider.request();
        if method == "textDocument/didSave" {
            client.notify(method, params);
        } else {
            let id = client.request(method, params);
            client.answer(id);
        }
        client.wait_for(method, shows("mine/tiny"));
        client.finish();
    }
}

#[test]
fn a_local_server_that_is_gone_is_not_shown_any_more() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, gone) = channel();
    // It lists its models as the server starts and as the document is opened, and is gone then.
    std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut socket, _) = listener.accept().unwrap();
            let _ = socket.read(&mut [0; 4096]).unwrap();
            let length = TINY.len();
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json";
            write!(socket, "{head}\r\ncontent-length: {length}\r\n\r\n{TINY}").unwrap();
        }
        drop(listener);
        let _ = sender.send(());
    });
    let config = json!({
        "completion": {"debounce_ms": 0},
        "local": {"servers": ["mine"]},
        "providers": {"mine": {"wire": COMPLETIONS, "base_url": address, "key": "none"}},
    });
    let mut client = Builder::default().config(config).start();
    client.wait_for("the local server", shows("mine/tiny"));
    let at = client.open("fn main() {ˇ}\n");
    gone.recv_timeout(DEADLINE).expect("it is asked twice");
    client.forget("byok/status");
    let id = client.ask(&at);
    client.texts(id);
    client.wait_for("the engine", shows("local/patterns"));
    client.finish();
}

#[test]
fn a_server_that_refuses_the_wish_for_usage_is_asked_once_more_without_it_and_never_with_it_again()
{
    let refusal = r#"{"error":{"message":"Unrecognized request argument supplied: stream_options","type":"invalid_request_error"}}"#;
    let refuse = vec![Step::Send(response(
        "400 Bad Request",
        "application/json",
        refusal,
    ))];
    let answer = events(&[
        r#"{"choices":[{"text":"7;","finish_reason":"stop"}]}"#,
        "[DONE]",
    ]);
    let provider = Scripted::start(refuse.clone());
    provider.then(answer);
    let mut client = Builder::default()
        .http(&provider.address, COMPLETIONS)
        .start();
    let mut wishes = Vec::new();
    for expected in [2, 1] {
        assert_eq!(ask(&mut client), ["7;"]);
        let usage = client.notification("byok/usage");
        assert_eq!(usage["outcome"], "completed");
        for _ in 0..expected {
            let body: Value = serde_json::from_str(&provider.request().1).unwrap();
            wishes.push(body.get("stream_options").is_some());
        }
        assert_eq!(provider.requests(), 0);
    }
    assert_eq!(wishes, [true, false, false]);
    // The refusal was no call: nothing was made for it.
    let summary = client.request("byok/usageSummary", json!({}));
    assert_eq!(client.answer(summary)["result"]["session"]["calls"], 2);
    client.finish();

    let stubborn = Scripted::start(refuse);
    let mut client = Builder::default()
        .http(&stubborn.address, COMPLETIONS)
        .start();
    assert_eq!(ask(&mut client), Vec::<String>::new());
    assert_eq!(client.notification("byok/usage")["outcome"], "failed");
    assert_eq!(stubborn.requests(), 2, "once more, and no more");
    client.finish();
}
