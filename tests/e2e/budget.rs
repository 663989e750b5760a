//! Money: calls that a cap refuses, that go to a cheaper model, that the user is asked about; and loops that are halted.

use byok_lsp::cost::{Ledger, Tokens};
use byok_lsp::provider::{Event, Usage, fake::Fake};
use serde_json::{Value, json};

use crate::client::{Builder, Client, URI, mock_config, wait};

/// A server whose model costs a dollar for a million tokens read, and two for as many written; a suggestion reserves some 400 microdollars.
fn start(fake: &Fake, wire: &str, budget: Value) -> Client {
    let mut config = mock_config("http://127.0.0.1:9/v1", wire);
    config["budget"] = budget;
    Builder::default().fake(fake).config(config).start()
}

fn usage(input: u64, output: u64) -> Event {
    let tokens = Tokens {
        input,
        output,
        ..Tokens::default()
    };
    Event::Usage(Usage {
        tokens,
        ..Usage::default()
    })
}

/// Waits for the caps to stand like this.
fn stands(client: &mut Client, state: &str, spent: i64) -> Value {
    let what = format!("a cap that is {state} with {spent} spent");
    let mut message = client.wait_for(&what, |message| {
        let cap = &message["params"]["caps"][0];
        message["method"] == "byok/budget" && cap["state"] == state && cap["spent"] == spent
    });
    message["params"].take()
}

#[test]
fn a_call_that_would_break_a_cap_is_not_sent_and_the_editor_is_told_how_the_caps_stand() {
    let fake = Fake::default();
    let mut client = start(&fake, "openai-completions", json!({"day": "0.000500 USD"}));
    let caps = stands(&mut client, "ok", 0);
    assert_eq!(caps["caps"][0]["left"], 500_000);
    assert_eq!(caps["caps"][0]["name"], "day");
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let first = client.ask(&at);
    let running = wait(fake.next());
    running.text("1;");
    running.event(usage(200, 100));
    drop(running);
    assert_eq!(client.texts(first), ["1;"]);
    stands(&mut client, "ok", 400_000);
    // Elsewhere, since what was suggested here is known by now and costs nothing more.
    let elsewhere = "file:///w/elsewhere.rs";
    let at = client.open_as(elsewhere, "rust", "fn b() {\n    let y = ˇ\n}\n");
    let second = client.ask_in(elsewhere, &at);
    assert!(client.texts(second).is_empty());
    assert!(!fake.is_called(), "nothing was sent");
    let caps = stands(&mut client, "reached", 400_000);
    assert_eq!(
        (&caps["state"], &caps["caps"][0]["reserved"]),
        (&json!("reached"), &json!(0))
    );
    let status = client.wait_for("the error", |message| {
        message["method"] == "byok/status" && message["params"]["state"] == "error"
    });
    let told = status["params"]["message"].as_str().unwrap();
    assert!(told.contains("the cap \"day\""), "{told}");
    // One message, with what to do about it.
    assert_eq!(status["params"]["fix"]["command"], "byok.setModel");
    let shown = client.notification("window/showMessage");
    let shown = shown["message"].as_str().unwrap();
    let way = "byok-lsp: mock/m failed, byok.setModel \"local\" goes on: the cap \"day\"";
    assert!(shown.starts_with(way), "{shown}");
    client.finish();
}

#[test]
fn where_a_cap_degrades_to_local_the_embedded_engine_goes_on_and_the_status_says_so() {
    let fake = Fake::default();
    let cap =
        json!({"amount": "0.000001 USD", "per": "day", "at": "degrade", "degrade_to": "local"});
    let mut client = start(&fake, "openai-completions", json!({"caps": [cap]}));
    let at = client.open(
        "fn a() {\n    let total = compute(left, right);\n}\n\nfn b() {\n    let total = ˇ\n}\n",
    );
    assert!(
        client
            .engine
            .wait_until_idle(std::time::Duration::from_secs(20))
    );
    let id = client.ask(&at);
    assert_eq!(client.texts(id), ["compute(left, right);"]);
    assert!(!fake.is_called());
    let status = client.wait_for("the other model", |message| {
        message["method"] == "byok/status" && message["params"]["model"] == "local/patterns"
    });
    assert_eq!(status["params"]["payer"], "nobody: runs on this machine");
    let shown = client.notification("window/showMessage");
    let shown = shown["message"].as_str().unwrap();
    assert!(
        shown.starts_with("byok-lsp: local/patterns answers meanwhile: the cap"),
        "{shown}"
    );
    let caps = stands(&mut client, "degraded", 0);
    assert_eq!(caps["state"], "degraded");
    // The next one is no news, and nothing has failed.
    let id = client.ask(&at);
    client.texts(id);
    assert!(!client.has_unread(|message| message["method"] == "window/showMessage"));
    assert!(!client.has_unread(|message| message["params"]["state"] == "error"));
    client.finish();
}

