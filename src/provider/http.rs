//! The HTTP client, and the path from a request to a stream of events that all wires share.
//!
//! No redirect is ever followed, since a key would go along. Every wait has a limit ([`Patience`], `network.*_s` in the settings); there is none on the whole, because a
//! long answer is not a fault. Dropping the stream drops the connection, which is how a provider learns that nobody listens any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use futures_util::StreamExt as _;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::time::timeout;
use url::Url;

use super::answer::{Answer, MAX_BODY};
use super::client::Clients;
use super::connect;
use super::plain::Plain;
use super::wire::Post;
use super::{Error, Event, Left, Stream, json, limits};
use crate::config::{Network, Patience, Wire, is_loopback};

/// The headers in which providers tell their name for a call, the one that is best for asking back first.
const REQUEST_IDS: [&str; 8] = [
    "x-generation-id",
    "request-id",
    "x-request-id",
    "mistral-correlation-id",
    "apim-request-id",
    "inference-id",
    "x-amzn-requestid",
    "x-goog-request-id",
];

/// The way to all providers over HTTP. Clones are the same one.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    /// What counts in the network's place, whatever settings are followed.
    patience: Option<Patience>,
    clients: ArcSwap<Clients>,
    plain: Plain,
}

impl Http {
    /// Creates a client by the network's settings.
    pub fn new(network: &Arc<Network>) -> Self {
        Self::create(network, None)
    }

    /// Creates a client that waits this long, whatever the network's settings say.
    pub fn with_patience(network: &Arc<Network>, patience: Patience) -> Self {
        Self::create(network, Some(patience))
    }

    fn create(network: &Arc<Network>, patience: Option<Patience>) -> Self {
        Self(Arc::new(Inner {
            patience,
            clients: ArcSwap::from_pointee(Clients::new(network.clone())),
            plain: Plain::default(),
        }))
    }

    /// Returns how long is waited for what.
    pub fn patience(&self) -> Patience {
        let of_network = || self.0.clients.load().patience();
        self.0.patience.unwrap_or_else(of_network)
    }

    /// Goes by these settings of the network from now on. Calls that run keep their connections.
    pub fn follow(&self, network: &Arc<Network>) {
        if !self.0.clients.load().are_of(network) {
            let clients = Clients::new(network.clone());
            self.0.clients.store(Arc::new(clients));
        }
    }

    /// Connects to where an address leads, unless that was done or a call was made a short while ago, so that the next call need not wait
    /// for the connection.
    ///
    /// There is no way to connect without a word, so this asks for the head of the origin's root page, without a key and without anything of
    /// the user's; whatever is answered does not matter. A server on this machine is connected to in no time, and is left alone.
    pub async fn connect_ahead(&self, url: &Url) {
        if is_loopback(url) || !self.0.clients.load().was_cold(url, Instant::now()) {
            return;
        }
        let (http, url) = (self.clone(), url.clone());
        // Making the client may take its time, which this thread does not have.
        let made = tokio::task::spawn_blocking(move || {
            let client = http.client(&url);
            (client, url)
        });
        let Ok((Ok(client), mut url)) = made.await else {
            return;
        };
        url.set_path("/");
        let limit = self.patience().connect * 2;
        let answer = timeout(limit, client.head(url).send()).await;
        // Where it failed, the call that comes will tell.
        let version = answer
            .ok()
            .and_then(Result::ok)
            .map(|answer| answer.version());
        tracing::debug!(?version, "connected ahead");
    }

    /// Makes the client now, so that the first call need not. Blocks for some 25 ms.
    pub fn warm_up(&self, url: &Url) {
        // The first call tells of a failure.
        let _ = self.client(url);
    }

    /// Sends the request when first polled and reads the answer through the wire, of which no more is read than `max_tokens` can have taken.
    pub(super) fn stream(&self, post: Post, wire: Wire, max_tokens: u32) -> Stream {
        let start = State::Start {
            http: self.clone(),
            post,
            wire,
            room: room(max_tokens),
        };
        futures_util::stream::unfold(start, step).boxed()
    }

    /// Gets a small JSON document within `limit`, such as a server's list of models.
    pub async fn get_json(
        &self,
        url: &Url,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
        limit: Duration,
    ) -> Result<serde_json::Value, Error> {
        let body = self.get(url, headers, limit).await?;
        serde_json::from_slice(&body).map_err(|_| Error::Malformed("it sent no JSON".into()))
    }

