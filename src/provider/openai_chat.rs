//! OpenAI's Chat Completions, the wire that most providers speak.
//!
//! Facts: OpenAI's OpenAPI description 2.3.0, `POST /chat/completions`. With `include_usage` a last message without choices carries the
//! usage; it is missing when the stream is cut. No `stop` and no `temperature` are sent: reasoning models answer 400 to either, and the
//! caller stops reading by itself.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use url::Url;

use super::http::{Http, Post, Wire};
use super::openai_completions::StreamOptions;
use super::openai_usage::{self, WireUsage};
use super::sse::Message;
use super::{Call, Error, Event, Finish, Input, Provider, Role, Stream};

/// The wire `openai-chat`.
pub struct OpenAiChat {
    http: Http,
}

impl OpenAiChat {
    /// Creates the wire on a client.
    pub fn new(http: Http) -> Self {
        Self { http }
    }
}

#[derive(Serialize)]
struct Body {
    model: String,
    messages: Vec<Turn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    stream: bool,
    stream_options: StreamOptions,
}

#[derive(Serialize)]
struct Turn {
    role: &'static str,
    content: String,
}

impl Provider for OpenAiChat {
    fn stream(&self, call: Call) -> Stream {
        let (Some(base_url), Input::Chat(messages)) = (call.base_url, call.input) else {
            return super::failed(Error::Unsupported {
                wire: "openai-chat",
            });
        };
        let limit = Some(call.max_tokens);
        let (max_tokens, max_completion_tokens) = if is_openai(&base_url) {
            (None, limit)
        } else {
            (limit, None)
        };
        let turn = |message: super::Message| Turn {
            role: match message.role {
                Role::System => "system",
                Role::User => "user",
            },
            content: message.text,
        };
        let post = Post {
            url: super::endpoint(&base_url, "chat/completions"),
            authorization: call.authorization,
            body: Body {
                model: call.model,
                messages: messages.into_iter().map(turn).collect(),
                max_tokens,
                max_completion_tokens,
                stream: true,
                stream_options: StreamOptions {
                    include_usage: true,
                },
            },
        };
        self.http.stream(post, Reader::default())
    }
}

/// OpenAI itself refuses `max_tokens` for its newer models; its imitators know no other name.
fn is_openai(base_url: &Url) -> bool {
    base_url
        .domain()
        .is_some_and(|name| name == "openai.com" || name.ends_with(".openai.com"))
}

#[derive(Deserialize)]
struct Chunk {
    model: Option<String>,
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Choice {
    /// In a stream.
    delta: Option<Delta>,
    /// In an answer that is not streamed.
    message: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Default)]
struct Reader {
    model_told: bool,
    whole: bool,
}

impl Wire for Reader {
    fn message(&mut self, message: &Message, events: &mut VecDeque<Event>) -> Result<(), Error> {
        if message.data == "[DONE]" {
            self.whole = true;
            return Ok(());
        }
        let chunk: Chunk = openai_usage::parse(&message.data)?;
        if let Some(model) = chunk
            .model
            .filter(|model| !self.model_told && !model.is_empty())
        {
            self.model_told = true;
            events.push_back(Event::Model(model));
        }
        for choice in chunk.choices.into_iter().take(1) {
            if let Some(delta) = choice.delta.or(choice.message) {
                if let Some(text) = delta.content.filter(|text| !text.is_empty()) {
                    events.push_back(Event::Text(text));
                }
                if delta.refusal.is_some_and(|refusal| !refusal.is_empty()) {
                    events.push_back(Event::Finish(Finish::Refused));
                }
            }
            if let Some(reason) = choice.finish_reason {
                self.whole = true;
                events.push_back(Event::Finish(openai_usage::finish(&reason)));
            }
        }
        if let Some(usage) = chunk.usage {
            events.push_back(Event::Usage(usage.usage()));
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.whole
    }
}
