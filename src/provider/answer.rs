//! From the bytes of an answer to its events, without a network: what every HTTP wire has in common.
//!
//! Entry point: [`Answer`]. Bytes may be cut anywhere. Bounded: a message longer than [`MAX_BODY`] is an error. After an error nothing more
//! is read, but events that came before it are still handed out.

use std::collections::VecDeque;

use super::sse::{Decoder, Message, TooLong};
use super::{Error, Event, event_stream, wire};
use crate::config::Wire;

/// The longest message that is read, and the longest answer that is not streamed.
pub(super) const MAX_BODY: usize = 4 * 1024 * 1024;

/// The last message of a stream, on most wires.
const DONE: &str = "[DONE]";

/// An answer while it is read.
pub struct Answer {
    framing: Framing,
    dialect: Box<dyn Dialect>,
    ready: VecDeque<Event>,
    /// Whether `[DONE]` came: all wires that send it send it last.
    is_done: bool,
}

/// What a wire makes of the messages of an answer.
pub(super) trait Dialect: Send {
    /// Reads one message; an answer that is not streamed is one message.
    ///
    /// What the message says besides an error goes into `events` first.
    fn message(&mut self, message: &Message, events: &mut VecDeque<Event>) -> Result<(), Error>;

    /// Takes note that the connection has ended, and says whether the answer is whole.
    fn end(&mut self, events: &mut VecDeque<Event>) -> bool;
}

/// How messages lie in the body.
enum Framing {
    /// As server-sent events.
    Events(Decoder),
    /// As frames of Amazon's.
    Frames(event_stream::Decoder),
    /// As one JSON document a line.
    Lines(Vec<u8>),
    /// As one JSON document, from a server that does not stream.
    Whole(Vec<u8>),
}

impl Answer {
    /// Begins an answer over a wire, framed as its `content-type` says.
    pub fn new(wire: Wire, content_type: &str) -> Result<Self, Error> {
        let kind = content_type.trim().to_ascii_lowercase();
        if kind.starts_with("text/html") {
            return Err(Error::Malformed(
                "a web page instead of a model's answer".into(),
            ));
        }
        let framing = if kind.starts_with("application/json") {
            Framing::Whole(Vec::new())
        } else if kind.starts_with("application/vnd.amazon.eventstream") {
            Framing::Frames(event_stream::Decoder::default())
        } else if wire::sends_lines(wire) {
            Framing::Lines(Vec::new())
        } else {
            Framing::Events(Decoder::default())
        };
        Ok(Self {
            framing,
            dialect: wire::dialect(wire),
            ready: VecDeque::new(),
            is_done: false,
        })
    }

    /// Cuts the text before the first of these texts, which is how a model that fills holes may say that it is done.
    pub(super) fn cut_at(mut self, marks: Vec<String>) -> Self {
        if !marks.is_empty() {
            self.dialect = Box::new(super::cut::Cut::new(self.dialect, marks));
        }
        self
    }

    /// Takes the next bytes; what they hold can be had from [`Answer::event`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (dialect, ready) = (&mut self.dialect, &mut self.ready);
        match &mut self.framing {
            Framing::Events(decoder) => {
                let mut fault = Ok(());
                let is_done = &mut self.is_done;
                let pushed = decoder.push(bytes, |message| {
                    *is_done |= message.data.trim() == DONE;
                    // A message of blanks is a heartbeat.
                    if fault.is_ok() && !message.data.trim().is_empty() {
                        fault = dialect.message(&message, ready);
                    }
                });
                // A fault of an earlier message explains more than what came behind it.
                fault.and(pushed.map_err(too_long))
            }
            Framing::Frames(decoder) => {
                let mut fault = Ok(());
                let pushed = decoder.push(bytes, |message| {
                    if fault.is_ok() {
                        fault = dialect.message(&message, ready);
                    }
                });
                fault.and(pushed.map_err(broken))
            }
            Framing::Lines(rest) => {
                let mut bytes = bytes;
                while let Some(end) = memchr::memchr(b'\n', bytes) {
                    append(rest, &bytes[..end])?;
                    bytes = &bytes[end + 1..];
                    line(rest, dialect.as_mut(), ready)?;
                }
                append(rest, bytes)
            }
            Framing::Whole(body) => append(body, bytes),
        }
    }

    /// Returns whether the last message came, so that only the connection is left to end.
    pub(super) fn is_done(&self) -> bool {
        self.is_done
    }

    /// Ends the answer, because the connection has ended.
    pub fn end(&mut self) -> Result<(), Error> {
        let (dialect, ready) = (&mut self.dialect, &mut self.ready);
        match &mut self.framing {
            Framing::Events(decoder) => {
                let mut fault = Ok(());
                let finished = decoder.finish(|message| {
                    if fault.is_ok() {
                        fault = dialect.message(&message, ready);
                    }
                });
                fault.map_err(broken_off).and(finished.map_err(too_long))?;
            }
            Framing::Frames(decoder) => {
                if !decoder.is_empty() {
                    return Err(Error::Cut);
                }
            }
            Framing::Lines(rest) => {
                line(rest, dialect.as_mut(), ready).map_err(broken_off)?;
            }
            Framing::Whole(body) => line(body, dialect.as_mut(), ready)?,
        }
        if self.dialect.end(&mut self.ready) {
            Ok(())
        } else {
            Err(Error::Cut)
        }
    }

    /// Returns the next event, if the bytes so far hold one.
    pub fn event(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }
}

/// Reads a line as a message, if there is anything in it, and empties it.
fn line(
    bytes: &mut Vec<u8>,
    dialect: &mut dyn Dialect,
    ready: &mut VecDeque<Event>,
) -> Result<(), Error> {
    let data = String::from_utf8_lossy(bytes).trim().to_owned();
    bytes.clear();
    if data.is_empty() {
        return Ok(());
    }
    let event = String::new();
    dialect.message(&Message { event, data }, ready)
}

fn append(body: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Error> {
    if body.len() + bytes.len() > MAX_BODY {
        return Err(too_long(TooLong));
    }
    body.extend_from_slice(bytes);
    Ok(())
}

/// A last message without its end that makes no sense was broken off within itself.
fn broken_off(error: Error) -> Error {
    match error {
        Error::Malformed(_) => Error::Cut,
        other => other,
    }
}

fn broken(fault: event_stream::Broken) -> Error {
    Error::Malformed(fault.0.into())
}

fn too_long(_: TooLong) -> Error {
    Error::Malformed("a message of more than 4 MiB".into())
}
