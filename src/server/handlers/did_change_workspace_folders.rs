//! `workspace/didChangeWorkspaceFolders`.

use std::sync::Arc;

use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::Shared;
use super::{context, settle, workspace_file};
use crate::session::path_of;

/// Adds and removes folders.
pub fn apply(shared: &Arc<Shared>, params: &lsp::DidChangeWorkspaceFoldersParams) {
    let mut session = shared.session();
    for folder in &params.event.removed {
        if let Some(path) = path_of(folder.uri.as_ref()) {
            session.remove_folder(&path);
            shared.engine.remove_workspace(&path);
            shared.symbols.remove_folder(&path);
            shared.uncommitted.forget(&path);
        }
    }
    for folder in &params.event.added {
        if let Some(path) = path_of(folder.uri.as_ref()) {
            session.add_folder(path);
        }
    }
    drop(session);
    // Rules name a file from its folder on.
    context::confine_all(shared);
    workspace_file::look_at_all(shared);
    settle::get_ready(shared);
}
