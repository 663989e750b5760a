//! `textDocument/didChange`: one synchronous call, in the order of arrival.

use std::sync::Arc;

use super::super::backend::Shared;
use super::super::from_proto::DidChange;
use super::parse;
use crate::document::Change;

/// Applies the changes.
pub fn apply(shared: &Arc<Shared>, params: DidChange) {
    let uri = params.text_document.uri;
    let changes: Vec<Change> = params
        .content_changes
        .into_iter()
        .map(Change::from)
        .collect();
    // A client that sends no version counts none.
    let version = params.text_document.version.unwrap_or_default();
    let Some(applied) = shared.session().change(&uri, version, &changes) else {
        tracing::warn!(
            uri,
            "a change to a document that is not open is ignored; the editor has to open it first"
        );
        return;
    };
    if applied.clamped > 0 {
        tracing::warn!(
            uri,
            version,
            clamped = applied.clamped,
            "a change named a place outside the text and was clamped to it"
        );
    }
    if applied.version_went_back {
        tracing::warn!(uri, version, "the document's version went backwards");
    }
    parse::schedule(shared, &uri);
}
