//! Google's `generateContent`, as AI Studio and Vertex serve it.
//!
//! Facts: Vertex's discovery document of 2026-11-06 and the SDK 3.4.0. `alt=sse` makes the stream server-sent events; there is no end mark
//! but `finishReason`. Usage comes with every chunk and is cumulative; thoughts are counted beside the candidates. A refused prompt has no
//! candidates. Explicit nulls are refused, so none is ever sent.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::answer::Dialect;
use super::openai_chunk::Told;
use super::openai_usage;
use super::sse::Message;
use super::wire::Post;
use super::{Call, Error, Event, Finish, Input, Role, Usage};
use crate::cost::Tokens;

/// The most stop texts that it takes.
const MOST_STOPS: usize = 5;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Content>,
    contents: Vec<Content>,
    generation_config: Generation,
}

#[derive(Serialize)]
struct Content {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: [Text; 1],
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Generation {
    max_output_tokens: u32,
    candidate_count: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<String>,
}

/// Writes the request.
pub(super) fn request(call: Call) -> Result<Post, Error> {
    let (Some(base_url), Input::Chat(messages)) = (call.base_url, call.input) else {
        return Err(Error::Unsupported { wire: "gemini" });
    };
    let (system, turns): (Vec<_>, Vec<_>) = messages
        .into_iter()
        .partition(|message| message.role == Role::System);
    let content = |role, text| Content {
        role,
        parts: [Text { text }],
    };
    let body = Body {
        system_instruction: (!system.is_empty()).then(|| content(None, super::joined(system))),
        contents: turns
            .into_iter()
            .map(|message| content(Some("user"), message.text))
            .collect(),
        generation_config: Generation {
            max_output_tokens: call.max_tokens,
            candidate_count: 1,
            stop_sequences: call.stop.into_iter().take(MOST_STOPS).collect(),
        },
    };
    // `models/` in front is how the list of models names them.
    let model = call.model.trim_start_matches("models/");
    let path = format!("models/{model}:streamGenerateContent");
    let mut post = Post::new(&base_url, &path, call.key, body).with(call.quirks);
    post.url.set_query(Some("alt=sse"));
    Ok(post)
}

/// Reads the chunks.
#[derive(Default)]
pub(super) struct Reader {
    told: Told,
    is_whole: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk {
    #[serde(default)]
    candidates: Vec<Candidate>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Box<RawValue>>,
    model_version: Option<String>,
    response_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Option<Parts>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Parts {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
    #[serde(default)]
    thought: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Counts {
    prompt_token_count: u64,
    tool_use_prompt_token_count: u64,
    cached_content_token_count: u64,
    candidates_token_count: u64,
    thoughts_token_count: u64,
    service_tier: Option<String>,
    traffic_type: Option<String>,
}

impl Counts {
    /// Reads it; what is no such object is none, since a stream's text is good without it.
    fn read(raw: &RawValue) -> Option<Usage> {
        let counts: Self = serde_json::from_str(raw.get()).ok()?;
        Some(Usage {
            raw: Some(raw.get().into()),
            ..counts.usage()
        })
    }

    fn usage(self) -> Usage {
        let tokens = Tokens {
            input: self
                .prompt_token_count
                .saturating_add(self.tool_use_prompt_token_count),
            cache_read: self.cached_content_token_count,
            output: self.candidates_token_count,
            reasoning: self.thoughts_token_count,
            ..Tokens::default()
        };
        Usage {
            tokens: tokens.cached_inside_input().reasoning_outside_output(),
            service_tier: self.service_tier.or_else(|| {
                self.traffic_type
                    .as_deref()
                    .and_then(tier)
                    .map(str::to_owned)
            }),
            ..Usage::default()
        }
    }
}

/// Vertex's word for the service tier.
fn tier(traffic: &str) -> Option<&'static str> {
    match traffic {
        "ON_DEMAND_FLEX" => Some("flex"),
        "ON_DEMAND_PRIORITY" => Some("priority"),
        _ => None,
    }
}

fn finish(reason: &str) -> Finish {
    match reason {
        "STOP" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "MODEL_ARMOR" => {
            Finish::Refused
        }
        _ => Finish::Other,
    }
}

impl Reader {
    fn chunk(&mut self, chunk: Chunk, events: &mut VecDeque<Event>) {
        self.told.model(chunk.model_version, events);
        self.told.id(chunk.response_id, events);
        let mut finished = None;
        if chunk
            .prompt_feedback
            .is_some_and(|feedback| feedback.block_reason.is_some())
        {
            finished = Some(Finish::Refused);
        }
        if let Some(candidate) = chunk.candidates.into_iter().next() {
            let parts = candidate
                .content
                .map_or_else(Vec::new, |content| content.parts);
            let texts = parts.into_iter().filter(|part| !part.thought);
            let texts = texts.filter_map(|part| part.text.filter(|text| !text.is_empty()));
            events.extend(texts.map(Event::Text));
            finished = candidate.finish_reason.as_deref().map(finish).or(finished);
        }
        self.is_whole |= finished.is_some();
        let usage = chunk.usage_metadata.as_deref().and_then(Counts::read);
        events.extend(usage.map(|usage| {
            if self.is_whole {
                Event::Usage(usage)
            } else {
                Event::UsageSoFar(usage)
            }
        }));
        events.extend(finished.map(Event::Finish));
    }
}

impl Dialect for Reader {
    fn message(&mut self, message: &Message, events: &mut VecDeque<Event>) -> Result<(), Error> {
        // A server that overlooks `alt=sse` sends one list of all chunks.
        if message.data.starts_with('[') {
            let chunks: Vec<serde_json::Value> = openai_usage::read(&message.data)?;
            for chunk in chunks {
                self.chunk(openai_usage::parse(&chunk.to_string())?, events);
            }
            return Ok(());
        }
        self.chunk(openai_usage::parse(&message.data)?, events);
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
    fn the_model_is_in_the_address_and_the_key_is_not() {
        let post = request(call(Wire::Gemini)).expect("a request");
        assert_eq!(
            post.url.as_str(),
            "https://api.example.com/v1/models/m:streamGenerateContent?alt=sse"
        );
        assert_eq!(post.body["contents"][0]["role"], "user");
    }

    #[test]
    fn thoughts_are_billed_and_not_shown() {
        let (told, end) = events(
            Wire::Gemini,
            &[
                r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"1"}]}}],"usageMetadata":{"promptTokenCount":9,"thoughtsTokenCount":7}}"#,
                r#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":7}}"#,
            ],
        );
        assert_eq!((&told[0], end), (&Event::Text("1".into()), Ok(())));
        assert!(matches!(&told[1], Event::UsageSoFar(usage) if usage.tokens.output == 7));
        let Event::Usage(usage) = &told[2] else {
            panic!("{told:?}")
        };
        let tokens = usage.tokens;
        assert_eq!(
            (
                tokens.input,
                tokens.cache_read,
                tokens.output,
                tokens.reasoning
            ),
            (5, 4, 9, 7)
        );
    }

    #[test]
    fn a_refused_prompt_is_refused_without_a_candidate() {
        let (told, end) = events(
            Wire::Gemini,
            &[r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#],
        );
        assert_eq!((told, end), (vec![Event::Finish(Finish::Refused)], Ok(())));
    }
}
