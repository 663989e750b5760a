//! What a model is asked, and the list of what that is made of.

use std::sync::Arc;

use super::desks::USUAL_TOKENS;
use super::stop::Extent;
use super::{Ask, Trigger};
use crate::audit::Shown;
use crate::config::TaskClass;
use crate::context::{self, Desk, Form, Manifest, Prompt, View};
use crate::gateway::{self, CallId, Interrupt, Request};
use crate::provider::{Fill, Input, Place};
use crate::routing::{Decision, Way};
use crate::session::Snapshot;
use crate::syntax;

/// A request, and what its prompt is made of.
pub struct Question {
    /// The request.
    pub request: Request,
    manifest: Manifest,
    desk: Arc<Desk>,
}

impl Question {
    /// Makes the request for a suggestion.
    pub fn of(ask: &Ask, extent: Extent, interrupt: Interrupt) -> Self {
        let snapshot = &ask.snapshot;
        let max_lines = lines_of_engine(extent, ask.trigger);
        let (input, manifest) = input(snapshot, ask.cursor, &ask.decision, max_lines);
        let shown = shown(snapshot, &manifest);
        let request = Request {
            input,
            decision: ask.decision.clone(),
            action: None,
            class: TaskClass::Completion,
            max_tokens: snapshot.settings.max_tokens,
            expected: Some(USUAL_TOKENS),
            stop: Vec::new(),
            language: snapshot.language.map(syntax::Language::id),
            workspace: snapshot
                .folder
                .as_ref()
                .map(|folder| folder.display().to_string()),
            confined: snapshot.confined,
            shown,
            interrupt,
            attempt: 1,
            after: None,
        };
        Self {
            request,
            manifest,
            desk: snapshot.desk.clone(),
        }
    }

    /// Takes it apart into the request and what is to be done once the call that it became has a name.
    pub fn into_parts(self) -> (Request, impl FnOnce(&CallId) + Send + use<>) {
        let Self {
            request,
            manifest,
            desk,
        } = self;
        let note = move |id: &CallId| desk.manifests.note(&id.to_string(), manifest);
        (request, note)
    }
}

/// Returns which files are shown, where anybody has to know; at least which document it is about.
fn shown(snapshot: &Snapshot, manifest: &Manifest) -> Vec<Shown> {
    if !snapshot.settings.must_tell_files() {
        return Vec::new();
    }
    let document = context::shown_path(&snapshot.path(), &snapshot.shown_from());
    let piece = |part: &context::Part| Some((part.rule.place()?.0.to_owned(), part.text.len()));
    let pieces: Vec<(String, usize)> = manifest.parts().iter().filter_map(piece).collect();
    let pieces = pieces.iter().map(|(path, bytes)| (path.as_str(), *bytes));
    gateway::shown(std::iter::once((document.as_str(), 0)).chain(pieces))
}

/// Returns how many lines the embedded engine may suggest. Fewer than half of its blocks are right in every line (docs/local-engine.md), so
/// while the user types it is held to the line, of which it is far surer.
fn lines_of_engine(extent: Extent, trigger: Trigger) -> usize {
    match trigger {
        Trigger::Automatic => 1,
        Trigger::Explicit => extent.max_lines,
    }
}

/// Makes what the model is shown, in the form that its wire takes, and the list of what that is made of.
fn input(
    snapshot: &Snapshot,
    cursor: usize,
    decision: &Decision,
    max_lines: usize,
) -> (Input, Manifest) {
    let fill = |prefix, suffix, files| {
        let place = Place {
            uri: snapshot.uri.clone(),
            text: snapshot.text.clone(),
            cursor,
            max_lines,
        };
        Input::Fill(Fill {
            prefix,
            suffix,
            files,
            place,
        })
    };
    let Way::Http(provider) = &decision.way else {
        // The embedded engine reads the snapshot itself.
        let nothing = fill(String::new(), String::new(), Vec::new());
        return (nothing, Manifest::default());
    };
    let form = Form::of(provider.wire, &decision.model);
    let tokens = snapshot.settings.context.max_tokens;
    let (window, _) = context::shares(
        tokens,
        cursor,
        snapshot.text.len_bytes().saturating_sub(cursor),
    );
    let prepared = snapshot.desk.prepared();
    // What was chosen under other rules may be what these forbid.
    let may_be_shown = prepared.era == snapshot.era || prepared.fragments.is_empty();
    let prepared = Some(prepared).filter(|_| may_be_shown);
    let view = View {
        text: &snapshot.text,
        cursor,
        language: snapshot.language,
        file: &context::shown_path(&snapshot.path(), &snapshot.shown_from()),
        prepared: &prepared.unwrap_or_default(),
    };
    let assembled = context::assemble(&view, form, window);
    let input = match assembled.prompt {
        Prompt::Fill {
            prefix,
            suffix,
            files,
        } => fill(prefix, suffix, files),
        Prompt::Chat(messages) => Input::Chat(messages),
    };
    (input, assembled.manifest)
}
