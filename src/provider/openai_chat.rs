//! OpenAI's Chat Completions, the wire that most providers speak.
//!
//! Facts: OpenAI's OpenAPI description 2.3.0, `POST /chat/completions`. No `stop` and no `temperature` are sent: reasoning models answer 400
//! to either, and the caller stops reading by itself. What is peculiar to a provider is data ([`crate::config::Quirks`]).

use serde::Serialize;

use super::wire::Post;
use super::{Call, Error, Input, Role};

#[derive(Serialize)]
struct Body {
    model: String,
    messages: Vec<Turn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

/// Asks for usage, which is not streamed otherwise.
#[derive(Serialize)]
pub(super) struct StreamOptions {
    include_usage: bool,
}

impl StreamOptions {
    pub(super) const USAGE: Self = Self {
        include_usage: true,
    };
}

#[derive(Serialize)]
pub(super) struct Turn {
    role: &'static str,
    content: String,
}

impl From<super::Message> for Turn {
    fn from(message: super::Message) -> Self {
        let role = match message.role {
            Role::System => "system",
            Role::User => "user",
        };
        Self {
            role,
            content: message.text,
        }
    }
}

/// Writes the request.
pub(super) fn request(call: Call) -> Result<Post, Error> {
    let (Some(base_url), Input::Chat(messages)) = (call.base_url, call.input) else {
        return Err(Error::Unsupported {
            wire: "openai-chat",
        });
    };
    let quirks = &call.quirks;
    // OpenAI refuses `max_tokens` for its newer models; its imitators know no other name.
    let (max_tokens, max_completion_tokens) = if quirks.max_completion_tokens {
        (None, Some(call.max_tokens))
    } else {
        (Some(call.max_tokens), None)
    };
    let body = Body {
        model: call.model,
        messages: messages.into_iter().map(Turn::from).collect(),
        max_tokens,
        max_completion_tokens,
        stream: true,
        stream_options: (!quirks.no_stream_options).then_some(StreamOptions::USAGE),
    };
    Ok(Post::new(&base_url, "chat/completions", call.key, body).with(call.quirks))
}
