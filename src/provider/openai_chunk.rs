//! What OpenAI-style servers answer, chunk by chunk: Chat Completions, Completions, and the endpoints made after them.
//!
//! Facts: OpenAI's OpenAPI description 2.3.0 (`chat.completion.chunk`, `text_completion`), and recordings of 2025-11 to 2026-08. They differ
//! in where they put things, never in what the things mean, so one reader takes all of them:
//! - text in `delta.content`, `message.content` or `text`; Mistral's reasoning models send a list of parts;
//! - usage up to three times (Groq), beside the last choice (Mistral, DeepSeek), in every chunk (Perplexity), or after it: the last counts;
//! - the last chunk twice (OpenRouter), a first one without anything (Azure), an error beside the usage (OpenRouter).

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer::Dialect;
use super::openai_usage::{self, ChunkCost, WireUsage};
use super::sse::Message;
use super::{Error, Event, Finish, Usage};
use crate::cost::Tokens;

/// Reads chunks.
#[derive(Default)]
pub(super) struct Reader {
    told: Told,
    finish: Option<Finish>,
    is_done: bool,
    tier: Option<String>,
}

/// What is told once, and whether it was.
#[derive(Default)]
pub(super) struct Told {
    model: bool,
    id: bool,
    upstream: bool,
}

impl Told {
    pub(super) fn model(&mut self, model: Option<String>, events: &mut VecDeque<Event>) {
        if let Some(model) = model.filter(|model| !self.model && !model.is_empty()) {
            self.model = true;
            events.push_back(Event::Model(model));
        }
    }

    pub(super) fn upstream(&mut self, name: Option<&str>, events: &mut VecDeque<Event>) {
        if let Some(name) = name.filter(|name| !self.upstream && !name.is_empty()) {
            self.upstream = true;
            events.push_back(Event::Upstream(name.to_owned()));
        }
    }

    pub(super) fn id(&mut self, id: Option<String>, events: &mut VecDeque<Event>) {
        if let Some(id) = id.filter(|id| !self.id && !id.is_empty()) {
            self.id = true;
            events.push_back(Event::RequestId(id));
        }
    }
}

#[derive(Deserialize)]
struct Chunk {
    id: Option<String>,
    model: Option<String>,
    /// OpenRouter; others may put something else here.
    provider: Option<Value>,
    choices: Option<Vec<Choice>>,
    usage: Option<Box<RawValue>>,
    x_groq: Option<GroqUsage>,
    service_tier: Option<String>,
    /// Venice tells the price beside the usage.
    cost: Option<Box<RawValue>>,
    timings: Option<Timings>,
}

#[derive(Deserialize)]
struct Choice {
    /// In a stream.
    delta: Option<Delta>,
    /// In an answer that is not streamed.
    message: Option<Delta>,
    /// In Completions.
    text: Option<String>,
    finish_reason: Option<String>,
    /// Where Moonshot used to put it.
    usage: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<Content>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: Option<String>,
    text: Option<String>,
}

#[derive(Deserialize)]
struct GroqUsage {
    usage: Option<Box<RawValue>>,
}

/// What llama.cpp counts; it sends no usage in some versions.
#[derive(Deserialize)]
struct Timings {
    #[serde(default, rename = "cache_n")]
    cached: u64,
    #[serde(default, rename = "prompt_n")]
    read: u64,
    #[serde(default, rename = "predicted_n")]
    written: u64,
}

impl Content {
    /// The visible text; reasoning is none.
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts
                .into_iter()
                .filter(|part| part.kind.as_deref().is_none_or(|kind| kind == "text"))
                .filter_map(|part| part.text)
                .collect(),
        }
    }
}

impl Reader {
    fn choice(&mut self, choice: Choice, events: &mut VecDeque<Event>) {
        let delta = choice.delta.or(choice.message);
        let (content, refusal) = delta.map_or((None, None), |delta| (delta.content, delta.refusal));
        let text = content.map(Content::into_text).or(choice.text);
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            events.push_back(Event::Text(text));
        }
        if refusal.is_some_and(|refusal| !refusal.is_empty()) {
            self.finish(Finish::Refused, events);
        }
        if let Some(reason) = choice.finish_reason {
            self.finish(openai_usage::finish(&reason), events);
        }
    }

    /// Tells why the model stopped, once: a refusal ends with an ordinary `stop`, and OpenRouter repeats the last chunk.
    fn finish(&mut self, finish: Finish, events: &mut VecDeque<Event>) {
        if self.finish.is_none() {
            self.finish = Some(finish);
            events.push_back(Event::Finish(finish));
        }
    }

    /// The chunk's usage, wherever it lies.
    fn usage(&self, chunk: &Chunk) -> Option<Usage> {
        let in_choice = chunk
            .choices
            .iter()
            .flatten()
            .find_map(|choice| choice.usage.as_deref());
        let in_groq = chunk.x_groq.as_ref().and_then(|groq| groq.usage.as_deref());
        let raw = chunk.usage.as_deref().or(in_groq).or(in_choice);
        let mut usage = match raw.and_then(WireUsage::read) {
            Some(usage) => usage,
            None => chunk.timings.as_ref().map(Timings::usage)?,
        };
        if usage.cost.is_none() {
            usage.cost = chunk.cost.as_deref().and_then(ChunkCost::read);
        }
        if usage.service_tier.is_none() {
            usage.service_tier.clone_from(&self.tier);
        }
        Some(usage)
    }
}

