//! What prompts show of other files, got ready behind the editor's back; and what they were made of, told to whoever asks.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::{Error, Result};

use super::super::backend::Shared;
use super::super::protocol::{ContextPartParams, ExplainContext};
use super::super::to_proto;
use crate::completion;
use crate::config::ContextSource;
use crate::context::{Changed, Kept, When};
use crate::session::{Session, Snapshot, path_of};
use crate::syntax::SyntaxTree;
use crate::workspace::{self, Standing};

/// A cursor that has moved further than this has other things round it, in bytes.
const FAR: usize = 1_500;

/// Reads the folders of the workspace for what they define, if prompts are to show it. What was read already is not read again.
pub fn read_workspace(shared: &Shared) {
    let session = shared.session();
    if !session.settings().context.reads_workspace() {
        return;
    }
    shared.symbols.keep(session.settings().context.saves_index);
    for folder in session.folders() {
        shared.symbols.add_folder(folder.clone());
    }
}

/// Has the index look for what marks a file by the rules that hold now.
pub fn look_for_markers(shared: &Shared) {
    let session = shared.session();
    if shared.symbols.look_for(session.markers()) {
        let open = session.texts().filter_map(|(uri, _)| session.snapshot(uri));
        for snapshot in open {
            snapshot.desk.is_forgotten();
            hand_over(shared, &snapshot);
        }
    }
}

/// Opens a document in the session. How far it may go is looked up before, so that nobody comes to see it without that.
pub fn open(shared: &Shared, uri: &str, language_id: &str, text: &str) {
    confine(shared, uri, |session| session.open(uri, language_id, text));
    tell_reach(shared, uri);
}

/// Looks how far a document may go by what the disk says of it, and says so once if it may not leave the machine. `first` is done in the moment in which that
/// comes to hold.
fn confine(shared: &Shared, uri: &str, first: impl FnOnce(&mut Session)) {
    let path = path_of(uri);
    let folder = shared.session().folder_of(uri);
    let standing = path.map_or_else(Standing::default, |path| {
        workspace::standing(&path, folder.as_deref())
    });
    let rule = standing.confined;
    let is_news = {
        let mut session = shared.session();
        first(&mut session);
        session.confine(uri, standing)
    };
    if let Some(rule) = rule.filter(|_| is_news) {
        let message =
            format!("stays on this machine, since {rule}: no provider elsewhere is asked about it");
        say(shared, uri, &message);
    }
}

/// Says how far a document gets by the rules about files, if that is news.
pub fn tell_reach(shared: &Shared, uri: &str) {
    let news = shared.session().news_of(uri);
    if let Some(reach) = news {
        say(shared, uri, &reach);
    }
}

/// Says the same of all open documents.
pub fn tell_reach_of_all(shared: &Shared) {
    for uri in all_open(shared) {
        tell_reach(shared, &uri);
    }
}

/// Looks anew how far all open documents may go.
pub fn confine_all(shared: &Shared) {
    for uri in all_open(shared) {
        confine(shared, &uri, |_| ());
        let snapshot = shared.session().snapshot(&uri);
        if let Some(snapshot) = snapshot {
            hand_over(shared, &snapshot);
        }
    }
}

fn all_open(shared: &Shared) -> Vec<Arc<str>> {
    let session = shared.session();
    session.texts().map(|(uri, _)| uri.clone()).collect()
}

/// Says something of a document where nobody is disturbed.
fn say(shared: &Shared, uri: &str, words: &str) {
    let file = uri.rsplit('/').next().unwrap_or(uri);
    tracing::info!(uri, words, "where a document may go");
    let message = format!("byok-lsp: {file} {words}");
    let params = json!({"type": lsp::MessageType::Info, "message": message});
    shared.outbox.notify("window/logMessage", &params);
}

