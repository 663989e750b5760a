//! OpenAI's Responses, which its newest models and xAI, OpenRouter, LM Studio and Bedrock speak.
//!
//! Facts: OpenAI's OpenAPI description 2.3.0, `POST /responses`. Answers are kept for 30 days unless `store` is false. Running out of
//! credit may be told after HTTP 200, by an `error` event and then `response.failed`. Usage is in the last event alone.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer::Dialect;
use super::openai_chat::Turn;
use super::openai_chunk::Told;
use super::openai_usage::{self, WireUsage};
use super::sse::Message;
use super::wire::Post;
use super::{Call, Error, Event, Finish, Input, Role};

/// The least that the API takes.
const LEAST_TOKENS: u32 = 16;

#[derive(Serialize)]
struct Body {
    model: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    instructions: String,
    input: Vec<Turn>,
    max_output_tokens: u32,
    store: bool,
    stream: bool,
}

/// Writes the request.
pub(super) fn request(call: Call) -> Result<Post, Error> {
    let (Some(base_url), Input::Chat(messages)) = (call.base_url, call.input) else {
        return Err(Error::Unsupported {
            wire: "openai-responses",
        });
    };
    let (instructions, turns): (Vec<_>, Vec<_>) = messages
        .into_iter()
        .partition(|message| message.role == Role::System);
    let body = Body {
        model: call.model,
        instructions: super::joined(instructions),
        input: turns.into_iter().map(Turn::from).collect(),
        max_output_tokens: call.max_tokens.max(LEAST_TOKENS),
        store: false,
        stream: true,
    };
    Ok(Post::new(&base_url, "responses", call.key, body).with(call.quirks))
}

/// Reads the events.
#[derive(Default)]
pub(super) struct Reader {
    told: Told,
    is_refused: bool,
    is_whole: bool,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type", default)]
    kind: String,
    /// A text in the events that matter.
    delta: Option<Value>,
    response: Option<Response>,
    /// `response` in an answer that is not streamed.
    object: Option<String>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Response {
    id: Option<String>,
    model: Option<String>,
    status: Option<String>,
    incomplete_details: Option<Incomplete>,
    error: Option<Value>,
    usage: Option<Box<RawValue>>,
    service_tier: Option<String>,
    #[serde(default)]
    output: Vec<Item>,
}

#[derive(Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    content: Option<Vec<Part>>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type", default)]
    kind: String,
    text: Option<String>,
}

impl Reader {
    fn refuse(&mut self, events: &mut VecDeque<Event>) {
        if !std::mem::replace(&mut self.is_refused, true) {
            events.push_back(Event::Finish(Finish::Refused));
        }
    }

    /// Reads the answer's state as its last event tells it.
    fn conclude(
        &mut self,
        mut response: Response,
        events: &mut VecDeque<Event>,
    ) -> Result<(), Error> {
        self.is_whole = true;
        self.told.model(response.model.take(), events);
        self.told.id(response.id.take(), events);
        let items = response.output.into_iter();
        for part in items.filter_map(|item| item.content).flatten() {
            match (part.kind.as_str(), part.text) {
                ("output_text", Some(text)) => events.push_back(Event::Text(text)),
                ("refusal", _) => self.refuse(events),
                _ => {}
            }
        }
        let usage = response.usage.as_deref().and_then(WireUsage::read);
        if let Some(mut usage) = usage {
            usage.service_tier = response.service_tier;
            events.push_back(Event::Usage(usage));
        }
        if let Some(error) = response.error.filter(|error| !error.is_null()) {
            return Err(Error::from_stream(&error));
        }
        let reason = response.incomplete_details.and_then(|why| why.reason);
        match (response.status.as_deref(), reason.as_deref()) {
            (_, Some("content_filter")) => self.refuse(events),
            _ if self.is_refused => {}
            (Some("completed"), _) => events.push_back(Event::Finish(Finish::Stop)),
            (_, Some("max_output_tokens")) => events.push_back(Event::Finish(Finish::Length)),
            _ => events.push_back(Event::Finish(Finish::Other)),
        }
        Ok(())
    }
}

impl Dialect for Reader {
    fn message(&mut self, message: &Message, events: &mut VecDeque<Event>) -> Result<(), Error> {
        if message.data.trim_end() == "[DONE]" || self.is_whole {
            return Ok(());
        }
        let mut frame: Frame = openai_usage::read(&message.data)?;
        if frame.object.as_deref() == Some("response") {
            return self.conclude(openai_usage::read(&message.data)?, events);
        }
        if frame.kind == "error" || frame.error.as_ref().is_some_and(|error| !error.is_null()) {
            return Err(Error::from_stream(&openai_usage::read(&message.data)?));
        }
        let text = frame
            .delta
            .as_ref()
            .and_then(Value::as_str)
            .unwrap_or_default();
        match (frame.kind.as_str(), &mut frame.response) {
            ("response.output_text.delta", _) if !text.is_empty() => {
                events.push_back(Event::Text(text.to_owned()));
            }
            ("response.refusal.delta", _) => self.refuse(events),
            ("response.completed" | "response.incomplete" | "response.failed", Some(response)) => {
                // The text has come piece by piece already.
                response.output.clear();
                return frame
                    .response
                    .map_or(Ok(()), |response| self.conclude(response, events));
            }
            (_, Some(response)) => {
                self.told.model(response.model.take(), events);
                self.told.id(response.id.take(), events);
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
    fn nothing_is_kept_at_the_provider() {
        let post = request(call(Wire::OpenAiResponses)).expect("a request");
        assert_eq!(post.url.path(), "/v1/responses");
        assert_eq!(post.body["store"], false);
        assert_eq!(post.body["instructions"], "be brief");
    }

    #[test]
    fn no_credit_told_inside_the_stream_is_no_credit() {
        let (told, end) = events(
            Wire::OpenAiResponses,
            &[
                r#"{"type":"response.created","response":{"id":"r","model":"m","error":null}}"#,
                r#"{"type":"error","error":{"code":"insufficient_quota","message":"m"}}"#,
            ],
        );
        assert_eq!(
            told,
            [Event::Model("m".into()), Event::RequestId("r".into())]
        );
        assert_eq!(end, Err(Error::NoCredit));
    }

    #[test]
    fn an_answer_that_met_its_limit_says_so() {
        let (told, end) = events(
            Wire::OpenAiResponses,
            &[
                r#"{"type":"response.output_text.delta","delta":"a"}"#,
                r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}"#,
            ],
        );
        assert_eq!(
            told,
            [Event::Text("a".into()), Event::Finish(Finish::Length)]
        );
        assert_eq!(end, Ok(()));
    }
}
