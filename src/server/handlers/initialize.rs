//! `initialize`: what the client can do, what it configures, what we offer. It waits for nothing but the workspace's own files.

use std::path::PathBuf;

use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::Shared;
use super::super::editor::Abilities;
use super::super::{capabilities, from_proto};
use super::workspace_file;
use crate::config::Layer;
use crate::session::path_of;

/// Answers the request.
pub fn answer(shared: &Shared, params: lsp::InitializeParams) -> lsp::InitializeResult {
    if let Some(editor) = &params.client_info {
        tracing::info!(editor = editor.name, version = editor.version, "an editor");
    }
    let encoding = from_proto::encoding(&params.capabilities);
    shared.set_abilities(Abilities::of(&params.capabilities));
    let folders: Vec<PathBuf> = from_proto::folders(&params)
        .iter()
        .filter_map(|folder| path_of(folder))
        .collect();
    let mut session = shared.session();
    session.set_encoding(encoding);
    for folder in &folders {
        session.add_folder(folder.clone());
    }
    if let Some(options) = params.initialization_options {
        let configured = session.configure(|layers| {
            layers.set_json(
                Layer::Initialization,
                "the editor's initializationOptions",
                options,
            )
        });
        if let Err(problem) = configured {
            shared.add_problem(problem);
        }
    }
    drop(session);
    workspace_file::read_first(shared, folders);
    lsp::InitializeResult {
        capabilities: capabilities::server(&params.capabilities, encoding),
        server_info: Some(lsp::ServerInfo {
            name: "byok-lsp".into(),
            version: Some(env!("CARGO_PKG_VERSION").into()),
        }),
    }
}