/// Notes that a file was saved: it may be one of the workspace's, or say which of them may leave the machine.
pub fn saved(shared: &Shared, uri: &str) {
    let Some(path) = path_of(uri) else { return };
    let name = path.file_name().and_then(|name| name.to_str());
    let is_rule = |name: &str| {
        [".gitignore", ".ignore"].contains(&name) || workspace::rules::IGNORE_FILES.contains(&name)
    };
    if name.is_some_and(is_rule) {
        shared.symbols.rules_changed();
        confine_all(shared);
        tell_reach_of_all(shared);
    }
    if let Some(path) = path.to_str() {
        shared.symbols.changed(path);
    }
}

/// Notes that files changed on the disk.
pub fn watched(shared: &Shared, params: &serde_json::Value) {
    let changes = params.get("changes").and_then(serde_json::Value::as_array);
    for change in changes.into_iter().flatten() {
        if let Some(uri) = change.get("uri").and_then(serde_json::Value::as_str) {
            saved(shared, uri);
        }
    }
}

/// Hands a document's tree to the index of symbols, if it may leave the machine, and chooses what its next prompt shows, now or when the
/// document's [pace](context::Pace) says so. Call it off the way of any request: the choice goes on on a thread of its own, one at a time for
/// each document.
pub async fn refresh(shared: &Arc<Shared>, uri: &str) {
    let due = |shared: &Shared| {
        let session = shared.session();
        let snapshot = session.snapshot(uri)?;
        // A model in this process is shown the document itself.
        let is_shown = !completion::decide(&shared.gateway, &snapshot).is_embedded();
        is_shown.then(|| (snapshot, session.last_edit(uri)))
    };
    let Some((mut snapshot, mut cursor)) = due(shared) else {
        return;
    };
    match snapshot.desk.pace.when(Instant::now()) {
        When::Now => {}
        When::Never => return,
        When::After(rest) => {
            let desk = snapshot.desk.clone();
            drop(snapshot);
            tokio::time::sleep(rest).await;
            desk.pace.is_due();
            match due(shared) {
                // It may have been closed, and another opened under its name.
                Some((later, at)) if Arc::ptr_eq(&later.desk, &desk) => {
                    (snapshot, cursor) = (later, at);
                }
                _ => return,
            }
        }
    }
    let cursor = cursor.unwrap_or_else(|| snapshot.desk.prepared().cursor);
    let cursor = cursor.min(snapshot.text.len_bytes());
    choose(shared, snapshot, cursor).await;
}

/// Chooses anew what the prompts of a document show if the cursor is far from where that was done last, or more of the workspace is known by now.
pub fn follow(shared: &Arc<Shared>, snapshot: &Snapshot, cursor: usize) {
    let prepared = snapshot.desk.prepared();
    let is_old = prepared.files != shared.symbols.files() || prepared.era != snapshot.era;
    if prepared.cursor.abs_diff(cursor) > FAR || is_old {
        let (shared, snapshot) = (shared.clone(), snapshot.clone());
        tokio::spawn(async move { choose(&shared, snapshot, cursor).await });
    }
}

/// Hands a document's tree to the index of symbols, if it may be context of others and the index has not got it; else has the index forget it.
fn hand_over(shared: &Shared, snapshot: &Snapshot) {
    let now = shared.session().stamp(&snapshot.uri);
    if now.is_none_or(|now| now.opening != snapshot.stamp().opening) {
        // It was closed meanwhile: what was not saved is nobody's context any more, and what is known of it is the disk's again.
        return;
    }
    let path = snapshot.path();
    if !snapshot.is_context_of_others() {
        shared.symbols.close(&path);
        snapshot.desk.is_forgotten();
        return;
    }
    let is_wanted = |tree: &SyntaxTree| {
        let reads = snapshot.settings.context.reads_workspace();
        reads && !tree.language().is_data() && tree.root().is_some() && tree.is_current()
    };
    if let Some(tree) = snapshot.tree.as_ref().filter(|tree| is_wanted(tree))
        && snapshot.desk.is_news(snapshot.stamp().revision)
    {
        let (tree, text) = (tree.clone(), snapshot.text.clone());
        shared.symbols.update(&path, tree, text);
    }
}

