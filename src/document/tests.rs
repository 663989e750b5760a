//! Random edits against a naive mirror, in each encoding.
//!
//! The mirror is a plain `String` that is scanned from its start for every position. `BYOK_EDITS=1000000 cargo test --release document::`
//! makes a million edits in each encoding; the ordinary run makes fewer.

use super::*;

/// What makes positions hard: astral characters, combining marks, all line breaks of the protocol, and those that are none.
const PIECES: [&str; 16] = [
    "a",
    "é",
    "e\u{301}",
    "😀",
    "👩‍👩‍👧",
    "\n",
    "\r\n",
    "\r",
    "\u{2028}",
    "\u{85}",
    "\t",
    "  ",
    "fn x() {}",
    "\u{b}",
    "𝒳",
    "\u{feff}",
];

/// A small generator; the same seed gives the same edits (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn text(&mut self) -> String {
        (0..self.below(4))
            .map(|_| PIECES[self.below(PIECES.len())])
            .collect()
    }
}

fn units(encoding: Encoding, c: char) -> usize {
    match encoding {
        Encoding::Utf8 => c.len_utf8(),
        Encoding::Utf16 => c.len_utf16(),
        Encoding::Utf32 => 1,
    }
}

/// Returns where each line starts and where its content ends.
fn lines(text: &str) -> Vec<(usize, usize)> {
    let (mut lines, mut start, mut rest) = (Vec::new(), 0, 0);
    let bytes = text.as_bytes();
    while rest < bytes.len() {
        let length = match &bytes[rest..] {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        if length > 0 {
            lines.push((start, rest));
            start = rest + length;
        }
        rest += length.max(1);
    }
    lines.push((start, text.len()));
    lines
}

fn naive_byte(text: &str, position: Position, encoding: Encoding) -> usize {
    let lines = lines(text);
    let Some(&(start, end)) = lines.get(position.line as usize) else {
        return text.len();
    };
    let mut left = position.character as usize;
    for (at, c) in text[start..end].char_indices() {
        let width = units(encoding, c);
        if left < width {
            return start + at;
        }
        left -= width;
    }
    end
}

fn naive_position(text: &str, byte: usize, encoding: Encoding) -> Position {
    let lines = lines(text);
    let line = lines.iter().rposition(|(start, _)| *start <= byte).unwrap();
    let character: usize = text[lines[line].0..byte]
        .chars()
        .map(|c| units(encoding, c))
        .sum();
    Position {
        line: u32::try_from(line).unwrap(),
        character: u32::try_from(character).unwrap(),
    }
}

fn edits() -> usize {
    std::env::var("BYOK_EDITS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(20_000)
}

fn edit_at_random(encoding: Encoding) {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let mut document = Document::new("");
    let mut mirror = String::new();
    for version in 1..=edits() {
        // A place that may lie a little outside the text.
        let mut place = || Position {
            line: u32::try_from(random.below(lines(&mirror).len() + 2)).unwrap(),
            character: u32::try_from(random.below(14)).unwrap(),
        };
        let (start, end) = (place(), place());
        let (from, to) = (
            naive_byte(&mirror, start, encoding),
            naive_byte(&mirror, end, encoding),
        );
        // Long texts shrink, so that the mirror stays quick.
        let (range, text) = match random.below(40) {
            0 => (None, random.text()),
            _ if mirror.len() > 300 => (Some((start, end)), String::new()),
            1..20 => (Some((start, start)), random.text()),
            _ => (Some((start, end)), random.text()),
        };
        match range {
            None => mirror.clone_from(&text),
            Some((a, b)) if a == b => mirror.insert_str(from, &text),
            Some(_) => mirror.replace_range(from.min(to)..from.max(to), &text),
        }
        document.apply(&[Change { range, text }], encoding, |_, _, _| ());
        assert_eq!(
            document.text().to_string(),
            mirror,
            "edit {version}, {encoding:?}"
        );
        let byte = (0..=from.min(mirror.len()))
            .rev()
            .find(|byte| mirror.is_char_boundary(*byte))
            .unwrap();
        let position = encoding.position(document.text(), ByteOffset(byte));
        assert_eq!(
            position,
            naive_position(&mirror, byte, encoding),
            "byte {byte} of edit {version}, {encoding:?}"
        );
    }
}

#[test]
fn random_edits_in_utf_16_agree_with_a_naive_mirror() {
    edit_at_random(Encoding::Utf16);
}

#[test]
fn random_edits_in_utf_8_agree_with_a_naive_mirror() {
    edit_at_random(Encoding::Utf8);
}

#[test]
fn random_edits_in_utf_32_agree_with_a_naive_mirror() {
    edit_at_random(Encoding::Utf32);
}

#[test]
fn a_place_within_a_character_moves_to_where_it_begins() {
    // Long enough for several chunks.
    let text: String = "aé漢😀\n".repeat(700);
    let rope = Rope::from_str(&text);
    for byte in 0..=text.len() + 3 {
        assert_eq!(floor(&rope, byte), text.floor_char_boundary(byte), "{byte}");
    }
    assert_eq!(floor(&Rope::new(), 7), 0);
}
