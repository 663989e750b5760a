//! The HTTP client, and the path from a request to a stream of events that all wires share.
//!
//! No redirect is ever followed, since a key would go along. Every wait has a limit ([`Patience`]); there is none on the whole, because a
//! long answer is not a fault. Dropping the stream drops the connection, which is how a provider learns that nobody listens any more.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use tokio::time::timeout;
use url::Url;

use super::sse::{Decoder, Message};
use super::{Error, Event, Stream};

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For the first byte of the answer. A local server may have to load its model first.
    pub first_byte: Duration,
    /// For each further piece of the answer.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(30),
            idle: Duration::from_secs(15),
        }
    }
}

/// The longest body of an error, or of an answer that is not streamed, that is read.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// The client, made when it is first needed: making one reads the system's certificates and takes some 25 ms.
#[derive(Clone, Default)]
pub struct Http(Arc<Inner>);

#[derive(Default)]
struct Inner {
    patience: Patience,
    remote: OnceLock<Result<reqwest::Client, Error>>,
    /// For servers on this machine, which no proxy can reach.
    loopback: OnceLock<Result<reqwest::Client, Error>>,
}

/// What a wire makes of the messages of a stream.
pub(super) trait Wire: Send + 'static {
    /// Reads one message; an answer that is not streamed is one message.
    fn message(&mut self, message: &Message, events: &mut VecDeque<Event>) -> Result<(), Error>;
    /// Returns whether the answer is whole, now that the connection has ended.
    fn is_whole(&self) -> bool;
}

/// A request before it is sent.
pub(super) struct Post<B> {
    pub url: Url,
    pub authorization: Option<HeaderValue>,
    pub body: B,
}

impl Http {
    /// Creates a client with its own patience.
    pub fn new(patience: Patience) -> Self {
        Self(Arc::new(Inner {
            patience,
            ..Inner::default()
        }))
    }

    /// Makes the client now, so that the first call need not. Blocks for some 25 ms.
    pub fn warm_up(&self, url: &Url) {
        // A failure is kept and told by the first call.
        let _ = self.client(url);
    }

    /// Sends the request when first polled and reads the answer through the wire.
    pub(super) fn stream<B, W>(&self, post: Post<B>, wire: W) -> Stream
    where
        B: Serialize + Send + Sync + 'static,
        W: Wire,
    {
        let start = State::Start {
            http: self.clone(),
            post,
            wire,
        };
        futures_util::stream::unfold(start, step).boxed()
    }

    /// Gets a small JSON document within `limit`, such as a server's list of models.
    pub async fn get_json(
        &self,
        url: &Url,
        authorization: Option<HeaderValue>,
        limit: Duration,
    ) -> Result<serde_json::Value, Error> {
        let client = self.client(url)?;
        let answer = async {
            let mut request = client.get(url.clone());
            if let Some(authorization) = authorization {
                request = request.header(AUTHORIZATION, authorization);
            }
            let response = request.send().await.map_err(Error::from_connect)?;
            let body = read_whole(response, limit).await?;
            serde_json::from_slice(&body).map_err(|_| Error::Malformed("it sent no JSON".into()))
        };
        timeout(limit, answer).await.unwrap_or(Err(Error::TimedOut {
            what: "answer",
            limit,
        }))
    }

    fn client(&self, url: &Url) -> Result<&reqwest::Client, Error> {
        let is_loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let cell = if is_loopback {
            &self.0.loopback
        } else {
            &self.0.remote
        };
        cell.get_or_init(|| build(self.0.patience, is_loopback))
            .as_ref()
            .map_err(Clone::clone)
    }
}

fn build(patience: Patience, is_loopback: bool) -> Result<reqwest::Client, Error> {
    // A second installation, by another client of this process, is refused and does no harm.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("byok-lsp/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(patience.connect);
    if is_loopback {
        builder = builder.no_proxy();
    }
    builder.build().map_err(Error::from_connect)
}

/// Where a stream stands.
enum State<B, W> {
    Start { http: Http, post: Post<B>, wire: W },
    Running(Box<Running<W>>),
    End,
}

struct Running<W> {
    response: reqwest::Response,
    idle: Duration,
    framing: Framing,
    wire: W,
    ready: VecDeque<Event>,
    /// How the connection ended, once it has and while events are still to be handed out.
    ended: Option<Result<(), Error>>,
}

/// How messages lie in the body.
enum Framing {
    /// As server-sent events.
    Events(Decoder),
    /// As one JSON document, from a server that does not stream.
    Whole(Vec<u8>),
}