    /// Posts a small JSON document and reads another within `limit`, such as a code that is exchanged for a key.
    pub async fn post_json(
        &self,
        url: &Url,
        body: &serde_json::Value,
        limit: Duration,
    ) -> Result<serde_json::Value, Error> {
        let request = self.client(url)?.post(url.clone());
        let request = request
            .header("content-type", "application/json")
            .body(body.to_string());
        let body = whole(request, limit).await?;
        serde_json::from_slice(&body).map_err(|_| Error::Malformed("it sent no JSON".into()))
    }

    /// Gets a small document within `limit`; any status but 200 is an error.
    pub async fn get(
        &self,
        url: &Url,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
        limit: Duration,
    ) -> Result<Vec<u8>, Error> {
        let mut request = self.client(url)?.get(url.clone());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        whole(request, limit).await
    }

    /// Returns the client and notes that the address is used.
    fn client_for_call(&self, url: &Url) -> Result<reqwest::Client, Error> {
        if !is_loopback(url) {
            self.0.clients.load().was_cold(url, Instant::now());
        }
        self.client(url)
    }

    pub(super) fn client(&self, url: &Url) -> Result<reqwest::Client, Error> {
        self.0.clients.load().get(url, self.patience())
    }
}

/// Sends a request and reads its short answer within `limit`; any status but 200 is an error.
async fn whole(request: reqwest::RequestBuilder, limit: Duration) -> Result<Vec<u8>, Error> {
    let answer = async {
        let response = request.send().await;
        let response = response.map_err(|error| Error::from_connect(error, limit))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_whole(response, limit).await?;
        if status == reqwest::StatusCode::OK {
            Ok(body)
        } else {
            Err(Error::from_status(status.as_u16(), &headers, &body))
        }
    };
    timeout(limit, answer).await.unwrap_or(Err(Error::TimedOut {
        what: "answer",
        limit,
    }))
}

/// Where a stream stands.
enum State {
    Start {
        http: Http,
        post: Post,
        wire: Wire,
        /// How many bytes of the answer's body are read at the most.
        room: usize,
    },
    Running(Box<Running>),
    End,
}

struct Running {
    response: reqwest::Response,
    idle: Duration,
    answer: Answer,
    /// How many more bytes of the body are read.
    room: usize,
    /// The provider's name for the call, from the headers, until it is handed out.
    request_id: Option<String>,
    /// How long the provider's limits are used up, from the headers, until it is handed out.
    exhausted: Option<Duration>,
    /// How much more the provider takes, from the headers, until it is handed out.
    left: Vec<Left>,
    /// How the connection ended, once it has and while events are still to be handed out.
    ended: Option<Result<(), Error>>,
}

