//! Ghost text: asked, streamed, shown, superseded, carried over.

use byok_lsp::provider::{Error, Event, Finish, fake::Fake};
use serde_json::{Value, json};

use crate::client::{Builder, Client, URI, used, wait};

#[test]
fn the_embedded_engine_continues_a_line_of_the_same_document_for_nothing() {
    let mut client = Client::new();
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
    let usage = client.notification("byok/usage");
    assert_eq!(usage["provider"], "local");
    assert_eq!(usage["payer"], "nobody: runs on this machine");
    assert_eq!(
        usage["cost"],
        json!({"nanos": 0, "currency": "USD", "source": "free"})
    );
    client.finish();
}

#[test]
fn a_streamed_suggestion_is_shown_and_its_cost_told() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    let running = wait(fake.next());
    running.text("1 +");
    running.text(" 2;");
    running.event(used(20, 5));
    running.event(Event::Finish(Finish::Stop));
    drop(running);
    let answer = client.answer(id);
    let item = &answer["result"]["items"][0];
    assert_eq!(item["insertText"], "1 + 2;");
    assert_eq!(item["range"], json!({"start": at, "end": at}));
    let usage = client.notification("byok/usage");
    // 20 tokens at 1 USD and 5 at 2 USD a million.
    assert_eq!(
        usage["cost"],
        json!({"nanos": 30_000, "currency": "USD", "source": "priced"})
    );
    assert_eq!(usage["outcome"], "completed");
    assert_eq!(usage["totals"]["day"]["nanos"], 30_000);
    assert_eq!(item["command"]["arguments"][0], usage["id"]);
    client.finish();
}

#[test]
fn a_whole_suggestion_is_answered_and_its_stream_ends_soon_after() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    let running = wait(fake.next());
    running.text("1;\n    let y");
    assert_eq!(client.texts(id), ["1;"]);
    // What comes next is read too, since it is likely to be wanted; but not for long.
    assert!(!running.is_dropped());
    for number in 0..20 {
        running.text(&format!(" = {number};\n    let other_{number}"));
    }
    wait(running.dropped());
    assert_eq!(client.notification("byok/usage")["outcome"], "completed");
    client.finish();
}

#[test]
fn a_newer_request_goes_on_with_the_olders_stream_and_both_are_answered() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let older = client.ask(&at);
    let running = wait(fake.next());
    let at = client.type_at(&at, "2");
    let newer = client.ask(&at);
    assert_eq!(client.texts(older), Vec::<String>::new());
    running.text("2 + 3;");
    drop(running);
    assert_eq!(client.texts(newer), [" + 3;"]);
    assert!(!fake.is_called());
    client.finish();
}

#[test]
fn a_newer_request_supersedes_a_stream_that_is_not_what_was_typed() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let older = client.ask(&at);
    let running = wait(fake.next());
    running.text("1");
    let at = client.type_at(&at, "x");
    let newer = client.ask(&at);
    assert_eq!(client.texts(older), Vec::<String>::new());
    let second = wait(fake.next());
    wait(running.dropped());
    assert_eq!(client.notification("byok/usage")["outcome"], "superseded");
    second.text("y;");
    drop(second);
    assert_eq!(client.texts(newer), ["y;"]);
    client.finish();
}

#[test]
fn typing_along_a_suggestion_is_answered_from_what_is_known() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    let running = wait(fake.next());
    running.text("compute();");
    drop(running);
    assert_eq!(client.texts(id), ["compute();"]);
    let at = client.type_at(&at, "comp");
    let id = client.ask(&at);
    assert_eq!(client.texts(id), ["ute();"]);
    // The same for editors without ghost text.
    let params = json!({"textDocument": {"uri": URI}, "position": at});
    let id = client.request("textDocument/completion", params);
    let item = client.answer(id)["result"]["items"][0].take();
    assert_eq!(item["textEdit"]["newText"], "compute();");
    assert!(!fake.is_called());
    client.finish();
}

#[test]
fn a_suggestion_that_the_editor_says_was_dismissed_does_not_come_back_while_typing_along_it() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    wait(fake.next()).text("compute(1);");
    let answer = client.answer(id);
    let call = answer["result"]["items"][0]["command"]["arguments"][0].clone();
    client.notify("byok/didDismiss", json!({"id": call}));
    let at = client.type_at(&at, "c");
    let id = client.ask(&at);
    assert!(client.texts(id).is_empty());
    assert!(!fake.is_called());
    client.finish();
}

#[test]
fn typing_along_while_the_model_answers_keeps_what_is_left() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    let running = wait(fake.next());
    let now = client.type_at(&at, "comp");
    sync(&mut client);
    running.text("compute();");
    drop(running);
    let answer = client.answer(id);
    assert_eq!(answer["result"]["items"][0]["insertText"], "ute();");
    assert_eq!(
        answer["result"]["items"][0]["range"],
        json!({"start": now, "end": now})
    );
    client.finish();
}

#[test]
fn typing_something_else_while_the_model_answers_drops_it() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    let running = wait(fake.next());
    client.type_at(&at, "other");
    sync(&mut client);
    running.text("compute();");
    drop(running);
    assert_eq!(client.texts(id), Vec::<String>::new());
    client.finish();
}

