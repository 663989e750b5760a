//! Server-sent events from bytes: the framing that most providers stream in (WHATWG HTML, "Server-sent events").
//!
//! [`Decoder`] takes chunks cut anywhere, also inside a character or a line break, and yields whole messages. It is bounded: a line or a
//! message longer than [`MAX_BYTES`] is an error, since a provider that sends one is broken or hostile.

/// The longest message taken. The longest that providers send is a few hundred kilobytes (a whole reply in one event).
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The value of its `event:` field; empty if it has none.
    pub event: String,
    /// The values of its `data:` fields, joined by line feeds.
    pub data: String,
}

/// A message that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

/// The state between chunks.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
    /// Whether the last byte was a carriage return, of whose line break a line feed may be the second half.
    after_return: bool,
    event: String,
    data: String,
    has_data: bool,
}

impl Decoder {
    /// Takes the next bytes and calls `emit` for each message that they complete.
    pub fn push(&mut self, bytes: &[u8], mut emit: impl FnMut(Message)) -> Result<(), TooLong> {
        let mut rest = bytes;
        if self.after_return {
            self.after_return = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            if rest.is_empty() && bytes.is_empty() {
                self.after_return = true;
            }
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', rest) {
            self.take(&rest[..end])?;
            self.end_line(&mut emit)?;
            let is_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if is_return {
                if rest.is_empty() {
                    self.after_return = true;
                }
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
        }
        self.take(rest)
    }

    /// Ends the stream; some servers leave out the last blank line, and their last message counts all the same.
    pub fn finish(&mut self, mut emit: impl FnMut(Message)) -> Result<(), TooLong> {
        if !self.line.is_empty() {
            self.end_line(&mut emit)?;
        }
        self.dispatch(&mut emit);
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > MAX_BYTES {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, emit: &mut impl FnMut(Message)) -> Result<(), TooLong> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            self.dispatch(emit);
            return Ok(());
        }
        // A broken character in one message must not end the stream; it shows as U+FFFD.
        let text = String::from_utf8_lossy(&line);
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.data.len() + value.len() > MAX_BYTES {
                    return Err(TooLong);
                }
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "event" => value.clone_into(&mut self.event),
            // Comments (an empty field name), `id` and `retry` carry nothing that a model call needs.
            _ => {}
        }
        // The buffer is kept for the next line, so that a stream allocates once.
        self.line = line;
        self.line.clear();
        Ok(())
    }

    fn dispatch(&mut self, emit: &mut impl FnMut(Message)) {
        let event = std::mem::take(&mut self.event);
        if std::mem::take(&mut self.has_data) {
            emit(Message {
                event,
                data: std::mem::take(&mut self.data),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = ": hello\n\nevent: a\ndata: {\"x\":\"é😀\"}\n\ndata:1\r\ndata: 2\r\n\r\nid: 7\rdata: [DONE]\r\rdata: last";

    fn decode(chunks: &[&[u8]]) -> Vec<(String, String)> {
        let mut decoder = Decoder::default();
        let mut messages = Vec::new();
        for chunk in chunks {
            decoder
                .push(chunk, |message| {
                    messages.push((message.event, message.data));
                })
                .expect("short");
        }
        decoder
            .finish(|message| messages.push((message.event, message.data)))
            .expect("short");
        messages
    }

    fn expected() -> Vec<(String, String)> {
        [
            ("a", "{\"x\":\"é😀\"}"),
            ("", "1\n2"),
            ("", "[DONE]"),
            ("", "last"),
        ]
        .map(|(event, data)| (event.to_owned(), data.to_owned()))
        .to_vec()
    }

    #[test]
    fn a_stream_cut_at_any_two_bytes_gives_the_same_messages() {
        let bytes = STREAM.as_bytes();
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let chunks = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(decode(&chunks), expected(), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let mut decoder = Decoder::default();
        let chunk = vec![b'x'; 1024 * 1024];
        let refused = (0..10).any(|_| decoder.push(&chunk, |_| ()).is_err());
        assert!(refused);
    }
}
