//! Cancelling, ending, hanging up: what runs stops, and everything is answered.

use byok_lsp::provider::fake::Fake;
use byok_lsp::server::Ended;
use serde_json::json;

use crate::client::{Builder, Client};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

#[test]
fn a_cancelled_request_drops_the_stream_is_answered_with_an_empty_list_and_leaves_one_row() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("let x = ˇ");
    let id = client.ask(&at);
    let running = runtime().block_on(fake.next());
    running.text("1");
    client.cancel(id);
    assert_eq!(client.texts(id), Vec::<String>::new());
    runtime().block_on(running.dropped());
    let usage = client.notification("byok/usage");
    assert_eq!(usage["outcome"], "cancelled");
    assert_eq!(usage["cost"]["source"], "estimated");
    assert_eq!(usage["totals"]["session"]["calls"], 1);
    client.finish();
}

#[test]
fn a_request_that_is_cancelled_before_its_wait_is_over_asks_nobody() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    client.notify(
        "workspace/didChangeConfiguration",
        json!({"settings": {"byok": {"completion": {"debounce_ms": 5000}}}}),
    );
    let at = client.open("let x = ˇ");
    let id = client.ask(&at);
    client.cancel(id);
    assert_eq!(client.texts(id), Vec::<String>::new());
    assert!(!fake.is_called());
    client.finish();
}

#[test]
fn shutting_down_answers_what_is_open() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("let x = ˇ");
    let id = client.ask(&at);
    let _running = runtime().block_on(fake.next());
    let shutdown = client.request("shutdown", json!(null));
    client.answer(shutdown);
    assert_eq!(client.texts(id), Vec::<String>::new());
    client.notify("exit", json!(null));
    assert_eq!(client.hang_up(), Ended::Properly);
}

#[test]
fn a_client_that_hangs_up_ends_the_server_whatever_runs() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("let x = ˇ");
    client.ask(&at);
    let running = runtime().block_on(fake.next());
    assert_eq!(client.hang_up(), Ended::Abruptly);
    runtime().block_on(running.dropped());
}

#[test]
fn exit_without_shutdown_is_an_abrupt_end() {
    let mut client = Client::new();
    client.notify("exit", json!(null));
    assert_eq!(client.hang_up(), Ended::Abruptly);
}

#[test]
fn closing_a_document_ends_its_call() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("let x = ˇ");
    let id = client.ask(&at);
    let running = runtime().block_on(fake.next());
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": crate::client::URI}}),
    );
    assert_eq!(client.texts(id), Vec::<String>::new());
    runtime().block_on(running.dropped());
    assert_eq!(client.notification("byok/usage")["outcome"], "cancelled");
    client.finish();
}
