//! A model's answer as ghost text, at any place of any text: what is shown holds nothing that a terminal would obey.

use super::{Choices, text};
use byok_lsp::completion::shape;
use byok_lsp::config::Layers;
use byok_lsp::provider::Finish;
use byok_lsp::session::Session;

/// Runs it.
pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let language = choices.of(&["rust", "python", "typescript", "go", "markdown", "none"]);
    let finish = choices.of(&[Finish::Stop, Finish::Length]);
    let place = choices.byte();
    let around = text(choices.bytes());
    let mut session = Session::new(Layers::default());
    session.open("file:///w/a", language, &around);
    let Some(snapshot) = session.snapshot("file:///w/a") else {
        return;
    };
    let cursor = around.floor_char_boundary(usize::from(place));
    if let Some(shown) = shape(&snapshot, cursor, &text(choices.rest()), finish) {
        let is_safe = |c: char| !c.is_control() || matches!(c, '\t' | '\n');
        assert!(shown.chars().all(is_safe) && !shown.trim().is_empty());
    }
}
