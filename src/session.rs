//! The state of one editor's session, behind synchronous methods, and the snapshots that handlers keep.
//!
//! Entry points: [`Session`] and [`Session::snapshot`]. The session lives in a `std::sync::Mutex`, whose guard the compiler refuses to
//! hold across an `.await`; so each change is one synchronous call, in the order in which the editor sent it.

mod attention;
mod company;
mod folders;
mod parsing;
mod recent;
mod ruled;
mod snapshot;

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ropey::Rope;
use tokio::time::Instant;
use url::Url;

use crate::config::{Layers, Organisation, Settings, WorkspaceFile};
use crate::context::{Desk, Fragment, Manifests, Source, shown_path};
use crate::document::{Applied, Change, Document, Edit, Encoding, Revision};
use crate::syntax::{Language, SyntaxTree};
use crate::workspace::{HEAD, Markers, Marks, Real, Standing};
use attention::Looked;
pub use company::Company;
use folders::Folders;
pub use parsing::ParseJob;
use recent::Recent;
use ruled::{Ruled, Told, for_file};
pub use snapshot::{Snapshot, Stamp};

/// A larger document is not parsed: its tree would cost hundreds of megabytes, and nobody writes it by hand.
const MAX_PARSED_BYTES: usize = 4 * 1024 * 1024;

/// How many places of other documents that were edited last are shown to a model, how many lines on either side, and how much at most.
const EDITED: usize = 2;
const EDITED_AROUND: usize = 2;
const EDITED_BYTES: usize = 500;

/// One editor's session.
pub struct Session {
    documents: HashMap<Arc<str>, Open>,
    layers: Layers,
    settings: Arc<Settings>,
    encoding: Encoding,
    folders: Folders,
    /// The folder that a document was opened in last, whose settings are those that are shown.
    current: Option<PathBuf>,
    /// How many documents were opened so far.
    openings: u64,
    /// Whether the user paused suggestions.
    pub is_paused: bool,
    /// What the last prompts were made of.
    pub manifests: Arc<Manifests>,
    recent: Recent,
    looked: Looked,
    /// The texts that mark a file, for any rule.
    markers: Markers,
    /// How often it has changed what may be shown to whom.
    era: u64,
    /// How often the index has.
    withdrawn: Arc<AtomicU64>,
    /// The open documents of which more is known than the disk and the index tell.
    telling: HashSet<Arc<str>>,
}

/// An open document.
struct Open {
    /// Which opening this is: a name that is closed and opened again is another document.
    opening: u64,
    /// Where it is, if it is a file.
    file: Option<Arc<Path>>,
    document: Document,
    language: Option<Language>,
    tree: Option<SyntaxTree>,
    /// Whether our text is the editor's; a change that could not be read ends that, and a whole text brings it back.
    is_in_step: bool,
    /// Whether a parse is under way or about to be, so that there is one at a time.
    is_parsing: bool,
    /// The version that the client last gave it, for edits that are to be refused if it has moved on.
    version: Option<i32>,
    /// How far it may go, by what the disk says of it.
    standing: Standing,
    /// What stands at its head.
    marks: Marks,
    /// What the rules about files come to for it.
    ruled: Ruled,
    /// How far it gets by them, as its editor was told; and whether that may have changed.
    told: Told,
    /// What its prompts show of other files.
    desk: Arc<Desk>,
}

impl Session {
    /// Starts a session with the configuration below the editor's.
    pub fn new(layers: Layers) -> Self {
        let mut session = Self {
            documents: HashMap::new(),
            settings: Arc::new(layers.settings()),
            layers,
            encoding: Encoding::default(),
            folders: Folders::default(),
            current: None,
            openings: 0,
            is_paused: false,
            manifests: Arc::default(),
            recent: Recent::default(),
            looked: Looked::default(),
            markers: Markers::default(),
            era: 0,
            withdrawn: Arc::default(),
            telling: HashSet::new(),
        };
        session.settings_changed();
        session
    }

    /// Returns the settings of the folder that a document was opened in last; a document's own are in its snapshot.
    pub fn settings(&self) -> &Arc<Settings> {
        let current = self.current.as_ref();
        let folder = current
            .or_else(|| self.folders.paths().next())
            .and_then(|path| self.folders.of(path));
        folder.map_or(&self.settings, |(_, settings)| settings)
    }

    /// Returns the settings as they are outside of every folder.
    pub fn own_settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Returns what the user's own file comes to by itself.
    pub fn settings_of_own_file(&self) -> Settings {
        self.layers.settings_of_own_file()
    }

    /// Returns whether ghost text may come from the embedded engine anywhere, so that it has to know the open documents.
    pub fn may_use_engine(&self) -> bool {
        self.settings.may_use_engine() || self.folders.may_use_engine()
    }