async fn step(mut state: State) -> Option<(Result<Event, Error>, State)> {
    loop {
        state = match state {
            State::Start {
                http,
                post,
                wire,
                room,
            } => match open(&http, post, wire, room).await {
                Ok(running) => State::Running(running),
                Err(error) => return Some((Err(error), State::End)),
            },
            State::Running(mut running) => {
                if let Some(id) = running.request_id.take() {
                    return Some((Ok(Event::RequestId(id)), State::Running(running)));
                }
                if let Some(wait) = running.exhausted.take() {
                    return Some((Ok(Event::Exhausted(wait)), State::Running(running)));
                }
                if !running.left.is_empty() {
                    let left = std::mem::take(&mut running.left);
                    return Some((Ok(Event::Left(left)), State::Running(running)));
                }
                if let Some(event) = running.answer.event() {
                    return Some((Ok(event), State::Running(running)));
                }
                match running.ended.take() {
                    Some(Err(error)) => return Some((Err(error.within_answer()), State::End)),
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

/// The type of every body that is sent.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How long the end of a connection is waited for once the answer is whole, so that the connection can be used again; some servers keep it open.
const AFTER_DONE: Duration = Duration::from_millis(20);

/// How many bytes an answer may take for each token that was asked for: an event with a token has some 300, and models may think many tokens that nobody
/// counts among those.
const TOKEN_BYTES: usize = 4 * 1024;

/// Returns how long an answer's body may be. A provider that sends on and on without a word of an answer would otherwise keep a processor busy until
/// the call's deadline; what holds text is [ended sooner](crate::completion).
fn room(max_tokens: u32) -> usize {
    let tokens = usize::try_from(max_tokens).unwrap_or(usize::MAX);
    MAX_BODY.saturating_add(tokens.saturating_mul(TOKEN_BYTES))
}

async fn open(http: &Http, mut post: Post, wire: Wire, room: usize) -> Result<Box<Running>, Error> {
    let patience = http.patience();
    http.0.plain.prepare(&mut post);
    let mut response = send(http, &post).await?;
    if response.status() != reqwest::StatusCode::OK {
        let refusal = Refusal::read(response, patience.idle).await;
        if !http.0.plain.learn(&mut post, refusal.status, &refusal.body) {
            return Err(refusal.error());
        }
        response = send(http, &post).await?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(Refusal::read(response, patience.idle).await.error());
        }
    }
    let text = |name: &str| response.headers().get(name)?.to_str().ok();
    let answer = Answer::new(wire, text("content-type").unwrap_or_default())?;
    let request_id = request_id(response.headers());
    Ok(Box::new(Running {
        request_id: request_id.map(str::to_owned),
        exhausted: super::error::until_reset(response.headers()),
        left: limits::of(response.headers()),
        response,
        idle: patience.idle,
        room,
        answer: answer.cut_at(post.cut_at),
        ended: None,
    }))
}

/// Returns the provider's name for the call, of several the one that is best for asking back.
fn request_id(headers: &HeaderMap) -> Option<&str> {
    let rank = |name: &HeaderName| REQUEST_IDS.iter().position(|known| name == known);
    let named = headers
        .iter()
        .filter_map(|(name, value)| Some((rank(name)?, value)));
    named.min_by_key(|(rank, _)| *rank)?.1.to_str().ok()
}

/// Sends a request and waits for the head of the answer.
async fn send(http: &Http, post: &Post) -> Result<reqwest::Response, Error> {
    let patience = http.patience();
    let connect = connect::limit(patience.connect);
    let mut request = http
        .client_for_call(&post.url)?
        .post(post.url.clone())
        .header(CONTENT_TYPE, JSON)
        .body(json::write(&post.body));
    for (name, value) in &post.headers {
        request = request.header(name, value);
    }
    timeout(patience.first_byte, request.send())
        .await
        .map_err(|_| Error::TimedOut {
            what: "begin to answer",
            limit: patience.first_byte,
        })?
        .map_err(|error| {
            if error.is_connect() {
                Error::from_connect(error, connect)
            } else {
                // The request was on its way, and a model may have run.
                Error::Cut
            }
        })
}

/// An answer that is none.
struct Refusal {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Refusal {
    /// Reads it, or as much of it as comes in time.
    async fn read(response: reqwest::Response, idle: Duration) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = timeout(idle, read_whole(response, idle)).await;
        Self {
            status,
            headers,
            body: body.unwrap_or(Ok(Vec::new())).unwrap_or_default(),
        }
    }

    fn error(&self) -> Error {
        Error::from_status(self.status, &self.headers, &self.body)
    }
}

impl Running {
    /// Reads the next piece of the body; what it holds is in `answer`, or the end is in `ended`.
    ///
    /// What goes wrong behind a whole answer is no fault of the answer.
    async fn read(&mut self) {
        let limit = if self.answer.is_done() {
            AFTER_DONE.min(self.idle)
        } else {
            self.idle
        };
        let fault = match timeout(limit, self.response.chunk()).await {
            Ok(Ok(Some(bytes))) => match self.answer.push(&bytes) {
                Ok(()) => match self.room.checked_sub(bytes.len()) {
                    Some(left) => {
                        self.room = left;
                        return;
                    }
                    None => Some(endless()),
                },
                Err(error) => {
                    self.ended = Some(Err(error));
                    return;
                }
            },
            Ok(Ok(None)) => None,
            Ok(Err(_)) => Some(Error::Cut),
            Err(_) => Some(Error::TimedOut {
                what: "go on with its answer",
                limit: self.idle,
            }),
        };
        let end = self.answer.end();
        self.ended = Some(match fault {
            Some(fault) if end.is_err() => Err(fault),
            _ => end,
        });
    }
}

fn endless() -> Error {
    Error::Malformed("an answer of many times the length that was asked for".into())
}

/// Reads a short body to its end, or as much of it as is allowed.
pub(super) async fn read_whole(
    mut response: reqwest::Response,
    idle: Duration,
) -> Result<Vec<u8>, Error> {
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
