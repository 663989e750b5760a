//! What inline completion and completion share: one suggestion for a place, superseded by a newer request, carried over to the text as it
//! is when the answer goes out.

use std::sync::Arc;
use std::task::Poll;

use ropey::Rope;
use tower_lsp::gen_lsp_types as lsp;

use super::super::advice;
use super::super::backend::Shared;
use super::super::from_proto;
use super::{consent, context, settle};
use crate::completion::{self, Ask, Shown, Suggestion, Trigger};
use crate::config::{ModelName, Routes};
use crate::document::Encoding;
use crate::provider::Error;
use crate::session::Snapshot;

/// A suggestion and the text that it is for.
pub struct Suggested {
    pub suggestion: Option<Suggestion>,
    pub text: Rope,
    pub encoding: Encoding,
}

/// Returns what else is suggested where a suggestion is shown for the second time, as somebody asks by hand; asks for it if need be. `None` if what is
/// suggested is of no use any more: the text moved on meanwhile, or somebody asked anew.
pub async fn others(
    shared: &Arc<Shared>,
    uri: &str,
    suggested: &Suggested,
) -> Option<Vec<Suggestion>> {
    let Some(first) = &suggested.suggestion else {
        return Some(Vec::new());
    };
    // Not the same text by chance, but one that nobody edited: to compare texts takes time for every line.
    let present = || {
        let snapshot = shared.session().snapshot(uri);
        snapshot.filter(|snapshot| snapshot.text.is_instance(&suggested.text))
    };
    let snapshot = present()?;
    let decision = completion::decide(&shared.gateway, &snapshot);
    let ask = Ask::new(snapshot, first.cursor, Trigger::Explicit, decision);
    let ticket = shared.in_flight.begin(ask.snapshot.uri.clone());
    let others = shared
        .completions
        .others(&shared.gateway, &shared.documents, &ask, first);
    let others = tokio::select! {
        biased;
        () = ticket.interrupt.over() => return None,
        others = others => others,
    };
    present()?;
    Some(others.into_iter().map(|shown| shown.suggestion).collect())
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
    shared.session().note_viewed(&snapshot, located.byte.0);
    let is_allowed = snapshot.settings.policy.allows_completion();
    let is_wanted = is_allowed && (!is_paused || trigger == Trigger::Explicit);
    let (text, encoding) = (snapshot.text.clone(), snapshot.encoding);
    let shown = if is_wanted {
        run(shared, snapshot, located.byte.0, trigger).await
    } else {
        None
    };
    let (suggestion, text) = match shown {
        Some(shown) => (Some(shown.suggestion), shown.text),
        None => (None, text),
    };
    Suggested {
        suggestion,
        text,
        encoding,
    }
}

async fn run(
    shared: &Arc<Shared>,
    snapshot: Snapshot,
    cursor: usize,
    trigger: Trigger,
) -> Option<Shown> {
    let decision = completion::decide(&shared.gateway, &snapshot);
    if !decision.is_embedded() {
        context::follow(shared, &snapshot, cursor);
    }
    let mut ask = Ask::new(snapshot, cursor, trigger, decision);
    ask.first_line = Some(completion::FIRST_LINE);
    let ask = Arc::new(ask);
    let ticket = shared.in_flight.begin(ask.snapshot.uri.clone());
    let place = ask.clone();
    let shown = if let Some(known) = shared.completions.reuse(&shared.documents, &ask) {
        known
    } else {
        tokio::select! {
            biased;
            // Superseded or taken back: the future is dropped, and what streams is left to the newer request, if that types along it.
            () = ticket.interrupt.over() => None,
            suggestion = complete(shared, ask) => suggestion,
        }
    };
    if place.snapshot.settings.speculation.is_some()
        && let Some(shown) = shown.clone()
    {
        // The answer goes out first: a task that is spawned now runs after this one.
        let shared = shared.clone();
        tokio::spawn(async move {
            let (gateway, documents) = (&shared.gateway, &shared.documents);
            shared
                .completions
                .look_ahead(gateway, documents, &place, &shown);
        });
    }
    shown
}

/// Asks the model and keeps the status up to date; a failure is a status, never an answer.
async fn complete(shared: &Arc<Shared>, mut ask: Arc<Ask>) -> Option<Shown> {
    if ask.trigger == Trigger::Automatic {
        // After a rest the connection is made while the user types on.
        settle::connect_ahead_to(shared, &ask.snapshot.settings, &ask.decision);
    }
    for _ in 0..consent::MOST_INSTEAD {
        let again = ask.clone();
        let settings = &again.snapshot.settings;
        let completed = complete_by(shared, ask).await;
        let error = completed.as_ref().err();
        let instead = error.and_then(|error| {
            let decision = &again.decision;
            shared.gateway.instead(settings, decision, error)
        });
        let instead = instead.map(|decision| match again.snapshot.confined {
            Some(_) => decision.confined(),
            None => decision,
        });
        let Some(decision) = instead else {
            let may_change = settings.budget.has_caps()
                || !settings.fallback.completion.is_empty()
                || *settings.routes != Routes::default();
            if may_change && completed.is_ok() {
                // The one before may have been answered by another model.
                shared.status.decided(&again.decision);
            }
            return completed.ok().flatten();
        };
        shared.status.decided(&decision);
        if let Some(error) = error {
            let advice = advice::of_degrading(error, &decision.name());
            shared.advisor.tell(shared, advice);
        }
        ask = again;
        Arc::make_mut(&mut ask).decision = decision;
    }
    None
}

async fn complete_by(shared: &Arc<Shared>, ask: Arc<Ask>) -> Result<Option<Shown>, Error> {
    let asked = ask.clone();
    let (settings, decision) = (&asked.snapshot.settings, &asked.decision);
    let is_embedded = decision.is_embedded();
    let completions = &shared.completions;
    let documents = &shared.documents;
    if !completions
        .hold_back(&shared.gateway, documents, &ask)
        .await
    {
        return Ok(None);
    }
    let completing = completions.complete(&shared.gateway, documents, ask);
    let mut completing = std::pin::pin!(completing);
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
        if shared.gateway.forget_server(&decision.provider) {
            settle::get_ready(shared);
        }
    }
    let failure = completed.as_ref().err();
    // Where another model takes over, nothing has failed.
    let gateway = &shared.gateway;
    let failure = failure.filter(|error| gateway.instead(settings, decision, error).is_none());
    let failure =
        failure.map(|error| advice::of_failure(&decision.name(), &decision.provider, error));
    shared.status.failure(failure.clone());
    if let Some(failure) = failure.filter(|failure| failure.fix.is_some()) {
        shared.advisor.tell(shared, failure);
    } else if is_embedded && settings.model == ModelName::Auto && matches!(completed, Ok(Some(_))) {
        shared.advisor.hint(shared);
    }
    if let Some(busy) = busy {
        // The answer goes out first: a task that is spawned now runs after this one.
        tokio::spawn(async move { drop(busy) });
    }
    completed
}
