//! Which other files may be shown beside a document.
//!
//! Entry point: [`Session::company`]. Every fragment of another file goes by it, wherever it comes from: the index, an open document, a diff, the other files
//! of an action. What is open is judged by its text in the editor, too, whatever the index or the disk still has; and a link also by what it leads to.

use std::path::Path;

use super::{Open, Session, Snapshot};
use crate::config::{About, Policy};
use crate::context::{is_within, shown_path};
use crate::syntax::Language;
use crate::workspace::{Marks, Real};

/// What a document may be shown in company with. It is a copy, for threads that take their time.
#[derive(Clone)]
pub struct Company {
    policy: Policy,
    /// Whether more has to be looked at than what is open.
    is_ruled: bool,
    folder: String,
    document: String,
    real: Option<Real>,
    language: Option<Language>,
    marks: Marks,
    /// Of the other open documents those of which there is something to say.
    open: Vec<Other>,
}

/// An open document beside the one in question.
#[derive(Clone)]
struct Other {
    path: String,
    /// Whether it is shown beside none.
    is_withheld: bool,
    real: Option<Real>,
    language: Option<Language>,
    marks: Marks,
}

impl Snapshot {
    /// Returns which other files may be shown beside the document, as far as that goes without what else is open.
    pub fn company(&self) -> Company {
        let policy = self.settings.policy.clone();
        let folder = self.shown_from();
        Company {
            is_ruled: policy.has_paths() || self.is_apart,
            policy,
            document: shown_path(&self.path(), &folder),
            folder,
            real: self.real.clone(),
            language: self.language,
            marks: self.marks.clone(),
            open: Vec::new(),
        }
    }
}

impl Session {
    /// Returns which other files may be shown beside a document.
    pub fn company(&self, snapshot: &Snapshot) -> Company {
        let others = self.telling.iter().filter(|uri| **uri != snapshot.uri);
        let others = others.filter_map(|uri| {
            let open = self.documents.get(uri)?;
            Some(Other {
                path: open.file.as_deref()?.to_string_lossy().into_owned(),
                is_withheld: open.is_withheld(),
                real: open.standing.real.clone(),
                language: open.language,
                marks: open.marks.clone(),
            })
        });
        Company {
            open: others.collect(),
            ..snapshot.company()
        }
    }

    /// Takes in what is new of a document that was opened, edited, judged or closed.
    pub(super) fn note_company(&mut self, uri: &str) {
        match self.documents.get_key_value(uri) {
            Some((uri, open)) if open.tells_more() => {
                self.telling.insert(uri.clone());
            }
            _ => {
                self.telling.remove(uri);
            }
        }
    }
}

impl Open {
    /// Returns whether more is known of it than the disk and the index tell.
    fn tells_more(&self) -> bool {
        let by_name = self.file.as_deref().and_then(Path::to_str);
        self.is_withheld()
            || self.standing.real.is_some()
            || self.marks.has_any()
            || self.language != by_name.and_then(Language::from_path)
    }
}

impl Company {
    /// Returns whether a file's text may be shown, by its whole path, its language as far as that is known, and what stands at its head. It is open, or was
    /// come to over no link.
    pub fn admits(&self, path: &str, language: Option<Language>, marks: &Marks) -> bool {
        self.goes_with(path, None, language, marks) && self.admits_open(path)
    }

    /// The same of a file of which no more is known than where it is, where that leads, and what stands at its head on the disk.
    pub fn admits_file(&self, file: &Path, real: Option<&Real>, marks: &Marks) -> bool {
        let path = file.to_string_lossy();
        self.goes_with(&path, real, None, marks) && self.admits_open(&path)
    }

    /// Returns the workspace's folder, if the document lies in one.
    pub fn folder(&self) -> Option<&Path> {
        (!self.folder.is_empty()).then(|| Path::new(&self.folder))
    }

    /// Returns whether a file may be shown as far as it is open.
    fn admits_open(&self, path: &str) -> bool {
        let mut open = self.open.iter().filter(|other| other.path == path);
        open.all(|other| {
            let (real, language) = (other.real.as_ref(), other.language);
            !other.is_withheld && self.goes_with(path, real, language, &other.marks)
        })
    }

    fn goes_with(
        &self,
        path: &str,
        real: Option<&Real>,
        language: Option<Language>,
        marks: &Marks,
    ) -> bool {
        if !self.is_ruled {
            return true;
        }
        let file = About {
            path: &shown_path(path, &self.folder),
            real: real.map(|real| &*real.path),
            language,
            marks,
        };
        let document = About {
            path: &self.document,
            real: self.real.as_ref().map(|real| &*real.path),
            language: self.language,
            marks: &self.marks,
        };
        // A file of another folder is under that folder's rules, which are not known here.
        is_within(path, &self.folder)
            && real.is_none_or(|real| real.is_within)
            && self.policy.may_accompany(&file, &document)
    }
}
