//! What a provider says is left of its limits, beside a real answer over HTTP: ghost text leaves the last of it to code actions.

use serde_json::{Value, json};

use crate::client::{Builder, Client, URI};
use crate::provider::{Scripted, Step};

const BODY: &str = r#"{"choices":[{"message":{"content":"1;"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2}}"#;

/// An answer beside which the provider says how many of ten calls are left.
fn answer(left: u32) -> Vec<Step> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-ratelimit-limit-requests: 10\r\nx-ratelimit-remaining-requests: {left}\r\nx-ratelimit-reset-requests: 4m\r\n\r\n",
        BODY.len()
    );
    vec![Step::Send([head.as_bytes(), BODY.as_bytes()].concat())]
}

/// Opens a document and asks within its function.
fn ask(client: &mut Client, uri: &str) -> Vec<String> {
    let at = client.open_as(uri, "rust", "fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask_in(uri, &at);
    client.texts(id)
}

#[test]
fn the_last_fifth_of_what_a_provider_says_is_left_is_for_actions() {
    let provider = Scripted::start(answer(3));
    let mut client = Builder::default()
        .http(&provider.address, "openai-chat")
        .start();
    assert_eq!(ask(&mut client, "file:///w/a.rs"), ["1;"]);
    provider.set(answer(2));
    assert_eq!(ask(&mut client, "file:///w/b.rs"), ["1;"], "the third last");
    for _ in 0..2 {
        assert_eq!(client.notification("byok/usage")["feature"], "completion");
    }
    assert_eq!(provider.requests(), 2);
    // Two of ten are left, which are the fifth.
    assert_eq!(ask(&mut client, "file:///w/c.rs"), Vec::<String>::new());
    assert_eq!(provider.requests(), 0);
    client.wait_for("why nothing is shown", |message| {
        message["method"] == "byok/status"
            && message["params"]["state"] != "busy"
            && message["params"]["message"]
                .as_str()
                .is_some_and(|it| it.contains("limit"))
    });
    client.open("fn a() {}\n");
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 9}});
    let entries = client.actions(URI, &range, json!([]));
    let entry = entries.iter().find(|it| it["kind"] == "byok.explain");
    let arguments: Value = entry.unwrap()["command"]["arguments"].clone();
    let id = client.execute("byok.action", arguments);
    assert_eq!(client.answer(id)["result"]["outcome"], "shown");
    assert_eq!(provider.requests(), 1, "the action went through");
    assert_eq!(client.notification("byok/usage")["feature"], "action");
    client.finish();
}
