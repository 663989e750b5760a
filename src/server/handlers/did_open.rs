//! `textDocument/didOpen`.

use std::sync::Arc;

use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::Shared;
use super::{context, organisation, parse, settle, workspace_file};

/// Opens the document.
pub fn apply(shared: &Arc<Shared>, params: lsp::DidOpenTextDocumentParams) {
    let document = params.text_document;
    let uri = document.uri.as_ref();
    // A call for what this name was before is of no use any more.
    shared.in_flight.end(uri);
    shared.completions.forget(uri);
    shared.running.end(uri);
    let language_id = document.language_id.to_string();
    context::open(shared, uri, &language_id, &document.text);
    shared.session().set_version(uri, Some(document.version));
    parse::begin(shared, uri);
    workspace_file::opened(shared, uri);
    organisation::look(shared);
    settle::look(shared);
    settle::connect_ahead(shared);
}
