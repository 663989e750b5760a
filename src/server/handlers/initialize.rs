//! `initialize`: what the client can do, what it configures, what we offer. It does nothing that takes time.

use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::Shared;
use super::super::editor::Abilities;
use super::super::{capabilities, from_proto};
use crate::config::Layer;
use crate::session::path_of;

/// Answers the request.
pub fn answer(shared: &Shared, params: lsp::InitializeParams) -> lsp::InitializeResult {
    let encoding = from_proto::encoding(&params.capabilities);
    shared.set_abilities(Abilities::of(&params.capabilities));
    let mut session = shared.session();
    session.set_encoding(encoding);
    for folder in from_proto::folders(&params) {
        if let Some(path) = path_of(&folder) {
            session.add_folder(path);
        }
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
    lsp::InitializeResult {
        capabilities: capabilities::server(&params.capabilities, encoding),
        server_info: Some(lsp::ServerInfo {
            name: "byok-lsp".into(),
            version: Some(env!("CARGO_PKG_VERSION").into()),
        }),
    }
}
