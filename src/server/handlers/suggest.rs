//! What inline completion and completion share: one suggestion for a place, superseded by a newer request, carried over to the text as it
//! is when the answer goes out.

use std::sync::Arc;
use std::task::Poll;

use ropey::Rope;
use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::Shared;
use super::super::from_proto;
use super::{context, settle};
use crate::completion::{self, Ask, Suggestion, Trigger};
use crate::document::Encoding;
use crate::provider::Error;
use crate::session::Snapshot;

/// A suggestion and the text that it is for.
pub struct Suggested {
    pub suggestion: Option<Suggestion>,
    pub text: Rope,
    pub encoding: Encoding,
}

/// Suggests something at a position of a document. A document that is not open has no suggestion.
pub async fn suggest(
    shared: &Arc<Shared>,
    at: lsp::TextDocumentPositionParams,
    trigger: Trigger,
) -> Suggested {
    let uri = at.text_document.uri.as_ref();
    let (snapshot, is_paused) = {
        let session = shared.session();
        (session.snapshot(uri), session.is_paused)
    };
    let Some(snapshot) = snapshot else {
        tracing::warn!(
            uri,
            "a completion was asked for in a document that is not open"
        );
        return Suggested {
            suggestion: None,
            text: Rope::new(),
            encoding: Encoding::default(),
        };
    };
    let located = from_proto::cursor(&snapshot, at.position);
    if located.clamped {
        tracing::warn!(
            uri,
            "a completion was asked for outside the text; it is answered for the nearest place in it"
        );
    }
    shared.remember_cursor(&snapshot, located.byte.0);
    let is_allowed = snapshot.settings.policy.allows_completion();
    let is_wanted = is_allowed && (!is_paused || trigger == Trigger::Explicit);
    let suggestion = if is_wanted {
        run(shared, &snapshot, located.byte.0, trigger).await
    } else {
        None
    };
    carry_over(shared, &snapshot, suggestion)
}

async fn run(
    shared: &Arc<Shared>,
    snapshot: &Snapshot,
    cursor: usize,
    trigger: Trigger,
) -> Option<Suggestion> {
    let ticket = shared.in_flight.begin(snapshot.uri.clone());
    let decision = completion::decide(&shared.gateway, snapshot);
    if !decision.is_embedded() {
        context::follow(shared, snapshot, cursor);
    }
    let ask = Ask {
        snapshot,
        cursor,
        trigger,
        decision,
        interrupt: ticket.interrupt.clone(),
    };
    tokio::select! {
        biased;
        // Superseded or taken back: the future is dropped, and the provider's socket with it.
        () = ticket.interrupt.over() => None,
        suggestion = complete(shared, ask) => suggestion,
    }
}

/// Asks the model and keeps the status up to date; a failure is a status, never an answer.
async fn complete(shared: &Arc<Shared>, ask: Ask<'_>) -> Option<Suggestion> {
    if ask.trigger == Trigger::Automatic {
        // After a rest the connection is made while the user types on.
        settle::connect_ahead_to(shared, &ask.snapshot.settings, &ask.decision);
    }
    completion::debounce(&ask).await;
    let name = ask.decision.name();
    let provider = ask.decision.provider.clone();
    let is_embedded = ask.decision.is_embedded();
    let mut completing = std::pin::pin!(completion::complete(&shared.gateway, ask));
    let (completed, busy) = match futures_util::poll!(&mut completing) {
        Poll::Ready(completed) => (completed, None),
        Poll::Pending => {
            // The request is with the connection's task; yielding lets it be written, and then there is time to tell that we are busy.
            tokio::task::yield_now().await;
            // The embedded engine is done before anybody could see that it is busy.
            let busy = (!is_embedded).then(|| shared.status.busy());
            (completing.await, busy)
        }
    };
    if matches!(completed, Err(Error::Unreachable(_))) {
        // If it is a local server that was found by looking, the next completion does without it.
        shared.gateway.forget_server(&provider);
    }
    let error = completed
        .as_ref()
        .err()
        .map(|error| format!("{name}: {error}"));
    shared.status.failure(error);
    if let Some(busy) = busy {
        // The answer goes out first: a task that is spawned now runs after this one.
        tokio::spawn(async move { drop(busy) });
    }
    completed.ok().flatten()
}

/// Carries the suggestion over what was typed since the snapshot, or drops it.
fn carry_over(shared: &Shared, snapshot: &Snapshot, suggestion: Option<Suggestion>) -> Suggested {
    let carried = suggestion.and_then(|suggestion| {
        let session = shared.session();
        session.since(snapshot, |edits, text| {
            let rebased = completion::rebase(suggestion.cursor, &suggestion.text, edits)?;
            let suggestion = Suggestion {
                cursor: rebased.cursor,
                text: rebased.text,
                ..suggestion
            };
            Some((suggestion, text.clone()))
        })?
    });
    let (suggestion, text) = match carried {
        Some((suggestion, text)) => (Some(suggestion), text),
        None => (None, snapshot.text.clone()),
    };
    Suggested {
        suggestion,
        text,
        encoding: snapshot.encoding,
    }
}
