//! Recorded answers of real providers, read by the wires themselves and compared with what an independent reader made of them.
//!
//! The recordings are not part of the project: they lie in `../shared/providers/data/fixtures` beside the checkout, or in the folder that
//! `BYOK_FIXTURES` names. Where neither exists the test says so and passes, unless `CI` is `true`.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use byok_lsp::config::Wire;
use byok_lsp::cost::{Catalogue, Currency, Money, Tokens};
use byok_lsp::models;
use byok_lsp::provider::{Answer, Error, Event, Finish, Usage};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Recordings of lists of models, which are no answers to a call.
const LISTS_OF_MODELS: [&str; 5] = [
    "anthropic/models",
    "gemini/models",
    "mistral/models",
    "ollama/tags",
    "openai/models",
];

/// What each recorded error must be taken for, by how its message begins or what stands in it.
const ERRORS: [(&str, &str); 24] = [
    ("anthropic/error_400", "refused the request: temperature"),
    ("anthropic/error_401", "the key was refused"),
    ("anthropic/error_404", "does not know the model"),
    (
        "bedrock/error_400_profile",
        "refused the request: Invocation",
    ),
    ("chatgpt/error_401_detail", "the key was refused"),
    ("cohere/error_404", "does not know the model"),
    ("deepseek/error_400_model", "does not know the model"),
    ("deepseek/error_401", "the key was refused"),
    ("gemini/error_400_bad_key", "the key was refused"),
    ("gemini/error_404", "does not know the model"),
    (
        "gemini/error_429_retry_info",
        "rate of calls; try again in 34 s",
    ),
    ("groq/error_401", "the key was refused"),
    ("groq/error_404", "does not know the model"),
    ("llamacpp/error_401", "the key was refused"),
    ("llamacpp/error_context_overflow", "too long for the model"),
    ("mistral/error_400_model", "does not know the model"),
    ("mistral/error_401_detail", "the key was refused"),
    (
        "openai/error_400_max_tokens",
        "refused the request: Unsupported",
    ),
    ("openai/error_400_param", "refused the request: Invalid"),
    ("openai/error_401_models", "the key was refused"),
    ("openai/error_401_responses", "the key was refused"),
    ("openrouter/error_400_model", "does not know the model"),
    ("openrouter/error_429_upstream", "limits the rate of calls"),
    ("xai/error_bad_key_400", "the key was refused"),
];

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("BYOK_FIXTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/providers/data/fixtures"),
        PathBuf::from,
    );
    if folder.join("manifest.json").is_file() {
        return Some(folder);
    }
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!is_ci, "the recordings are missing: {}", folder.display());
    eprintln!(
        "skipped: no recordings in {}; BYOK_FIXTURES may name them",
        folder.display()
    );
    None
}

/// One recording, and what it must come to.
struct Recording {
    id: String,
    wire: Option<Wire>,
    status: u16,
    headers: HeaderMap,
    is_stream: bool,
    body: Vec<u8>,
    /// The model that was asked for, where the request's body names it.
    requested: Option<String>,
    expected: Value,
}

fn recordings(folder: &Path) -> Vec<Recording> {
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
    };
    let expected = read("expected.json");
    let recording = |entry: &Value| {
        let id = entry["id"].as_str().unwrap().to_owned();
        let mut recorded = read(&format!("{id}.json"));
        let response = recorded["response"].take();
        let body = match (&response["body"], &response["body_base64"]) {
            (_, Value::String(bytes)) => BASE64_STANDARD.decode(bytes).unwrap(),
            (Value::String(text), _) => text.clone().into_bytes(),
            (Value::Null, _) => Vec::new(),
            (other, _) => other.to_string().into_bytes(),
        };
        Recording {
            wire: wire(entry["api"].as_str().unwrap()),
            status: u16::try_from(entry["status"].as_u64().unwrap()).unwrap(),
            headers: headers(&response["headers"]),
            is_stream: entry["kind"] == "stream",
            requested: recorded["request"]["body"]["model"]
                .as_str()
                .map(str::to_owned),
            body,
            expected: expected[&id].clone(),
            id,
        }
    };
    read("manifest.json")
        .as_array()
        .unwrap()
        .iter()
        .map(recording)
        .collect()
}