impl Timings {
    fn usage(&self) -> Usage {
        Usage {
            tokens: Tokens {
                input: self.read,
                cache_read: self.cached,
                output: self.written,
                ..Tokens::default()
            },
            ..Usage::default()
        }
    }
}

impl Dialect for Reader {
    fn message(&mut self, message: &Message, events: &mut VecDeque<Event>) -> Result<(), Error> {
        if message.data.trim_end() == "[DONE]" {
            self.is_done = true;
            return Ok(());
        }
        let mut chunk: Chunk = match openai_usage::parse(&message.data) {
            Ok(chunk) => chunk,
            Err(error) => {
                // What was used so far is billed, and may stand beside the error.
                let chunk = serde_json::from_str::<Chunk>(&message.data).ok();
                let usage = chunk.and_then(|chunk| self.usage(&chunk));
                events.extend(usage.map(Event::Usage));
                return Err(error);
            }
        };
        self.told.model(chunk.model.take(), events);
        self.told.id(chunk.id.take(), events);
        let provider = chunk.provider.as_ref().and_then(Value::as_str);
        self.told.upstream(provider, events);
        self.tier = chunk.service_tier.take().or(self.tier.take());
        let usage = self.usage(&chunk);
        for choice in chunk.choices.into_iter().flatten().take(1) {
            self.choice(choice, events);
        }
        events.extend(usage.map(|usage| {
            if self.finish.is_some() {
                Event::Usage(usage)
            } else {
                Event::UsageSoFar(usage)
            }
        }));
        Ok(())
    }

    fn end(&mut self, _: &mut VecDeque<Event>) -> bool {
        self.is_done || self.finish.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::events;
    use super::*;
    use crate::config::Wire;

    fn chat(lines: &[&str]) -> (Vec<Event>, Result<(), Error>) {
        events(Wire::OpenAiChat, lines)
    }

    #[test]
    fn a_refusal_is_told_once_and_is_no_text() {
        let (events, end) = chat(&[
            r#"{"choices":[{"delta":{"refusal":"I will"}}]}"#,
            r#"{"choices":[{"delta":{"refusal":" not"},"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
        ]);
        assert_eq!(
            (events, end),
            (vec![Event::Finish(Finish::Refused)], Ok(()))
        );
    }

    #[test]
    fn reasoning_in_a_list_of_parts_is_not_shown() {
        let (events, _) = chat(&[
            r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"1"}]}}]}"#,
        ]);
        assert_eq!(events, [Event::Text("1".into())]);
    }

    #[test]
    fn usage_beside_an_error_is_kept_and_the_error_is_told() {
        let (events, end) = chat(&[
            r#"{"error":{"code":429,"message":"slow"},"choices":[],"usage":{"prompt_tokens":4}}"#,
        ]);
        assert!(matches!(&events[..], [Event::Usage(usage)] if usage.tokens.input == 4));
        assert_eq!(end, Err(Error::RateLimited { retry_after: None }));
    }

    #[test]
    fn usage_before_the_end_counts_only_so_far() {
        let (events, _) = chat(&[
            r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":4,"completion_tokens":1}}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"eos"}],"usage":{"prompt_tokens":4,"completion_tokens":9}}"#,
        ]);
        assert!(matches!(&events[1], Event::UsageSoFar(usage) if usage.tokens.output == 1));
        assert_eq!(events[2], Event::Finish(Finish::Stop));
        assert!(matches!(&events[3], Event::Usage(usage) if usage.tokens.output == 9));
    }

    #[test]
    fn a_stream_without_its_end_is_cut() {
        let (_, end) = chat(&[r#"{"choices":[{"delta":{"content":"a"}}]}"#]);
        assert_eq!(end, Err(Error::Cut));
    }
}
