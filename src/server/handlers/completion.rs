//! `textDocument/completion`: the same suggestion as a menu's item, for editors without ghost text.

use std::sync::Arc;

use serde_json::Value;
use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::Shared;
use super::super::to_proto;
use super::suggest::suggest;
use crate::completion::Trigger;

/// Answers the request: a list, possibly empty, never null, never an error.
///
/// The protocol does not tell a key from the user's own wish here, so it counts as typing.
pub async fn answer(shared: &Arc<Shared>, params: lsp::CompletionParams) -> Value {
    let suggested = suggest(
        shared,
        params.text_document_position_params,
        Trigger::Automatic,
    )
    .await;
    to_proto::completion(
        suggested.suggestion.as_ref(),
        &suggested.text,
        suggested.encoding,
    )
}
