//! Ollama's own endpoints, which stream one JSON document a line.
//!
//! Facts: Ollama's `docs/openapi.yaml` of 2026-08. `/api/generate` with `suffix` fills holes with the model's own template, `/api/chat`
//! converses; `think` is off, since thoughts cannot be inserted. The prompt's count is absent when all of it was cached. Errors are texts,
//! also inside a stream.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::answer::Dialect;
use super::openai_chat::Turn;
use super::openai_chunk::Told;
use super::openai_usage;
use super::sse::Message;
use super::wire::Post;
use super::{Call, Error, Event, Finish, Input, Usage};
use crate::cost::Tokens;

#[derive(Serialize)]
struct Generate {
    model: String,
    prompt: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    suffix: String,
    stream: bool,
    options: Options,
}

#[derive(Serialize)]
struct Chat {
    model: String,
    messages: Vec<Turn>,
    stream: bool,
    think: bool,
    options: Options,
}

#[derive(Serialize)]
struct Options {
    num_predict: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<String>,
}

/// Writes the request that fills a hole.
pub(super) fn generate(call: Call) -> Result<Post, Error> {
    let (Some(base_url), Input::Fill(fill)) = (call.base_url, call.input) else {
        return Err(Error::Unsupported {
            wire: "ollama-generate",
        });
    };
    let body = Generate {
        model: call.model,
        prompt: fill.prefix,
        suffix: fill.suffix,
        stream: true,
        options: Options {
            num_predict: call.max_tokens,
            stop: call.stop,
        },
    };
    Ok(Post::new(
        &super::root(&base_url),
        "api/generate",
        call.key,
        body,
    ))
}

/// Writes the request that continues a conversation.
pub(super) fn chat(call: Call) -> Result<Post, Error> {
    let (Some(base_url), Input::Chat(messages)) = (call.base_url, call.input) else {
        return Err(Error::Unsupported {
            wire: "ollama-chat",
        });
    };
    let body = Chat {
        model: call.model,
        messages: messages.into_iter().map(Turn::from).collect(),
        stream: true,
        think: false,
        options: Options {
            num_predict: call.max_tokens,
            stop: call.stop,
        },
    };
    let post = Post::new(&super::root(&base_url), "api/chat", call.key, body);
    Ok(post.with(call.quirks))
}

/// Reads the lines.
#[derive(Default)]
pub(super) struct Reader {
    told: Told,
    is_whole: bool,
}

#[derive(Deserialize)]
struct Line {
    model: Option<String>,
    /// From `/api/generate`.
    response: Option<String>,
    /// From `/api/chat`.
    message: Option<Said>,
    #[serde(default)]
    done: bool,
    done_reason: Option<String>,
    #[serde(default)]
    prompt_eval_count: u64,
    #[serde(default)]
    eval_count: u64,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
}

impl Dialect for Reader {
    fn message(&mut self, message: &Message, events: &mut VecDeque<Event>) -> Result<(), Error> {
        let line: Line = openai_usage::parse(&message.data)?;
        self.told.model(line.model, events);
        let said = line.message.and_then(|said| said.content);
        let text = line.response.or(said).filter(|text| !text.is_empty());
        events.extend(text.map(Event::Text));
        if line.done {
            self.is_whole = true;
            let tokens = Tokens {
                input: line.prompt_eval_count,
                output: line.eval_count,
                ..Tokens::default()
            };
            events.push_back(Event::Usage(Usage {
                tokens,
                ..Usage::default()
            }));
            events.push_back(Event::Finish(match line.done_reason.as_deref() {
                Some("stop") | None => Finish::Stop,
                Some("length") => Finish::Length,
                Some(_) => Finish::Other,
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
    fn its_own_endpoints_lie_beside_the_version_of_the_other_ones() {
        let post = generate(call(Wire::OllamaGenerate)).expect("a request");
        assert_eq!(post.url.as_str(), "https://api.example.com/api/generate");
        assert_eq!(
            (&post.body["prompt"], &post.body["suffix"]),
            (&"a(".into(), &")".into())
        );
        let post = chat(call(Wire::OllamaChat)).expect("a request");
        assert_eq!(post.url.as_str(), "https://api.example.com/api/chat");
        assert_eq!(post.body["think"], false);
    }

    #[test]
    fn thoughts_are_not_shown_and_a_missing_count_is_nothing() {
        let (told, end) = events(
            Wire::OllamaChat,
            &[
                r#"{"message":{"content":"","thinking":"hm"},"done":false}"#,
                r#"{"message":{"content":"1"},"done":false}"#,
                r#"{"message":{"content":""},"done":true,"done_reason":"length","eval_count":3}"#,
            ],
        );
        assert_eq!(told[0], Event::Text("1".into()));
        assert!(matches!(&told[1], Event::Usage(usage) if usage.tokens.output == 3));
        assert_eq!((&told[2], end), (&Event::Finish(Finish::Length), Ok(())));
    }

    #[test]
    fn an_error_is_a_text_and_may_come_late() {
        let (told, end) = events(
            Wire::OllamaGenerate,
            &[
                r#"{"response":"1","done":false}"#,
                r#"{"error":"out of memory"}"#,
            ],
        );
        assert_eq!(told, [Event::Text("1".into())]);
        assert_eq!(end, Err(Error::Rejected("out of memory".into())));
    }
}