async fn choose(shared: &Arc<Shared>, snapshot: Snapshot, cursor: usize) {
    let settings = &snapshot.settings.context;
    let Some(tree) = &snapshot.tree else {
        return;
    };
    if settings.sources.is_empty() || tree.root().is_none() {
        return;
    }
    hand_over(shared, &snapshot);
    if snapshot.confined.is_some() {
        return;
    }
    let Some(turn) = snapshot.desk.take_turn() else {
        return;
    };
    // As few at a time as are parsed. Nobody closes it.
    let Ok(_place) = shared.choosing.acquire().await else {
        return;
    };
    let symbols = shared.symbols.clone();
    let (mut attention, company) = {
        let session = shared.session();
        let company = session.company(&snapshot);
        (session.attention(&snapshot, cursor, &company), company)
    };
    attention.changed = changed(shared, &snapshot);
    let choosing = shared.background.run(move || {
        let _turn = turn;
        let begun = Instant::now();
        let definitions = symbols.definitions();
        completion::get_ready(&snapshot, cursor, &definitions, &attention, &company);
        let (now, bytes) = (Instant::now(), snapshot.text.len_bytes());
        snapshot.desk.pace.chosen(now, now - begun, bytes);
    });
    if choosing.await.is_err() {
        tracing::error!("choosing context panicked; prompts go on without it");
    }
}

/// Returns what has changed in a document's folder since the last commit, as far as that is known, and has git asked again if it is time.
fn changed(shared: &Shared, snapshot: &Snapshot) -> Arc<[Changed]> {
    let sources = &snapshot.settings.context.sources;
    let Some(folder) = &snapshot.folder else {
        return Arc::default();
    };
    if !sources.contains(&ContextSource::Changed) {
        return Arc::default();
    }
    let now = tokio::time::Instant::now();
    let (changed, turn) = shared.uncommitted.of(folder, now);
    if let Some(turn) = turn {
        tokio::spawn(turn.ask());
    }
    changed
}

/// Says what the prompt of a call was made of: of the last one, or of the one named.
pub fn explain(shared: &Shared, call: Option<&str>) -> Result<ExplainContext> {
    let manifests = shared.session().manifests.clone();
    let kept = manifests.of(call).ok_or_else(|| {
        Error::invalid_params(match call {
            Some(call) => format!("nothing is known of the call {call}; the last 64 are kept"),
            None => "no suggestion was asked of a model yet".into(),
        })
    })?;
    Ok(explained(&kept))
}

/// Puts a manifest into the form of a message.
pub fn explained(kept: &Kept) -> ExplainContext {
    let Kept {
        call,
        manifest,
        cost,
    } = kept;
    let costs = cost.map_or_else(Vec::new, |cost| manifest.costs(cost));
    let mut costs = costs.into_iter().map(to_proto::money);
    let parts = manifest.parts().iter().map(|part| ContextPartParams {
        field: part.field.name().into(),
        rule: part.rule.name().into(),
        file: part.rule.place().map(|(file, _)| file.to_owned()),
        lines: part.lines().map(|lines| [lines.start + 1, lines.end]),
        bytes: part.text.len(),
        tokens: part.tokens(),
        share: manifest.share(part),
        cost: costs.next(),
        text: part.text.to_string(),
    });
    let parts: Vec<ContextPartParams> = parts.collect();
    let tokens: u64 = parts.iter().map(|part| part.tokens).sum();
    let files: std::collections::BTreeSet<_> = parts
        .iter()
        .filter_map(|part| part.file.as_deref())
        .collect();
    let files = files.iter().copied().collect::<Vec<_>>().join(", ");
    let price = cost.map_or_else(String::new, |cost| format!(", for {cost}"));
    ExplainContext {
        id: call.to_string(),
        tokens,
        cost: cost.map(to_proto::money),
        parts,
        text: format!("byok-lsp: call {call} was shown about {tokens} tokens{price}, from {files}"),
    }
}
