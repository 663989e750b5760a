//! The answers of providers, over every wire and in every framing: cut anywhere they say the same.

use super::{Choices, Tally};
use byok_lsp::config::Wire;
use byok_lsp::provider::{Answer, Event};

const WIRES: [Wire; 12] = [
    Wire::OpenAiChat,
    Wire::OpenAiCompletions,
    Wire::OpenAiResponses,
    Wire::AnthropicMessages,
    Wire::Gemini,
    Wire::CohereChat,
    Wire::BedrockConverse,
    Wire::OllamaChat,
    Wire::OllamaGenerate,
    Wire::LlamaCppInfill,
    Wire::FimTemplate,
    Wire::FimCompletions,
];

const KINDS: [&str; 4] = [
    "text/event-stream",
    "application/json",
    "application/x-ndjson",
    "application/vnd.amazon.eventstream",
];

static READ: Tally = Tally::new("bytes of answers", 100_000_000);

/// Runs it.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let (wire, kind) = (choices.of(&WIRES), choices.of(&KINDS));
    let size = usize::from(choices.byte()).max(1);
    let body = choices.rest();
    READ.add(body.len());
    let (whole, is_whole) = read(wire, kind, body, usize::MAX);
    let (pieces, are_whole) = read(wire, kind, body, size);
    assert_eq!((whole, is_whole), (pieces, are_whole));
}

/// Returns the events of an answer in pieces of a size, and whether it was read to its end.
fn read(wire: Wire, kind: &str, body: &[u8], size: usize) -> (Vec<String>, bool) {
    let Ok(mut answer) = Answer::new(wire, kind) else {
        return (Vec::new(), false);
    };
    let is_read = body.chunks(size).all(|piece| answer.push(piece).is_ok());
    // After a fault nothing more is read.
    let is_whole = is_read && answer.end().is_ok();
    let mut events: Vec<String> = Vec::new();
    let mut text = String::new();
    while let Some(event) = answer.event() {
        match event {
            Event::Text(more) => text += &more,
            other => events.push(format!("{other:?}")),
        }
    }
    events.push(text);
    (events, is_whole)
}
