//! The command `byok.action`: runs an action and brings what came of it to the editor.
//!
//! It takes an `ActionParams`, as the menu's entries carry it; or an action's name and perhaps an instruction, for palettes that send
//! words; or nothing, and then asks (`wanted.rs`). The last two are about the place that the editor last asked about. Whatever happens, the
//! user gets one message at most, and the command an answer; it is never an error, which some editors show a second time.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;

use super::super::advice;
use super::super::backend::{LastPlace, Shared};
use super::super::editor;
use super::super::progress::Progress;
use super::super::protocol::{ActionOutcome, ActionResult};
use super::super::running::Entry;
use super::wanted::{Wanted, wanted};
use super::{consent, deliver, local_servers, material};
use crate::action::{self, Diagnostic, Done, Failure, Job, Target};
use crate::config::Routes;
use crate::cost::estimate::Estimate;
use crate::credential::{self, Pieces};
use crate::document::Edit;
use crate::repository::Check;
use crate::routing::Decision;
use crate::session::Snapshot;

/// Runs the command.
pub async fn run(shared: &Arc<Shared>, arguments: Vec<Value>) -> ActionResult {
    local_servers::look_if_due(shared).await;
    let result = match wanted(shared, arguments).await {
        Ok(wanted) => perform(shared, wanted).await,
        Err(message) => unchanged(message),
    };
    if let Some(message) = &result.message {
        let kind = match result.outcome {
            ActionOutcome::Unchanged => lsp::MessageType::Warning,
            _ => lsp::MessageType::Info,
        };
        shared.outbox.notify(
            "window/showMessage",
            &json!({"type": kind, "message": message}),
        );
    }
    result
}

pub(super) fn unchanged(message: impl Into<String>) -> ActionResult {
    result(ActionOutcome::Unchanged, Some(message.into()))
}

pub(super) fn result(outcome: ActionOutcome, message: Option<String>) -> ActionResult {
    ActionResult {
        outcome,
        message: message.map(|message| format!("byok-lsp: {message}")),
        renaming: None,
    }
}

/// Returns the document as it is now, and the place in it.
pub(super) fn now(
    shared: &Arc<Shared>,
    place: &LastPlace,
) -> Result<(Snapshot, Range<usize>, Vec<Diagnostic>), String> {
    let session = shared.session();
    let snapshot = session
        .snapshot(&place.uri)
        .ok_or("the document is not open any more")?;
    let carried = session.since_stamp(&place.uri, place.stamp, |edits, _| {
        let diagnostics = place.diagnostics.iter().map(|diagnostic| Diagnostic {
            message: diagnostic.message.clone(),
            range: followed(&diagnostic.range, edits),
        });
        (followed(&place.selection, edits), diagnostics.collect())
    });
    let (selection, diagnostics) =
        carried.ok_or("the document has changed too much since; choose the action again")?;
    Ok((snapshot, selection, diagnostics))
}

/// Follows a place through edits; what was replaced is where its replacement is. It only says what an action is about.
fn followed(range: &Range<usize>, edits: &[&Edit]) -> Range<usize> {
    let follow = |mut at: usize| {
        for edit in edits {
            if edit.bytes.end <= at {
                at = at - edit.bytes.len() + edit.text.len();
            } else if edit.bytes.start < at {
                at = at.min(edit.new_end());
            }
        }
        at
    };
    follow(range.start)..follow(range.end)
}

/// What an action is run with.
struct Ready {
    wanted: Wanted,
    snapshot: Snapshot,
    target: Target,
    diagnostics: Vec<Diagnostic>,
    decision: Decision,
}

/// Runs an action from the model's first token to the editor's last word.
async fn perform(shared: &Arc<Shared>, wanted: Wanted) -> ActionResult {
    let ready = match ready(shared, wanted).await {
        Ok(ready) => ready,
        Err(message) => return unchanged(message),
    };
    let entry = shared.running.begin(ready.snapshot.uri.clone());
    tokio::select! {
        biased;
        // Taken back: the future is dropped, and the provider's socket with it.
        () = entry.interrupt.over() => result(ActionOutcome::Cancelled, None),
        result = work(shared, &ready, &entry) => result,
    }
}

/// Finds out whether an action can be run, and on what.
async fn ready(shared: &Arc<Shared>, wanted: Wanted) -> Result<Ready, String> {
    let (snapshot, selection, diagnostics) = now(shared, &wanted.place)?;
    let action = wanted.action.clone();
    // Where each call may go to another model, it has to be known what it is about.
    let is_by_call = *snapshot.settings.routes != Routes::default();
    let usual = action::decide(&shared.gateway, &snapshot, &action);
    if let Some(reason) = action::unable(&usual).filter(|_| !is_by_call) {
        return Err(reason);
    }
    if action.needs_instruction() && wanted.instruction.is_none() {
        return Err(format!(
            "\"{}\" has to be told what you want: send byok.action the word {} and your instruction",
            action.title, action.id
        ));
    }
    let snapshot = parsed(snapshot).await;
    let target = action::target(&snapshot, &action, &selection, &diagnostics).ok_or_else(|| {
        format!(
            "\"{}\" makes no sense there, or the code is too long for it; select the lines that it is about",
            action.title
        )
    })?;
    let gateway = &shared.gateway;
    let decision = if is_by_call {
        action::decide_about(gateway, &snapshot, &action, &target, &diagnostics)
    } else {
        usual
    };
    if let Some(reason) = action::unable(&decision) {
        return Err(reason);
    }
    Ok(Ready {
        wanted,
        snapshot,
        target,
        diagnostics,
        decision,
    })
}

