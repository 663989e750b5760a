//! What came of an action, brought to the editor: edits, documents, names to choose from.
//!
//! Edits are carried over what was typed meanwhile or refused; they are shown first where the editor's plugin can do that.

use std::sync::Arc;
use std::time::Duration;

use ropey::Rope;

use super::super::backend::Shared;
use super::super::editor::{self, Applied};
use super::super::protocol::{
    ActionOutcome, ActionProgressParams, ActionResult, PreviewFile, PreviewKind, PreviewParams,
    Renaming, VERSION,
};
use super::super::{explanations, to_proto};
use super::run_action::{result, unchanged};
use crate::action::{self, Conflict, FileChange, Job, What};
use crate::document::Edit;
use crate::repository;
use crate::session::path_of;

/// How often an edit is offered to an editor that has a change on its way to us.
const TRIES: usize = 6;

/// How long an editor may keep changes to itself; Neovim gathers them for 150 ms.
const GATHERING: Duration = Duration::from_millis(200);

/// How long a human may look at a preview.
const LOOKING: Duration = Duration::from_mins(10);

const TYPED: &str = "nothing was changed: you typed where the answer belongs; run the action again";
const GONE: &str = "nothing was changed: the document was closed or replaced meanwhile";
const OTHERWISE: &str = "nothing was changed: a file that the answer is about has changed meanwhile; run the action again";

/// Shows the changes first, where the editor's plugin can, and then has them made.
pub(super) async fn changes(
    shared: &Arc<Shared>,
    job: &Job<'_>,
    token: &str,
    changes: &[FileChange],
) -> ActionResult {
    let is_new = |change: &FileChange| matches!(change.what, What::Create(_));
    if !shared.abilities().create && changes.iter().any(is_new) {
        return written_out(shared, job, changes).await;
    }
    if shared.abilities().preview {
        match preview(shared, job, token, changes).await {
            Ok(true) => {}
            Ok(false) => return result(ActionOutcome::Unchanged, None),
            Err(reason) => return unchanged(reason),
        }
    }
    apply(shared, job, changes).await
}

fn label(job: &Job<'_>) -> String {
    format!("{} by {}", job.action.title, job.decision.name())
}

/// A change carried over what was typed meanwhile.
struct Carried {
    uri: String,
    version: Option<i32>,
    old: Rope,
    edits: Vec<Edit>,
    is_new: bool,
}

/// Carries all changes over what was typed meanwhile, or says why one cannot be.
fn carried(shared: &Shared, changes: &[FileChange]) -> Result<Vec<Carried>, &'static str> {
    changes.iter().map(|change| carry(shared, change)).collect()
}

fn carry(shared: &Shared, change: &FileChange) -> Result<Carried, &'static str> {
    let session = shared.session();
    let (base, edits) = match &change.what {
        What::Edit(base, edits) => (base, edits),
        What::Create(text) => {
            if path_of(&change.uri).is_some_and(|path| session.uri_at(&path).is_some()) {
                return Err(OTHERWISE);
            }
            let bytes = 0..0;
            let text = text.clone();
            return Ok(Carried {
                uri: change.uri.clone(),
                version: None,
                old: Rope::new(),
                edits: vec![Edit { bytes, text }],
                is_new: true,
            });
        }
    };
    let version = session.version(&change.uri);
    let ready = |old: Rope, edits: Vec<Edit>| Carried {
        uri: change.uri.clone(),
        version,
        old,
        edits,
        is_new: false,
    };
    if base.is_of_document() {
        let carried = session.since(base, |typed, text| {
            let edits = action::rebase(edits.clone(), typed)?;
            Ok::<_, Conflict>(ready(text.clone(), edits))
        });
        return carried.ok_or(GONE)?.map_err(|Conflict| TYPED);
    }
    // It was not open. If it is now, nobody knows what was done to it since.
    match path_of(&change.uri).and_then(|path| session.uri_at(&path)) {
        Some(_) => Err(OTHERWISE),
        None => Ok(ready(base.text.clone(), edits.clone())),
    }
}

