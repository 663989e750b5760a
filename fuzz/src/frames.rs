//! The frames of the Language Server Protocol, from any bytes in any pieces: the decoder never ends for good, whatever it was given.

use super::{Choices, Tally};
use byok_lsp::server::{Frame, FrameDecoder};

static FOUND: Tally = Tally::new("frames", 1_000_000);

/// Runs it.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let size = usize::from(choices.byte()).max(1);
    let mut decoder = FrameDecoder::default();
    for piece in choices.rest().chunks(size) {
        decoder.push(piece);
        while let Some(frame) = decoder.next_frame() {
            FOUND.add(1);
            if let Frame::Body(body) = frame
                && serde_json::from_slice::<serde_json::Value>(&body).is_err()
            {
                decoder.put_back(&body);
            }
        }
    }
}