async fn step<B: Serialize, W: Wire>(
    mut state: State<B, W>,
) -> Option<(Result<Event, Error>, State<B, W>)> {
    loop {
        state = match state {
            State::Start { http, post, wire } => match open(&http, post, wire).await {
                Ok(running) => State::Running(running),
                Err(error) => return Some((Err(error), State::End)),
            },
            State::Running(mut running) => {
                if let Some(event) = running.ready.pop_front() {
                    return Some((Ok(event), State::Running(running)));
                }
                match running.ended.take() {
                    Some(Err(error)) => return Some((Err(error), State::End)),
                    Some(Ok(())) => State::End,
                    None => {
                        running.read().await;
                        State::Running(running)
                    }
                }
            }
            State::End => return None,
        };
    }
}

async fn open<B: Serialize, W: Wire>(
    http: &Http,
    post: Post<B>,
    wire: W,
) -> Result<Box<Running<W>>, Error> {
    let patience = http.0.patience;
    let mut request = http.client(&post.url)?.post(post.url).json(&post.body);
    if let Some(authorization) = post.authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    let response = timeout(patience.first_byte, request.send())
        .await
        .map_err(|_| Error::TimedOut {
            what: "begin to answer",
            limit: patience.first_byte,
        })?
        .map_err(Error::from_connect)?;
    if response.status() != reqwest::StatusCode::OK {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = read_whole(response, patience.idle)
            .await
            .unwrap_or_default();
        return Err(Error::from_status(status, &headers, &body));
    }
    let kind = response
        .headers()
        .get(CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes)
        .to_ascii_lowercase();
    if kind.starts_with(b"text/html") {
        return Err(Error::Malformed(
            "a web page instead of a model's answer".into(),
        ));
    }
    let framing = if kind.starts_with(b"application/json") {
        Framing::Whole(Vec::new())
    } else {
        Framing::Events(Decoder::default())
    };
    Ok(Box::new(Running {
        response,
        idle: patience.idle,
        framing,
        wire,
        ready: VecDeque::new(),
        ended: None,
    }))
}

impl<W: Wire> Running<W> {
    /// Reads the next piece of the body; what it holds is in `ready`, or the end is in `ended`.
    async fn read(&mut self) {
        let outcome = match timeout(self.idle, self.response.chunk()).await {
            Ok(Ok(Some(bytes))) => self.take(&bytes),
            Ok(Ok(None)) => self.end(),
            Ok(Err(_)) => Err(Error::Cut),
            Err(_) => Err(Error::TimedOut {
                what: "go on with its answer",
                limit: self.idle,
            }),
        };
        if let Err(error) = outcome {
            self.ended = Some(Err(error));
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match &mut self.framing {
            Framing::Events(decoder) => {
                let (wire, ready) = (&mut self.wire, &mut self.ready);
                let mut fault = Ok(());
                let pushed = decoder.push(bytes, |message| {
                    if fault.is_ok() {
                        fault = wire.message(&message, ready);
                    }
                });
                pushed.map_err(|_| Error::Malformed("a message of more than 4 MiB".into()))?;
                fault
            }
            Framing::Whole(body) if body.len() + bytes.len() > MAX_BODY => {
                Err(Error::Malformed("an answer of more than 4 MiB".into()))
            }
            Framing::Whole(body) => {
                body.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        let (wire, ready) = (&mut self.wire, &mut self.ready);
        match &mut self.framing {
            Framing::Events(decoder) => {
                let mut fault = Ok(());
                let finished = decoder.finish(|message| fault = wire.message(&message, ready));
                finished.map_err(|_| Error::Malformed("a message of more than 4 MiB".into()))?;
                fault?;
            }
            Framing::Whole(body) => {
                let message = Message {
                    event: String::new(),
                    data: String::from_utf8_lossy(body).into_owned(),
                };
                wire.message(&message, ready)?;
            }
        }
        self.ended = Some(if self.wire.is_whole() {
            Ok(())
        } else {
            Err(Error::Cut)
        });
        Ok(())
    }
}

/// Reads a short body to its end, or as much of it as is allowed.
async fn read_whole(mut response: reqwest::Response, idle: Duration) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = timeout(idle, response.chunk())
        .await
        .map_err(|_| Error::TimedOut {
            what: "end its answer",
            limit: idle,
        })?
        .map_err(|_| Error::Cut)?
    {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            break;
        }
    }
    Ok(body)
}
