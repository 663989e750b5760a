//! Texts that nobody writes, but that a file may hold: none makes any function here panic or hang.

use std::time::Duration;

use ropey::Rope;

use super::super::{
    Language, SyntaxTree, enclosing_scopes, imports, open_brackets, outline, place,
};

/// Reads everything out of a text, at its end, its middle and beyond it.
fn read(language: Language, text: &str) {
    let text = Rope::from_str(text);
    let end = text.len_bytes();
    // A parse that the deadline stops is right, too: what counts is that it does stop.
    let Some(tree) = SyntaxTree::new(language).parsed(&text, Duration::from_millis(20)) else {
        return;
    };
    for offset in [0, 1, end / 2, end, end + 1, usize::MAX] {
        let _ = enclosing_scopes(&tree, &text, offset);
        let _ = place(&tree, &text, offset);
        let _ = open_brackets(&tree, &text, offset.saturating_sub(1000)..offset);
    }
    for symbol in outline(&tree, &text, 0..usize::MAX) {
        assert!(
            text.get_byte_slice(symbol.range).is_some()
                && text.get_byte_slice(symbol.header).is_some()
        );
    }
    let _ = imports(&tree, &text, 0..usize::MAX);
}

/// What is repeated: brackets that never close, quotes, indentation, bytes that are rare in text.
#[rustfmt::skip]
const SCRAPS: [&str; 11] = ["(", "[", "{", "<a>", "\"", "  - a:", "> ", "\0", "\r", "\u{feff}😀", "x = {a(b["];

#[test]
fn deep_nesting_and_endless_lines_are_survived_in_every_language() {
    for language in Language::all() {
        read(language, "");
        for scrap in SCRAPS {
            read(language, &scrap.repeat(200));
        }
    }
}
