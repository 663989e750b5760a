//! Bedrock's Converse: one form for all models that Amazon hosts, streamed in frames of its own ([`super::event_stream`]).
//!
//! Facts: botocore's `bedrock-runtime` model of 2023-09-30 and recorded answers. The key is a Bedrock API key, sent as a bearer. The model's name
//! is in the address, each of its special characters escaped. Usage follows the stop in `metadata`; like Anthropic's, its input excludes what a
//! cache had or took. Faults come as frames of the kind `…Exception`.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::answer::Dialect;
use super::openai_usage;
use super::sse::Message;
use super::wire::Post;
use super::{Call, Error, Event, Finish, Input, Role, Usage};
use crate::cost::Tokens;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    messages: Vec<Turn>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Text>,
    inference_config: Inference,
}

#[derive(Serialize)]
struct Turn {
    role: &'static str,
    content: [Text; 1],
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inference {
    max_tokens: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<String>,
}

/// Writes the request.
pub(super) fn request(call: Call) -> Result<Post, Error> {
    let (Some(base_url), Input::Chat(messages)) = (call.base_url, call.input) else {
        return Err(Error::Unsupported {
            wire: "bedrock-converse",
        });
    };
    let (system, turns): (Vec<_>, Vec<_>) = messages
        .into_iter()
        .partition(|message| message.role == Role::System);
    let text = |text| Text { text };
    let body = Body {
        system: system
            .into_iter()
            .map(|message| text(message.text))
            .collect(),
        messages: turns
            .into_iter()
            .map(|message| Turn {
                role: "user",
                content: [text(message.text)],
            })
            .collect(),
        inference_config: Inference {
            max_tokens: call.max_tokens,
            // Blanks alone are refused.
            stop_sequences: call
                .stop
                .into_iter()
                .filter(|stop| !stop.trim().is_empty())
                .collect(),
        },
    };
    let path = format!("model/{}/converse-stream", escaped(&call.model));
    Ok(Post::new(&base_url, &path, call.key, body).with(call.quirks))
}

/// Escapes a model's name for one segment of a path: names hold colons, and those of inference profiles slashes.
fn escaped(model: &str) -> String {
    use std::fmt::Write as _;
    model.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// Reads the frames.
#[derive(Default)]
pub(super) struct Reader {
    is_whole: bool,
}

/// The payload of any kind of frame, or a whole answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece {
    delta: Option<Part>,
    output: Option<Output>,
    stop_reason: Option<String>,
    usage: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Output {
    message: Option<Said>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    content: Vec<Part>,
}

/// Thoughts and calls of tools are parts without a text.
#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Counts {
    input_tokens: u64,
    output_tokens: u64,
    cache_read_input_tokens: u64,
    cache_write_input_tokens: u64,
    cache_details: Vec<Written>,
}

/// A part of what the cache took.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    ttl: Option<String>,
    #[serde(default)]
    input_tokens: u64,
}

/// Reads it; what is no such object is none, since a stream's text is good without it.
fn usage(raw: &RawValue) -> Option<Usage> {
    let counts: Counts = serde_json::from_str(raw.get()).ok()?;
    let for_an_hour = counts
        .cache_details
        .iter()
        .filter(|written| written.ttl.as_deref() == Some("1h"))
        .map(|written| written.input_tokens)
        .fold(0, u64::saturating_add)
        .min(counts.cache_write_input_tokens);
    Some(Usage {
        tokens: Tokens {
            input: counts.input_tokens,
            cache_read: counts.cache_read_input_tokens,
            cache_write_5m: counts.cache_write_input_tokens - for_an_hour,
            cache_write_1h: for_an_hour,
            output: counts.output_tokens,
            ..Tokens::default()
        },
        raw: Some(raw.get().into()),
        ..Usage::default()
    })
}

/// What a fault's kind means, in the words in which other providers say it.
fn fault(message: &Message) -> Option<Error> {
    let code = match message.event.as_str() {
        "throttlingException" => "rate_limit_exceeded",
        "internalServerException"
        | "modelStreamErrorException"
        | "modelTimeoutException"
        | "serviceUnavailableException" => "server_error",
        other if other.ends_with("Exception") => "",
        _ => return None,
    };
    let body: serde_json::Value = serde_json::from_str(&message.data).unwrap_or_default();
    let text = body["message"].as_str().unwrap_or(&message.event);
    Some(Error::from_stream(
        &json!({"error": {"code": code, "message": text}}),
    ))
}

