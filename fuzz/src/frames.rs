//! The frames of the Language Server Protocol, from any bytes in any pieces: the decoder never ends for good, whatever it was given. It keeps no
//! more than a header, or the body that a header has announced; and as soon as what was begun is ended, a good frame comes through.

use super::{Choices, Tally};
use byok_lsp::server::{Frame, FrameDecoder};

static FOUND: Tally = Tally::new("frames", 1_000_000);

/// What may be kept while no body is awaited: bytes that may yet be a header, and a header that has begun behind them.
const HEADERS: usize = 2 * 8 * 1024 + 64;

/// A longer body that was announced is not waited for here.
const LONG: usize = 1 << 14;

/// How often what was begun is ended, at the most: a body that was none may hold headers.
const ENDS: usize = 64;

/// How many bytes a flood has, of which the input is said again and again.
const FLOOD: usize = 20 * 1024;

/// Runs it.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let size = usize::from(choices.byte()).max(1);
    let said = choices.rest();
    // It takes long, so few inputs are one.
    let is_flood = size == 255 && said.len().is_multiple_of(64);
    let length = if is_flood { FLOOD } else { said.len() };
    let said: Vec<u8> = said.iter().copied().cycle().take(length).collect();
    let mut decoder = FrameDecoder::default();
    for piece in said.chunks(size) {
        hear(&mut decoder, piece);
        let most = decoder.awaited().unwrap_or(HEADERS) + size;
        assert!(decoder.held() <= most, "{} bytes are kept", decoder.held());
    }
    if end_what_was_begun(&mut decoder) {
        // Behind a header that is none, two good frames, all at once.
        let bodies = [br#"{"good":1}"#.to_vec(), br#"{"good":22}"#.to_vec()];
        let mut bytes = b"Content-Length: none\r\n\r\n".to_vec();
        for body in &bodies {
            bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
            bytes.extend(body);
        }
        let heard = hear(&mut decoder, &bytes);
        assert!(heard.ends_with(&bodies.map(Frame::Body)), "{heard:?}");
        assert_eq!(decoder.held(), 0);
    }
}

/// Gives the decoder some bytes and returns what they came to; as in the server, a body that is no JSON is put back.
fn hear(decoder: &mut FrameDecoder, bytes: &[u8]) -> Vec<Frame> {
    decoder.push(bytes);
    let mut heard = Vec::new();
    while let Some(frame) = decoder.next_frame() {
        FOUND.add(1);
        if let Frame::Body(body) = &frame
            && serde_json::from_slice::<serde_json::Value>(body).is_err()
        {
            decoder.put_back(body);
        }
        heard.push(frame);
    }
    heard
}

/// Ends the header and then the body that were begun, if any were; false where that takes too much.
fn end_what_was_begun(decoder: &mut FrameDecoder) -> bool {
    for _ in 0..ENDS {
        if decoder.awaited().is_none() {
            hear(decoder, b"\r\n\r\n");
        }
        match decoder.awaited() {
            None => return true,
            Some(length) if length > LONG => return false,
            Some(length) => {
                hear(decoder, &vec![b' '; length - decoder.held()]);
            }
        }
    }
    false
}
