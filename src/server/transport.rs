//! Frames in bytes: `Content-Length: N`, a blank line, and N bytes of JSON (LSP 3.17, "Base Protocol").
//!
//! [`FrameDecoder`] survives any bytes: what is no frame is reported and skipped, and decoding goes on at the next `Content-Length`. It is
//! bounded by [`MAX_FRAME`].

/// The largest frame that is taken: an editor that opens a file of 50 MB sends some 60.
pub const MAX_FRAME: usize = 256 * 1024 * 1024;

/// The longest body that is looked through for a frame that it swallowed.
const MAX_PUT_BACK: usize = 64 * 1024;

/// The longest header. Real ones have some 25 bytes, or 80 with a content type.
const MAX_HEADER: usize = 8 * 1024;

/// What the bytes came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// The body of a frame.
    Body(Vec<u8>),
    /// Bytes that belong to no frame, and why.
    Bad(&'static str),
}

/// The state between chunks of bytes.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    buffer: Vec<u8>,
    /// How much of the buffer is used up; it is cut off in steps, so that many small frames cost one move.
    used: usize,
    /// The length of the body that comes next, once its header is read.
    body: Option<usize>,
    /// Whether skipped bytes were reported already, so that a flood of garbage is one report.
    skipping: bool,
}

const NAME: &[u8] = b"content-length:";

impl FrameDecoder {
    /// Takes the next bytes from the editor.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.used > 0 {
            self.buffer.drain(..self.used);
            self.used = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next frame that is complete, or `None` until more bytes come.
    pub fn next_frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(length) = self.body {
                let body = self.buffer.get(self.used..self.used + length)?.to_vec();
                self.used += length;
                self.body = None;
                self.release();
                return Some(Frame::Body(body));
            }
            match self.header() {
                Header::Incomplete => return None,
                Header::Length { length, end, clean } => {
                    self.used = end;
                    self.body = Some(length);
                    // Room for the whole body at once, rather than by doubling.
                    self.buffer
                        .reserve((end + length).saturating_sub(self.buffer.len()));
                    let was_skipping = std::mem::replace(&mut self.skipping, false);
                    if !clean && !was_skipping {
                        return Some(Frame::Bad("bytes before a Content-Length header"));
                    }
                }
                Header::Bad { end, why } => {
                    self.used = end;
                    if !std::mem::replace(&mut self.skipping, true) {
                        return Some(Frame::Bad(why));
                    }
                }
            }
        }
    }

    /// Returns how many bytes are kept that are no whole frame yet.
    pub fn held(&self) -> usize {
        self.buffer.len() - self.used
    }

    /// Returns the length of the body that a header has announced and that is not whole yet.
    pub fn awaited(&self) -> Option<usize> {
        self.body
    }

    /// Puts back the part of a body in which another frame's header stands, after the body turned out to be no JSON: its length was wrong
    /// and swallowed what followed.
    ///
    /// Only short bodies are looked through, so that one full of headers costs no more than it is worth.
    pub fn put_back(&mut self, body: &[u8]) {
        if body.len() > MAX_PUT_BACK {
            return;
        }
        if let Some(at) = find(body, NAME) {
            self.buffer.splice(..self.used, body[at..].iter().copied());
            self.used = 0;
        }
    }

    fn header(&self) -> Header {
        let rest = &self.buffer[self.used..];
        let Some(at) = find(rest, NAME) else {
            // What cannot be the beginning of the name is of no use any more.
            let useless = rest.len().saturating_sub(NAME.len());
            return if useless > MAX_HEADER {
                Header::Bad {
                    end: self.used + useless,
                    why: "bytes without a Content-Length header",
                }
            } else {
                Header::Incomplete
            };
        };
        let value = at + NAME.len();
        let Some(end) = end_of_header(&rest[value..]) else {
            return if rest.len() - value > MAX_HEADER {
                Header::Bad {
                    end: self.used + value,
                    why: "a header without end",
                }
            } else {
                Header::Incomplete
            };
        };
        let line = rest[value..]
            .split(|byte| matches!(byte, b'\r' | b'\n'))
            .next()
            .unwrap_or_default();
        let length = std::str::from_utf8(line)
            .ok()
            .and_then(|line| line.trim().parse::<usize>().ok());
        match length {
            Some(length) if length <= MAX_FRAME => Header::Length {
                length,
                end: self.used + value + end,
                clean: is_headers(&rest[..at]),
            },
            Some(_) => Header::Bad {
                end: self.used + value,
                why: "a frame of more than 256 MiB",
            },
            None => Header::Bad {
                end: self.used + value,
                why: "a Content-Length that is no number",
            },
        }
    }

    /// Gives the memory of an extraordinary frame back.
    fn release(&mut self) {
        if self.used == self.buffer.len() {
            self.buffer.clear();
            self.used = 0;
            self.buffer.shrink_to(64 * 1024);
        }
    }
}

enum Header {
    Incomplete,
    Length {
        length: usize,
        end: usize,
        /// Whether nothing but other headers stood before it.
        clean: bool,
    },
    Bad {
        end: usize,
        why: &'static str,
    },
}

