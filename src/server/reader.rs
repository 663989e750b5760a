//! What comes from the editor: bytes to frames, frames to messages.

use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tower_lsp::jsonrpc::{Error, Id, Request, Response};

use super::transport::{Frame, FrameDecoder};

/// What a frame is.
pub(super) enum Incoming {
    /// A request or notification.
    Request(Request),
    /// The answer to a request of ours.
    Response(Response),
    /// The answer to something that is neither.
    Bad(Response),
}

/// How much is read at once: what a pipe holds.
const CHUNK: usize = 64 * 1024;

/// A body from this size on is parsed on another thread: a file of 50 MB must not keep completions waiting that are on their way.
const LARGE: usize = 512 * 1024;

/// The messages of an editor, in their order.
pub(super) struct Reader<R> {
    input: R,
    decoder: FrameDecoder,
    chunk: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            decoder: FrameDecoder::default(),
            chunk: vec![0; CHUNK],
        }
    }

    /// Returns the next message, or `None` when the editor has hung up.
    pub(super) async fn next(&mut self) -> Option<Incoming> {
        loop {
            if let Some(frame) = self.decoder.next_frame() {
                return Some(self.message(frame).await);
            }
            // An error is an editor that is gone; an interrupted read is tried again by the runtime.
            let length = self.input.read(&mut self.chunk).await.ok()?;
            if length == 0 {
                return None;
            }
            self.decoder.push(&self.chunk[..length]);
        }
    }

    async fn message(&mut self, frame: Frame) -> Incoming {
        let body = match frame {
            Frame::Body(body) => body,
            Frame::Bad(why) => return bad(Id::Null, parse_error(why)),
        };
        let (parsed, body) = if body.len() < LARGE {
            (parse(&body), body)
        } else {
            let parsing = tokio::task::spawn_blocking(move || (parse(&body), body));
            parsing
                .await
                .unwrap_or_else(|_| (Err(parse_error("the frame could not be read")), Vec::new()))
        };
        parsed.unwrap_or_else(|error| {
            self.decoder.put_back(&body);
            bad(Id::Null, error)
        })
    }
}

/// A message before it is known what it is.
#[derive(Deserialize)]
struct Message {
    jsonrpc: Option<Value>,
    id: Option<Value>,
    method: Option<Value>,
    params: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    error: Option<Value>,
}

/// Keeps a `null` apart from a field that is not there.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Reads a message; an error means that the bytes are no JSON.
fn parse(body: &[u8]) -> Result<Incoming, Error> {
    let parsed = serde_json::from_slice(body).or_else(|error| {
        // Editors written in JavaScript may send half of a character, which is JSON but no text; the other half comes with the next edit.
        let mended = (!error.is_data())
            .then(|| without_lone_surrogates(body))
            .flatten();
        mended.map_or(Err(error), |mended| serde_json::from_slice(&mended))
    });
    let message: Message = match parsed {
        Ok(message) => message,
        Err(error) if error.is_data() => {
            return Ok(bad(
                Id::Null,
                invalid("a message is one JSON object; batches are not part of the protocol"),
            ));
        }
        Err(_) => return Err(parse_error("the frame holds no JSON")),
    };
    let id = match message.id {
        None => None,
        Some(id) => match serde_json::from_value::<Id>(id) {
            Ok(id) => Some(id),
            Err(_) => return Ok(bad(Id::Null, invalid("an id is a number or a string"))),
        },
    };
    if message.jsonrpc.as_ref().and_then(Value::as_str) != Some("2.0") {
        return Ok(bad(
            id.unwrap_or(Id::Null),
            invalid("\"jsonrpc\" is \"2.0\""),
        ));
    }
    match (message.method, id) {
        (Some(Value::String(method)), id) => {
            let mut request = Request::build(method);
            if let Some(params) = message.params {
                request = request.params(params);
            }
            if let Some(id) = id {
                request = request.id(id);
            }
            Ok(Incoming::Request(request.finish()))
        }
        (None, Some(id)) if message.result.is_some() || message.error.is_some() => {
            let error = message
                .error
                .and_then(|error| serde_json::from_value::<Error>(error).ok());
            Ok(Incoming::Response(match error {
                Some(error) => Response::from_error(id, error),
                None => Response::from_ok(id, message.result.unwrap_or_default()),
            }))
        }
        (_, id) => Ok(bad(
            id.unwrap_or(Id::Null),
            invalid("a message has a \"method\", or it is an answer"),
        )),
    }
}

/// Replaces escaped halves of characters that stand alone by U+FFFD, which is one UTF-16 unit too, so that later positions hold. `None` if
/// there are none.
fn without_lone_surrogates(body: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| {
        let escape = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(escape).ok()?, 16).ok()
    };
    let mut mended: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &body[at..]) {
        at += found;
        at += match (unit(at), unit(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                mended.get_or_insert_with(|| body.to_vec())[at..at + 6].copy_from_slice(b"\\ufffd");
                6
            }
            (Some(_), _) => 6,
            // Any other escape is two bytes, so that an escaped backslash does not begin another.
            (None, _) => 2,
        };
        if at >= body.len() {
            break;
        }
    }
    mended
}

fn bad(id: Id, error: Error) -> Incoming {
    Incoming::Bad(Response::from_error(id, error))
}

fn parse_error(why: &'static str) -> Error {
    Error {
        message: why.into(),
        ..Error::parse_error()
    }
}

fn invalid(why: &'static str) -> Error {
    Error {
        message: why.into(),
        ..Error::invalid_request()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &str) -> Option<String> {
        without_lone_surrogates(text.as_bytes())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn half_a_character_is_replaced_and_whole_ones_stay() {
        assert_eq!(mended(r#""a\ud83d""#).as_deref(), Some(r#""a\ufffd""#));
        assert_eq!(
            mended(r#""\ude00\ud83d\ude00\ud83dx""#).as_deref(),
            Some(r#""\ufffd\ud83d\ude00\ufffdx""#)
        );
        assert_eq!(mended(r#""\ud83d\ude00 \\ud83d \n\u0041""#), None);
        assert_eq!(mended("\\"), None);
    }
}