async fn work(shared: &Arc<Shared>, ready: &Ready, entry: &Entry) -> ActionResult {
    let action = &ready.wanted.action;
    let material = match material::gather(shared, action, &ready.snapshot).await {
        Ok(material) => material,
        Err(message) => return unchanged(message),
    };
    let settings = &ready.snapshot.settings;
    let language = ready.snapshot.language.map(crate::syntax::Language::id);
    let argv = language.and_then(|id| settings.action_checks.get(id));
    let check = argv.map(|argv| Check {
        argv: argv.clone(),
        without: credential::secret_variables(&settings.keys),
    });
    let mut job = Job {
        snapshot: &ready.snapshot,
        action,
        target: ready.target.clone(),
        diagnostics: &ready.diagnostics,
        instruction: ready.wanted.instruction.as_deref(),
        material: &material,
        check: check.as_ref(),
        decision: ready.decision.clone(),
        interrupt: entry.interrupt.clone(),
    };
    let ceiling = action.own.as_ref().and_then(|own| own.ceiling);
    let estimate = job.estimate(&shared.gateway);
    if let Some(ceiling) = ceiling.filter(|_| action::is_above(ceiling, &estimate.cost)) {
        return unchanged(format!(
            "nothing was sent: {} is above the ceiling of {ceiling} that you set for \"{}\"",
            action::shown_price(&estimate),
            action.title
        ));
    }
    if !is_worth_it(shared, &job, &estimate).await {
        return unchanged("nothing was sent, since you did not say yes to the price");
    }
    let _busy = shared.status.busy();
    let title = format!("{} ({})", action.title, job.decision.name());
    let mut progress = Progress::begin(shared, entry, &title).await;
    let is_streamed = action.output == action::Output::Document && shared.abilities().stream;
    let mut pieces = Pieces::default();
    let mut watch = |so_far: action::Progress<'_>| {
        if is_streamed {
            let piece = pieces.push(so_far.text);
            if !piece.is_empty() {
                deliver::stream(shared, &entry.token, &piece);
            }
        }
        if let Some(progress) = &mut progress {
            progress.report(so_far);
        }
    };
    let done = run_within_budget(shared, &mut job, &mut watch).await;
    tell_status(shared, done.as_ref().err());
    let result = match done {
        Ok(Done::Document(text)) if is_streamed => deliver::streamed(shared, &entry.token, &text),
        Ok(Done::Document(text)) => deliver::document(shared, text).await,
        Ok(Done::Names(names)) => deliver::names(shared, &job, &entry.token, names).await,
        Ok(Done::Changes(changes)) if changes.is_empty() => {
            unchanged(format!("{} sees nothing to change", job.decision.name()))
        }
        Ok(Done::Changes(changes)) => deliver::changes(shared, &job, &entry.token, &changes).await,
        Err(failure) => unchanged(failure.to_string()),
    };
    if let Some(progress) = progress {
        progress.end(result.outcome.word());
    }
    result
}

/// Asks the user whether an action is worth its price, if that is above what the settings let it cost unasked.
async fn is_worth_it(shared: &Arc<Shared>, job: &Job<'_>, estimate: &Estimate) -> bool {
    let limit = job.snapshot.settings.action_ask_above;
    if !action::is_above(limit, &estimate.cost) {
        return true;
    }
    let set = limit.map_or_else(String::new, |limit| {
        format!("; you asked to be asked above {limit}")
    });
    let message = format!(
        "{} {} by {}: {}{set}. Run it?",
        job.action.title,
        job.target.name,
        job.decision.name(),
        action::shown_price(estimate)
    );
    editor::confirm(&shared.client, &message, "Run it").await
}

/// Runs an action; where the budget refuses a call, by another model or with the user's consent, if a cap says so.
async fn run_within_budget(
    shared: &Arc<Shared>,
    job: &mut Job<'_>,
    watch: action::Watch<'_>,
) -> Result<Done, Failure> {
    for _ in 0..consent::MOST_INSTEAD {
        let done = action::run(&shared.gateway, job, &mut *watch).await;
        let Err(Failure::Model { error, .. }) = &done else {
            return done;
        };
        let settings = &job.snapshot.settings;
        let another = consent::another(shared, settings, &job.decision, error).await;
        match another.filter(|decision| action::unable(decision).is_none()) {
            Some(decision) => job.decision = decision,
            None => return done,
        }
    }
    action::run(&shared.gateway, job, watch).await
}

/// Brings the snapshot's tree up to date, on a thread of its own.
async fn parsed(mut snapshot: Snapshot) -> Snapshot {
    const DEADLINE: Duration = Duration::from_secs(2);
    let Some(tree) = snapshot.tree.clone().filter(|tree| !tree.is_current()) else {
        return snapshot;
    };
    let text = snapshot.text.clone();
    let parsing = tokio::task::spawn_blocking(move || tree.parsed(&text, DEADLINE));
    if let Ok(Some(tree)) = parsing.await {
        snapshot.tree = Some(tree);
    }
    snapshot
}

/// A provider that fails is a status as with ghost text; an answer that cannot be used is none.
fn tell_status(shared: &Shared, failure: Option<&Failure>) {
    let advice = match failure {
        Some(Failure::Model { model, error }) => Some(advice::of_failed_action(model, error)),
        _ => None,
    };
    shared.status.failure(advice);
}
