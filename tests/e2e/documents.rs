//! Documents: edits in order, in every encoding of positions, however fast they come.

use byok_lsp::provider::{Input, fake::Fake};
use serde_json::{Value, json};

use crate::client::{Builder, Client, URI};

/// What the model is shown for a position: the whole text, the cursor marked.
fn shown(client: &mut Client, fake: &Fake, at: &Value) -> String {
    let id = client.ask(at);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let running = runtime.block_on(fake.next());
    let Input::Fill(fill) = running.call.input.clone() else {
        panic!("a hole")
    };
    drop(running);
    client.answer(id);
    format!("{}ˇ{}", fill.prefix, fill.suffix)
}

#[test]
fn two_thousand_edits_with_requests_between_are_seen_in_order() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let mut at = client.open("ˇ");
    let mut expected = String::new();
    for number in 0..2000 {
        let digit = (b'a' + u8::try_from(number % 26).unwrap()) as char;
        at = client.type_at(&at, &digit.to_string());
        expected.push(digit);
        if number % 100 == 99 {
            let seen = shown(&mut client, &fake, &at);
            assert_eq!(seen, format!("{expected}ˇ"));
        }
    }
    client.finish();
}

#[test]
fn several_changes_in_one_message_apply_each_to_the_result_of_the_one_before() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    client.open("😀\r\nb\u{2028}c\rd");
    let range = |l1, c1, l2, c2| json!({"start": {"line": l1, "character": c1}, "end": {"line": l2, "character": c2}});
    let changes = json!([
        {"range": range(0, 2, 0, 2), "text": "x"},
        {"range": range(1, 1, 1, 2), "text": ""},
        {"range": range(2, 0, 2, 1), "text": "é\t"},
    ]);
    client.notify(
        "textDocument/didChange",
        json!({"textDocument": {"uri": URI, "version": 2}, "contentChanges": changes}),
    );
    let seen = shown(&mut client, &fake, &json!({"line": 2, "character": 2}));
    assert_eq!(seen, "😀x\r\nbc\ré\tˇ");
    client.finish();
}

#[test]
fn a_whole_text_replaces_the_old_one() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    client.open("old");
    client.notify(
        "textDocument/didChange",
        json!({"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": "new"}]}),
    );
    assert_eq!(
        shown(&mut client, &fake, &json!({"line": 0, "character": 3})),
        "newˇ"
    );
    client.finish();
}

#[test]
fn a_client_that_speaks_utf_8_alone_is_understood() {
    let fake = Fake::default();
    let builder = Builder::default().fake(&fake);
    let mut client = builder.capabilities(json!({"general": {"positionEncodings": ["utf-8"]}, "textDocument": {"inlineCompletion": {}}})).start();
    client.open("é=");
    assert_eq!(
        shown(&mut client, &fake, &json!({"line": 0, "character": 3})),
        "é=ˇ"
    );
    client.finish();
}

#[test]
fn a_closed_document_is_answered_with_nothing() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("let x = ˇ");
    client.notify(
        "textDocument/didClose",
        json!({"textDocument": {"uri": URI}}),
    );
    let id = client.ask(&at);
    assert_eq!(client.texts(id), Vec::<String>::new());
    assert!(!fake.is_called());
    client.finish();
}
