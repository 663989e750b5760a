//! A workspace's own file, `.byok.toml`: read when its folder becomes known, and again when it has changed. The disk may be slow or gone, so
//! every look is on a thread of its own; until the first has ended, only the embedded engine answers in the folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::backend::Shared;
use super::super::editor;
use super::settle;
use crate::config::{WORKSPACE_FILE, WorkspaceFile};
use crate::session::path_of;

/// How long `initialize` waits for the files of its folders, so that the first suggestion is already the right one. A disk takes microseconds.
const FIRST_LOOK: Duration = Duration::from_millis(500);

/// Reads the files of the folders that the editor begins with.
pub fn read_first(shared: &Shared, folders: Vec<PathBuf>) {
    let (read, files) = std::sync::mpsc::channel();
    let paths = folders.clone();
    let reading = std::thread::Builder::new()
        .name("workspace-files".into())
        .spawn(move || {
            for folder in paths {
                let file = WorkspaceFile::read(&folder);
                if read.send((folder, file)).is_err() {
                    return;
                }
            }
        });
    if reading.is_err() {
        return;
    }
    let deadline = std::time::Instant::now() + FIRST_LOOK;
    for _ in folders {
        let left = deadline.saturating_duration_since(std::time::Instant::now());
        // What is not here in time is read by the look that follows `initialized`.
        let Ok((folder, file)) = files.recv_timeout(left) else {
            return;
        };
        if let Some(message) = shared.session().set_workspace_file(&folder, file) {
            shared.add_remark(message);
        }
    }
}

/// Looks at the files of all folders, and has the editor tell when one changes, where it can.
pub fn start(shared: &Arc<Shared>) {
    look_at_all(shared);
    if shared.abilities().watches_files {
        let client = shared.client.clone();
        tokio::spawn(async move { editor::watch(&client, WORKSPACE_FILE).await });
    }
}

/// Looks at the files of all folders.
pub fn look_at_all(shared: &Arc<Shared>) {
    let folders: Vec<PathBuf> = shared.session().folders().cloned().collect();
    for folder in folders {
        look(shared, folder);
    }
}

/// Looks at the file of the folder in which a document was opened: the moment at which a changed one begins to matter.
pub fn opened(shared: &Arc<Shared>, uri: &str) {
    let folder = shared.session().folder_of(uri);
    if let Some(folder) = folder {
        look(shared, folder);
    }
}

/// Looks at a folder's file if it is what was saved or changed.
pub fn saved(shared: &Arc<Shared>, uri: &str) {
    let path = path_of(uri).filter(|path| path.ends_with(WORKSPACE_FILE));
    if let Some(folder) = path.as_deref().and_then(Path::parent) {
        look(shared, folder.to_owned());
    }
}

/// `workspace/didChangeWatchedFiles`.
pub fn watched(shared: &Arc<Shared>, params: &Value) {
    let changes = params.get("changes").and_then(Value::as_array);
    let uris = changes
        .into_iter()
        .flatten()
        .filter_map(|change| change.get("uri")?.as_str());
    for uri in uris {
        saved(shared, uri);
    }
}

fn look(shared: &Arc<Shared>, folder: PathBuf) {
    let Some(known) = shared.session().begin_look(&folder) else {
        return;
    };
    let shared = shared.clone();
    tokio::spawn(async move {
        let changed = tokio::task::spawn_blocking(move || known.changed()).await;
        let message = {
            let mut session = shared.session();
            let is_due = session.end_look(&folder);
            let changed = changed.ok().flatten();
            let is_changed = changed.is_some();
            let message = changed.and_then(|file| session.set_workspace_file(&folder, file));
            drop(session);
            if is_due {
                look(&shared, folder);
            }
            if !is_changed {
                return;
            }
            message
        };
        if let Some(message) = message {
            shared.add_remark(message);
        }
        settle::settle(&shared);
    });
}
