//! `textDocument/didClose`.

use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::Shared;
use crate::session::name_of;

/// Forgets the document.
pub fn apply(shared: &Shared, params: &lsp::DidCloseTextDocumentParams) {
    let uri = params.text_document.uri.as_ref();
    shared.in_flight.end(uri);
    shared.completions.forget(uri);
    shared.running.end(uri);
    // Also where it was out of step by now, so that there is no snapshot.
    shared.symbols.close(&name_of(uri));
    shared.session().close(uri);
    shared.engine.close(uri);
}
