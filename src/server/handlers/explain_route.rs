//! `byok/explainRoute`: which model a call would go to now, and why.

use std::sync::Arc;

use tower_lsp::jsonrpc::{Error, Result};

use super::super::backend::Shared;
use super::super::protocol::ExplainRouteParams;
use super::local_servers;
use crate::config::TaskClass;
use crate::gateway::Explanation;
use crate::routing::{Feature, Need};
use crate::syntax::Language;

/// Says it of a document, or of the session where none is named or it is not open.
pub async fn answer(shared: &Arc<Shared>, params: &ExplainRouteParams) -> Result<Explanation> {
    local_servers::look_if_due(shared).await;
    let class = |name: &str| {
        TaskClass::named(name).ok_or_else(|| {
            let known = TaskClass::ALL.map(|class| class.to_string()).join(", ");
            Error::invalid_params(format!("there is no task {name}; there are {known}"))
        })
    };
    let class = params.task.as_deref().map(class).transpose()?;
    let feature = match class {
        Some(TaskClass::Completion) => Feature::Completion,
        Some(_) => Feature::Action,
        None => feature(params.feature.as_deref())?,
    };
    let session = shared.session();
    let snapshot = params.uri.as_deref().and_then(|uri| session.snapshot(uri));
    let settings = snapshot.as_ref().map_or_else(
        || session.settings().clone(),
        |snapshot| snapshot.settings.clone(),
    );
    let language = snapshot.as_ref().and_then(|snapshot| snapshot.language);
    let confined = snapshot.and_then(|snapshot| snapshot.confined);
    drop(session);
    let need = Need {
        class,
        language: language.map(Language::id),
        ..Need::usual(feature)
    };
    Ok(shared.gateway.explain_for(&settings, &need, confined))
}

/// Returns the feature of a name; without one ghost text is meant.
pub(super) fn feature(name: Option<&str>) -> Result<Feature> {
    name.map_or(Some(Feature::Completion), Feature::named)
        .ok_or_else(|| {
            let other = name.unwrap_or_default();
            Error::invalid_params(format!(
                "there is no feature {other}; there are completion and action"
            ))
        })
}