    /// Changes the configuration; a mistake leaves it as it was and is returned.
    pub fn configure<E>(
        &mut self,
        change: impl FnOnce(&mut Layers) -> Result<(), E>,
    ) -> Result<(), E> {
        change(&mut self.layers)?;
        self.settings = Arc::new(self.layers.settings());
        self.folders.follow(&self.settings);
        self.settings_changed();
        Ok(())
    }

    /// Returns the layers of the configuration.
    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Returns whether there are places in which an organisation's files may come to lie.
    pub fn has_organisation_sources(&self) -> bool {
        self.layers.has_sources()
    }

    /// Has these files of an organisation hold from now on; returns whether they are others than before.
    pub fn set_organisations(&mut self, files: Vec<Arc<Organisation>>) -> bool {
        if self.layers.organisations() == files {
            return false;
        }
        self.layers.set_organisations(files);
        self.settings = Arc::new(self.layers.settings());
        self.folders.follow(&self.settings);
        self.settings_changed();
        true
    }

    /// Sets the unit of the client's positions.
    pub fn set_encoding(&mut self, encoding: Encoding) {
        self.encoding = encoding;
    }

    /// Returns the workspace folders.
    pub fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        self.folders.paths()
    }

    /// Adds a workspace folder. Until its own file was [read](Self::set_workspace_file), only the embedded engine answers in it.
    pub fn add_folder(&mut self, folder: PathBuf) {
        self.folders.add(folder, &self.settings);
        self.settings_changed();
    }

    /// Removes a workspace folder.
    pub fn remove_folder(&mut self, folder: &Path) {
        self.folders.remove(folder);
        self.settings_changed();
    }

    /// Takes over what was read of a folder's own file; returns what the user is to be told of it.
    pub fn set_workspace_file(&mut self, folder: &Path, file: WorkspaceFile) -> Option<String> {
        let message = self.folders.set_file(folder, file, &self.settings);
        self.settings_changed();
        message
    }

    /// Returns what is known of a folder's file, for the caller to look whether it has changed; `None` if somebody does already.
    pub fn begin_look(&mut self, folder: &Path) -> Option<WorkspaceFile> {
        self.folders.begin_look(folder)
    }

    /// Ends a look; returns whether another is due.
    pub fn end_look(&mut self, folder: &Path) -> bool {
        self.folders.end_look(folder)
    }

    /// Returns the folder that a document lies in.
    pub fn folder_of(&self, uri: &str) -> Option<PathBuf> {
        let (folder, _) = self.folders.of(&path_of(uri)?)?;
        Some(folder.clone())
    }

    /// Opens a document, or replaces it if the client opens it twice.
    pub fn open(&mut self, uri: &str, language_id: &str, text: &str) {
        let path = path_of(uri);
        let name = path
            .as_deref()
            .and_then(|path| path.to_str())
            .unwrap_or(uri);
        let first_line = text.lines().next().unwrap_or_default();
        let language = Language::detect(Some(language_id), Some(name), first_line);
        let tree = language
            .filter(|_| text.len() <= MAX_PARSED_BYTES)
            .map(SyntaxTree::new);
        self.openings += 1;
        let mut open = Open {
            opening: self.openings,
            file: path.map(Arc::from),
            document: Document::new(text),
            language,
            tree,
            is_in_step: true,
            is_parsing: false,
            version: None,
            standing: Standing::default(),
            marks: Marks::default(),
            ruled: Ruled::default(),
            told: Told::default(),
            desk: Arc::new(Desk::new(self.manifests.clone())),
        };
        open.look(&self.markers);
        self.documents.insert(uri.into(), open);
        self.note_company(uri);
        // What the disk has of it may have been shown.
        self.era += u64::from(self.telling.contains(uri));
        self.current = self.folder_of(uri);
    }

    /// Applies changes to a document; `None` if it is not open, since a change to a text that we do not have says nothing.
    pub fn change(&mut self, uri: &str, changes: &[Change]) -> Option<Applied> {
        let encoding = self.encoding;
        let (name, _) = self.documents.get_key_value(uri)?;
        let name = name.clone();
        let open = self.documents.get_mut(uri)?;
        let Open { document, tree, .. } = open;
        let mut is_head_touched = false;
        let applied = document.apply(changes, encoding, |before, after, edit| {
            is_head_touched |= edit.bytes.start < HEAD;
            if let Some(tree) = tree {
                tree.edit(before, after, edit.bytes.clone(), edit.text.len());
            }
        });
        let is_news = is_head_touched && !self.markers.is_empty() && open.look(&self.markers);
        self.era += u64::from(is_news);
        open.is_in_step |= changes.iter().any(|change| change.range.is_none());
        if open.document.text().len_bytes() > MAX_PARSED_BYTES {
            open.tree = None;
        } else if open.tree.is_none() {
            // It is short enough again.
            open.tree = open.language.map(SyntaxTree::new);
        }
        if let Some(edit) = open.document.history().last() {
            let text = open.document.text();
            let line = |byte: usize| text.byte_to_line(byte.min(text.len_bytes()));
            let lines = line(edit.bytes.start)..=line(edit.new_end());
            self.recent.note(&name, lines, Instant::now());
        }
        if is_news {
            self.note_company(uri);
        }
        Some(applied)
    }

    /// Notes that a change to a document could not be read, so that what we have is not what the editor shows.
    pub fn lose_step(&mut self, uri: &str) {
        if let Some(open) = self.documents.get_mut(uri) {
            open.is_in_step = false;
        }
    }

    /// Counts among what begins an era what the index [withdraws](crate::index::SymbolIndex::withdrawn).
    pub fn watch(&mut self, withdrawn: Arc<AtomicU64>) {
        self.withdrawn = withdrawn;
    }

    /// Notes how far a document may go, by what the disk says of it. Returns whether it is news that its text must not leave the machine, or that it may.
    pub fn confine(&mut self, uri: &str, standing: Standing) -> bool {
        let Some(open) = self.documents.get_mut(uri) else {
            return false;
        };
        let before = open.stand(standing);
        let (is_other, is_news) = (
            before != open.standing,
            before.confined != open.standing.confined,
        );
        self.era += u64::from(is_other);
        self.note_company(uri);
        is_news
    }

    /// Returns whether a document's text must not leave the machine.
    pub fn is_confined(&self, uri: &str) -> bool {
        let open = self.documents.get(uri);
        open.is_some_and(|open| open.standing.confined.is_some())
    }

    /// Notes the version that the client gives a document.
    pub fn set_version(&mut self, uri: &str, version: Option<i32>) {
        if let Some(open) = self.documents.get_mut(uri) {
            open.version = version.or(open.version);
        }
    }

    /// Returns the version that the client last gave a document.
    pub fn version(&self, uri: &str) -> Option<i32> {
        self.documents.get(uri)?.version
    }

    /// Closes a document and forgets all of it.
    pub fn close(&mut self, uri: &str) {
        self.documents.remove(uri);
        self.note_company(uri);
        // What stands on the disk is what counts again, and by the rules that may be shown to fewer.
        self.era += u64::from(!self.markers.is_empty());
        self.recent.forget(uri);
        self.looked.places.forget(uri);
    }

    /// Returns a snapshot of a document; `None` if it is not open, or we are out of step with it.
    pub fn snapshot(&self, uri: &str) -> Option<Snapshot> {
        let (uri, open) = self
            .documents
            .get_key_value(uri)
            .filter(|(_, open)| open.is_in_step)?;
        let (folder, settings) = self.place_of(open.file.as_deref());
        let settings = open.ruled.of(settings, || {
            let (file, folder) = (open.file.as_deref(), folder.map(PathBuf::as_path));
            let real = open.standing.real.as_ref();
            for_file(settings, file, real, folder, open.language, &open.marks)
        });
        Some(Snapshot {
            uri: uri.clone(),
            file: open.file.clone(),
            language: open.language,
            opening: open.opening,
            revision: open.document.revision(),
            text: open.document.text().clone(),
            tree: open.tree.clone(),
            settings,
            encoding: self.encoding,
            folder: folder.cloned(),
            is_apart: self.folders.differ(),
            confined: open.standing.confined,
            is_ignored: open.standing.is_ignored,
            real: open.standing.real.clone(),
            marks: open.marks.clone(),
            // Both only grow, so that the sum changes with either.
            era: self.era + self.withdrawn.load(Ordering::Relaxed),
            desk: open.desk.clone(),
        })
    }

    /// Returns the settings that hold for a file that is not open: its folder's, with the rules about it.
    pub fn settings_at(&self, path: &Path, real: Option<&Real>, marks: &Marks) -> Arc<Settings> {
        let (folder, settings) = self.place_of(Some(path));
        for_file(
            settings,
            Some(path),
            real,
            folder.map(PathBuf::as_path),
            None,
            marks,
        )
    }

    /// Returns the folder that a document lies in, if it does in one, and the settings that hold there.
    fn place_of(&self, path: Option<&Path>) -> (Option<&PathBuf>, &Arc<Settings>) {
        let folder = path.and_then(|path| self.folders.of(path));
        match folder {
            Some((folder, settings)) => (Some(folder), settings),
            None => (None, &self.settings),
        }
    }

    /// Returns the name under which a file is open; editors write the same path in several ways.
    pub fn uri_at(&self, path: &Path) -> Option<Arc<str>> {
        let mut documents = self.documents.iter();
        let found = documents.find(|(_, open)| open.file.as_deref() == Some(path));
        found.map(|(uri, _)| uri.clone())
    }

    /// Returns the present moment of a document; `None` if it is not open.
    pub fn stamp(&self, uri: &str) -> Option<Stamp> {
        let open = self.documents.get(uri)?;
        Some(Stamp {
            opening: open.opening,
            revision: open.document.revision().0,
        })
    }

    /// Returns a document's text; `None` if it is not open.
    pub fn text(&self, uri: &str) -> Option<&Rope> {
        Some(self.documents.get(uri)?.document.text())
    }

    /// Returns the text of each open document.
    pub fn texts(&self) -> impl Iterator<Item = (&Arc<str>, &Rope)> {
        self.documents
            .iter()
            .map(|(uri, open)| (uri, open.document.text()))
    }

    /// Returns where a document was edited last.
    pub fn last_edit(&self, uri: &str) -> Option<usize> {
        let open = self.documents.get(uri)?;
        let edit = open.document.history().last()?;
        let end = edit.bytes.start + edit.text.len();
        Some(end.min(open.document.text().len_bytes()))
    }

    /// Returns the lines round the last edits in other documents of the same family of languages, as far as they may leave the machine.
    fn edited_elsewhere(&self, snapshot: &Snapshot, company: &Company) -> Vec<Fragment> {
        let family = |language: Option<Language>| language.map(Language::family);
        let groups = self.recent.groups().filter(|one| *one.uri != *snapshot.uri);
        let folder = snapshot.shown_from();
        let fragments = groups.filter_map(|group| {
            let open = self.documents.get(&group.uri)?;
            if family(open.language) != family(snapshot.language) {
                return None;
            }
            let path = path_of(&group.uri)?;
            let path = path.to_string_lossy();
            if !company.admits(&path, open.language, &open.marks) {
                return None;
            }
            let text = open.document.text();
            // All that was edited in one go, or what was edited last of it if that is much.
            let mut ranges = [group.lines.clone(), group.line..=group.line].into_iter();
            let (first, lines) = ranges.find_map(|lines| edited(text, &lines))?;
            Some(Fragment {
                file: shown_path(&path, &folder).into(),
                line: u32::try_from(first).unwrap_or(u32::MAX),
                text: lines.trim_end().into(),
                source: Source::Edited,
            })
        });
        fragments.take(EDITED).collect()
    }

    /// Calls `with` with what was done to a document since the snapshot, and its text now; `None` if it is closed, or was opened anew, or
    /// that is forgotten.
    pub fn since<T>(
        &self,
        snapshot: &Snapshot,
        with: impl FnOnce(&[&Edit], &Rope) -> T,
    ) -> Option<T> {
        self.since_stamp(&snapshot.uri, snapshot.stamp(), with)
    }

    /// The same, of a moment that was not kept whole.
    pub fn since_stamp<T>(
        &self,
        uri: &str,
        stamp: Stamp,
        with: impl FnOnce(&[&Edit], &Rope) -> T,
    ) -> Option<T> {
        let open = self.documents.get(uri)?;
        if open.opening != stamp.opening {
            return None;
        }
        let edits = open.document.history().since(Revision(stamp.revision))?;
        Some(with(&edits, open.document.text()))
    }
}

/// Returns lines that were edited and a few round them, with the first one's number, if they are few and there is something in them.
fn edited(text: &Rope, lines: &RangeInclusive<usize>) -> Option<(usize, String)> {
    let last = (lines.end() + EDITED_AROUND + 1).min(text.len_lines());
    let first = lines.start().saturating_sub(EDITED_AROUND).min(last);
    let bytes = text.line_to_byte(first)..text.line_to_byte(last);
    if bytes.len() > EDITED_BYTES {
        return None;
    }
    let lines = String::from(text.byte_slice(bytes));
    (!lines.trim().is_empty()).then_some((first, lines))
}

/// Returns a document's name in the index of symbols: its path, or its address if it is no file.
pub fn name_of(uri: &str) -> String {
    let path = path_of(uri);
    let path = path.as_deref().and_then(Path::to_str);
    path.unwrap_or(uri).to_owned()
}

/// Returns the path of a `file:` URI.
pub fn path_of(uri: &str) -> Option<PathBuf> {
    let url = Url::parse(uri).ok()?;
    (url.scheme() == "file")
        .then(|| url.to_file_path().ok())
        .flatten()
}

#[cfg(test)]
mod tests;
