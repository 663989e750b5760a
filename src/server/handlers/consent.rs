//! What is done about a call that fails or that the budget refuses: another model, or the user's word, if the settings say so.

use std::sync::Arc;

use super::super::backend::Shared;
use super::super::editor;
use crate::config::Settings;
use crate::provider::Error;
use crate::routing::Decision;

/// How many models may take each other's place: all that the user may name to take over, and a chain of caps that name each other ends here.
pub const MOST_INSTEAD: usize = 10;

const RUN: &str = "Run it once";

/// Returns the decision that a refused call is made again by: one for another model, or the same one with the user's consent.
pub async fn another(
    shared: &Arc<Shared>,
    settings: &Settings,
    decision: &Decision,
    error: &Error,
) -> Option<Decision> {
    if let Some(instead) = shared.gateway.instead(settings, decision, error) {
        return Some(instead);
    }
    let Error::Budget(refusal) = error else {
        return None;
    };
    if !refusal.may_be_asked() {
        return None;
    }
    let question = format!(
        "byok-lsp: {}: {refusal}. Run it all the same?",
        decision.name()
    );
    let answer = editor::choose(&shared.client, &question, &[RUN.into(), "Cancel".into()]).await;
    (answer.as_deref() == Some(RUN)).then(|| Decision {
        has_consent: true,
        ..decision.clone()
    })
}
