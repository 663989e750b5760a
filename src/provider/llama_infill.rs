//! llama.cpp's `/infill`: the server builds the prompt from the model's own tokens for filling holes.
//!
//! Facts: llama.cpp's `tools/server/README.md` of 2026. The endpoint lies beside `/v1`. The last event has `stop` and the counts; there is
//! no `[DONE]`. A model without such tokens is answered with an error, whose text says so.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::answer::Dialect;
use super::openai_usage;
use super::sse::Message;
use super::wire::Post;
use super::{Call, Error, Event, Finish, Input, Usage};
use crate::cost::Tokens;

#[derive(Serialize)]
struct Body {
    input_prefix: String,
    input_suffix: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    input_extra: Vec<Extra>,
    n_predict: u32,
    /// Keeps what the next request will begin with as well.
    cache_prompt: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<String>,
    stream: bool,
}

/// A file beside the hole.
#[derive(Serialize)]
struct Extra {
    filename: String,
    text: String,
}

/// Writes the request.
pub(super) fn request(call: Call) -> Result<Post, Error> {
    let (Some(base_url), Input::Fill(fill)) = (call.base_url, call.input) else {
        return Err(Error::Unsupported {
            wire: "llama-cpp-infill",
        });
    };
    let files = fill.files.into_iter();
    let body = Body {
        input_prefix: fill.prefix,
        input_suffix: fill.suffix,
        input_extra: files
            .map(|file| Extra {
                filename: file.path,
                text: file.text,
            })
            .collect(),
        n_predict: call.max_tokens,
        cache_prompt: true,
        stop: call.stop,
        stream: true,
    };
    Ok(Post::new(&super::root(&base_url), "infill", call.key, body))
}

/// Reads the events.
#[derive(Default)]
pub(super) struct Reader {
    is_whole: bool,
}

#[derive(Deserialize)]
struct Piece {
    content: Option<String>,
    #[serde(default)]
    stop: bool,
    stop_type: Option<String>,
    #[serde(default)]
    tokens_evaluated: u64,
    #[serde(default)]
    tokens_predicted: u64,
    timings: Option<Timings>,
}

#[derive(Deserialize)]
struct Timings {
    #[serde(default)]
    cache_n: u64,
}

impl Dialect for Reader {
    fn message(&mut self, message: &Message, events: &mut VecDeque<Event>) -> Result<(), Error> {
        if message.data.trim_end() == "[DONE]" {
            return Ok(());
        }
        let piece: Piece = openai_usage::parse(&message.data)?;
        let text = piece.content.filter(|text| !text.is_empty());
        events.extend(text.map(Event::Text));
        if piece.stop {
            self.is_whole = true;
            let tokens = Tokens {
                input: piece.tokens_evaluated,
                cache_read: piece.timings.map_or(0, |timings| timings.cache_n),
                output: piece.tokens_predicted,
                ..Tokens::default()
            };
            events.push_back(Event::Usage(Usage {
                tokens: tokens.cached_inside_input(),
                ..Usage::default()
            }));
            events.push_back(Event::Finish(match piece.stop_type.as_deref() {
                Some("limit") => Finish::Length,
                Some("none") => Finish::Other,
                _ => Finish::Stop,
            }));
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
    fn the_hole_is_sent_beside_the_version() {
        let post = request(call(Wire::LlamaCppInfill)).expect("a request");
        assert_eq!(post.url.as_str(), "https://api.example.com/infill");
        assert_eq!(post.body["input_prefix"], "a(");
        assert_eq!(post.body["input_suffix"], ")");
    }

    #[test]
    fn the_last_event_counts_what_was_read_and_written() {
        let (told, end) = events(
            Wire::LlamaCppInfill,
            &[
                r#"{"content":"1","stop":false}"#,
                r#"{"content":"","stop":true,"stop_type":"limit","tokens_evaluated":9,"tokens_predicted":2,"timings":{"cache_n":4}}"#,
            ],
        );
        assert_eq!(told[0], Event::Text("1".into()));
        let Event::Usage(usage) = &told[1] else {
            panic!("{told:?}")
        };
        assert_eq!((usage.tokens.input, usage.tokens.cache_read), (5, 4));
        assert_eq!((&told[2], end), (&Event::Finish(Finish::Length), Ok(())));
    }
}
