//! The registry of HTTP wires: for each, how a request is written and how its answer is read.
//!
//! Entry points: [`Remote`] for calls, [`request`] and [`super::Answer`] for whoever wants to see a wire without a network. Adding a wire is
//! adding its file, and a line to each of the functions here.

use reqwest::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use super::answer::Dialect;
use super::http::Http;
use super::{
    Call, Error, Provider, Stream, anthropic, bedrock, cohere, fim_completions, fim_template,
    gemini, llama_infill, ollama, openai_chat, openai_completions, openai_responses,
};
use crate::config::{Quirks, Wire};

/// A model service that answers over HTTP.
pub struct Remote {
    http: Http,
    wire: Wire,
}

impl Remote {
    /// Creates a service that speaks a wire, on a client.
    pub fn new(http: Http, wire: Wire) -> Self {
        Self { http, wire }
    }
}

impl Provider for Remote {
    fn stream(&self, call: Call) -> Stream {
        let max_tokens = call.max_tokens;
        match request(self.wire, call) {
            Ok(post) => self.http.stream(post, self.wire, max_tokens),
            Err(error) => super::failed(error),
        }
    }
}

/// A request before it is sent.
#[derive(Debug, Clone)]
pub struct Post {
    /// Where to.
    pub url: Url,
    /// The headers besides those of every request; the key's is marked sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Value,
    /// Texts before which the answer is cut.
    pub(super) cut_at: Vec<String>,
}

impl Post {
    /// Makes a request to an endpoint, whose path is given without a slash in front.
    pub(super) fn new(
        base_url: &Url,
        path: &str,
        key: Option<(HeaderName, HeaderValue)>,
        body: impl Serialize,
    ) -> Self {
        let body = serde_json::to_value(body)
            .expect("bodies are structs of texts, numbers and lists, which JSON can hold");
        Self {
            url: super::endpoint(base_url, path),
            headers: key.into_iter().collect(),
            body,
            cut_at: Vec::new(),
        }
    }

    /// Adds what the provider wants besides, the body's object by object.
    pub(super) fn with(mut self, quirks: Quirks) -> Self {
        merge(&mut self.body, &quirks.body);
        self.headers.extend(quirks.headers);
        self
    }
}

fn merge(body: &mut Value, extra: &Map<String, Value>) {
    let Value::Object(fields) = body else { return };
    for (name, value) in extra {
        match (fields.get_mut(name), value) {
            (Some(present @ Value::Object(_)), Value::Object(deeper)) => merge(present, deeper),
            _ => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Writes the request of a call.
pub fn request(wire: Wire, call: Call) -> Result<Post, Error> {
    match wire {
        Wire::OpenAiChat => openai_chat::request(call),
        Wire::OpenAiCompletions => openai_completions::request(call),
        Wire::OpenAiResponses => openai_responses::request(call),
        Wire::AnthropicMessages => anthropic::request(call),
        Wire::Gemini => gemini::request(call),
        Wire::OllamaChat => ollama::chat(call),
        Wire::OllamaGenerate => ollama::generate(call),
        Wire::FimCompletions => fim_completions::request(call),
        Wire::FimTemplate => fim_template::request(call),
        Wire::LlamaCppInfill => llama_infill::request(call),
        Wire::CohereChat => cohere::request(call),
        Wire::BedrockConverse => bedrock::request(call),
    }
}

/// Returns the headers that every request over a wire carries besides the key.
pub fn headers(wire: Wire) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let version = (wire == Wire::AnthropicMessages).then_some(anthropic::VERSION);
    version.into_iter()
}

/// Returns where services that speak a wire list their models.
pub fn list_url(wire: Wire, base_url: &Url) -> Url {
    let mut url = match wire {
        Wire::OllamaChat | Wire::OllamaGenerate => {
            super::endpoint(&super::root(base_url), "api/tags")
        }
        _ => super::models_url(base_url),
    };
    // As much on a page as they give.
    match wire {
        Wire::AnthropicMessages => url.set_query(Some("limit=1000")),
        Wire::Gemini => url.set_query(Some("pageSize=1000")),
        _ => {}
    }
    url
}

/// Returns what reads a wire's messages.
pub(super) fn dialect(wire: Wire) -> Box<dyn Dialect> {
    match wire {
        Wire::OpenAiChat | Wire::OpenAiCompletions | Wire::FimCompletions | Wire::FimTemplate => {
            Box::<super::openai_chunk::Reader>::default()
        }
        Wire::OpenAiResponses => Box::<openai_responses::Reader>::default(),
        Wire::AnthropicMessages => Box::<anthropic::Reader>::default(),
        Wire::Gemini => Box::<gemini::Reader>::default(),
        Wire::OllamaChat | Wire::OllamaGenerate => Box::<ollama::Reader>::default(),
        Wire::LlamaCppInfill => Box::<llama_infill::Reader>::default(),
        Wire::CohereChat => Box::<cohere::Reader>::default(),
        Wire::BedrockConverse => Box::<bedrock::Reader>::default(),
    }
}

/// Returns whether a wire streams one JSON document a line rather than server-sent events.
pub(super) fn sends_lines(wire: Wire) -> bool {
    matches!(wire, Wire::OllamaChat | Wire::OllamaGenerate)
}
