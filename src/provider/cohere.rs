//! Cohere's own chat, version 2.
//!
//! Facts: Cohere's OpenAPI description of 2026-08 and recorded answers. What is billed are `billed_units`, a part of what the model read:
//! its compatible endpoint does not tell them. The model's name is not echoed. `data: [DONE]` may follow the last message.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::answer::Dialect;
use super::openai_chat::Turn;
use super::openai_chunk::Told;
use super::openai_usage;
use super::sse::Message;
use super::wire::Post;
use super::{Call, Error, Event, Finish, Input, Usage};
use crate::cost::Tokens;

/// The most stop texts that it takes.
const MOST_STOPS: usize = 5;

#[derive(Serialize)]
struct Body {
    model: String,
    messages: Vec<Turn>,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<String>,
    stream: bool,
}

/// Writes the request.
pub(super) fn request(call: Call) -> Result<Post, Error> {
    let (Some(base_url), Input::Chat(messages)) = (call.base_url, call.input) else {
        return Err(Error::Unsupported {
            wire: "cohere-chat",
        });
    };
    let body = Body {
        model: call.model,
        messages: messages.into_iter().map(Turn::from).collect(),
        max_tokens: call.max_tokens,
        stop_sequences: call.stop.into_iter().take(MOST_STOPS).collect(),
        stream: true,
    };
    Ok(Post::new(&base_url, "chat", call.key, body).with(call.quirks))
}

/// Reads the messages.
#[derive(Default)]
pub(super) struct Reader {
    told: Told,
    is_whole: bool,
}

/// A message of a stream, or a whole answer, whose fields lie where those of a message's `delta` do.
#[derive(Deserialize)]
struct Piece {
    id: Option<String>,
    delta: Option<Delta>,
    message: Option<Said>,
    finish_reason: Option<String>,
    usage: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Delta {
    message: Option<Said>,
    finish_reason: Option<String>,
    usage: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Said {
    content: Option<Content>,
}

/// One part where it streams, all where it does not.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Part(Part),
    Parts(Vec<Part>),
}

/// Thoughts are parts without a text.
#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Used {
    billed_units: Option<Counts>,
    tokens: Option<Counts>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Counts {
    // Descriptions call them numbers, not integers.
    input_tokens: f64,
    output_tokens: f64,
}

/// Reads it; what is no such object is none, since a stream's text is good without it.
fn usage(raw: &RawValue) -> Option<Usage> {
    let used: Used = serde_json::from_str(raw.get()).ok()?;
    let billed = used.billed_units.or(used.tokens)?;
    Some(Usage {
        tokens: Tokens {
            input: count(billed.input_tokens),
            output: count(billed.output_tokens),
            ..Tokens::default()
        },
        raw: Some(raw.get().into()),
        ..Usage::default()
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "such a cast keeps within the integer's range, and makes nothing of what is no number"
)]
fn count(number: f64) -> u64 {
    number as u64
}

impl Dialect for Reader {
    fn message(&mut self, message: &Message, events: &mut VecDeque<Event>) -> Result<(), Error> {
        if message.data.trim() == "[DONE]" {
            return Ok(());
        }
        let piece: Piece = openai_usage::parse(&message.data)?;
        self.told.id(piece.id, events);
        let delta = piece.delta.unwrap_or(Delta {
            message: piece.message,
            finish_reason: piece.finish_reason,
            usage: piece.usage,
        });
        let parts = match delta.message.and_then(|said| said.content) {
            Some(Content::Part(part)) => vec![part],
            Some(Content::Parts(parts)) => parts,
            None => Vec::new(),
        };
        let texts = parts.into_iter().filter_map(|part| part.text);
        events.extend(texts.filter(|text| !text.is_empty()).map(Event::Text));
        let usage = delta.usage.as_deref().and_then(usage);
        events.extend(usage.map(Event::Usage));
        let Some(reason) = delta.finish_reason else {
            return Ok(());
        };
        self.is_whole = true;
        events.push_back(Event::Finish(match reason.as_str() {
            "COMPLETE" | "STOP_SEQUENCE" => Finish::Stop,
            "MAX_TOKENS" => Finish::Length,
            "ERROR_TOXIC" => Finish::Refused,
            "ERROR" | "TIMEOUT" => return Err(Error::Failed),
            _ => Finish::Other,
        }));
        Ok(())
    }

    fn end(&mut self, _: &mut VecDeque<Event>) -> bool {
        self.is_whole
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, events};
    use super::*;
    use crate::config::Wire;

    #[test]
    fn the_request_goes_to_its_own_chat() {
        let post = request(call(Wire::CohereChat)).expect("a request");
        assert_eq!(post.url.as_str(), "https://api.example.com/v1/chat");
        assert_eq!(post.body["messages"][0]["role"], "system");
        assert!(post.body.get("stream_options").is_none());
    }

    #[test]
    fn billed_units_count_and_thoughts_are_not_shown() {
        let (told, end) = events(
            Wire::CohereChat,
            &[
                r#"{"id":"i","type":"message-start","delta":{"message":{"role":"assistant","content":[]}}}"#,
                r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"hm"}}}}"#,
                r#"{"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"1"}}}}"#,
                r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":2,"output_tokens":3},"tokens":{"input_tokens":99,"output_tokens":3}}}}"#,
                "[DONE]",
            ],
        );
        assert_eq!(
            told[..2],
            [Event::RequestId("i".into()), Event::Text("1".into())]
        );
        assert!(
            matches!(&told[2], Event::Usage(usage) if (usage.tokens.input, usage.tokens.output) == (2, 3))
        );
        assert_eq!((&told[3], end), (&Event::Finish(Finish::Stop), Ok(())));
    }

    #[test]
    fn an_answer_that_does_not_stream_is_read_too() {
        let (told, end) = events(
            Wire::CohereChat,
            &[
                r#"{"id":"i","finish_reason":"MAX_TOKENS","message":{"role":"assistant","content":[{"type":"text","text":"1"}]},"usage":{"billed_units":{"input_tokens":2.0,"output_tokens":1.0}}}"#,
            ],
        );
        assert_eq!(told[1], Event::Text("1".into()));
        assert!(matches!(&told[2], Event::Usage(usage) if usage.tokens.input == 2));
        assert_eq!((&told[3], end), (&Event::Finish(Finish::Length), Ok(())));
    }

    #[test]
    fn a_failure_midway_is_an_error() {
        let (told, end) = events(
            Wire::CohereChat,
            &[
                r#"{"type":"content-delta","delta":{"message":{"content":{"text":"1"}}}}"#,
                r#"{"type":"message-end","delta":{"finish_reason":"ERROR"}}"#,
            ],
        );
        assert_eq!(
            (told, end),
            (vec![Event::Text("1".into())], Err(Error::Failed))
        );
    }
}
