//! Changes as editors send them, in each encoding: what they did to the bytes, done again to a string, gives the same text; each place of the
//! text has a position that leads back to it.

use super::{Choices, text};
use byok_lsp::document::{ByteOffset, Change, Document, Encoding, Position, floor};

const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

/// Runs it.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let encoding = choices.of(&ENCODINGS);
    let mut mirror = text(choices.bytes());
    let mut document = Document::new(&mirror);
    while !choices.is_over() {
        let mut position = || Position {
            line: choices.number(),
            character: choices.number(),
        };
        let range = (position(), position());
        let is_whole = choices.byte() == 0;
        let change = Change {
            range: (!is_whole).then_some(range),
            text: text(choices.bytes()),
        };
        document.apply(&[change], encoding, |before, _, edit| {
            assert_eq!(*before, mirror, "before");
            mirror.replace_range(edit.bytes.clone(), &edit.text);
        });
        assert_eq!(*document.text(), mirror, "after");
    }
    let rope = document.text();
    for byte in (0..=mirror.len() + 1).step_by(mirror.len() / 16 + 1) {
        let place = floor(rope, byte);
        assert_eq!(place, mirror.floor_char_boundary(byte));
        let position = encoding.position(rope, ByteOffset(place));
        let found = encoding.locate(rope, position).byte.0;
        // Within a line break there is no position but the one before it.
        let is_within_break = mirror[..place].ends_with('\r') && mirror[place..].starts_with('\n');
        assert!(found == place || is_within_break, "{place} became {found}");
    }
}
