//! The server and a real model server: `llama-server` with a tiny random model, if it is installed.

use byok_lsp::config::Wire;
use byok_lsp::provider::{Error, Event, Finish};
use serde_json::{Value, json};

use crate::client::Builder;
use crate::peer::{Llama, PATIENCE, read_all, until};

/// The wires that it speaks.
const WIRES: [&str; 5] = [
    "openai-chat",
    "openai-completions",
    "openai-responses",
    "anthropic-messages",
    "llama-cpp-infill",
];

fn config(llama: &Llama, max_tokens: u32) -> Value {
    json!({
        "completion": {"model": "llama-cpp/tiny", "debounce_ms": 0, "max_tokens": max_tokens, "max_lines": 100},
        "providers": {"llama-cpp": {"base_url": format!("http://127.0.0.1:{}/v1", llama.port)}},
    })
}

#[test]
fn a_real_model_server_streams_a_suggestion_and_tells_its_tokens() {
    let Some(llama) = Llama::start() else { return };
    let mut client = Builder::default().config(config(&llama, 16)).start();
    let at = client.open("fn main() {\n    let x = ˇ\n}\n");
    let id = client.ask(&at);
    let answer = client.answer(id);
    assert!(answer["result"]["items"].is_array(), "{answer}");
    let usage = client.notification("byok/usage");
    assert_eq!(
        (&usage["provider"], &usage["outcome"]),
        (&json!("llama-cpp"), &json!("completed"))
    );
    assert_eq!(usage["payer"], "nobody: runs on this machine");
    assert_eq!(usage["cost"]["nanos"], 0);
    assert!(
        usage["tokens"]["input"].as_u64().unwrap() > 0
            && usage["tokens"]["output"].as_u64().unwrap() > 0,
        "{usage}"
    );
    client.finish();
}

#[test]
fn a_real_model_server_lists_its_model_with_the_context_that_it_was_started_with() {
    let Some(llama) = Llama::start() else { return };
    let mut client = Builder::default().config(config(&llama, 16)).start();
    let models = loop {
        let id = client.request("byok/models", json!({}));
        let models = client.answer(id)["result"].clone();
        let lists = models["lists"].as_array().unwrap();
        let list = lists.iter().find(|list| list["provider"] == "llama-cpp");
        let list = list.unwrap();
        assert!(list.get("message").is_none(), "{list}");
        if list["source"] == "list" {
            break models;
        }
        std::thread::yield_now();
    };
    let tiny = &models["models"][0];
    assert_eq!(
        (&tiny["id"], &tiny["context"]),
        (&json!("llama-cpp/tiny"), &json!(65536))
    );
    client.finish();
}

#[test]
fn a_real_model_server_is_asked_over_every_wire_it_speaks() {
    let Some(llama) = Llama::start() else { return };
    for wire in WIRES {
        let mut settings = config(&llama, 16);
        settings["providers"]["llama-cpp"]["wire"] = json!(wire);
        let mut client = Builder::default().config(settings).start();
        let at = client.open("fn main() {\n    let x = ˇ\n}\n");
        let id = client.ask(&at);
        client.answer(id);
        let usage = client.notification("byok/usage");
        assert_eq!(usage["outcome"], "completed", "{wire}: {usage}");
        let tokens = &usage["tokens"];
        assert!(
            tokens["input"].as_u64().unwrap() > 0 && tokens["output"].as_u64().unwrap() > 0,
            "{wire}: {usage}"
        );
        client.finish();
    }
}

#[test]
fn a_real_answer_is_read_to_its_end_and_a_wrong_key_is_refused() {
    let Some(llama) = Llama::start_with_key("right") else {
        return;
    };
    for wire in [
        Wire::OpenAiChat,
        Wire::OpenAiCompletions,
        Wire::OpenAiResponses,
        Wire::AnthropicMessages,
        Wire::LlamaCppInfill,
    ] {
        let events = read_all(llama.port, wire, "right").unwrap();
        let usage = events.iter().find_map(|event| match event {
            Event::Usage(usage) => Some(usage.tokens),
            _ => None,
        });
        let tokens = usage.unwrap_or_else(|| panic!("{wire:?}: {events:?}"));
        assert_eq!(tokens.output, 24, "{wire:?}: {events:?}");
        assert!(tokens.input_total() > 0, "{wire:?}: {events:?}");
        // Over Responses it calls an answer completed that met its limit.
        let finish = match wire {
            Wire::OpenAiResponses => Finish::Stop,
            _ => Finish::Length,
        };
        let end = Event::Finish(finish);
        assert!(events.contains(&end), "{wire:?}: {events:?}");
        assert!(
            events.iter().any(|event| matches!(event, Event::Text(_))),
            "{wire:?}: {events:?}"
        );
        assert_eq!(
            read_all(llama.port, wire, "wrong"),
            Err(Error::Unauthorized),
            "{wire:?}"
        );
    }
}

#[test]
fn cancelling_stops_a_real_model_server_over_every_wire_it_speaks() {
    let Some(llama) = Llama::start() else { return };
    for wire in WIRES {
        let mut settings = config(&llama, 4096);
        settings["providers"]["llama-cpp"]["wire"] = json!(wire);
        let mut client = Builder::default().config(settings).start();
        let at = client.open("let x = ˇ");
        let id = client.ask(&at);
        until("it is busy", PATIENCE, || llama.is_busy());
        client.cancel(id);
        client.texts(id);
        until("it is idle", PATIENCE, || !llama.is_busy());
        let usage = client.notification("byok/usage");
        assert_eq!(usage["totals"]["session"]["calls"], 1, "{wire}: {usage}");
        client.finish();
    }
}
