//! OpenAI's older Completions with `prompt` and `suffix`: the wire of servers that fill holes.
//!
//! Facts: OpenAI's OpenAPI description 2.3.0, `POST /completions`; DeepSeek's beta address and Ollama's `/v1` serve the same. `max_tokens`
//! defaults to 16 there, so it is always sent.

use serde::Serialize;

use super::openai_chat::StreamOptions;
use super::wire::Post;
use super::{Call, Error, Input};

#[derive(Serialize)]
pub(super) struct Body {
    pub model: String,
    pub prompt: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub suffix: String,
    pub max_tokens: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    pub stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
}

/// Writes the request.
pub(super) fn request(call: Call) -> Result<Post, Error> {
    let (Some(base_url), Input::Fill(fill)) = (call.base_url, call.input) else {
        return Err(Error::Unsupported {
            wire: "openai-completions",
        });
    };
    let body = Body {
        model: call.model,
        prompt: fill.prefix,
        suffix: fill.suffix,
        max_tokens: call.max_tokens,
        stop: call.stop,
        stream: true,
        stream_options: (!call.quirks.no_stream_options).then_some(StreamOptions::USAGE),
    };
    Ok(Post::new(&base_url, "completions", call.key, body))
}
