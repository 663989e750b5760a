//! `workspace/didChangeConfiguration`: the editor's settings.

use std::sync::Arc;

use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::Shared;
use super::organisation;
use super::settle::settle;
use crate::config::Layer;

/// Takes the editor's settings over; a mistake leaves the last good ones.
pub fn apply(shared: &Arc<Shared>, params: lsp::DidChangeConfigurationParams) {
    let configured = shared.session().configure(|layers| {
        layers.set_json(Layer::Editor, "the editor's settings", params.settings)
    });
    if let Err(problem) = configured {
        shared.add_problem(problem);
    }
    organisation::look(shared);
    settle(shared);
}
