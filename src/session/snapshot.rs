//! What a handler keeps of a document.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ropey::Rope;

use super::path_of;
use crate::config::Settings;
use crate::context::Desk;
use crate::document::{Encoding, Revision};
use crate::syntax::{Language, SyntaxTree};
use crate::workspace::{Marks, Real, Rule};

/// What a handler keeps of a document: O(1) to take, and it never changes.
#[derive(Clone)]
pub struct Snapshot {
    /// The document's name.
    pub uri: Arc<str>,
    /// Where it is, if it is a file.
    pub file: Option<Arc<Path>>,
    /// Its language, if it is a known one.
    pub language: Option<Language>,
    pub(super) opening: u64,
    pub(super) revision: Revision,
    /// The text.
    pub text: Rope,
    /// The syntax tree; it may lag behind the text ([`SyntaxTree::is_current`]).
    pub tree: Option<SyntaxTree>,
    /// The settings at that moment, as far as the folder's own file lets them.
    pub settings: Arc<Settings>,
    /// The unit of the client's positions.
    pub encoding: Encoding,
    /// The workspace folder that the document lies in.
    pub folder: Option<PathBuf>,
    /// Whether some folder has other settings than the user's, by its own file or its project, so that no folder's text is shown beside another's.
    pub is_apart: bool,
    /// Why its text must not leave the machine, if it must not.
    pub confined: Option<Rule>,
    /// Whether ignore files leave it out, so that it is context of no other.
    pub is_ignored: bool,
    /// Where it really is, if links lead there.
    pub real: Option<Real>,
    /// What stands at its head, of what any rule goes by.
    pub marks: Marks,
    /// In which era of the session this was taken: what was chosen for its prompts in another one must not be shown.
    pub era: u64,
    /// What its prompts show of other files.
    pub desk: Arc<Desk>,
}

/// Which document and moment, without its text.
impl std::fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Snapshot")
            .field("uri", &self.uri)
            .field("revision", &self.revision.0)
            .finish_non_exhaustive()
    }
}

/// A moment in the life of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Which opening of it.
    pub opening: u64,
    /// After how many edits.
    pub revision: u64,
}

impl Snapshot {
    /// Makes a snapshot of a file that is not open, in the same workspace; nothing is ever known to have happened to it.
    #[must_use]
    pub fn of_file(&self, uri: &str, text: &str) -> Self {
        let path = path_of(uri);
        let name = path.as_deref().and_then(|path| path.to_str());
        let first_line = text.lines().next().unwrap_or_default();
        let language = Language::detect(None, name, first_line);
        Self {
            uri: uri.into(),
            file: path.map(Arc::from),
            language,
            opening: 0,
            revision: Revision::default(),
            text: Rope::from_str(text),
            tree: language.map(SyntaxTree::new),
            settings: self.settings.clone(),
            encoding: self.encoding,
            folder: self.folder.clone(),
            is_apart: self.is_apart,
            // What must not be shown is not read in the first place; and what the document itself may not, its companion may not either.
            confined: self.confined,
            is_ignored: self.is_ignored,
            real: None,
            marks: self.marks.clone(),
            era: self.era,
            desk: Arc::new(Desk::new(self.desk.manifests.clone())),
        }
    }

    /// Returns the snapshot as it would be with a text inserted. Nothing is to be known of what happens to the document since.
    #[must_use]
    pub fn with_inserted(&self, at: usize, text: &str) -> Self {
        let mut inserted = self.clone();
        inserted.text.insert(inserted.text.byte_to_char(at), text);
        if let Some(tree) = &mut inserted.tree {
            tree.edit(&self.text, &inserted.text, at..at, text.len());
        }
        inserted
    }

    /// Returns whether this is of a document that is, or was, open.
    pub fn is_of_document(&self) -> bool {
        self.opening != 0
    }

    /// Returns whether its text may be context of other documents. A link's text is judged by where it leads, which the index, that knows files by their
    /// paths, cannot do: so what is open over a link is context of none.
    pub fn is_context_of_others(&self) -> bool {
        self.confined.is_none() && !self.is_ignored && self.real.is_none()
    }

    /// Returns which moment this is of.
    pub fn stamp(&self) -> Stamp {
        Stamp {
            opening: self.opening,
            revision: self.revision.0,
        }
    }

    /// Returns the document's name in the index of symbols: its path, or its address if it is no file.
    pub fn path(&self) -> String {
        let path = self.file.as_deref().and_then(Path::to_str);
        path.unwrap_or(&self.uri).to_owned()
    }

    /// Returns the folder that files are named from when they are shown to a model; may be empty.
    pub fn shown_from(&self) -> String {
        let folder = self.folder.as_ref().and_then(|folder| folder.to_str());
        folder
            .unwrap_or_default()
            .trim_end_matches(['/', '\\'])
            .to_owned()
    }

    /// Returns the document's file name, which may be empty.
    pub fn file_name(&self) -> &str {
        self.uri.rsplit('/').next().unwrap_or_default()
    }
}
