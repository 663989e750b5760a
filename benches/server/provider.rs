//! The scripted provider as these scenarios use it, and the settings that lead to it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::scripted::{Scripted, Seen, Step, events};

/// What the provider suggests: right where it is asked for.
pub const SUGGESTED: &str = "suggested();";

/// The settings under which completions go to a provider, at once.
pub fn settings(provider: &Scripted) -> Value {
    if let Ok(written) = std::env::var("BYOK_BENCH_INIT") {
        // Another server's own options.
        let written = written.replace("{base_url}", &format!("{}/v1", provider.address));
        return serde_json::from_str(&written).expect("BYOK_BENCH_INIT is JSON");
    }
    own_settings(provider)
}

/// The same for this crate's server, for the relay, and for the libraries alone.
pub fn own_settings(provider: &Scripted) -> Value {
    json!({"completion": {"model": "mock/m", "debounce_ms": 0}, "providers": {"mock": of(provider)}})
}

/// The settings of two providers, the first of which is asked: `mock/m`, and `other/m`.
pub fn settings_of_two(first: &Scripted, second: &Scripted) -> Value {
    json!({"completion": {"model": "mock/m", "debounce_ms": 0}, "providers": {"mock": of(first), "other": of(second)}})
}

fn of(provider: &Scripted) -> Value {
    json!({"wire": "openai-completions", "base_url": format!("{}/v1", provider.address), "key": "none"})
}

/// An answer in one piece.
pub fn answer() -> Vec<Step> {
    let text =
        json!({"model": "m", "choices": [{"text": SUGGESTED, "finish_reason": null}]}).to_string();
    let end = json!({"model": "m", "choices": [{"text": "", "finish_reason": "stop"}], "usage": {"prompt_tokens": 2000, "completion_tokens": 4}})
        .to_string();
    events(&[&text, &end, "[DONE]"])
}

/// An answer that takes its time.
pub fn answer_after(time: Duration) -> Vec<Step> {
    std::iter::once(Step::Wait(time)).chain(answer()).collect()
}

/// A request that was answered, as the provider saw it.
pub struct Served {
    /// When its last byte had come.
    pub came: Instant,
    /// When the last bytes of the answer were about to go out.
    pub answered: Instant,
    /// The body.
    pub body: String,
}

/// Waits for a request and for its answer's last byte.
pub fn served(provider: &Scripted) -> Served {
    let (mut request, mut answered) = (None, None);
    loop {
        match provider.next() {
            Seen::Request { body, at, .. } => request = Some((body, at)),
            Seen::Answered(at) => answered = Some(at),
            Seen::Closed(_) => {}
        }
        if let (Some((body, came)), Some(answered)) = (&request, answered) {
            return Served {
                came: *came,
                answered,
                body: body.clone(),
            };
        }
    }
}

/// Returns the text before and after the hole that the model was asked to fill.
pub fn hole(body: &str) -> (String, String) {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (text("prompt"), text("suffix"))
}
