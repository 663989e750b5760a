//! What came of an action, brought to the editor: edits, documents, names to choose from.
//!
//! Edits are carried over what was typed meanwhile or refused; they are shown first where the editor's plugin can do that.

use std::sync::Arc;
use std::time::Duration;

use super::super::backend::Shared;
use super::super::editor::{self, Applied};
use super::super::protocol::{
    ActionOutcome, ActionProgressParams, ActionResult, PreviewFile, PreviewKind, PreviewParams,
    Renaming, VERSION,
};
use super::super::{explanations, to_proto};
use super::run_action::{result, unchanged};
use crate::action::{self, Conflict, Job};
use crate::document::Edit;

/// How often an edit is offered to an editor that has a change on its way to us.
const TRIES: usize = 6;

/// How long an editor may keep changes to itself; Neovim gathers them for 150 ms.
const GATHERING: Duration = Duration::from_millis(200);

/// How long a human may look at a preview.
const LOOKING: Duration = Duration::from_mins(10);

const TYPED: &str = "nothing was changed: you typed where the answer belongs; run the action again";
const GONE: &str = "nothing was changed: the document was closed or replaced meanwhile";

/// Shows the edits first, where the editor's plugin can, and then has them made.
pub(super) async fn edits(
    shared: &Arc<Shared>,
    job: &Job<'_>,
    token: &str,
    edits: Vec<Edit>,
) -> ActionResult {
    if shared.abilities().preview {
        match preview(shared, job, token, &edits).await {
            Ok(true) => {}
            Ok(false) => return result(ActionOutcome::Unchanged, None),
            Err(reason) => return unchanged(reason),
        }
    }
    apply(shared, job, edits).await
}

fn label(job: &Job<'_>) -> String {
    format!("{} by {}", job.action.title, job.decision.name())
}

/// Has the user look at the edits; returns whether they are to be made.
async fn preview(
    shared: &Arc<Shared>,
    job: &Job<'_>,
    token: &str,
    edits: &[Edit],
) -> Result<bool, &'static str> {
    let snapshot = job.snapshot;
    let shown = {
        let session = shared.session();
        let version = session.version(&snapshot.uri);
        session.since(snapshot, |typed, text| {
            let edits = action::rebase(edits.to_vec(), typed)?;
            let new_text = action::applied(text, &edits).to_string();
            Ok::<_, Conflict>(PreviewFile {
                uri: snapshot.uri.to_string(),
                kind: PreviewKind::Edit,
                version,
                old_text: text.to_string(),
                new_text,
            })
        })
    };
    let file = shown.ok_or(GONE)?.map_err(|Conflict| TYPED)?;
    let waiting = shared.previews.open(token);
    let params = PreviewParams {
        v: VERSION,
        id: token.to_owned(),
        action: job.action.id.to_string(),
        title: label(job),
        files: vec![file],
    };
    // Not a notification that may be dropped: the user would wait for it.
    shared.outbox.send(&serde_json::json!({
        "jsonrpc": "2.0", "method": "byok/preview", "params": params,
    }));
    let answer = tokio::time::timeout(LOOKING, waiting.answer()).await;
    answer.map_err(|_| "nothing was changed: the preview was not answered within ten minutes")
}

/// Has the editor make the edits, carried over what was typed meanwhile; refuses rather than misplaces them.
async fn apply(shared: &Arc<Shared>, job: &Job<'_>, edits: Vec<Edit>) -> ActionResult {
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
                return unchanged(TYPED);
            }
            None => {
                return unchanged(GONE);
            }
        };
        match editor::apply(&shared.client, &label(job), edit).await {
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
pub(super) async fn document(shared: &Arc<Shared>, text: String) -> ActionResult {
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
        message: Some(text),
        ..result(ActionOutcome::Shown, None)
    }
}

/// Lets the user choose a name, and renames where every use is certain; else the editor's own rename is for it.
pub(super) async fn names(
    shared: &Arc<Shared>,
    job: &Job<'_>,
    token: &str,
    names: Vec<String>,
) -> ActionResult {
    let old = &job.target.name;
    let message = format!(
        "Which name for {old}? Suggested by {}.",
        job.decision.name()
    );
    let Some(name) = editor::choose(&shared.client, &message, &names).await else {
        return unchanged("no name was chosen, and so nothing renamed");
    };
    let Some(place) = job
        .target
        .selected
        .clone()
        .filter(|_| names.contains(&name))
    else {
        return unchanged("no name was chosen, and so nothing renamed");
    };
    let (snapshot, at, chosen) = (job.snapshot.clone(), place.start, name.clone());
    let renaming = tokio::task::spawn_blocking(move || action::rename(&snapshot, at, &chosen));
    if let Ok(Some(renames)) = renaming.await {
        return edits(shared, job, token, renames).await;
    }
    if shared.abilities().rename {
        let position = to_proto::position(&job.snapshot.text, place.start, job.snapshot.encoding);
        let renaming = Renaming {
            uri: job.snapshot.uri.to_string(),
            position: serde_json::to_value(position).unwrap_or_default(),
            new_name: name,
        };
        return ActionResult {
            renaming: Some(renaming),
            ..result(ActionOutcome::Renaming, None)
        };
    }
    let others = names.join(", ");
    result(
        ActionOutcome::Shown,
        Some(format!(
            "{old} could be called {name} (suggested: {others}). Not all of its uses are certain from this file, so nothing was renamed; your \
             editor's own rename command does it."
        )),
    )
}

/// Sends what has come of a document, to a plugin that shows it as it comes.
pub(super) fn stream(shared: &Shared, token: &str, text: &str) {
    let params = ActionProgressParams {
        v: VERSION,
        id: token.to_owned(),
        text: text.to_owned(),
        document: None,
    };
    shared.outbox.notify("byok/actionProgress", &params);
}

/// Sends the whole document, with model and cost, which takes the place of the pieces.
pub(super) fn streamed(shared: &Shared, token: &str, document: &str) -> ActionResult {
    let params = ActionProgressParams {
        v: VERSION,
        id: token.to_owned(),
        text: String::new(),
        document: Some(document.to_owned()),
    };
    // Pieces may be lost on the way to an editor that does not read; this may not.
    shared.outbox.send(&serde_json::json!({
        "jsonrpc": "2.0", "method": "byok/actionProgress", "params": params,
    }));
    result(ActionOutcome::Shown, None)
}
