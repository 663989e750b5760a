//! Anthropic's Messages.
//!
//! Facts: the types of Anthropic's SDK 2.11.0 and its versioning pages, both of 2026-11. Requests are valid under version 2023-06-01, which
//! proxies and Bedrock know, and under 2026-10-21, which took sampling parameters and prefilled answers away: neither is ever sent. Usage in
//! `message_delta` is cumulative, field by field; how long a cache entry lives is told in `message_start` alone. Unknown events are to be
//! ignored. Some proxies send `message_start` twice.

use std::collections::{BTreeMap, VecDeque};

use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer::Dialect;
use super::openai_chat::Part;
use super::openai_chunk::Told;
use super::openai_usage;
use super::sse::Message;
use super::wire::Post;
use super::{Call, Error, Event, Finish, Input, Role, Usage, cache};
use crate::cost::Tokens;

/// The header that tells which version of the protocol is spoken; without it every request is refused.
pub(super) const VERSION: (HeaderName, HeaderValue) = (
    HeaderName::from_static("anthropic-version"),
    HeaderValue::from_static("2023-06-01"),
);

#[derive(Serialize)]
struct Body {
    model: String,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<Content>,
    messages: Vec<Turn>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<String>,
    stream: bool,
}

#[derive(Serialize)]
struct Turn {
    role: &'static str,
    content: Content,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

/// Writes the request.
pub(super) fn request(call: Call) -> Result<Post, Error> {
    let (Some(base_url), Input::Chat(messages)) = (call.base_url, call.input) else {
        return Err(Error::Unsupported {
            wire: "anthropic-messages",
        });
    };
    let (mut messages, turns): (Vec<_>, Vec<_>) = messages
        .into_iter()
        .partition(|message| message.role == Role::System);
    // Instructions come before all turns, whatever the order in which they were given.
    let instructions = messages.len();
    messages.extend(turns);
    let kept = cache::end_of_kept(&messages, call.quirks.cache_from);
    let turns = messages.split_off(instructions);
    let turn = |(at, message): (usize, super::Message)| Turn {
        role: "user",
        content: if kept == Some(instructions + at) {
            Content::Parts(vec![Part::kept(message.text)])
        } else {
            Content::Text(message.text)
        },
    };
    let is_visible = |stop: &String| !stop.trim().is_empty();
    let body = Body {
        model: call.model,
        max_tokens: call.max_tokens,
        system: system(messages, kept),
        messages: turns.into_iter().enumerate().map(turn).collect(),
        // One of nothing but blanks is answered with 400.
        stop_sequences: call.stop.into_iter().filter(is_visible).collect(),
        stream: true,
    };
    let mut post = Post::new(&base_url, "messages", call.key, body).with(call.quirks);
    post.headers.push(VERSION);
    Ok(post)
}

/// Joins the instructions, up to the last of those that are kept and from there on; `None` if they say nothing.
fn system(mut instructions: Vec<super::Message>, kept: Option<usize>) -> Option<Content> {
    let Some(last) = kept.filter(|last| *last < instructions.len()) else {
        let text = super::joined(instructions);
        return (!text.is_empty()).then_some(Content::Text(text));
    };
    let rest = instructions.split_off(last + 1);
    let mut parts = vec![Part::kept(super::joined(instructions))];
    if !rest.is_empty() {
        parts.push(Part::plain(super::joined(rest)));
    }
    Some(Content::Parts(parts))
}

/// Reads the events.
#[derive(Default)]
pub(super) struct Reader {
    told: Told,
    counts: Counts,
    is_whole: bool,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type", default)]
    kind: String,
    message: Option<Reply>,
    delta: Option<Delta>,
    usage: Option<Box<RawValue>>,
}

/// The reply: empty in `message_start`, everything in an answer that is not streamed.
#[derive(Deserialize)]
struct Reply {
    model: Option<String>,
    #[serde(default)]
    content: Vec<Block>,
    stop_reason: Option<String>,
    usage: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type", default)]
    kind: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    #[serde(rename = "type", default)]
    kind: String,
    text: Option<String>,
    stop_reason: Option<String>,
}

/// What is told of the usage; what is not told again keeps its last value.
#[derive(Default, Deserialize)]
struct Counts {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<Written>,
    output_tokens_details: Option<Details>,
    service_tier: Option<String>,
    speed: Option<String>,
    /// The fields as they were told, by name.
    #[serde(skip)]
    told: BTreeMap<String, Box<RawValue>>,
}

#[derive(Default, Deserialize)]
struct Written {
    #[serde(default)]
    ephemeral_1h_input_tokens: u64,
}

#[derive(Default, Deserialize)]
struct Details {
    #[serde(default)]
    thinking_tokens: u64,
}

impl Counts {
    /// Takes what is told; what is no usage is left out, since a stream's text is good without it.
    fn update(&mut self, told: Option<Box<RawValue>>) {
        let Some(told) = told else { return };
        let fields = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(told.get());
        let later = serde_json::from_str::<Self>(told.get());
        let (Ok(fields), Ok(later)) = (fields, later) else {
            return;
        };
        self.told.extend(fields);
        *self = Self {
            input_tokens: later.input_tokens.or(self.input_tokens),
            output_tokens: later.output_tokens.or(self.output_tokens),
            cache_read_input_tokens: later
                .cache_read_input_tokens
                .or(self.cache_read_input_tokens),
            cache_creation_input_tokens: later
                .cache_creation_input_tokens
                .or(self.cache_creation_input_tokens),
            cache_creation: later.cache_creation.or(self.cache_creation.take()),
            output_tokens_details: later
                .output_tokens_details
                .or(self.output_tokens_details.take()),
            service_tier: later.service_tier.or(self.service_tier.take()),
            speed: later.speed.or(self.speed.take()),
            told: std::mem::take(&mut self.told),
        };
    }

