//! `textDocument/didClose`.

use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::Shared;

/// Forgets the document.
pub fn apply(shared: &Shared, params: &lsp::DidCloseTextDocumentParams) {
    let uri = params.text_document.uri.as_ref();
    shared.in_flight.end(uri);
    shared.completions.forget(uri);
    shared.running.end(uri);
    if let Some(snapshot) = shared.session().snapshot(uri) {
        shared.symbols.close(&snapshot.path());
    }
    shared.session().close(uri);
    shared.engine.close(uri);
}
