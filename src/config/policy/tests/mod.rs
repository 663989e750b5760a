//! Truth tables: which rule of whose wins, and which provider passes which rule, each against a reference that was written without the code.

mod kinds;
mod layers;
mod providers;
mod reach;
mod stand_ins;

use super::super::{Layer, Layers, Organisation, Settings, WORKSPACE_FILE, WorkspaceFile};

/// Returns what three files come to together.
fn settings(user: &str, organisation: &str, workspace: &str) -> Settings {
    let mut layers = Layers::default();
    layers
        .set_toml(Layer::UserFile, "own", user)
        .unwrap_or_else(|problem| panic!("{problem}: {user}"));
    if !organisation.is_empty() {
        let file = Organisation::for_tests(organisation);
        layers.set_organisations(vec![std::sync::Arc::new(file)]);
    }
    let settings = layers.settings();
    if workspace.is_empty() {
        return settings;
    }
    self::workspace(workspace).restrict(&settings).0
}

/// Returns a workspace's file that says this.
fn workspace(text: &str) -> WorkspaceFile {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(WORKSPACE_FILE), text).expect("written");
    WorkspaceFile::read(folder.path())
}
