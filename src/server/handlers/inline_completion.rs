//! `textDocument/inlineCompletion`: ghost text.

use std::sync::Arc;

use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::Shared;
use super::super::{from_proto, to_proto};
use super::suggest::{others, suggest};
use crate::completion::Trigger;

/// Answers the request: a list, possibly empty, never null, never an error. Of several items the first is the one that was shown so far.
pub async fn answer(
    shared: &Arc<Shared>,
    params: lsp::InlineCompletionParams,
) -> to_proto::InlineCompletions {
    let trigger = from_proto::inline_trigger(&params.context);
    if trigger == Trigger::Automatic && params.context.selected_completion_info.is_some() {
        // A menu is open, whose entry the user is about to take; what does not extend that entry is not shown, and would be paid for.
        return to_proto::InlineCompletions::default();
    }
    let at = params.text_document_position_params;
    let uri = at.text_document.uri.clone();
    let suggested = suggest(shared, at, trigger).await;
    let others = match trigger {
        Trigger::Explicit => others(shared, uri.as_ref(), &suggested).await,
        Trigger::Automatic => Some(Vec::new()),
    };
    let Some(others) = others else {
        return to_proto::InlineCompletions::default();
    };
    let suggestions = suggested.suggestion.into_iter().chain(others);
    to_proto::inline_completion(suggestions, &suggested.text, suggested.encoding)
}
