//! The server and each wire over HTTP: where a request goes, how its key travels, and what is read back.

use serde_json::{Value, json};

use crate::client::Builder;
use crate::provider::{Scripted, Step, response};

/// A variable that is always set here, since cargo sets it: what stands in it serves as the key.
const VARIABLE: &str = "CARGO_PKG_NAME";

/// Asks a provider once and returns the request's head and body, the suggestion, and the usage.
fn ask(wire: &str, model: &str, kind: &str, answer: &str) -> (String, Value, Vec<String>, Value) {
    let provider = Scripted::start(vec![Step::Send(response("200 OK", kind, answer))]);
    let config = json!({
        "completion": {"model": format!("mock/{model}"), "debounce_ms": 0},
        "providers": {"mock": {
            "wire": wire, "base_url": format!("{}/v1", provider.address), "key": {"env": VARIABLE},
        }},
    });
    let mut client = Builder::default().config(config).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    let texts = client.texts(id);
    let usage = client.notification("byok/usage");
    let (head, body) = provider.request();
    client.finish();
    (head, serde_json::from_str(&body).unwrap(), texts, usage)
}

#[test]
fn every_wire_asks_at_its_own_place_with_its_own_key_and_is_read() {
    let sse = "text/event-stream";
    let key = std::env::var(VARIABLE).unwrap();
    let table = [
        (
            "openai-responses",
            "m",
            sse,
            "data: {\"type\":\"response.output_text.delta\",\"delta\":\"42;\"}\n\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"usage\":{\"input_tokens\":9,\"output_tokens\":2}}}\n\n",
            "POST /v1/responses HTTP/1.1",
            format!("authorization: Bearer {key}"),
        ),
        (
            "anthropic-messages",
            "m",
            sse,
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"42;\"}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n",
            "POST /v1/messages HTTP/1.1",
            format!("x-api-key: {key}"),
        ),
        (
            "gemini",
            "m",
            sse,
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"42;\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":2}}\n\n",
            "POST /v1/models/m:streamGenerateContent?alt=sse HTTP/1.1",
            format!("x-goog-api-key: {key}"),
        ),
        (
            "ollama-generate",
            "m",
            "application/x-ndjson",
            "{\"response\":\"42;\",\"done\":false}\n{\"response\":\"\",\"done\":true,\"prompt_eval_count\":9,\"eval_count\":2}\n",
            "POST /api/generate HTTP/1.1",
            format!("authorization: Bearer {key}"),
        ),
        (
            "ollama-chat",
            "m",
            "application/x-ndjson",
            "{\"message\":{\"content\":\"42;\"},\"done\":false}\n{\"done\":true,\"prompt_eval_count\":9,\"eval_count\":2}\n",
            "POST /api/chat HTTP/1.1",
            format!("authorization: Bearer {key}"),
        ),
        (
            "fim-completions",
            "m",
            sse,
            "data: {\"choices\":[{\"delta\":{\"content\":\"42;\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
            "POST /v1/fim/completions HTTP/1.1",
            format!("authorization: Bearer {key}"),
        ),
        (
            "fim-template",
            "starcoder2",
            sse,
            "data: {\"choices\":[{\"text\":\"42;<fim_pad>junk\",\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
            "POST /v1/completions HTTP/1.1",
            format!("authorization: Bearer {key}"),
        ),
        (
            "llama-cpp-infill",
            "m",
            sse,
            "data: {\"content\":\"42;\",\"stop\":false}\n\ndata: {\"content\":\"\",\"stop\":true,\"tokens_evaluated\":9,\"tokens_predicted\":2}\n\n",
            "POST /infill HTTP/1.1",
            format!("authorization: Bearer {key}"),
        ),
    ];
    for (wire, model, kind, answer, place, header) in table {
        let (head, _, texts, usage) = ask(wire, model, kind, answer);
        assert!(head.starts_with(place), "{wire}: {head}");
        assert!(head.contains(&header), "{wire}: {head}");
        assert_eq!(
            head.matches(&key).count() - head.matches(&format!("{key}/")).count(),
            1,
            "{wire}: the key travels once: {head}"
        );
        assert_eq!(texts, ["42;"], "{wire}");
        let tokens = &usage["tokens"];
        assert_eq!(
            (&tokens["input"], &tokens["output"]),
            (&json!(9), &json!(2)),
            "{wire}: {usage}"
        );
    }
}

#[test]
fn a_model_that_can_neither_fill_nor_chat_is_refused_with_the_reason() {
    let mut client = Builder::default()
        .config(json!({"completion": {"model": "local"}}))
        .start();
    for (model, reason) in [
        ("openai/text-embedding-3-small", "an embedding model"),
        (
            "azure-openai/mine",
            "https://RESOURCE.openai.azure.com/openai/v1",
        ),
    ] {
        let id = client.request("byok/setModel", json!({"model": model}));
        let answer = client.answer(id).to_string();
        assert!(answer.contains(reason), "{answer}");
    }
    client.finish();
}
