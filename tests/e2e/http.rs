//! The server and a provider over HTTP: what is sent, what is read, and what becomes of every fault.

use std::time::{Duration, Instant};

use byok_lsp::provider::Patience;
use serde_json::{Value, json};

use crate::client::{Builder, Client};
use crate::provider::{Scripted, Step, event, events, response, stream_end, stream_head};

const COMPLETIONS: &str = "openai-completions";

/// Waits that a test can afford.
fn impatient() -> Patience {
    Patience {
        connect: Duration::from_millis(300),
        first_byte: Duration::from_millis(300),
        idle: Duration::from_millis(300),
        ..Patience::default()
    }
}

fn ask(client: &mut Client) -> Vec<String> {
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    client.texts(id)
}

/// Asks once and returns the suggestion, the usage and the error's message.
fn ask_of(provider: &Scripted, wire: &str) -> (Vec<String>, Value, String) {
    let mut client = Builder::default()
        .http(&provider.address, wire)
        .patience(impatient())
        .start();
    let texts = ask(&mut client);
    let usage = client.notification("byok/usage");
    let message = if usage["outcome"] == "failed" {
        let status = client.wait_for("an error", |m| {
            m["method"] == "byok/status" && m["params"]["state"] == "error"
        });
        status["params"]["message"].as_str().unwrap().to_owned()
    } else {
        String::new()
    };
    client.finish();
    (texts, usage, message)
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
    let (texts, usage, _) = ask_of(&provider, COMPLETIONS);
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
    let (texts, usage, _) = ask_of(&provider, "openai-chat");
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
fn every_fault_has_its_message_costs_what_it_may_and_hangs_nothing() {
    let error =
        |status: &str, body: &str| vec![Step::Send(response(status, "application/json", body))];
    let half = event(r#"{"choices":[{"text":"1 +"}]}"#);
    let table: Vec<(&str, Vec<Step>, &str)> = vec![
        (
            "401",
            error("401 Unauthorized", "{}"),
            "the key was refused",
        ),
        ("402", error("402 Payment Required", "{}"), "no credit left"),
        (
            "403",
            error("403 Forbidden", r#"{"error":{"message":"not yours"}}"#),
            "may not do this: not yours",
        ),
        (
            "404",
            error("404 Not Found", r#"{"error":{"message":"no m"}}"#),
            "does not know the model: no m",
        ),
        (
            "429",
            error("429 Too Many Requests", "{}"),
            "limits the rate",
        ),
        (
            "500",
            error("500 Internal Server Error", "<html>"),
            "overloaded",
        ),
        ("529", error("529 Overloaded", "{}"), "overloaded"),
        (
            "stall before the first byte",
            vec![Step::Stall],
            "did not begin to answer",
        ),
        (
            "stall in the stream",
            vec![stream_head(), half.clone(), Step::Stall],
            "did not go on with its answer",
        ),
        (
            "reset in the stream",
            vec![stream_head(), half.clone(), Step::Reset],
            "broke off",
        ),
        (
            "an end in the stream",
            vec![stream_head(), half, stream_end()],
            "broke off",
        ),
        ("no JSON", events(&["{nonsense"]), "no JSON"),
        (
            "an error after 200",
            events(&[r#"{"error":{"code":429,"message":"slow"}}"#]),
            "limits the rate",
        ),
        (
            "a web page",
            vec![Step::Send(response("200 OK", "text/html", "<html>"))],
            "a web page",
        ),
        (
            "a line of 10 MB",
            events(&["x".repeat(10 << 20).as_str()]),
            "more than 4 MiB",
        ),
        ("an end before the answer", vec![Step::Close], "broke off"),
    ];
    for (name, script, expected) in table {
        let provider = Scripted::start(script);
        let (texts, usage, message) = ask_of(&provider, COMPLETIONS);
        assert_eq!(texts, Vec::<String>::new(), "{name}");
        assert!(message.contains(expected), "{name}: {message}");
        assert_eq!(usage["outcome"], "failed", "{name}");
        let requests = provider
            .seen
            .try_iter()
            .filter(|seen| format!("{seen:?}").starts_with("Request"))
            .count();
        assert_eq!(requests, 1, "{name}: a completion is never tried twice");
    }
}

#[test]
fn a_redirect_is_not_followed_with_a_key() {
    let other = Scripted::start(events(&["[DONE]"]));
    let location = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {}/completions\r\ncontent-length: 0\r\n\r\n",
        other.address
    );
    let provider = Scripted::start(vec![Step::Send(location.into_bytes())]);
    let (_, _, message) = ask_of(&provider, COMPLETIONS);
    assert!(message.contains("redirects elsewhere"), "{message}");
    assert!(other.seen.try_recv().is_err());
}

#[test]
fn a_cancelled_request_closes_the_socket_at_once() {
    let provider = Scripted::start(vec![
        stream_head(),
        event(r#"{"choices":[{"text":"1"}]}"#),
        Step::Stall,
    ]);
    let mut client = Builder::default()
        .http(&provider.address, COMPLETIONS)
        .start();
    let at = client.open("let x = ˇ");
    let id = client.ask(&at);
    provider.request();
    let cancelled = Instant::now();
    client.cancel(id);
    client.texts(id);
    let closed = provider.closed();
    // Not a benchmark: whatever the machine does, a socket that stays open until a timeout is far beyond this.
    assert!(closed.duration_since(cancelled) < Duration::from_secs(5));
    assert_eq!(client.notification("byok/usage")["outcome"], "cancelled");
    client.finish();
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
    let models = response("200 OK", "application/json", r#"{"data":[{"id":"tiny"}]}"#);
    let provider = Scripted::start(vec![Step::Send(models)]);
    let config = json!({
        "local": {"servers": ["mine"]},
        "providers": {"mine": {"wire": COMPLETIONS, "base_url": provider.address, "key": "none"}},
    });
    let mut client = Builder::default().config(config).start();
    let status = client.wait_for("the local server", |m| {
        m["method"] == "byok/status" && m["params"]["model"] == "mine/tiny"
    });
    assert_eq!(status["params"]["payer"], "nobody: runs on this machine");
    client.finish();
}

#[test]
fn a_whole_answer_counts_whatever_the_connection_does_behind_it() {
    let whole = [
        event("  "),
        event(
            r#"{"choices":[{"text":"7;","finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
        ),
        event("[DONE]"),
    ];
    for last in [Step::Stall, Step::Reset, Step::Close] {
        let mut script = vec![stream_head()];
        script.extend(whole.clone());
        script.push(last);
        let (texts, usage, _) = ask_of(&Scripted::start(script), COMPLETIONS);
        assert_eq!(
            (texts, &usage["outcome"]),
            (vec!["7;".to_owned()], &json!("completed"))
        );
    }
}