fn headers(recorded: &Value) -> HeaderMap {
    let pair = |(name, value): (&String, &Value)| {
        let name = HeaderName::try_from(name).ok()?;
        Some((name, HeaderValue::try_from(value.as_str()?).ok()?))
    };
    recorded
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(pair)
        .collect()
}

fn wire(api: &str) -> Option<Wire> {
    match api {
        "openai.chat" => Some(Wire::OpenAiChat),
        "openai.completions" => Some(Wire::OpenAiCompletions),
        "openai.responses" => Some(Wire::OpenAiResponses),
        "anthropic.messages" => Some(Wire::AnthropicMessages),
        "gemini.generateContent" => Some(Wire::Gemini),
        "ollama.chat" => Some(Wire::OllamaChat),
        "cohere.chat" => Some(Wire::CohereChat),
        "bedrock.converse" => Some(Wire::BedrockConverse),
        _ => None,
    }
}

/// Reads an answer that comes in pieces of random length, up to `most` bytes each.
fn read(
    wire: Wire,
    recording: &Recording,
    random: &mut u64,
    most: u64,
) -> (Vec<Event>, Result<(), Error>) {
    let told = recording.headers.get("content-type");
    let kind = match told.and_then(|kind| kind.to_str().ok()) {
        Some(frames) if frames.starts_with("application/vnd.") => frames,
        _ if recording.is_stream => "text/event-stream",
        _ => "application/json",
    };
    let mut answer = Answer::new(wire, kind).unwrap();
    let mut events = Vec::new();
    let mut rest = &recording.body[..];
    let mut outcome = Ok(());
    while outcome.is_ok() && !rest.is_empty() {
        // Knuth's linear congruential generator: the same cuts on every run.
        *random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let length = usize::try_from(1 + (*random >> 33) % most)
            .unwrap()
            .min(rest.len());
        outcome = answer.push(&rest[..length]);
        rest = &rest[length..];
        events.extend(std::iter::from_fn(|| answer.event()));
    }
    let outcome = outcome.and_then(|()| answer.end());
    events.extend(std::iter::from_fn(|| answer.event()));
    (events, outcome)
}

