//! `byok/explainRoute`: which model a call would go to now, and why.

use tower_lsp::jsonrpc::{Error, Result};

use super::super::backend::Shared;
use super::super::protocol::ExplainRouteParams;
use crate::gateway::Explanation;
use crate::routing::Feature;

/// Says it of a document, or of the session where none is named or it is not open.
pub fn answer(shared: &Shared, params: &ExplainRouteParams) -> Result<Explanation> {
    let feature = match params.feature.as_deref() {
        None | Some("completion") => Feature::Completion,
        Some("action") => Feature::Action,
        Some(other) => {
            return Err(Error::invalid_params(format!(
                "there is no feature {other}; there are completion and action"
            )));
        }
    };
    let session = shared.session();
    let snapshot = params.uri.as_deref().and_then(|uri| session.snapshot(uri));
    let settings = snapshot.as_ref().map_or_else(
        || session.settings().clone(),
        |snapshot| snapshot.settings.clone(),
    );
    let confined = snapshot.and_then(|snapshot| snapshot.confined);
    drop(session);
    Ok(shared.gateway.explain(&settings, feature, confined))
}
