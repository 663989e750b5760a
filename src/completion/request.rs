//! What a model is asked.

use super::stop::Extent;
use super::{Ask, Trigger};
use crate::context::{self, Budget};
use crate::gateway::{Interrupt, Request};
use crate::provider::{Fill, Input, Place};
use crate::routing::Decision;
use crate::session::Snapshot;
use crate::syntax;

/// Makes the request for a suggestion.
pub fn request(ask: &Ask, extent: Extent, interrupt: Interrupt) -> Request {
    let snapshot = &ask.snapshot;
    let max_lines = lines_of_engine(extent, ask.trigger);
    Request {
        input: input(snapshot, ask.cursor, &ask.decision, max_lines),
        decision: ask.decision.clone(),
        action: None,
        max_tokens: snapshot.settings.max_tokens,
        stop: Vec::new(),
        language: snapshot.language.map(syntax::Language::id),
        workspace: snapshot
            .folder
            .as_ref()
            .map(|folder| folder.display().to_string()),
        interrupt,
    }
}

/// Returns how many lines the embedded engine may suggest. Fewer than half of its blocks are right in every line (docs/local-engine.md), so
/// while the user types it is held to the line, of which it is far surer.
fn lines_of_engine(extent: Extent, trigger: Trigger) -> usize {
    match trigger {
        Trigger::Automatic => 1,
        Trigger::Explicit => extent.max_lines,
    }
}

/// Makes what the model is shown, in the form that its wire takes.
fn input(snapshot: &Snapshot, cursor: usize, decision: &Decision, max_lines: usize) -> Input {
    let place = Place {
        uri: snapshot.uri.clone(),
        text: snapshot.text.clone(),
        cursor,
        max_lines,
    };
    if decision.is_embedded() {
        // The embedded engine reads the snapshot itself.
        return Input::Fill(Fill {
            prefix: String::new(),
            suffix: String::new(),
            place,
        });
    }
    let window = context::window(&snapshot.text, cursor, Budget::default());
    if decision.way.fills() {
        return Input::Fill(Fill {
            prefix: window.prefix,
            suffix: window.suffix,
            place,
        });
    }
    let language = snapshot.language.map_or("", syntax::Language::name);
    Input::Chat(context::fill_by_chat(
        &window,
        language,
        snapshot.file_name(),
    ))
}
