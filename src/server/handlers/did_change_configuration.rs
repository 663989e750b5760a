//! `workspace/didChangeConfiguration`: the editor's settings, and what follows from any change of settings.

use std::sync::Arc;

use serde_json::json;
use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::Shared;
use crate::config::Layer;
use crate::routing::{Decision, Feature};

/// Takes the editor's settings over; a mistake leaves the last good ones.
pub fn apply(shared: &Arc<Shared>, params: lsp::DidChangeConfigurationParams) {
    let configured = shared.session().configure(|layers| {
        layers.set_json(Layer::Editor, "the editor's settings", params.settings)
    });
    if let Err(problem) = configured {
        shared.add_problem(problem);
    }
    settled(shared);
}

/// Does what new settings call for: tells mistakes and the model, and gets ready for the first completion.
pub fn settled(shared: &Arc<Shared>) {
    let problems = shared.take_problems();
    shared
        .status
        .error(problems.first().map(ToString::to_string));
    for problem in problems {
        tracing::warn!(%problem, "a mistake in the configuration");
        // One message, with the fix in it; never a diagnostic on the user's code.
        let message = format!("byok-lsp: {problem}");
        shared.outbox.notify(
            "window/showMessage",
            &json!({"type": lsp::MessageType::Warning, "message": message}),
        );
    }
    let decision = decide(shared);
    if decision.is_embedded() {
        feed_engine(shared);
    } else {
        let gateway = shared.gateway.clone();
        tokio::task::spawn_blocking(move || gateway.warm_up(&decision));
    }
}

/// Decides which model completions go to and tells it.
pub fn decide(shared: &Shared) -> Decision {
    let settings = shared.session().settings().clone();
    let decision = shared.gateway.decide(&settings, Feature::Completion);
    shared.status.decided(&decision);
    decision
}

/// Lets the embedded engine read the workspace and the open documents. It knows what it has read already.
fn feed_engine(shared: &Shared) {
    let session = shared.session();
    for folder in session.folders() {
        shared.engine.add_workspace(folder.clone());
    }
    for (uri, text) in session.texts() {
        shared.engine.update(uri, text.clone());
    }
}
