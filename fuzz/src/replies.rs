//! A model's answer to a code action, read as an edit of some lines: read or refused, and read in one way only.

use super::{Choices, text};
use byok_lsp::action::read_reply;

/// Runs it.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let old = text(choices.bytes()).replace('\r', "");
    let answer = text(choices.rest());
    if let Ok(new) = read_reply(&answer, &old, "cart.rs") {
        assert!(!new.contains('\r'));
    }
}
