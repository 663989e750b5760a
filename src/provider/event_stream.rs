//! Amazon's binary event stream (`application/vnd.amazon.eventstream`), the framing of Bedrock's own endpoints.
//!
//! Facts: Amazon's description of the encoding, as in the Transcribe and S3 Select references. A frame is its whole length and the length of its
//! headers (4 bytes each, the most significant first), a checksum of those eight bytes, the headers, the payload, and a checksum of all before
//! it; both are CRC-32. A header is a name (a length byte before it), a type byte, and a value; the ones that count here are texts.
//!
//! [`Decoder`] takes bytes cut anywhere. A frame that breaks any rule is an error, since there is no way to find the next one.

use super::sse::Message;

/// The longest frame that is taken; Amazon allows 24 MB, and answers in text stay far below.
const MAX_FRAME: usize = 4 * 1024 * 1024;

/// The two lengths and their checksum.
const PRELUDE: usize = 12;

/// The checksum at the end.
const TRAILER: usize = 4;

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken(pub(super) &'static str);

/// The state between chunks.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    buffer: Vec<u8>,
}

impl Decoder {
    /// Takes the next bytes and calls `emit` for each frame that they complete: with its kind of event or exception, and its payload.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        mut emit: impl FnMut(Message),
    ) -> Result<(), Broken> {
        self.buffer.extend_from_slice(bytes);
        let mut used = 0;
        while let Some(length) = frame_length(&self.buffer[used..])? {
            let Some(frame) = self.buffer.get(used..used + length) else {
                break;
            };
            emit(message(frame)?);
            used += length;
        }
        self.buffer.drain(..used);
        Ok(())
    }

    /// Returns whether no frame was begun and not ended.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }
}

/// Reads the length of the frame that begins here, once its prelude is there.
fn frame_length(bytes: &[u8]) -> Result<Option<usize>, Broken> {
    let Some(prelude) = bytes.get(..PRELUDE) else {
        return Ok(None);
    };
    if crc32fast::hash(&prelude[..8]) != number(&prelude[8..]) {
        return Err(Broken("a frame whose beginning does not add up"));
    }
    let length = number(&prelude[..4]) as usize;
    let headers = number(&prelude[4..8]) as usize;
    if length > MAX_FRAME || headers > length || length - headers < PRELUDE + TRAILER {
        return Err(Broken("a frame of an impossible length"));
    }
    Ok(Some(length))
}

fn message(frame: &[u8]) -> Result<Message, Broken> {
    let (body, checksum) = frame.split_at(frame.len() - TRAILER);
    if crc32fast::hash(body) != number(checksum) {
        return Err(Broken("a frame that does not add up"));
    }
    let headers = number(&body[4..8]) as usize;
    let (headers, payload) = body[PRELUDE..].split_at(headers);
    let event = kind(headers).ok_or(Broken("a frame with headers that cannot be read"))?;
    let data = String::from_utf8_lossy(payload).into_owned();
    Ok(Message { event, data })
}

/// Returns the kind of an event or exception; empty where none is named.
fn kind(mut headers: &[u8]) -> Option<String> {
    let mut kind = String::new();
    while let Some((&length, rest)) = headers.split_first() {
        let (name, rest) = rest.split_at_checked(length.into())?;
        let (&tag, rest) = rest.split_first()?;
        // By the type: flags, integers of 1, 2, 4 and 8 bytes, bytes, text, a time, a UUID.
        let (size, rest) = match tag {
            0 | 1 => (0, rest),
            2 => (1, rest),
            3 => (2, rest),
            4 => (4, rest),
            5 | 8 => (8, rest),
            6 | 7 => {
                let (size, rest) = rest.split_at_checked(2)?;
                (u16::from_be_bytes([size[0], size[1]]).into(), rest)
            }
            9 => (16, rest),
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(size)?;
        if tag == 7 && matches!(name, b":event-type" | b":exception-type" | b":error-code") {
            kind = String::from_utf8_lossy(value).into_owned();
        }
        headers = rest;
    }
    Some(kind)
}

/// Reads four bytes, the most significant first.
fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .take(4)
        .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

/// Makes a frame, for tests of what reads it.
#[cfg(test)]
pub(super) fn frame(header: &str, kind: &str, payload: &str) -> Vec<u8> {
    let size = |length: usize| u32::try_from(length).expect("a short frame").to_be_bytes();
    let name = u8::try_from(header.len()).expect("a short name");
    let value = u16::try_from(kind.len())
        .expect("a short kind")
        .to_be_bytes();
    let headers = [&[name], header.as_bytes(), &[7], &value, kind.as_bytes()].concat();
    let length = PRELUDE + headers.len() + payload.len() + TRAILER;
    let mut frame = [size(length), size(headers.len())].concat();
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(headers);
    frame.extend(payload.as_bytes());
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Message>, Broken> {
        let mut decoder = Decoder::default();
        let mut messages = Vec::new();
        for piece in pieces {
            decoder.push(piece, |message| messages.push(message))?;
        }
        assert!(decoder.is_empty());
        Ok(messages)
    }

    #[test]
    fn frames_cut_at_any_byte_are_the_same_frames() {
        let bytes = [
            frame(":event-type", "messageStart", "{\"role\":\"é\"}"),
            frame(":exception-type", "throttlingException", "{}"),
        ]
        .concat();
        let message = |event: &str, data: &str| Message {
            event: event.into(),
            data: data.into(),
        };
        let expected = Ok(vec![
            message("messageStart", "{\"role\":\"é\"}"),
            message("throttlingException", "{}"),
        ]);
        for cut in 0..=bytes.len() {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(decode([first, second]), expected, "cut at {cut}");
        }
        assert_eq!(decode(bytes.chunks(1)), expected);
    }

    #[test]
    fn a_frame_with_any_wrong_byte_is_an_error_or_waited_for_and_never_a_message() {
        let sound = frame(":event-type", "metadata", "{\"usage\":{}}");
        for at in 0..sound.len() {
            let mut broken = sound.clone();
            broken[at] ^= 0x41;
            let mut decoder = Decoder::default();
            let mut messages = 0;
            let pushed = decoder.push(&broken, |_| messages += 1);
            assert!(pushed.is_err() && messages == 0, "byte {at}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = Decoder::default().push(&bytes, |_| {});
            let _ = kind(&bytes);
        }
    }
}
