//! The workspace folders, and what each one's own file leaves of the user's settings for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Settings, WorkspaceFile};

/// The folders, in the order in which the editor named them.
#[derive(Default)]
pub struct Folders {
    folders: Vec<Folder>,
    /// What the user was told, so that each file's content is told once.
    told: BTreeSet<String>,
}

struct Folder {
    path: PathBuf,
    file: WorkspaceFile,
    settings: Arc<Settings>,
    /// Whether its file, or its project, leaves other settings than the user's.
    is_ruled: bool,
    look: Look,
}

/// Whether somebody looks at the file at this moment, so that there is one at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    No,
    Under,
    /// And it may have changed again since.
    UnderAndAgain,
}

impl Folders {
    /// Adds a folder. Until its file was read, only the embedded engine answers in it.
    pub fn add(&mut self, path: PathBuf, settings: &Settings) {
        if self.paths().any(|known| *known == path) {
            return;
        }
        let file = WorkspaceFile::unread(&path);
        let own = settings.in_project(&path);
        let restricted = file.restrict(&own).0;
        self.folders.push(Folder {
            is_ruled: restricted != *settings,
            settings: Arc::new(restricted),
            path,
            file,
            look: Look::No,
        });
    }

    /// Removes a folder.
    pub fn remove(&mut self, path: &Path) {
        self.folders.retain(|folder| folder.path != path);
    }

    /// Returns the folders' paths.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.folders.iter().map(|folder| &folder.path)
    }

    /// Returns the settings of each folder.
    pub fn settings(&self) -> impl Iterator<Item = &Arc<Settings>> {
        self.folders.iter().map(|folder| &folder.settings)
    }

    /// Returns the folder that a path lies in: the innermost, where one lies in another.
    pub fn of(&self, path: &Path) -> Option<(&PathBuf, &Arc<Settings>)> {
        let within = self
            .folders
            .iter()
            .filter(|folder| path.starts_with(&folder.path));
        let folder = within.max_by_key(|folder| folder.path.as_os_str().len())?;
        Some((&folder.path, &folder.settings))
    }

    /// Returns whether ghost text may come from the embedded engine in one of them.
    pub fn may_use_engine(&self) -> bool {
        let mut folders = self.folders.iter();
        folders.any(|folder| folder.settings.may_use_engine())
    }

    /// Returns whether a folder has other settings than the user's, or its file was not read yet.
    pub fn differ(&self) -> bool {
        self.folders.iter().any(|folder| folder.is_ruled)
    }

    /// Lays the files over new settings.
    pub fn follow(&mut self, settings: &Settings) {
        for folder in &mut self.folders {
            let own = settings.in_project(&folder.path);
            let restricted = folder.file.restrict(&own).0;
            folder.is_ruled = restricted != *settings;
            folder.settings = Arc::new(restricted);
        }
    }

    /// Takes over what was read of a folder's file; returns what the user is to be told, once for each content.
    pub fn set_file(
        &mut self,
        path: &Path,
        file: WorkspaceFile,
        settings: &Settings,
    ) -> Option<String> {
        let folder = self.find(path)?;
        let own = settings.in_project(path);
        let (restricted, message) = file.restrict(&own);
        folder.is_ruled = restricted != *settings;
        folder.settings = Arc::new(restricted);
        folder.file = file;
        message.filter(|message| self.told.insert(message.clone()))
    }

    /// Returns what is known of a folder's file, for the caller to look whether it has changed; `None` if somebody does already.
    pub fn begin_look(&mut self, path: &Path) -> Option<WorkspaceFile> {
        let folder = self.find(path)?;
        if folder.look != Look::No {
            folder.look = Look::UnderAndAgain;
            return None;
        }
        folder.look = Look::Under;
        Some(folder.file.clone())
    }

    /// Ends a look; returns whether another is due.
    pub fn end_look(&mut self, path: &Path) -> bool {
        let Some(folder) = self.find(path) else {
            return false;
        };
        let is_due = folder.look == Look::UnderAndAgain;
        folder.look = Look::No;
        is_due
    }

    fn find(&mut self, path: &Path) -> Option<&mut Folder> {
        self.folders.iter_mut().find(|folder| folder.path == path)
    }
}
