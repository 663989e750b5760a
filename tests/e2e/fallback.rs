//! A model that does not answer: who takes its place, at once and for the time being.

use serde_json::{Value, json};

use crate::client::{Builder, Client};
use crate::provider::{Scripted, Seen, Step, events, response};

const WHOLE: &str =
    r#"{"choices":[{"delta":{"content":"1;"},"text":"1;","finish_reason":"stop"}]}"#;

/// A server whose `first` model is at an address, and falls back to the `second` at another.
fn start(first: &str, second: &str) -> Client {
    let at = |address: &str| {
        json!({
            "wire": "openai-completions", "base_url": format!("{address}/v1"), "key": "none",
        })
    };
    Builder::default()
        .config(json!({
            "completion": {"model": "first/m", "debounce_ms": 0},
            "fallback": {"completion": ["second/m"]},
            "providers": {"first": at(first), "second": at(second)},
        }))
        .start()
}

/// Which model was asked, and how that ended, for the next row.
fn booked(client: &mut Client) -> (Value, Value) {
    let usage = client.notification("byok/usage");
    (usage["provider"].clone(), usage["outcome"].clone())
}

#[test]
fn the_next_model_makes_the_suggestion_in_the_same_request_and_the_first_is_left_alone_meanwhile() {
    let down = Scripted::start(vec![Step::Send(response(
        "503 Service Unavailable",
        "application/json",
        "{}",
    ))]);
    let up = Scripted::start(events(&[WHOLE, "[DONE]"]));
    let mut client = start(&down.address, &up.address);
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    assert_eq!(client.texts(id), ["1;"]);
    assert_eq!(booked(&mut client), (json!("first"), json!("failed")));
    assert_eq!(booked(&mut client), (json!("second"), json!("completed")));
    let shown = client.notification("window/showMessage");
    let shown = shown["message"].as_str().unwrap();
    assert!(shown.contains("second/m answers meanwhile"), "{shown}");
    let status = client.wait_for("who answers", |message| {
        message["method"] == "byok/status" && message["params"]["model"] == "second/m"
    });
    assert_ne!(status["params"]["state"], "error");
    let elsewhere = "file:///w/elsewhere.rs";
    let at = client.open_as(elsewhere, "rust", "fn b() {\n    let y = ˇ\n}\n");
    let id = client.ask_in(elsewhere, &at);
    assert_eq!(client.texts(id), ["1;"]);
    assert_eq!(booked(&mut client), (json!("second"), json!("completed")));
    assert_eq!(
        down.seen
            .try_iter()
            .filter(|seen| matches!(seen, Seen::Request { .. }))
            .count(),
        1
    );
    let explained = client.request("byok/explainRoute", json!({}));
    let explained = client.answer(explained)["result"].clone();
    assert_eq!(explained["model"], "second/m");
    assert_eq!(
        explained["candidates"][0],
        json!({"model": "first/m", "isKept": false, "rule": "it does not answer, takes no more calls for now, or somebody else has paid for it"})
    );
    client.finish();
}

#[test]
fn of_a_pool_the_cheapest_for_the_call_is_asked_and_the_next_where_it_does_not_answer() {
    let dear = Scripted::start(events(&[WHOLE, "[DONE]"]));
    let cheap = Scripted::start(vec![Step::Send(response(
        "503 Service Unavailable",
        "application/json",
        "{}",
    ))]);
    let at = |address: &str, price: &str| {
        json!({
            "wire": "openai-completions", "base_url": format!("{address}/v1"), "key": "none",
            "prices": {"m": {"input": price, "output": price}},
        })
    };
    let mut client = Builder::default()
        .config(json!({
            "completion": {"model": "pool/both", "debounce_ms": 0},
            "routing": {"pools": {"both": {"models": ["dear/m", "cheap/m"], "strategy": "cheapest"}}},
            "providers": {"dear": at(&dear.address, "9 USD"), "cheap": at(&cheap.address, "1 USD")},
        }))
        .start();
    let explained = client.request("byok/explainRoute", json!({}));
    let explained = client.answer(explained)["result"].clone();
    assert_eq!(explained["model"], "cheap/m");
    assert_eq!(explained["reason"], "the cheapest of its pool");
    let rule = explained["candidates"][1]["rule"].as_str().unwrap();
    assert!(rule.starts_with("cheapest: about $"), "{rule}");
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    assert_eq!(client.texts(id), ["1;"]);
    assert_eq!(booked(&mut client), (json!("cheap"), json!("failed")));
    assert_eq!(booked(&mut client), (json!("dear"), json!("completed")));
    client.notification("window/showMessage");
    let seen = cheap.seen.try_iter();
    let asked = seen.filter(|seen| matches!(seen, Seen::Request { .. }));
    assert_eq!(asked.count(), 1);
    client.finish();
}
