//! Tests over the whole registry; those of one function stand beside it.

mod edits;
mod fixtures;
mod hostile;

use std::time::Duration;

use ropey::Rope;

use super::{Language, SyntaxTree};

/// Parses a text in which `ˇ` marks the cursor, and returns the cursor's offset too.
pub(super) fn marked(language_id: &str, marked: &str) -> (SyntaxTree, Rope, usize) {
    let (before, after) = marked.split_once('ˇ').expect("a cursor is marked");
    let text = Rope::from_str(&format!("{before}{after}"));
    (parsed(language_id, &text), text, before.len())
}

pub(super) fn parsed(language_id: &str, text: &Rope) -> SyntaxTree {
    let language = Language::from_id(language_id).expect("it is in the registry");
    SyntaxTree::new(language)
        .parsed(text, Duration::from_mins(1))
        .expect("a minute is enough")
}