impl Dialect for Reader {
    fn message(&mut self, message: &Message, events: &mut VecDeque<Event>) -> Result<(), Error> {
        if let Some(error) = fault(message) {
            return Err(error);
        }
        let piece: Piece = openai_usage::parse(&message.data)?;
        let said = piece.output.and_then(|output| output.message);
        let whole = said.map_or_else(Vec::new, |said| said.content);
        let texts = piece
            .delta
            .into_iter()
            .chain(whole)
            .filter_map(|part| part.text);
        events.extend(texts.filter(|text| !text.is_empty()).map(Event::Text));
        if let Some(reason) = piece.stop_reason {
            self.is_whole = true;
            events.push_back(Event::Finish(match reason.as_str() {
                "end_turn" | "stop_sequence" => Finish::Stop,
                "max_tokens" | "model_context_window_exceeded" => Finish::Length,
                "guardrail_intervened" | "content_filtered" => Finish::Refused,
                _ => Finish::Other,
            }));
        }
        let usage = piece.usage.as_deref().and_then(usage);
        events.extend(usage.map(Event::Usage));
        Ok(())
    }

    fn end(&mut self, _: &mut VecDeque<Event>) -> bool {
        self.is_whole
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::Answer;
    use super::super::event_stream::frame;
    use super::super::testing::call;
    use super::*;
    use crate::config::Wire;

    /// The events of an answer of these frames, and how it ended.
    fn events(frames: &[(&str, &str)]) -> (Vec<Event>, Result<(), Error>) {
        let kind = "application/vnd.amazon.eventstream";
        let mut answer = Answer::new(Wire::BedrockConverse, kind).expect("an answer");
        let bytes: Vec<u8> = frames
            .iter()
            .flat_map(|(kind, payload)| frame(":event-type", kind, payload))
            .collect();
        let end = answer.push(&bytes).and_then(|()| answer.end());
        (std::iter::from_fn(|| answer.event()).collect(), end)
    }

    #[test]
    fn the_model_is_one_escaped_segment_of_the_address() {
        let mut call = call(Wire::BedrockConverse);
        call.model = "arn:aws:bedrock:eu::p/m:0".into();
        let post = request(call).expect("a request");
        assert_eq!(
            post.url.path(),
            "/v1/model/arn%3Aaws%3Abedrock%3Aeu%3A%3Ap%2Fm%3A0/converse-stream"
        );
        assert_eq!(post.body["system"][0]["text"], "be brief");
        assert_eq!(post.body["inferenceConfig"]["maxTokens"], 64);
        assert!(post.body.get("model").is_none());
    }

    #[test]
    fn what_is_used_comes_behind_the_stop_and_what_a_cache_took_is_apart() {
        let (told, end) = events(&[
            ("messageStart", r#"{"role":"assistant"}"#),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}}}"#,
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":1,"delta":{"text":"1"}}"#,
            ),
            ("contentBlockStop", r#"{"contentBlockIndex":1}"#),
            ("messageStop", r#"{"stopReason":"max_tokens"}"#),
            (
                "metadata",
                r#"{"usage":{"inputTokens":2,"outputTokens":3,"cacheReadInputTokens":4,"cacheWriteInputTokens":9,"cacheDetails":[{"ttl":"1h","inputTokens":7}]}}"#,
            ),
        ]);
        assert_eq!(
            told[..2],
            [Event::Text("1".into()), Event::Finish(Finish::Length)]
        );
        let Event::Usage(usage) = &told[2] else {
            panic!("{told:?}")
        };
        let tokens = usage.tokens;
        assert_eq!(
            (
                tokens.input,
                tokens.cache_read,
                tokens.cache_write_5m,
                tokens.cache_write_1h,
                tokens.output
            ),
            (2, 4, 2, 7, 3)
        );
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn a_fault_midway_is_its_error() {
        let text = ("contentBlockDelta", r#"{"delta":{"text":"1"}}"#);
        let (told, end) = events(&[text, ("throttlingException", r#"{"message":"slow"}"#)]);
        assert_eq!(told, [Event::Text("1".into())]);
        assert_eq!(end, Err(Error::RateLimited { retry_after: None }));
        let (_, end) = events(&[("validationException", r#"{"message":"no such thing"}"#)]);
        assert_eq!(end, Err(Error::Rejected("no such thing".into())));
        let (_, end) = events(&[text]);
        assert_eq!(end, Err(Error::Cut));
    }

    #[test]
    fn bytes_that_are_no_frame_are_said_so() {
        let kind = "application/vnd.amazon.eventstream";
        let mut answer = Answer::new(Wire::BedrockConverse, kind).expect("an answer");
        assert!(matches!(
            answer.push(b"data: {\"a\":1}\n\n"),
            Err(Error::Malformed(_))
        ));
    }
}
