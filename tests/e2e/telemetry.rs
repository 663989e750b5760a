//! A collector of the user's own is told of each call, and of nothing that the call was about.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;
use url::Url;

use crate::client::{Builder, Client, mock_config};
use crate::provider::{Scripted, Step, events, response};

/// A text that must not leave by this way, in everything that a call is about.
const CANARY: &str = "canary4711";

/// The key that a call is made with.
const KEY: &str = "secret-canary-0815";

/// What the user's calls are tagged with.
const TAG: &str = "acme-0816";

/// A request's head and its body, as it came.
type Message = (String, Vec<u8>);

/// A collector on loopback, which takes everything and keeps it.
struct Collector {
    address: String,
    messages: Receiver<Message>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for mut socket in listener.incoming().flatten() {
                let mut bytes = Vec::new();
                while let Some(message) = read(&mut socket, &mut bytes) {
                    if sender.send(message).is_err() {
                        return;
                    }
                    let taken = response("200 OK", "application/x-protobuf", "");
                    let _ = socket.write_all(&taken);
                }
            }
        });
        Self { address, messages }
    }

    /// Returns all that came until there were so many spans, and the spans by how their calls ended.
    fn spans(&self, count: usize) -> (Vec<Message>, BTreeMap<String, Span>) {
        let (mut raw, mut spans) = (Vec::new(), BTreeMap::new());
        while spans.len() < count {
            let limit = Duration::from_secs(20);
            let (head, body) = self.messages.recv_timeout(limit).expect("more spans");
            let message = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
            for resource in &message.resource_spans {
                for span in resource.scope_spans.iter().flat_map(|it| &it.spans) {
                    spans.insert(text(span, "byok.outcome"), span.clone());
                }
            }
            raw.push((head, body));
        }
        (raw, spans)
    }
}

/// Reads one request, as it is.
fn read(socket: &mut impl std::io::Read, bytes: &mut Vec<u8>) -> Option<Message> {
    let mut piece = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.split("content-length: ").nth(1).unwrap();
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if bytes.len() >= end + 4 + length {
                let rest = bytes.split_off(end + 4 + length);
                let body = bytes.split_off(end + 4);
                *bytes = rest;
                return Some((head, body));
            }
        }
        match socket.read(&mut piece) {
            Ok(length @ 1..) => bytes.extend_from_slice(&piece[..length]),
            _ => return None,
        }
    }
}

/// An attribute as text; nothing if there is none.
fn text(span: &Span, name: &str) -> String {
    let found = span.attributes.iter().find(|it| it.key == name);
    match found.and_then(|it| it.value.clone()?.value) {
        None => String::new(),
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
    }
}

/// Checks that messages are what they are to be, and hold nothing that a call was about.
fn check(raw: &[Message]) {
    for (head, body) in raw {
        assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
        assert!(
            head.contains("content-type: application/x-protobuf"),
            "{head}"
        );
        assert!(!head.contains("authorization"), "{head}");
        let shown = String::from_utf8_lossy(body);
        for hidden in [CANARY, KEY, TAG, "file:", "let x"] {
            assert!(
                !shown.contains(hidden) && !head.contains(hidden),
                "{hidden}: {shown}"
            );
        }
    }
}

fn open(client: &mut Client, name: &str) -> (String, serde_json::Value) {
    let uri = format!("file:///w/{CANARY}/{name}.rs");
    let marked = format!("fn {CANARY}() {{\n    let x = ˇ\n}}\n");
    let at = client.open_as(&uri, "rust", &marked);
    (uri, at)
}