/// Compares what came out with what the independent reader says; a difference is a line.
fn differences(recording: &Recording, events: &[Event], end: &Result<(), Error>) -> Vec<String> {
    let expected = &recording.expected;
    let mut differences = Vec::new();
    let mut check = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            differences.push(format!("{}: {what} is {ours}, not {theirs}", recording.id));
        }
    };
    let text: String = events
        .iter()
        .filter_map(|event| match event {
            Event::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let digest = Sha256::digest(text.as_bytes());
    let digest: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let digest = digest.concat();
    check(
        "text",
        format!("{} {digest}", text.chars().count()),
        format!(
            "{} {}",
            expected["text_len"],
            expected["text_sha256"].as_str().unwrap_or_default()
        ),
    );

    let finishes: Vec<Finish> = events
        .iter()
        .filter_map(|event| match event {
            Event::Finish(finish) => Some(*finish),
            _ => None,
        })
        .collect();
    check(
        "finish",
        format!("{finishes:?}"),
        format!("{:?}", finish(expected).as_slice()),
    );
    check(
        "failure",
        end.is_err().to_string(),
        expected.get("error").is_some().to_string(),
    );

    let usage = usage(events);
    if expected["usage"].is_object() {
        check(
            "usage",
            normal(&usage.tokens).to_string(),
            the_counts(&expected["usage"]).to_string(),
        );
    }
    let stated = expected["reported_cost_usd"]
        .as_number()
        .map(ToString::to_string);
    let stated = stated.and_then(|text| Money::reported(&text, Currency::USD));
    check(
        "reported cost",
        format!("{:?}", usage.cost),
        format!("{stated:?}"),
    );
    check(
        "price",
        format!("{:?}", price(recording, events, &usage.tokens)),
        format!("{:?}", their_price(expected)),
    );
    differences
}

/// The last word on the usage.
fn usage(events: &[Event]) -> Usage {
    let told = events.iter().rev().find_map(|event| match event {
        Event::Usage(usage) | Event::UsageSoFar(usage) => Some(usage.clone()),
        _ => None,
    });
    told.unwrap_or_default()
}

fn finish(expected: &Value) -> Option<Finish> {
    if expected["refusal"].is_string() {
        return Some(Finish::Refused);
    }
    match expected["finish_raw"].as_str()? {
        "stop" | "end_turn" | "stop_sequence" | "STOP" | "completed" | "COMPLETE" => {
            Some(Finish::Stop)
        }
        "length" | "max_tokens" | "MAX_TOKENS" | "incomplete" => Some(Finish::Length),
        "refusal" => Some(Finish::Refused),
        "failed" => None,
        other => panic!("a new reason to finish: {other}"),
    }
}

/// Our counts, by the names of `expected.json`.
fn normal(tokens: &Tokens) -> Value {
    serde_json::json!({
        "input_total": tokens.input_total(),
        "input_uncached": tokens.input,
        "cache_read": tokens.cache_read,
        "cache_write": tokens.cache_write_5m + tokens.cache_write_1h,
        "cache_write_1h": tokens.cache_write_1h,
        "output_total": tokens.output,
        "reasoning": tokens.reasoning,
    })
}

fn the_counts(expected: &Value) -> Value {
    let mut counts = expected.clone();
    counts.as_object_mut().unwrap().remove("note");
    counts
}

const PRICE: &str = "price_genai_prices_0_2_3_at_2026_11_15T12Z";

fn their_price(expected: &Value) -> Option<Money> {
    Money::reported(expected[PRICE]["total"].as_str()?, Currency::USD)
}

/// What our catalogue makes of our counts, at the moment and for the provider of the independent price.
fn price(recording: &Recording, events: &[Event], tokens: &Tokens) -> Option<Money> {
    let provider = recording.expected[PRICE]["provider"].as_str()?;
    let model = events.iter().find_map(|event| match event {
        Event::Model(model) => Some(model.as_str()),
        _ => None,
    });
    let at = "2026-11-15T12:00:00Z".parse().unwrap();
    // A provider that does not echo the model served the one that was asked for.
    let model = model.or(recording.requested.as_deref())?;
    let price = Catalogue::embedded().price(provider, model, at)?;
    Some(price.cost(tokens))
}

#[test]
fn every_recorded_answer_is_read_as_an_independent_reader_read_it() {
    let Some(folder) = folder() else { return };
    let recordings = recordings(&folder);
    let mut not_covered = Vec::new();
    let mut lists = Vec::new();
    let mut differences_found = Vec::new();
    let mut read_to_end = 0;
    for recording in recordings
        .iter()
        .filter(|recording| recording.status == 200)
    {
        if recording
            .expected
            .get("text_len")
            .is_none_or(Value::is_null)
        {
            lists.push(recording.id.as_str());
            continue;
        }
        let Some(wire) = recording.wire else {
            not_covered.push(recording.id.as_str());
            continue;
        };
        let mut random = 1;
        let (events, end) = read(wire, recording, &mut random, u64::MAX >> 32);
        differences_found.extend(differences(recording, &events, &end));
        for most in [1, 2, 7, 64, 64, 1024, 1024, 16 * 1024] {
            let again = read(wire, recording, &mut random, most);
            assert_eq!(
                again,
                (events.clone(), end.clone()),
                "{} in pieces of up to {most}",
                recording.id
            );
        }
        read_to_end += 1;
    }
    assert!(
        differences_found.is_empty(),
        "{}",
        differences_found.join("\n")
    );
    lists.sort_unstable();
    assert!(not_covered.is_empty(), "no wire reads {not_covered:?}");
    assert_eq!(lists, LISTS_OF_MODELS);
    eprintln!("{read_to_end} recorded answers read");
}

/// Of each recorded list: how many models it has, and of one of them its context size and whether it fills and chats.
type Expected = (
    &'static str,
    usize,
    &'static str,
    Option<u64>,
    Option<bool>,
    Option<bool>,
);

#[test]
fn every_recorded_list_of_models_is_read() {
    let Some(folder) = folder() else { return };
    let yes = Some(true);
    let no = Some(false);
    let expected: [Expected; 8] = [
        (
            "anthropic/models",
            9,
            "claude-opus-4-7",
            Some(1_000_000),
            None,
            None,
        ),
        (
            "gemini/models",
            52,
            "gemini-2.5-flash",
            Some(1_048_576),
            None,
            yes,
        ),
        (
            "gemini/models",
            52,
            "imagen-4.0-generate-001",
            Some(480),
            None,
            no,
        ),
        (
            "mistral/models",
            55,
            "codestral-latest",
            Some(256_000),
            yes,
            yes,
        ),
        ("mistral/models", 55, "mistral-embed", Some(8192), no, no),
        ("ollama/tags", 5, "llama3.2:latest", None, None, None),
        ("ollama/tags", 5, "all-minilm:latest", None, None, no),
        ("openai/models", 126, "gpt-4.1-mini", None, None, None),
    ];
    let recorded = recordings(&folder);
    for (id, count, name, context, fills, chats) in expected {
        let recording = recorded.iter().find(|one| one.id == id).unwrap();
        let list = models::read(&serde_json::from_slice(&recording.body).unwrap()).unwrap();
        assert_eq!(list.len(), count, "{id}");
        let model = list.iter().find(|model| model.name == name).unwrap();
        assert_eq!(
            (model.context, model.fills, model.chats),
            (context, fills, chats),
            "{id} {name}"
        );
    }
    // Recorded apart from the others, with its prices.
    let path = folder.join("../prices/openrouter-models.recorded.json");
    let Ok(bytes) = std::fs::read(path) else {
        return;
    };
    let list = models::read(&serde_json::from_slice(&bytes).unwrap()).unwrap();
    let unpriced = list.iter().filter(|model| model.price.is_none()).count();
    assert_eq!(
        (list.len(), unpriced),
        (413, 5),
        "what is routed has no price beforehand"
    );
    let qwen = list
        .iter()
        .find(|model| model.name == "qwen/qwen3.8-27b")
        .unwrap();
    let price = qwen.price.unwrap();
    assert_eq!((qwen.context, qwen.chats), (Some(262_144), yes));
    assert_eq!(
        (price.input.to_decimal(), price.output.to_decimal()),
        ("0.45".into(), "3.2".into())
    );
}

#[test]
fn every_recorded_error_is_taken_for_what_it_is() {
    let Some(folder) = folder() else { return };
    let mut seen = Vec::new();
    for recording in recordings(&folder) {
        if recording.status == 200 {
            continue;
        }
        let error =
            Error::from_status(recording.status, &recording.headers, &recording.body).to_string();
        let expected = ERRORS.iter().find(|(id, _)| *id == recording.id);
        let (_, expected) =
            expected.unwrap_or_else(|| panic!("{} is a new error: {error}", recording.id));
        assert!(error.contains(expected), "{}: {error}", recording.id);
        seen.push(recording.id);
    }
    let missing: Vec<_> = ERRORS
        .iter()
        .filter(|(id, _)| !seen.iter().any(|seen| seen == id))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_conditions_of_the_price_are_read_where_they_are_told() {
    let Some(folder) = folder() else { return };
    let recordings = recordings(&folder);
    for (id, tier) in [
        ("anthropic/text_stream", "standard"),
        ("gemini/vertex_flex_stream", "flex"),
        ("mistral/text_stream", "standard"),
        ("groq/text_stream", "on_demand"),
        ("openai/responses_text_stream", "default"),
    ] {
        let recording = recordings
            .iter()
            .find(|recording| recording.id == id)
            .unwrap();
        let (events, _) = read(recording.wire.unwrap(), recording, &mut 1, 1024);
        assert_eq!(usage(&events).service_tier.as_deref(), Some(tier), "{id}");
    }
}
