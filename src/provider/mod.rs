//! Models behind one trait: one file per wire protocol, and one that adapts the embedded engine.
//!
//! Entry point: [`Provider::stream`], which only [`crate::gateway`] calls. A provider turns a [`Call`] into a stream of [`Event`]s.
//! Dropping the stream closes the socket at once. It receives a ready header and never sees a key; everything peculiar to one wire is in
//! that wire's file. [`request`] and [`Answer`] are a wire's two halves without the network between them.

mod answer;
mod anthropic;
mod bedrock;
mod cache;
mod client;
mod cohere;
mod connect;
mod cut;
mod error;
mod event_stream;
mod exchange;
pub mod fake;
mod fim_completions;
mod fim_template;
mod gemini;
mod http;
mod json;
mod limits;
mod llama_infill;
mod local;
mod ollama;
mod openai_chat;
mod openai_chunk;
mod openai_completions;
mod openai_responses;
mod openai_usage;
pub mod openrouter;
mod plain;
pub mod reports;
mod sse;
#[cfg(test)]
mod testing;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use reqwest::header::{HeaderName, HeaderValue};
use ropey::Rope;
use url::Url;

pub use answer::Answer;
pub use connect::within;
pub use error::Error;
pub use exchange::Reply;
pub use http::Http;
pub use limits::Left;
pub use local::Patterns;
pub use wire::{Post, Remote, headers, list_url, request};

use crate::config::Quirks;
use crate::cost::{Money, Tokens};

/// A model's answer while it comes in. The stream ends with the answer, whatever comes behind [`Event::Finish`] included, or with an error.
pub type Stream = BoxStream<'static, Result<Event, Error>>;

/// A way to models. Implementations hold no state of a call outside the stream they return.
pub trait Provider: Send + Sync {
    /// Sends the call when the stream is first polled and yields the answer as it comes in.
    fn stream(&self, call: Call) -> Stream;
}

/// One call to a model.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where the provider answers; the embedded engine has no address.
    pub base_url: Option<Url>,
    /// The header with the key, marked sensitive.
    pub key: Option<(HeaderName, HeaderValue)>,
    /// The model, as the provider calls it.
    pub model: String,
    /// What it is to work on.
    pub input: Input,
    /// The most tokens it may write.
    pub max_tokens: u32,
    /// Texts at which it must stop; at most four, which is what OpenAI-style servers take.
    pub stop: Vec<String>,
    /// What the provider wants otherwise than its wire's other speakers.
    pub quirks: Quirks,
}

/// What a model is to work on.
#[derive(Debug, Clone)]
pub enum Input {
    /// The text around a hole that the model fills.
    Fill(Fill),
    /// A conversation that the model continues.
    Chat(Vec<Message>),
}

/// A hole in a text.
#[derive(Debug, Clone)]
pub struct Fill {
    /// What stands before the hole, context first.
    pub prefix: String,
    /// What stands after it.
    pub suffix: String,
    /// Other files or parts of them, for wires that have a place for them; on all others they are to stand in `prefix`.
    pub files: Vec<ExtraFile>,
    /// The place in the document, for the engine that lives in this process.
    pub place: Place,
}

impl Fill {
    /// Returns the length of all that the model is shown, in bytes.
    pub fn prompt_bytes(&self) -> usize {
        let files = self.files.iter();
        let files: usize = files.map(|file| file.path.len() + file.text.len()).sum();
        self.prefix.len() + self.suffix.len() + files
    }
}

/// A file that is shown beside a hole, or parts of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraFile {
    /// Its path, as the model is told.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A place in a document's snapshot. Cloning it is O(1).
#[derive(Debug, Clone)]
pub struct Place {
    /// The document's name, unique within the session.
    pub uri: Arc<str>,
    /// Its text.
    pub text: Rope,
    /// The byte at which something is to be inserted.
    pub cursor: usize,
    /// The most lines that may be inserted.
    pub max_lines: usize,
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub text: String,
    /// Whether this and all before it will come again, byte for byte, in a call within five minutes, so that it pays to let the provider keep
    /// it: where a provider has to be told so, writing costs a quarter more once, and each further call saves nine tenths.
    pub cacheable: bool,
}

/// Who speaks in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The instructions.
    System,
    /// The user.
    User,
}

/// A piece of a model's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// More text.
    Text(String),
    /// The name under which the provider served and bills the call, where it differs from what was asked for or is simply told.
    Model(String),
    /// The provider behind this one that ran the model, where a gateway says whom it asked.
    Upstream(String),
    /// The provider's own name for the call. The first one counts.
    RequestId(String),
    /// The provider takes no further call for this long: its limit is used up.
    Exhausted(Duration),
    /// How much more the provider takes from this key.
    Left(Vec<Left>),
    /// What the call used until now, of an answer that goes on; the last one counts, they are never added up.
    UsageSoFar(Usage),
    /// What the call used in all; the last one counts, they are never added up.
    Usage(Usage),
    /// Why the model stopped. The stream may still bring usage.
    Finish(Finish),
}

/// What a provider says a call used.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// The tokens, by how they are billed.
    pub tokens: Tokens,
    /// What the provider says it costs, where it says so.
    pub cost: Option<Money>,
    /// The service tier that it was billed under, where it says so.
    pub service_tier: Option<String>,
    /// The speed that it was billed under, where it says so.
    pub speed: Option<String>,
    /// Whether the provider behind a gateway billed the user's own account there, where it says so.
    pub is_own_account: Option<bool>,
    /// The JSON object in which it says all this.
    pub raw: Option<Box<str>>,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// It was done, or met a stop text.
    Stop,
    /// It met the limit of tokens.
    Length,
    /// The provider cut the answer for what it says.
    Refused,
    /// Something else, which this wire knows and we do not.
    Other,
}

/// Returns the address at which a provider lists its models, on most wires.
pub fn models_url(base_url: &Url) -> Url {
    endpoint(base_url, "models")
}

/// Returns the address of one of a provider's endpoints, whose path is given without a slash in front.
pub fn endpoint(base_url: &Url, path: &str) -> Url {
    let mut url = base_url.clone();
    let joined = format!("{}/{path}", base_url.path().trim_end_matches('/'));
    url.set_path(&joined);
    url
}

/// Returns the address of a server's own endpoints, which lie beside the `/v1` that it offers to clients of OpenAI's wires.
fn root(base_url: &Url) -> Url {
    let mut url = base_url.clone();
    let path = base_url.path().trim_end_matches('/');
    url.set_path(path.strip_suffix("/v1").unwrap_or(path));
    url
}

/// Joins instructions, for wires that have a place of their own for them.
fn joined(messages: Vec<Message>) -> String {
    let texts: Vec<String> = messages.into_iter().map(|message| message.text).collect();
    texts.join("\n\n")
}

/// A stream that is nothing but an error.
fn failed(error: Error) -> Stream {
    Box::pin(futures_util::stream::iter([Err(error)]))
}