#[test]
fn each_call_is_one_span_with_its_names_and_numbers_and_without_a_word_of_content() {
    let collector = Collector::start();
    let provider = Scripted::start(events(&[
        &format!(
            r#"{{"id":"cmpl-17","model":"m-2026","choices":[{{"text":"{CANARY};","finish_reason":"stop"}}]}}"#
        ),
        r#"{"choices":[],"usage":{"prompt_tokens":70,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":20}}}"#,
        "[DONE]",
    ]));
    let mut config = mock_config(&provider.address, "openai-completions");
    config["providers"]["mock"]["key"] = json!({"command": ["printf", KEY]});
    let mut client = Builder::default()
        .config(config)
        .own("telemetry", json!({"endpoint": collector.address}))
        .start();
    let (uri, at) = open(&mut client, "completed");
    let id = client.ask_in(&uri, &at);
    assert_eq!(client.texts(id), [format!("{CANARY};")]);
    let completed = client.notification("byok/usage");
    assert!(provider.request().0.contains(KEY), "the key was sent there");
    // A provider that repeats what it was sent, wherever it can.
    provider.set(vec![Step::Send(response(
        "500 Internal Server Error",
        "application/json",
        &format!(r#"{{"error":{{"message":"fn {CANARY}() {{","type":"{CANARY}"}}}}"#),
    ))]);
    let (uri, at) = open(&mut client, "failed");
    let id = client.ask_in(&uri, &at);
    assert!(client.texts(id).is_empty());
    provider.request();
    client.notification("byok/usage");
    provider.set(vec![Step::Stall]);
    let (uri, at) = open(&mut client, "cancelled");
    let id = client.ask_in(&uri, &at);
    provider.request();
    client.cancel(id);
    client.answer(id);
    client.forget("byok/status");
    client.finish();
    let (raw, spans) = collector.spans(3);
    check(&raw);
    let span = &spans["completed"];
    assert_eq!((span.name.as_str(), span.kind), ("text_completion m", 3));
    let port = provider.address.rsplit(':').next().unwrap();
    for (name, value) in [
        ("gen_ai.operation.name", "text_completion"),
        ("gen_ai.provider.name", "mock"),
        ("gen_ai.request.model", "m"),
        ("gen_ai.response.model", "m-2026"),
        ("gen_ai.response.id", "cmpl-17"),
        ("gen_ai.usage.input_tokens", "70"),
        ("gen_ai.usage.cache_read.input_tokens", "20"),
        ("gen_ai.usage.output_tokens", "4"),
        ("server.address", "127.0.0.1"),
        ("server.port", port),
        ("byok.feature", "completion"),
        ("byok.cost.source", "priced"),
        ("byok.cost.usd", "0.000078"),
        ("error.type", ""),
    ] {
        assert_eq!(text(span, name), value, "{name}");
    }
    assert_eq!(
        text(span, "byok.call.id"),
        completed["id"],
        "as in the ledger"
    );
    assert!(text(span, "gen_ai.response.finish_reasons").contains("\"stop\""));
    assert!(!text(span, "gen_ai.response.time_to_first_chunk").is_empty());
    let failed = &spans["failed"];
    assert_eq!(failed.status.as_ref().map(|it| it.code), Some(2));
    assert!(!text(failed, "error.type").is_empty());
    let cancelled = &spans["cancelled"];
    assert_eq!(cancelled.status, None, "who cancels is no error");
}

#[test]
fn what_a_provider_repeats_in_place_of_names_is_not_told() {
    let collector = Collector::start();
    let data = format!(
        r#"{{"id":"fn {CANARY}() {{","model":"let x = {CANARY}","choices":[{{"text":"1;","finish_reason":"stop"}}]}}"#
    );
    let kind = format!("text/event-stream\r\nx-request-id: {KEY}");
    let body = format!("data: {data}\n\ndata: [DONE]\n\n");
    let provider = Scripted::start(vec![Step::Send(response("200 OK", &kind, &body))]);
    let mut config = mock_config(&provider.address, "openai-completions");
    config["providers"]["mock"]["key"] = json!({"command": ["printf", KEY]});
    let mut client = Builder::default()
        .config(config)
        .own("telemetry", json!({"endpoint": collector.address}))
        .own("ledger", json!({"tags": {"client": TAG}}))
        .start();
    let (uri, at) = open(&mut client, "repeated");
    let id = client.ask_in(&uri, &at);
    assert_eq!(client.texts(id), ["1;"]);
    client.notification("byok/usage");
    assert!(provider.request().0.contains(KEY), "the key was sent there");
    client.finish();
    let (raw, spans) = collector.spans(1);
    check(&raw);
    let span = &spans["completed"];
    assert_eq!(text(span, "gen_ai.request.model"), "m");
    for name in ["gen_ai.response.model", "gen_ai.response.id"] {
        assert_eq!(text(span, name), "", "{name}");
    }
}

#[test]
fn neither_an_editor_nor_a_workspace_can_have_anybody_told() {
    let collector = Collector::start();
    let folder = tempfile::tempdir().unwrap();
    let says = format!("[telemetry]\nendpoint = \"{}\"\n", collector.address);
    std::fs::write(folder.path().join(".byok.toml"), says).unwrap();
    let provider = Scripted::start(events(&[
        r#"{"choices":[{"text":"1;","finish_reason":"stop"}]}"#,
        "[DONE]",
    ]));
    let mut config = mock_config(&provider.address, "openai-completions");
    config["telemetry"] = json!({"endpoint": collector.address});
    let providers = config.as_object_mut().unwrap().remove("providers").unwrap();
    let start = || {
        Builder::default()
            .own("providers", providers.clone())
            .own("completion", json!({"model": "mock/m", "debounce_ms": 0}))
            .workspace(folder.path())
    };
    let complete = |client: &mut Client| {
        let uri = Url::from_file_path(folder.path().join("a.rs")).unwrap();
        let at = client.open_as(uri.as_str(), "rust", "let x = ˇ");
        let id = client.ask_in(uri.as_str(), &at);
        assert_eq!(client.texts(id), ["1;"]);
        client.notification("byok/usage");
    };
    let mut client = start().editor(config.clone()).start();
    complete(&mut client);
    for whose in ["your own file", ".byok.toml"] {
        let told = client.wait_for(whose, |message| {
            let text = message["params"]["message"].as_str();
            text.is_some_and(|text| text.contains("telemetry") && text.contains(whose))
        });
        assert!(!told.to_string().contains(&collector.address), "{told}");
    }
    client.finish();
    assert!(collector.messages.try_recv().is_err(), "nobody was told");
    // The same call is told of where the user's own file says so.
    let mut client = start()
        .own("telemetry", config["telemetry"].clone())
        .start();
    complete(&mut client);
    client.finish();
    let (_, spans) = collector.spans(1);
    assert!(spans.contains_key("completed"));
}

#[test]
fn a_collector_that_is_gone_changes_nothing_for_the_editor() {
    let nobody = format!("http://127.0.0.1:{}", crate::peer::free_port());
    let provider = Scripted::start(events(&[
        r#"{"choices":[{"text":"1;","finish_reason":"stop"}]}"#,
        "[DONE]",
    ]));
    let mut client = Builder::default()
        .http(&provider.address, "openai-completions")
        .own("telemetry", json!({"endpoint": nobody}))
        .start();
    let at = client.open("let x = ˇ");
    let id = client.ask(&at);
    assert_eq!(client.texts(id), ["1;"]);
    assert_eq!(client.notification("byok/usage")["outcome"], "completed");
    client.finish();
}