/// Runs an action on a document and returns its command's id.
fn explain(client: &mut Client) -> i64 {
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 9}});
    let argument = json!({"action": "explain", "uri": URI, "range": range});
    client.execute("byok.action", json!([argument]))
}

#[test]
fn an_action_at_a_cap_that_asks_is_run_if_the_user_says_so_and_not_otherwise() {
    let fake = Fake::default();
    let cap = json!({"amount": "0.000001 USD", "per": "request", "at": "ask"});
    let mut client = start(&fake, "openai-chat", json!({"caps": [cap]}));
    let at = client.open("fn a() {}ˇ\n");
    let id = explain(&mut client);
    let question = client.asked("window/showMessageRequest");
    let message = question["params"]["message"].as_str().unwrap();
    assert!(message.contains("the cap \"request\""), "{message}");
    client.reply(&question, json!({"title": "Leave it"}));
    assert_eq!(client.answer(id)["result"]["outcome"], "unchanged");
    assert!(!fake.is_called());
    let id = explain(&mut client);
    let question = client.asked("window/showMessageRequest");
    client.reply(&question, json!({"title": "Run it once"}));
    let running = wait(fake.next());
    running.text("It does nothing.");
    running.event(usage(100, 50));
    drop(running);
    assert_eq!(client.answer(id)["result"]["outcome"], "shown");
    // Ghost text, which comes by itself, asks nobody.
    let id = client.ask(&at);
    assert!(client.texts(id).is_empty());
    assert!(!client.has_unread(|message| message["method"] == "window/showMessageRequest"));
    client.finish();
}

#[test]
fn a_plugin_that_asks_in_a_loop_is_halted_without_any_cap_until_the_user_resumes() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    // The same again and again; in one document it would be asked once and known from then on.
    for number in 0..100 {
        let uri = format!("file:///w/{number}.rs");
        let at = client.open_as(&uri, "rust", "fn main() {\n    let x = ˇ\n}\n");
        client.ask_in(&uri, &at);
    }
    let status = client.wait_for("the pause", |message| {
        message["params"]["state"] == "paused"
    });
    let message = status["params"]["message"].as_str().unwrap();
    assert!(message.contains("byok.resume"), "{message}");
    let shown = client.notification("window/showMessage");
    assert!(shown["message"].as_str().unwrap().contains("halted"));
    while fake.is_called() {
        drop(wait(fake.next()));
    }
    let resume = client.execute("byok.resume", json!([]));
    client.answer(resume);
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    let running = wait(fake.next());
    running.text("1;");
    drop(running);
    assert_eq!(client.texts(id), ["1;"]);
    client.finish();
}

#[test]
fn a_damaged_ledger_is_told_and_nothing_passes_a_cap_that_it_counted() {
    let fake = Fake::default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite3");
    std::fs::write(&path, "this was never a database. ".repeat(400)).unwrap();
    let mut config = mock_config("http://127.0.0.1:9/v1", "openai-completions");
    config["budget"] = json!({"day": "1 USD"});
    let ledger = Ledger::open(&path);
    let builder = Builder::default().fake(&fake).config(config);
    let mut client = builder.ledger(ledger.clone()).start();
    let told = client.wait_for("what happened", |message| {
        message["method"] == "window/showMessage"
    });
    let told = told["params"]["message"].as_str().unwrap();
    assert!(told.contains("was damaged"), "{told}");
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let first = client.ask(&at);
    assert!(client.texts(first).is_empty());
    assert!(!fake.is_called(), "nothing was sent");
    let status = client.wait_for("the error", |message| {
        message["method"] == "byok/status" && message["params"]["state"] == "error"
    });
    let told = status["params"]["message"].as_str().unwrap();
    assert!(told.contains("--accept-loss"), "{told}");
    ledger
        .accept_loss(std::time::Duration::from_secs(20))
        .unwrap();
    let second = client.ask(&at);
    let running = wait(fake.next());
    running.text("1;");
    running.event(usage(200, 100));
    drop(running);
    assert_eq!(client.texts(second), ["1;"]);
    client.finish();
}