    /// The counts by class. Unlike everywhere else, the input's count leaves the cached tokens out.
    fn usage(&self) -> Usage {
        let written = self.cache_creation_input_tokens.unwrap_or(0);
        let for_an_hour = self
            .cache_creation
            .as_ref()
            .map_or(0, |written| written.ephemeral_1h_input_tokens)
            .min(written);
        let tokens = Tokens {
            input: self.input_tokens.unwrap_or(0),
            cache_read: self.cache_read_input_tokens.unwrap_or(0),
            cache_write_5m: written - for_an_hour,
            cache_write_1h: for_an_hour,
            output: self.output_tokens.unwrap_or(0),
            reasoning: self
                .output_tokens_details
                .as_ref()
                .map_or(0, |details| details.thinking_tokens),
        };
        Usage {
            tokens,
            cost: None,
            service_tier: self.service_tier.clone(),
            speed: self.speed.clone(),
            is_own_account: None,
            raw: serde_json::to_string(&self.told).ok().map(Into::into),
        }
    }
}

fn finish(reason: &str) -> Finish {
    match reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "refusal" => Finish::Refused,
        _ => Finish::Other,
    }
}

impl Reader {
    fn reply(&mut self, reply: Reply, events: &mut VecDeque<Event>) {
        self.told.model(reply.model, events);
        for block in reply.content {
            if let ("text", Some(text)) = (block.kind.as_str(), block.text) {
                events.push_back(Event::Text(text));
            }
        }
        if reply.usage.is_some() {
            self.counts.update(reply.usage);
            events.push_back(Event::UsageSoFar(self.counts.usage()));
        }
        self.stopped(reply.stop_reason, events);
    }

    fn stopped(&mut self, reason: Option<String>, events: &mut VecDeque<Event>) {
        if let Some(reason) = reason {
            self.is_whole = true;
            events.push_back(Event::Usage(self.counts.usage()));
            events.push_back(Event::Finish(finish(&reason)));
        }
    }
}

impl Dialect for Reader {
    fn message(&mut self, message: &Message, events: &mut VecDeque<Event>) -> Result<(), Error> {
        let frame: Frame = openai_usage::read(&message.data)?;
        match (frame.kind.as_str(), frame.message, frame.delta) {
            ("message_start", Some(reply), _) => self.reply(reply, events),
            ("message", ..) => self.reply(openai_usage::read(&message.data)?, events),
            ("content_block_delta", _, Some(delta)) if delta.kind == "text_delta" => {
                let text = delta.text.filter(|text| !text.is_empty());
                events.extend(text.map(Event::Text));
            }
            ("message_delta", _, delta) => {
                self.counts.update(frame.usage);
                match delta.and_then(|delta| delta.stop_reason) {
                    None if self.is_whole => events.push_back(Event::Usage(self.counts.usage())),
                    reason => self.stopped(reason, events),
                }
            }
            ("message_stop", ..) => self.is_whole = true,
            ("error", ..) => {
                let error: Value = openai_usage::read(&message.data)?;
                return Err(Error::from_stream(&error));
            }
            _ => {}
        }
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
    fn a_request_holds_nothing_that_either_version_refuses() {
        let mut call = call(Wire::AnthropicMessages);
        call.stop = vec!["\n\n".into(), "```".into()];
        let post = request(call).expect("a request");
        assert_eq!(post.url.path(), "/v1/messages");
        let fields: Vec<&str> = post
            .body
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            fields,
            [
                "max_tokens",
                "messages",
                "model",
                "stop_sequences",
                "stream",
                "system"
            ]
        );
        assert_eq!(post.body["stop_sequences"], serde_json::json!(["```"]));
        assert_eq!(post.body["messages"][0]["role"], "user");
        assert!(post.headers.contains(&VERSION));
    }

    #[test]
    fn counts_are_the_last_told_field_by_field() {
        let (told, end) = events(
            Wire::AnthropicMessages,
            &[
                r#"{"type":"message_start","message":{"model":"c","usage":{"input_tokens":3,"cache_creation_input_tokens":5,"cache_creation":{"ephemeral_1h_input_tokens":4},"output_tokens":1,"service_tier":"standard"}}}"#,
                r#"{"type":"ping"}"#,
                r#"{"type":"something_new","delta":{"type":"x"}}"#,
                r#"{"type":"message_delta","delta":{"stop_reason":"refusal"},"usage":{"output_tokens":9}}"#,
                r#"{"type":"message_stop"}"#,
            ],
        );
        assert_eq!(end, Ok(()));
        let [_, Event::UsageSoFar(first), Event::Usage(last), finish] = &told[..] else {
            panic!("{told:?}")
        };
        assert_eq!((first.tokens.output, last.tokens.output), (1, 9));
        assert_eq!(
            (last.tokens.cache_write_5m, last.tokens.cache_write_1h),
            (1, 4)
        );
        assert_eq!(last.service_tier.as_deref(), Some("standard"));
        let raw = last.raw.as_deref().expect("what was told");
        assert!(raw.contains(r#""output_tokens":9"#) && raw.contains(r#""input_tokens":3"#));
        assert_eq!(finish, &Event::Finish(Finish::Refused));
    }

    #[test]
    fn an_error_inside_the_stream_is_told() {
        let (_, end) = events(
            Wire::AnthropicMessages,
            &[r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#],
        );
        assert_eq!(end, Err(Error::Overloaded));
    }
}