/// Finds a name of ASCII letters whatever their case.
fn find(bytes: &[u8], name: &[u8]) -> Option<usize> {
    let (lower, upper) = (name[0], name[0].to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, bytes).find(|&at| {
        bytes
            .get(at..at + name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name))
    })
}

/// Returns the length up to and with the blank line that ends a header; some clients end lines with a line feed alone.
fn end_of_header(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes).find_map(|at| match &bytes[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

/// Returns whether the bytes are nothing, or other headers such as `Content-Type`.
fn is_headers(bytes: &[u8]) -> bool {
    bytes.is_empty()
        || (bytes.ends_with(b"\n")
            && bytes.len() < MAX_HEADER
            && find(bytes, b"content-type:") == Some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut decoder = FrameDecoder::default();
        let mut frames = Vec::new();
        for chunk in chunks {
            decoder.push(chunk);
            while let Some(frame) = decoder.next_frame() {
                frames.push(match frame {
                    Frame::Body(body) => String::from_utf8_lossy(&body).into_owned(),
                    Frame::Bad(why) => format!("bad: {why}"),
                });
            }
        }
        frames
    }

    #[test]
    fn frames_cut_at_any_byte_and_frames_joined_are_the_same_frames() {
        let bytes = format!(
            "{}Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n{}content-length:2\n\n{{}}",
            frame("{\"a\":\"é\"}"),
            frame("[]")
        );
        let expected = ["{\"a\":\"é\"}", "[]", "{}"];
        for cut in 0..=bytes.len() {
            let (first, second) = bytes.as_bytes().split_at(cut);
            assert_eq!(decode([first, second]), expected, "cut at {cut}");
        }
        assert_eq!(decode(bytes.as_bytes().chunks(1)), expected);
    }

    #[test]
    fn garbage_is_reported_once_and_the_next_frame_is_read() {
        let bytes = format!("hello\r\nworld\r\n\r\n{}", frame("{}"));
        assert_eq!(
            decode([bytes.as_bytes()]),
            ["bad: bytes before a Content-Length header", "{}"]
        );
    }

    #[test]
    fn a_flood_without_header_is_not_kept() {
        let mut decoder = FrameDecoder::default();
        for _ in 0..1000 {
            decoder.push(&[b'x'; 10_000]);
            while decoder.next_frame().is_some() {}
        }
        assert!(decoder.buffer.capacity() < 100_000);
        decoder.push(frame("{}").as_bytes());
        assert_eq!(decoder.next_frame(), Some(Frame::Body(b"{}".to_vec())));
    }

    #[test]
    fn an_absurd_length_is_not_waited_for() {
        for length in ["99999999999", "-1", "1e3", ""] {
            let bytes = format!("Content-Length: {length}\r\n\r\n{{}}{}", frame("[]"));
            let frames = decode([bytes.as_bytes()]);
            assert_eq!(frames.last().map(String::as_str), Some("[]"), "{length}");
            assert!(frames[0].starts_with("bad: "), "{length}");
        }
    }

    #[test]
    fn a_length_that_swallowed_the_next_frame_gives_it_back() {
        let mut decoder = FrameDecoder::default();
        let inner = frame("{}");
        let long = format!("Content-Length: {}\r\n\r\n{{\"cut{inner}", 5 + inner.len());
        decoder.push(long.as_bytes());
        let Some(Frame::Body(body)) = decoder.next_frame() else {
            panic!("a body");
        };
        decoder.put_back(&body);
        assert_eq!(decoder.next_frame(), Some(Frame::Body(b"{}".to_vec())));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_in_any_pieces_leave_a_decoder_that_still_decodes(
            garbage in proptest::collection::vec(piece(), 0..20),
            size in 1_usize..40,
        ) {
            let mut decoder = FrameDecoder::default();
            for chunk in garbage.concat().chunks(size) {
                decoder.push(chunk);
                while let Some(frame) = decoder.next_frame() {
                    if let Frame::Body(body) = frame {
                        decoder.put_back(&body);
                    }
                }
            }
            // Whatever body was begun is ended by enough bytes, and then a sound frame is one.
            decoder.push(&[b' '; 400]);
            while decoder.next_frame().is_some() {}
            decoder.push(frame("{}").as_bytes());
            let last = std::iter::from_fn(|| decoder.next_frame()).last();
            proptest::prop_assert_eq!(last, Some(Frame::Body(b"{}".to_vec())));
        }
    }

    /// A piece of what may be mistaken for a frame.
    fn piece() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
        use proptest::prelude::*;
        let lengths =
            (0_usize..300).prop_map(|n| format!("Content-Length: {n}\r\n\r\n").into_bytes());
        let parts = prop::sample::select(vec![
            "Content-Length:",
            "\r\n",
            "\r\n\r\n",
            "-1",
            "content-type: x\r\n",
            "{}",
            "9999999999999",
        ]);
        prop_oneof![
            lengths,
            parts.prop_map(|part| part.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..30),
        ]
    }
}
