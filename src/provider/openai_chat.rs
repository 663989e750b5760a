//! OpenAI's Chat Completions, the wire that most providers speak.
//!
//! Facts: OpenAI's OpenAPI description 2.3.0, `POST /chat/completions`. No `stop` and no `temperature` are sent: reasoning models answer 400
//! to either, and the caller stops reading by itself. What is peculiar to a provider is data ([`crate::config::Quirks`]).

use serde::Serialize;

use super::wire::Post;
use super::{Call, Error, Input, Role, cache};

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
    content: Content,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    /// Kept by the provider, with all that comes before it, as OpenRouter passes it on to Anthropic's models.
    Kept([Part; 1]),
}

/// A text that ends the part of a prompt that its provider keeps.
#[derive(Serialize)]
pub(super) struct Part {
    #[serde(rename = "type")]
    kind: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

#[derive(Serialize)]
struct CacheControl {
    #[serde(rename = "type")]
    kind: &'static str,
}

impl Part {
    /// A text behind which the provider keeps what it has read.
    pub(super) fn kept(text: String) -> Self {
        Self {
            cache_control: Some(CacheControl { kind: "ephemeral" }),
            ..Self::plain(text)
        }
    }

    /// A text like any other.
    pub(super) fn plain(text: String) -> Self {
        Self {
            kind: "text",
            text,
            cache_control: None,
        }
    }
}

impl From<super::Message> for Turn {
    fn from(message: super::Message) -> Self {
        Self {
            role: role(message.role),
            content: Content::Text(message.text),
        }
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
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
    let kept = cache::end_of_kept(&messages, quirks.cache_from);
    let turn = |(at, message): (usize, super::Message)| Turn {
        role: role(message.role),
        content: if kept == Some(at) {
            Content::Kept([Part::kept(message.text)])
        } else {
            Content::Text(message.text)
        },
    };
    let body = Body {
        model: call.model,
        messages: messages.into_iter().enumerate().map(turn).collect(),
        max_tokens,
        max_completion_tokens,
        stream: true,
        stream_options: (!quirks.no_stream_options).then_some(StreamOptions::USAGE),
    };
    Ok(Post::new(&base_url, "chat/completions", call.key, body).with(call.quirks))
}
