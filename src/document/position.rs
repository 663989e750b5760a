//! Places in a text: byte offsets, and the line and character pairs of the protocol in each of its three encodings.
//!
//! [`Encoding::locate`] and [`Encoding::position`] are the only conversions in the crate. Lines end at `\n`, `\r\n` and `\r` as the
//! Language Server Protocol says (3.17, "Text Documents"), which is how this build of ropey counts them; U+2028 and its kin do not count.

use ropey::Rope;

/// A distance from the start of a text in bytes of UTF-8; on a character's boundary wherever this crate made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteOffset(pub usize);

/// A place as the protocol gives it: a line and a distance into it, in units that an [`Encoding`] defines. Both count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The distance from the line's start, in code units.
    pub character: u32,
}

/// The unit of [`Position::character`], settled at `initialize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units: what every client understands, and the default of the protocol.
    #[default]
    Utf16,
    /// Unicode scalar values.
    Utf32,
}

/// Where a position lies, and whether it had to be moved to lie in the text at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    /// The place in bytes, on a character's boundary.
    pub byte: ByteOffset,
    /// Whether the position named no place in the text: behind its last line, or inside a character.
    ///
    /// A character behind its line's end is no fault: the protocol defines it as the line's end.
    pub clamped: bool,
}

impl Encoding {
    /// Finds the byte that a position names; an impossible one is moved to the nearest place before it.
    pub fn locate(self, text: &Rope, position: Position) -> Located {
        let line = position.line as usize;
        if line >= text.len_lines() {
            return Located {
                byte: ByteOffset(text.len_bytes()),
                clamped: true,
            };
        }
        let (start, end) = line_chars(text, line);
        let wanted = position.character as usize;
        match self {
            Self::Utf8 => {
                let start = text.char_to_byte(start);
                let end = text.char_to_byte(end);
                let byte = start.saturating_add(wanted).min(end);
                let boundary = floor(text, byte);
                Located {
                    byte: ByteOffset(boundary),
                    clamped: boundary != byte,
                }
            }
            Self::Utf16 => {
                let end = text.char_to_utf16_cu(end);
                let unit = text.char_to_utf16_cu(start).saturating_add(wanted).min(end);
                let char = text.utf16_cu_to_char(unit);
                Located {
                    byte: ByteOffset(text.char_to_byte(char)),
                    clamped: text.char_to_utf16_cu(char) != unit,
                }
            }
            Self::Utf32 => {
                let char = start.saturating_add(wanted).min(end);
                Located {
                    byte: ByteOffset(text.char_to_byte(char)),
                    clamped: false,
                }
            }
        }
    }

    /// Returns the position of a byte; one outside the text or inside a character is moved to the nearest place before it.
    pub fn position(self, text: &Rope, byte: ByteOffset) -> Position {
        let char = text.byte_to_char(byte.0.min(text.len_bytes()));
        let line = text.char_to_line(char);
        let start = text.line_to_char(line);
        let character = match self {
            Self::Utf8 => text.char_to_byte(char) - text.char_to_byte(start),
            Self::Utf16 => text.char_to_utf16_cu(char) - text.char_to_utf16_cu(start),
            Self::Utf32 => char - start,
        };
        Position {
            line: saturate(line),
            character: saturate(character),
        }
    }
}

/// Returns the last place up to `byte` that is not inside a character; one outside the text is moved to its end.
pub fn floor(text: &Rope, byte: usize) -> usize {
    let byte = byte.min(text.len_bytes());
    let (chunk, start, _, _) = text.chunk_at_byte(byte);
    let mut at = byte - start;
    while !chunk.is_char_boundary(at) {
        at -= 1;
    }
    start + at
}

/// Returns the first char of a line and the one behind its last, its line break left out.
fn line_chars(text: &Rope, line: usize) -> (usize, usize) {
    let start = text.line_to_char(line);
    if line + 1 >= text.len_lines() {
        return (start, text.len_chars());
    }
    let next = text.line_to_char(line + 1);
    let mut end = next;
    if end > start && text.char(end - 1) == '\n' {
        end -= 1;
        if end > start && text.char(end - 1) == '\r' {
            end -= 1;
        }
    } else if end > start && text.char(end - 1) == '\r' {
        end -= 1;
    }
    (start, end)
}

/// The protocol counts in `u32`; a text of more than four thousand million units is met by staying at the last one it can name.
fn saturate(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn each_encoding_counts_its_own_units() {
        let text = Rope::from_str("a😀é\u{301}b");
        let b = text.len_bytes() - 1;
        for (encoding, character) in [
            (Encoding::Utf8, 9),
            (Encoding::Utf16, 5),
            (Encoding::Utf32, 4),
        ] {
            assert_eq!(encoding.position(&text, ByteOffset(b)), at(0, character));
            assert_eq!(
                encoding.locate(&text, at(0, character)),
                Located {
                    byte: ByteOffset(b),
                    clamped: false
                }
            );
        }
    }

    #[test]
    fn only_the_protocols_three_line_breaks_count() {
        let text = Rope::from_str("a\nb\r\nc\rd\u{2028}e\u{85}f\u{b}g\u{c}h");
        assert_eq!(text.len_lines(), 4);
    }

    #[test]
    fn a_column_behind_the_line_is_its_end_before_the_line_break() {
        let text = Rope::from_str("ab\r\ncd\ref\ngh");
        for (line, byte) in [(0, 2), (1, 6), (2, 9), (3, 12)] {
            for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
                let located = encoding.locate(&text, at(line, u32::MAX));
                assert_eq!(located.byte, ByteOffset(byte), "line {line}, {encoding:?}");
                assert!(!located.clamped);
            }
        }
    }

    #[test]
    fn the_middle_of_a_character_is_its_start_and_said_so() {
        let text = Rope::from_str("😀");
        for (encoding, character) in [(Encoding::Utf16, 1), (Encoding::Utf8, 2)] {
            let located = encoding.locate(&text, at(0, character));
            assert_eq!((located.byte, located.clamped), (ByteOffset(0), true));
        }
    }

    #[test]
    fn a_line_behind_the_text_is_its_end_and_said_so() {
        let text = Rope::from_str("ab\n");
        let located = Encoding::Utf16.locate(&text, at(7, 3));
        assert_eq!((located.byte, located.clamped), (ByteOffset(3), true));
    }
}
