//! OpenAI's older Completions with `prompt` and `suffix`: the wire of servers that fill holes.
//!
//! Facts: OpenAI's OpenAPI description 2.3.0, `POST /completions`; DeepSeek, Ollama, llama.cpp and LM Studio serve the same. `max_tokens`
//! defaults to 16 there, so it is always sent. Usage comes in a last message without choices, or beside the last choice (llama.cpp).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::http::{Http, Post, Wire};
use super::openai_usage::{self, WireUsage};
use super::sse::Message;
use super::{Call, Error, Event, Input, Provider, Stream};

/// The wire `openai-completions`.
pub struct OpenAiCompletions {
    http: Http,
}

impl OpenAiCompletions {
    /// Creates the wire on a client.
    pub fn new(http: Http) -> Self {
        Self { http }
    }
}

#[derive(Serialize)]
struct Body {
    model: String,
    prompt: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    suffix: String,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<String>,
    stream: bool,
    stream_options: StreamOptions,
}

/// Asks for usage, which is not streamed otherwise.
#[derive(Serialize)]
pub(super) struct StreamOptions {
    pub include_usage: bool,
}

impl Provider for OpenAiCompletions {
    fn stream(&self, call: Call) -> Stream {
        let (Some(base_url), Input::Fill(fill)) = (call.base_url, call.input) else {
            return super::failed(Error::Unsupported {
                wire: "openai-completions",
            });
        };
        let post = Post {
            url: super::endpoint(&base_url, "completions"),
            authorization: call.authorization,
            body: Body {
                model: call.model,
                prompt: fill.prefix,
                suffix: fill.suffix,
                max_tokens: call.max_tokens,
                stop: call.stop,
                stream: true,
                stream_options: StreamOptions {
                    include_usage: true,
                },
            },
        };
        self.http.stream(post, Reader::default())
    }
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
    text: Option<String>,
    finish_reason: Option<String>,
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
            if let Some(text) = choice.text.filter(|text| !text.is_empty()) {
                events.push_back(Event::Text(text));
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
