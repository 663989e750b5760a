//! The endpoint for filling holes that Mistral made and Inception took over: `POST /fim/completions`.
//!
//! Facts: Mistral's OpenAPI description of 2026-08; Inception's clients of the same time. Mistral answers in chat's chunks, Inception in
//! those of Completions ([`super::openai_chunk`] takes both), and both tell usage beside the last choice without being asked.

use super::openai_completions::Body;
use super::wire::Post;
use super::{Call, Error, Input};

/// Writes the request.
pub(super) fn request(call: Call) -> Result<Post, Error> {
    let (Some(base_url), Input::Fill(fill)) = (call.base_url, call.input) else {
        return Err(Error::Unsupported {
            wire: "fim-completions",
        });
    };
    let body = Body {
        model: call.model,
        prompt: fill.prefix,
        suffix: fill.suffix,
        max_tokens: call.max_tokens,
        stop: call.stop,
        stream: true,
        stream_options: None,
    };
    Ok(Post::new(&base_url, "fim/completions", call.key, body))
}
