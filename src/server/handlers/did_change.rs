//! `textDocument/didChange`: one synchronous call, in the order of arrival.

use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::Value;

use super::super::backend::Shared;
use super::super::from_proto::DidChange;
use super::{context, parse};
use crate::document::Change;

/// Applies the changes. Changes that cannot be read leave the document out of step, and so without suggestions until it is whole again.
pub fn apply(shared: &Arc<Shared>, params: &Value) {
    let Ok(params) = DidChange::deserialize(params) else {
        let uri = params
            .pointer("/textDocument/uri")
            .and_then(Value::as_str)
            .unwrap_or_default();
        tracing::warn!(
            uri,
            "a change that cannot be read; the document is without suggestions until the editor sends it whole"
        );
        shared.session().lose_step(uri);
        return;
    };
    let uri = params.text_document.uri;
    let changes: Vec<Change> = params
        .content_changes
        .into_iter()
        .map(Change::from)
        .collect();
    let Some(applied) = shared.session().change(&uri, &changes) else {
        tracing::warn!(
            uri,
            "a change to a document that is not open is ignored; the editor has to open it first"
        );
        return;
    };
    if applied.clamped > 0 {
        let version = params
            .text_document
            .version
            .as_ref()
            .map(ToString::to_string);
        tracing::warn!(
            uri,
            version,
            clamped = applied.clamped,
            "a change named a place outside the text and was clamped to it"
        );
    }
    shared.completions.follow(&shared.session(), &uri);
    context::tell_reach(shared, &uri);
    let version = params.text_document.version.and_then(|it| it.as_i64());
    let version = version.and_then(|it| i32::try_from(it).ok());
    shared.session().set_version(&uri, version);
    shared.gateway.typed();
    parse::schedule(shared, &uri);
}
