//! The command `byok.action`: runs an action and brings what came of it to the editor.
//!
//! It takes an [`ActionParams`], as the menu's entries carry it; or an action's name and perhaps an instruction, for palettes that send
//! words; or nothing, and then asks. The last two are about the place that the editor last asked about. Whatever happens, the user gets one
//! message at most, and the command an answer; it is never an error, which some editors show a second time.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize as _;
use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;

use super::super::backend::{LastPlace, Shared};
use super::super::editor::{self, Applied};
use super::super::progress::Progress;
use super::super::protocol::{ActionOutcome, ActionParams, ActionResult};
use super::super::{explanations, from_proto, to_proto};
use super::consent;
use crate::action::{self, Action, Conflict, Diagnostic, Done, Failure, Job};
use crate::document::Edit;
use crate::routing::Decision;
use crate::session::{Snapshot, Stamp};

/// How often an edit is offered to an editor that has a change on its way to us.
const TRIES: usize = 6;

/// How long an editor may keep changes to itself; Neovim gathers them for 150 ms.
const GATHERING: Duration = Duration::from_millis(200);

/// An action that is to be run, and where.
struct Wanted {
    action: &'static Action,
    place: LastPlace,
    instruction: Option<String>,
}

/// Runs the command.
pub async fn run(shared: &Arc<Shared>, arguments: Vec<Value>) -> ActionResult {
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

fn unchanged(message: impl Into<String>) -> ActionResult {
    result(ActionOutcome::Unchanged, Some(message.into()))
}

fn result(outcome: ActionOutcome, message: Option<String>) -> ActionResult {
    ActionResult {
        outcome,
        message: message.map(|message| format!("byok-lsp: {message}")),
    }
}

/// What is missing where nobody knows what an action is to be about.
const NO_PLACE: &str = "which code? Open the editor's menu of code actions there once, or send byok.action a uri and a range";

/// Finds out what is to be run.
async fn wanted(shared: &Arc<Shared>, arguments: Vec<Value>) -> Result<Wanted, String> {
    if let Some(params @ Value::Object(_)) = arguments.first() {
        let params = ActionParams::deserialize(params).map_err(|error| {
            format!("byok.action was called with what it does not know: {error}")
        })?;
        return of_params(shared, params);
    }
    let words: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
    let place = || {
        let place = shared.last_place().ok_or(NO_PLACE)?;
        let is_open = shared.session().text(&place.uri).is_some();
        if is_open { Ok(place) } else { Err(NO_PLACE) }
    };
    let Some((name, rest)) = words.split_first() else {
        return chosen(shared, place()?).await;
    };
    let action = known(name)?;
    let instruction = rest.join(" ");
    Ok(Wanted {
        action,
        place: place()?,
        instruction: Some(instruction).filter(|text| !text.trim().is_empty()),
    })
}

fn known(name: &str) -> Result<&'static Action, String> {
    action::find(name).ok_or_else(|| {
        format!("there is no action \"{name}\"; there are fix, implement, rewrite, simplify, document, explain")
    })
}

fn of_params(shared: &Arc<Shared>, params: ActionParams) -> Result<Wanted, String> {
    let action = known(&params.action)?;
    let Some(uri) = params.uri else {
        return Err(NO_PLACE.into());
    };
    let Some(snapshot) = shared.session().snapshot(&uri) else {
        return Err(format!("{uri} is not open in this editor"));
    };
    let diagnostics = params.diagnostics.into_iter().map(|diagnostic| Diagnostic {
        message: diagnostic.message,
        range: sane(diagnostic.start, diagnostic.end),
    });
    let (stamp, selection) = match (params.at, params.range) {
        (Some(at), _) => {
            let (opening, revision) = (at.opening, at.revision);
            (Stamp { opening, revision }, sane(at.start, at.end))
        }
        (None, Some(range)) => {
            let range = serde_json::from_value(range).map_err(|_| NO_PLACE.to_owned())?;
            (snapshot.stamp(), from_proto::range(&snapshot, range))
        }
        (None, None) => return Err(NO_PLACE.into()),
    };
    Ok(Wanted {
        action,
        place: LastPlace {
            uri: snapshot.uri,
            stamp,
            selection,
            diagnostics: diagnostics.collect(),
        },
        instruction: params.instruction.filter(|text| !text.trim().is_empty()),
    })
}

/// Returns a range that can be followed through edits, whatever a client sent: no text is as long as half of all addresses.
fn sane(start: usize, end: usize) -> Range<usize> {
    let start = start.min(usize::MAX / 2);
    start..end.clamp(start, usize::MAX / 2)
}

/// Lets the user choose among what makes sense at the last place, where an editor's palette sends nothing.
async fn chosen(shared: &Arc<Shared>, place: LastPlace) -> Result<Wanted, String> {
    let (snapshot, selection, diagnostics) = now(shared, &place)?;
    let decision = action::decide(&shared.gateway, &snapshot);
    if let Some(reason) = action::unable(&decision) {
        return Err(reason);
    }
    let ask = action::Ask {
        snapshot: &snapshot,
        selection,
        diagnostics: &diagnostics,
        can_instruct: false,
    };
    let offers = action::offers(&shared.gateway, &ask);
    if offers.is_empty() {
        return Err(
            "no action makes sense there; put the cursor into a function, or select some lines"
                .into(),
        );
    }
    let titles: Vec<String> = offers.iter().map(|offer| offer.title.clone()).collect();
    let message = "Which action? To rewrite by an instruction, send byok.action the words rewrite and what you want.";
    let title = editor::choose(&shared.client, message, &titles).await;
    let offer = offers
        .into_iter()
        .find(|offer| Some(&offer.title) == title.as_ref());
    let offer = offer.ok_or("nothing was chosen, and so nothing done")?;
    Ok(Wanted {
        action: offer.action,
        place,
        instruction: None,
    })
}