#[test]
fn a_failing_model_gives_an_empty_list_and_a_status_with_the_fix() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("let x = ˇ");
    let id = client.ask(&at);
    wait(fake.next()).fail(Error::Unauthorized);
    assert_eq!(client.texts(id), Vec::<String>::new());
    let status = client.wait_for("an error", |message| {
        message["method"] == "byok/status" && message["params"]["state"] == "error"
    });
    let message = status["params"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("mock/m: the key was refused; check"),
        "{message}"
    );
    let usage = client.notification("byok/usage");
    assert_eq!(
        (usage["outcome"].as_str(), usage["cost"]["nanos"].as_i64()),
        (Some("failed"), Some(0))
    );
    client.finish();
}

/// Opens a document in an editor that knows menus alone, and returns the item that it is offered where a model goes on with `more`.
fn menu_item(document: &str, more: &str) -> Value {
    let fake = Fake::default();
    let builder = Builder::default()
        .fake(&fake)
        .capabilities(json!({"textDocument": {"completion": {}}}));
    let mut client = builder.start();
    let at = client.open(document);
    let id = client.request(
        "textDocument/completion",
        json!({"textDocument": {"uri": URI}, "position": at}),
    );
    let running = wait(fake.next());
    running.text(more);
    drop(running);
    let mut answer = client.answer(id);
    client.finish();
    answer["result"]["items"][0].take()
}

#[test]
fn an_editor_without_ghost_text_gets_the_same_as_a_menu_item() {
    let item = menu_item("fn main() {\n    let x = ünˇ\n}\n", "it();");
    assert_eq!(item["textEdit"]["newText"], "ünit();");
    assert_eq!(
        item["textEdit"]["range"]["start"],
        json!({"line": 1, "character": 12})
    );
    assert_eq!(item["filterText"], "ünit();");
}

/// Helix puts a menu item's text in as it stands, and takes dollars and braces out of what is called a snippet.
#[test]
fn a_menu_items_lines_end_as_the_documents_do_and_it_is_no_snippet() {
    let item = menu_item(
        "fn main() {\r\n    loˇ\r\n}\r\n",
        "op {\n        break;\n    }",
    );
    assert_eq!(
        item["textEdit"]["newText"],
        "loop {\r\n        break;\r\n    }"
    );
    assert_eq!(
        (&item["kind"], &item["insertTextFormat"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn paused_suggestions_ask_nobody_and_resumed_ones_do() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("let x = ˇ");
    let paused = client.request("byok/pause", json!({}));
    client.answer(paused);
    let id = client.ask(&at);
    assert_eq!(client.texts(id), Vec::<String>::new());
    assert!(!fake.is_called());
    let resumed = client.request(
        "workspace/executeCommand",
        json!({"command": "byok.resume"}),
    );
    client.answer(resumed);
    let id = client.ask(&at);
    let running = wait(fake.next());
    running.text("3;");
    drop(running);
    assert_eq!(client.texts(id), ["3;"]);
    client.finish();
}

/// Waits until the server has looked at everything that was sent so far.
fn sync(client: &mut Client) {
    let id = client.request("byok/models", json!({}));
    client.answer(id);
}

#[test]
fn what_is_asked_for_by_hand_is_answered_empty_where_the_text_moved_on_or_somebody_asked_anew() {
    let fake = Fake::default();
    for is_asked_anew in [false, true] {
        let mut client = Builder::default().fake(&fake).start();
        let at = client.open("fn main() {\n    let x = ˇ\n}\n");
        let first = client.ask(&at);
        wait(fake.next()).text("compute(1);");
        assert_eq!(client.texts(first), ["compute(1);"]);
        let by_hand =
            json!({"textDocument": {"uri": URI}, "position": at, "context": {"triggerKind": 1}});
        let again = client.request("textDocument/inlineCompletion", by_hand);
        let running = [wait(fake.next()), wait(fake.next())];
        client.type_at(&json!({"line": 0, "character": 0}), "/**/ ");
        if is_asked_anew {
            client.ask(&at);
        }
        sync(&mut client);
        for one in &running {
            one.text("other(2);");
        }
        drop(running);
        assert_eq!(client.texts(again), Vec::<String>::new(), "{is_asked_anew}");
        client.finish();
    }
}

#[test]
fn asking_again_by_hand_offers_others_and_each_is_accounted() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let first = client.ask(&at);
    wait(fake.next()).text("compute(1);");
    assert_eq!(client.texts(first), ["compute(1);"]);
    client.notification("byok/usage");
    let by_hand =
        json!({"textDocument": {"uri": URI}, "position": at, "context": {"triggerKind": 1}});
    let again = client.request("textDocument/inlineCompletion", by_hand);
    for text in ["other(2);", "third(3);"] {
        wait(fake.next()).text(text);
    }
    let mut texts = client.texts(again);
    // Which of the two is done first is chance.
    texts[1..].sort();
    assert_eq!(texts, ["compute(1);", "other(2);", "third(3);"]);
    let names: Vec<String> = (0..2)
        .map(|_| client.notification("byok/usage")["id"].to_string())
        .collect();
    assert_ne!(names[0], names[1]);
    client.finish();
}