/// Returns whether the files that are not open are still as they were read, and those to be created still are not there.
async fn are_as_read(job: &Job<'_>, changes: &[FileChange]) -> bool {
    let Some(folder) = job.snapshot.folder.clone() else {
        // Only the document itself can be changed without a folder, and it is open.
        return true;
    };
    let changes = changes.to_vec();
    let looking = tokio::task::spawn_blocking(move || {
        changes.iter().all(|change| match &change.what {
            What::Create(_) => repository::creatable(&folder, &change.path).is_ok(),
            What::Edit(base, _) if base.is_of_document() => true,
            What::Edit(base, _) => {
                let now = repository::readable(&folder, &change.path);
                now.is_ok_and(|(_, text)| base.text == text)
            }
        })
    });
    looking.await.unwrap_or(false)
}

/// Has the user look at the changes; returns whether they are to be made.
async fn preview(
    shared: &Arc<Shared>,
    job: &Job<'_>,
    token: &str,
    changes: &[FileChange],
) -> Result<bool, &'static str> {
    let carried = carried(shared, changes)?;
    let file = |change: Carried| PreviewFile {
        new_text: action::applied(&change.old, &change.edits).to_string(),
        old_text: change.old.to_string(),
        uri: change.uri,
        kind: if change.is_new {
            PreviewKind::Create
        } else {
            PreviewKind::Edit
        },
        version: change.version,
    };
    let waiting = shared.previews.open(token);
    let params = PreviewParams {
        v: VERSION,
        id: token.to_owned(),
        action: job.action.id.to_string(),
        title: label(job),
        files: carried.into_iter().map(file).collect(),
    };
    // Not a notification that may be dropped: the user would wait for it.
    shared.outbox.send(&serde_json::json!({
        "jsonrpc": "2.0", "method": "byok/preview", "params": params,
    }));
    let answer = tokio::time::timeout(LOOKING, waiting.answer()).await;
    answer.map_err(|_| "nothing was changed: the preview was not answered within ten minutes")
}

/// Has the editor make the changes, carried over what was typed meanwhile; refuses rather than misplaces them.
async fn apply(shared: &Arc<Shared>, job: &Job<'_>, changes: &[FileChange]) -> ActionResult {
    let mut reason = String::new();
    for _ in 0..TRIES {
        if !are_as_read(job, changes).await {
            return unchanged(OTHERWISE);
        }
        let carried = match carried(shared, changes) {
            Ok(carried) => carried,
            Err(reason) => return unchanged(reason),
        };
        let edit = workspace_edit(shared, job, &carried);
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

/// Makes the editor's edit. One that is of more than the document at hand asks to be confirmed, where the editor can and it was not shown before.
fn workspace_edit(shared: &Shared, job: &Job<'_>, changes: &[Carried]) -> serde_json::Value {
    let is_own = |change: &Carried| !change.is_new && *change.uri == *job.snapshot.uri;
    let abilities = shared.abilities();
    let annotation =
        (abilities.annotations && !changes.iter().all(is_own)).then(|| to_proto::Annotation {
            label: label(job),
            needs_confirmation: !abilities.preview,
        });
    let encoding = job.snapshot.encoding;
    let files = changes.iter().map(|change| to_proto::FileEdits {
        uri: &change.uri,
        version: change.version,
        edits: &change.edits,
        text: &change.old,
        is_new: change.is_new,
    });
    to_proto::workspace_edit(files, annotation.as_ref(), encoding)
}

/// Shows what an editor that creates no files would have to create.
async fn written_out(shared: &Arc<Shared>, job: &Job<'_>, changes: &[FileChange]) -> ActionResult {
    let mut text = format!(
        "# {}\n\nThis editor does not let us create files, so nothing was changed. What the answer wants:\n\n",
        label(job)
    );
    for change in changes {
        let (what, new) = match &change.what {
            What::Create(new) => ("New file", new.clone()),
            What::Edit(base, edits) => ("File", action::applied(&base.text, edits).to_string()),
        };
        let fence = "`".repeat(action::longest_run(&new).max(2) + 1);
        let section = format!(
            "## {what}: {}\n\n{fence}\n{}\n{fence}\n\n",
            change.path,
            new.trim_end()
        );
        text += &section;
    }
    document(shared, text).await
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
        let renames = [FileChange::of(job.snapshot, renames)];
        return changes(shared, job, token, &renames).await;
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
