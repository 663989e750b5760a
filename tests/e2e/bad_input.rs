//! Bad input: an answer or a clamp that says so, never an exit, never a hang.

use byok_lsp::provider::{Input, fake::Fake};
use serde_json::{Value, json};

use crate::client::{Builder, Client, URI, wait};

/// The code of the next error without an id.
fn error_code(client: &mut Client) -> i64 {
    let message = client.wait_for("an error", |message| {
        message["id"].is_null() && message.get("error").is_some()
    });
    message["error"]["code"].as_i64().unwrap()
}

#[test]
fn frames_that_are_none_are_answered_and_the_session_goes_on() {
    let mut client = Client::new();
    let table: [(&[u8], &[i64]); 8] = [
        (b"Content-Length: 5\r\n\r\n{\"a\":", &[-32700]),
        (b"Content-Length: 4\r\n\r\n\xff\xfe{}", &[-32700]),
        (b"Content-Length: 2\r\n\r\n[]", &[-32600]),
        (b"Content-Length: 4\r\n\r\nnull", &[-32600]),
        (b"Content-Length: 2\r\n\r\n{}", &[-32600]),
        (
            b"garbage\r\n\r\nContent-Length: 2\r\n\r\n{}",
            &[-32700, -32600],
        ),
        (b"Content-Length: 99999999999\r\n\r\n", &[-32700]),
        // Garbage behind garbage is one report, so something sound stands between.
        (
            b"Content-Length: 2\r\n\r\n[]Content-Length: x\r\n\r\n",
            &[-32600, -32700],
        ),
    ];
    for (bytes, codes) in table {
        client.send_bytes(bytes);
        for code in codes {
            assert_eq!(
                error_code(&mut client),
                *code,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
    client.finish();
}

#[test]
fn a_frame_may_come_byte_by_byte_and_many_at_once() {
    let mut client = Client::new();
    let body = json!({"jsonrpc": "2.0", "id": 900, "method": "byok/models"}).to_string();
    let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
    for byte in frame.as_bytes() {
        client.send_bytes(&[*byte]);
    }
    client.answer(900);
    client.send_bytes(frame.replace("900", "901").as_bytes());
    client.send_bytes(
        format!(
            "{}{}",
            frame.replace("900", "902"),
            frame.replace("900", "903")
        )
        .as_bytes(),
    );
    for id in [901, 902, 903] {
        client.answer(id);
    }
    client.finish();
}

#[test]
fn unknown_methods_are_answered_and_unknown_notifications_ignored() {
    let mut client = Client::new();
    client.notify("nobody/knows", json!({}));
    let id = client.request("nobody/knows", json!({}));
    assert_eq!(client.answer(id)["error"]["code"], -32601);
    let id = client.request("textDocument/codeAction", json!({"textDocument": 7}));
    assert_eq!(client.answer(id)["error"]["code"], -32602);
    client.finish();
}

#[test]
fn places_outside_the_text_are_clamped() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    client.open("ab\ncd");
    for (start, end) in [
        ((9, 9), (99, 0)),
        ((0, 99), (0, 99)),
        ((1, 1), (0, 1)),
        ((-1, -5), (0, 0)),
    ] {
        let range = json!({"start": {"line": start.0, "character": start.1}, "end": {"line": end.0, "character": end.1}});
        let params = json!({"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"range": range, "text": ""}]});
        client.notify("textDocument/didChange", params);
    }
    let id = client.ask(&json!({"line": 70, "character": 70}));
    let running = wait(fake.next());
    let Input::Fill(fill) = running.call.input.clone() else {
        panic!("a hole")
    };
    // The third change, which runs backwards over "b\nc", is the only one that took something away.
    assert_eq!((fill.prefix.as_str(), fill.suffix.as_str()), ("ad", ""));
    drop(running);
    client.texts(id);
    client.finish();
}

#[test]
fn a_request_for_a_completion_that_cannot_be_read_is_answered_empty() {
    let mut client = Builder::default().start();
    client.open("abc");
    let at = |line: Value| json!({"line": line, "character": 0});
    for (method, position, context) in [
        (
            "textDocument/inlineCompletion",
            at(json!(-1)),
            json!({"triggerKind": 2}),
        ),
        (
            "textDocument/inlineCompletion",
            at(json!(0.5)),
            json!({"triggerKind": 2}),
        ),
        ("textDocument/inlineCompletion", at(json!(0)), json!({})),
        (
            "textDocument/completion",
            at(json!("x")),
            json!({"triggerKind": 1}),
        ),
    ] {
        let params =
            json!({"textDocument": {"uri": URI}, "position": position, "context": context});
        let id = client.request(method, params);
        assert_eq!(
            client.answer(id)["result"]["items"],
            json!([]),
            "{position}"
        );
    }
    client.finish();
}

#[test]
fn positions_of_clients_without_integers_are_where_they_say() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    client.open("one\ntwo three");
    let at = |character: f64| json!({"line": 1.0, "character": character});
    let edit = json!({"range": {"start": at(4.0), "end": at(9.0)}, "text": "four"});
    let params = json!({"textDocument": {"uri": URI, "version": 2}, "contentChanges": [edit]});
    client.notify("textDocument/didChange", params);
    let id = client.ask(&json!({"line": 1, "character": 8}));
    let running = wait(fake.next());
    let Input::Fill(fill) = running.call.input.clone() else {
        panic!("a hole")
    };
    assert_eq!(fill.prefix, "one\ntwo four");
    drop(running);
    client.answer(id);
    client.finish();
}

#[test]
fn changes_to_documents_that_are_not_open_and_uris_that_are_none_do_no_harm() {
    let mut client = Client::new();
    for uri in [
        "file:///nowhere.rs",
        "untitled:Untitled-1",
        "not a uri at all",
        "",
    ] {
        let change =
            json!({"textDocument": {"uri": uri, "version": 3}, "contentChanges": [{"text": "x"}]});
        client.notify("textDocument/didChange", change);
        let id = client.ask_in(uri, &json!({"line": 0, "character": 0}));
        assert_eq!(client.texts(id), Vec::<String>::new(), "{uri:?}");
        client.open_as(uri, "no-such-language", "text");
        let id = client.ask_in(uri, &json!({"line": 0, "character": 4}));
        client.texts(id);
        client.notify(
            "textDocument/didClose",
            json!({"textDocument": {"uri": uri}}),
        );
    }
    client.finish();
}

#[test]
fn a_file_of_50_mb_and_a_line_of_1_mb_are_served() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let line = "let some_name = other_name(argument);\n";
    let large = line.repeat(50 * 1024 * 1024 / line.len());
    client.open_as("file:///w/large.rs", "rust", &large);
    let at = json!({"line": 500_000, "character": 4});
    let change = json!({"textDocument": {"uri": "file:///w/large.rs", "version": 2}, "contentChanges": [{"range": {"start": at, "end": at}, "text": "mut "}]});
    client.notify("textDocument/didChange", change);
    let long = format!("let x = \"{}", "é".repeat(512 * 1024));
    let end = client.open_as("file:///w/long.rs", "rust", &format!("{long}ˇ\";\n"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for (uri, at) in [
        (
            "file:///w/large.rs",
            json!({"line": 500_000, "character": 8}),
        ),
        ("file:///w/long.rs", end),
    ] {
        let id = client.ask_in(uri, &at);
        let running = runtime.block_on(fake.next());
        let Input::Fill(fill) = running.call.input.clone() else {
            panic!("a hole")
        };
        // However much there is, a model is shown what lies round the cursor.
        let most = 8 * 1024;
        assert!(fill.prefix.len() <= most && fill.suffix.len() <= most);
        let before = if uri.contains("large") {
            "let mut "
        } else {
            "é"
        };
        assert!(fill.prefix.ends_with(before));
        drop(running);
        client.answer(id);
    }
    client.finish();
}

#[test]
fn requests_before_initialize_and_after_shutdown_are_refused_and_answered() {
    let mut client = Client::uninitialized(
        byok_lsp::config::Patience::default(),
        std::collections::HashMap::new(),
    );
    let id = client.ask(&json!({"line": 0, "character": 0}));
    assert_eq!(client.answer(id)["error"]["code"], -32002);
    let id = client.request(
        "initialize",
        json!({"capabilities": {}, "processId": null, "rootUri": null}),
    );
    assert!(client.answer(id)["result"]["capabilities"].is_object());
    let id = client.request("shutdown", Value::Null);
    client.answer(id);
    let id = client.ask(&json!({"line": 0, "character": 0}));
    assert_eq!(client.answer(id)["error"]["code"], -32600);
    client.notify("exit", Value::Null);
    client.hang_up();
}

#[test]
fn a_client_whose_initialize_is_not_quite_the_protocols_is_served() {
    let oddities = [
        json!({"clientInfo": {}, "capabilities": {}}),
        json!({"capabilities": null}),
        json!({"capabilities": {"textDocument": {"inlineCompletion": true}}}),
        json!({"capabilities": {}, "workspaceFolders": [{"uri": "file:///w"}]}),
    ];
    for params in oddities {
        let mut client = Client::uninitialized(
            byok_lsp::config::Patience::default(),
            std::collections::HashMap::new(),
        );
        let id = client.request("initialize", params.clone());
        let answer = client.answer(id);
        assert!(
            answer["result"]["capabilities"]["inlineCompletionProvider"].is_boolean(),
            "{params}: {answer}"
        );
        client.notify("initialized", json!({}));
        client.finish();
    }
}

#[test]
fn half_a_character_keeps_the_document_in_step() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    client.open("a");
    let change = |start: u32, end: u32, text: &str, version: i64| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"textDocument/didChange","params":{{"textDocument":{{"uri":"{URI}","version":{version}}},"contentChanges":[{{"range":{{"start":{{"line":0,"character":{start}}},"end":{{"line":0,"character":{end}}}}},"text":"{text}"}}]}}}}"#
        )
    };
    for body in [
        change(1, 1, r"\ud83d", 2),
        change(1, 2, "b", 99_999_999_999),
    ] {
        client.send_bytes(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }
    let id = client.ask(&json!({"line": 0, "character": 2}));
    let running = wait(fake.next());
    let Input::Fill(fill) = running.call.input.clone() else {
        panic!("a hole")
    };
    assert_eq!(fill.prefix, "ab");
    drop(running);
    client.texts(id);
    client.finish();
}

#[test]
fn a_document_with_a_change_that_cannot_be_read_is_left_alone_until_it_is_sent_whole() {
    let fake = Fake::default();
    let mut client = Builder::default().fake(&fake).start();
    let at = client.open("let x = ˇ");
    let broken = json!([{"range": {"start": "here"}, "text": "x"}]);
    client.notify(
        "textDocument/didChange",
        json!({"textDocument": {"uri": URI, "version": 2}, "contentChanges": broken}),
    );
    let id = client.ask(&at);
    assert_eq!(client.texts(id), Vec::<String>::new());
    assert!(!fake.is_called());
    client.notify(
        "textDocument/didChange",
        json!({"textDocument": {"uri": URI, "version": 3}, "contentChanges": [{"text": "new"}]}),
    );
    let id = client.ask(&json!({"line": 0, "character": 3}));
    let running = wait(fake.next());
    drop(running);
    client.texts(id);
    client.finish();
}
