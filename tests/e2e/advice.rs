//! What the user is told unasked: the hint of the first minute, and each trouble once, with its fix.

use byok_lsp::provider::Error;
use byok_lsp::provider::fake::Fake;
use serde_json::{Value, json};

use crate::client::{Builder, Client, wait};

/// A line is half typed that the embedded engine can continue.
const CART: &str = "fn a() {\n    let total = compute(left, right);\n}\nfn b() {\n    let total = compute(left, right);\n}\nfn c() {\n    let totˇ\n}\n";

fn suggested(client: &mut Client, at: &Value) -> Vec<String> {
    let id = client.ask(at);
    client.texts(id)
}

#[test]
fn nothing_is_set_and_there_is_ghost_text_and_one_hint_how_to_add_a_key() {
    let mut client = Builder::default().hinting().start();
    let at = client.open(CART);
    assert_eq!(suggested(&mut client, &at), ["al = compute(left, right);"]);
    let message = client.notification("window/showMessage");
    assert_eq!(message["type"], 3);
    let text = message["message"].as_str().unwrap();
    assert!(text.contains("byok-lsp key set PROVIDER"), "{text}");
    suggested(&mut client, &at);
    assert!(!client.has_unread(|message| message["method"] == "window/showMessage"));
    client.finish();
}

#[test]
fn whoever_chose_the_embedded_engine_is_not_told_of_others() {
    let mut client = Builder::default()
        .config(json!({"completion": {"model": "local", "debounce_ms": 0}}))
        .hinting()
        .start();
    let at = client.open(CART);
    assert_eq!(suggested(&mut client, &at).len(), 1);
    assert!(!client.has_unread(|message| message["method"] == "window/showMessage"));
    client.finish();
}

/// Lets a suggestion fail.
fn fail(client: &mut Client, fake: &Fake, at: &Value, error: Error) {
    let id = client.ask(at);
    wait(fake.next()).fail(error);
    assert!(client.texts(id).is_empty());
}

fn failed(client: &mut Client) -> Value {
    let is_failed = |message: &Value| {
        message["method"] == "byok/status" && message["params"]["state"] == "error"
    };
    client.wait_for("a failure", is_failed)["params"].take()
}

#[test]
fn a_refused_key_is_told_once_in_words_and_stays_a_state_with_its_fix() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("let x = ˇ");
    fail(&mut client, &fake, &at, Error::Unauthorized);
    let message = client.notification("window/showMessage");
    assert_eq!(message["type"], 2);
    let text = message["message"].as_str().unwrap();
    assert!(
        text.starts_with("byok-lsp: mock/m: the key was refused"),
        "{text}"
    );
    let fix = failed(&mut client)["fix"].take();
    assert_eq!(
        (&fix["command"], &fix["arguments"]),
        (&json!("byok.setKey"), &json!(["mock"]))
    );
    fail(&mut client, &fake, &at, Error::Unauthorized);
    assert!(!client.has_unread(|message| message["method"] == "window/showMessage"));
    client.finish();
}

#[test]
fn what_passes_by_itself_is_a_state_and_no_message() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("let x = ˇ");
    fail(&mut client, &fake, &at, Error::Overloaded);
    let status = failed(&mut client);
    assert!(status.get("fix").is_none() && status["message"].is_string());
    assert!(!client.has_unread(|message| message["method"] == "window/showMessage"));
    client.finish();
}

#[test]
fn whoever_types_is_never_stopped_by_a_question() {
    let fake = Fake::default();
    let mut client = Builder::default()
        .capabilities(json!({
            "textDocument": {"inlineCompletion": {}},
            "window": {"showMessage": {"messageActionItem": {}}},
        }))
        .fake(&fake)
        .start();
    let at = client.open("let x = ˇ");
    fail(&mut client, &fake, &at, Error::NoCredit);
    let text = client.notification("window/showMessage")["message"].take();
    assert_eq!(
        text,
        "byok-lsp: mock/m failed, byok.setModel \"local\" goes on: the account has no credit left; top it up at the provider"
    );
    assert!(!client.has_unread(|message| message["method"] == "window/showMessageRequest"));
    client.finish();
}

#[test]
fn a_plugin_that_advises_by_itself_gets_the_advice_and_no_message() {
    let fake = Fake::default();
    let mut client = Builder::default()
        .capabilities(json!({
            "textDocument": {"inlineCompletion": {}},
            "window": {"showMessage": {"messageActionItem": {}}},
            "experimental": {"byok": {"advice": true}},
        }))
        .fake(&fake)
        .start();
    let at = client.open("let x = ˇ");
    fail(
        &mut client,
        &fake,
        &at,
        Error::Unreachable("refused".into()),
    );
    let advice = client.notification("byok/advice");
    assert_eq!(
        (&advice["kind"], &advice["fix"]["arguments"]),
        (&json!("trouble"), &json!(["local"]))
    );
    let is_shown = |message: &Value| {
        let method = message["method"].as_str().unwrap_or_default();
        method.starts_with("window/showMessage")
    };
    assert!(!client.has_unread(is_shown));
    client.finish();
}

#[test]
fn a_trouble_is_gone_from_the_state_with_the_next_call_that_works() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("let x = ˇ");
    fail(
        &mut client,
        &fake,
        &at,
        Error::Unreachable("refused".into()),
    );
    failed(&mut client);
    let id = client.ask(&at);
    wait(fake.next()).text("1;\n");
    assert_eq!(client.texts(id), ["1;"]);
    let is_idle = |message: &Value| {
        message["method"] == "byok/status" && message["params"]["state"] == "idle"
    };
    client.wait_for("recovery", is_idle);
    client.finish();
}

#[test]
fn the_key_is_asked_for_in_a_terminal_and_only_a_name_is_put_into_the_command() {
    let mut client = Client::new();
    let mut said = |arguments: Value| {
        let params = json!({"command": "byok.setKey", "arguments": arguments});
        let id = client.request("workspace/executeCommand", params);
        client.answer(id);
        client.notification("window/showMessage")["message"].take()
    };
    assert_eq!(
        said(json!(["openai"])),
        "byok-lsp: in a terminal: byok-lsp key set openai"
    );
    for hostile in [json!(["x; rm -rf ~"]), json!([]), json!([7])] {
        assert_eq!(
            said(hostile),
            "byok-lsp: in a terminal: byok-lsp key set PROVIDER"
        );
    }
    client.finish();
}