/// Returns the document as it is now, and the place in it.
fn now(
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

/// Runs an action from the model's first token to the editor's last word.
async fn perform(shared: &Arc<Shared>, wanted: Wanted) -> ActionResult {
    let (snapshot, selection, diagnostics) = match now(shared, &wanted.place) {
        Ok(now) => now,
        Err(message) => return unchanged(message),
    };
    let decision = action::decide(&shared.gateway, &snapshot);
    if let Some(reason) = action::unable(&decision) {
        return unchanged(reason);
    }
    let action = wanted.action;
    if action.needs_instruction && wanted.instruction.is_none() {
        return unchanged(format!(
            "\"{}\" has to be told what you want: send byok.action the word {} and your instruction",
            action.title, action.id
        ));
    }
    let snapshot = parsed(snapshot).await;
    let Some(target) = action::target(&snapshot, action, &selection, &diagnostics) else {
        return unchanged(format!(
            "\"{}\" makes no sense there, or the code is too long for it; select the lines that it is about",
            action.title
        ));
    };
    let entry = shared.running.begin(snapshot.uri.clone());
    let mut job = Job {
        snapshot: &snapshot,
        action,
        target,
        diagnostics: &diagnostics,
        instruction: wanted.instruction.as_deref(),
        decision: decision.clone(),
        interrupt: entry.interrupt.clone(),
    };
    let title = format!("{} ({})", action.title, decision.name());
    let work = async {
        let _busy = shared.status.busy();
        let mut progress = Progress::begin(shared, &entry.token, &title).await;
        let mut watch = |so_far| {
            if let Some(progress) = &mut progress {
                progress.report(so_far);
            }
        };
        let done = run_within_budget(shared, &mut job, &mut watch).await;
        tell_status(shared, done.as_ref().err());
        let decision = job.decision.clone();
        let result = match done {
            Ok(Done::Document(text)) => show(shared, text).await,
            Ok(Done::Edits(edits)) if edits.is_empty() => {
                unchanged(format!("{} sees nothing to change", decision.name()))
            }
            Ok(Done::Edits(edits)) => apply(shared, &job, edits, &decision).await,
            Err(failure) => unchanged(failure.to_string()),
        };
        if let Some(progress) = progress {
            progress.end(result.outcome.word());
        }
        result
    };
    tokio::select! {
        biased;
        // Taken back: the future is dropped, and the provider's socket with it.
        () = entry.interrupt.over() => result(ActionOutcome::Cancelled, None),
        result = work => result,
    }
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
    let message = match failure {
        Some(failure @ Failure::Model { .. }) => Some(failure.to_string()),
        _ => None,
    };
    shared.status.failure(message);
}

/// Has the editor make the edits, carried over what was typed meanwhile; refuses rather than misplaces them.
async fn apply(
    shared: &Arc<Shared>,
    job: &Job<'_>,
    edits: Vec<Edit>,
    decision: &Decision,
) -> ActionResult {
    let snapshot = job.snapshot;
    let mut reason = String::new();
    for _ in 0..TRIES {
        let edit = {
            let session = shared.session();
            let version = session.version(&snapshot.uri);
            session.since(snapshot, |typed, text| {
                let edits = action::rebase(edits.clone(), typed)?;
                let encoding = snapshot.encoding;
                Ok::<_, Conflict>(to_proto::workspace_edit(
                    &snapshot.uri,
                    version,
                    &edits,
                    text,
                    encoding,
                ))
            })
        };
        let edit = match edit {
            Some(Ok(edit)) => edit,
            Some(Err(Conflict)) => {
                return unchanged(
                    "nothing was changed: you typed where the answer belongs; run the action again",
                );
            }
            None => {
                return unchanged(
                    "nothing was changed: the document was closed or replaced meanwhile",
                );
            }
        };
        let label = format!("{} by {}", job.action.title, decision.name());
        match editor::apply(&shared.client, &label, edit).await {
            Applied::Yes => return result(ActionOutcome::Edited, None),
            Applied::Unknown => {
                return unchanged(
                    "the editor did not say whether it made the edit; look before you run the action again",
                );
            }
            // It may have a change on its way to us, over which the edit has to be carried first.
            Applied::No(why) => reason = why,
        }
        tokio::time::sleep(GATHERING).await;
    }
    let reason = if reason.is_empty() {
        "no reason given".into()
    } else {
        reason
    };
    unchanged(format!(
        "nothing was changed: the editor refused the edit ({reason})"
    ))
}

/// Shows a document, as one where the editor can, else as a message.
async fn show(shared: &Arc<Shared>, text: String) -> ActionResult {
    let folder = shared
        .explanations
        .clone()
        .filter(|_| shared.abilities().show_document);
    if let Some(folder) = folder {
        let copy = text.clone();
        let written =
            tokio::task::spawn_blocking(move || explanations::write(&folder, &copy)).await;
        let uri = written
            .ok()
            .and_then(Result::ok)
            .and_then(|path| url::Url::from_file_path(path).ok());
        if let Some(uri) = uri
            && editor::show_document(&shared.client, uri.as_str()).await
        {
            return result(ActionOutcome::Shown, None);
        }
    }
    ActionResult {
        outcome: ActionOutcome::Shown,
        message: Some(text),
    }
}
