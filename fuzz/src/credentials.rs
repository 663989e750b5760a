//! Credentials in a text: found in order, masked, and put back into whatever repeats the mask, in any pieces.

use super::{Choices, text};
use byok_lsp::secrets::{self, Mask};

/// Runs it.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let size = usize::from(choices.byte()).max(1);
    let original = text(choices.rest());
    let mut end = 0;
    for found in secrets::find(&original) {
        assert!(end <= found.range.start && original.get(found.range.clone()).is_some());
        end = found.range.end;
    }
    let mut masked = original.clone();
    let mut unmask = Mask::apply(&mut [&mut masked]).unmask();
    let mut back = String::new();
    let mut rest = masked.as_str();
    while !rest.is_empty() {
        let (piece, more) = rest.split_at(rest.ceil_char_boundary(size.min(rest.len())));
        back += &unmask.push(piece);
        rest = more;
    }
    back += &unmask.finish();
    assert_eq!(back, original);
}
