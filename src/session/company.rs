//! Which other files may be shown beside a document.
//!
//! Entry point: [`Session::company`]. Every fragment of another file goes by it, wherever it comes from: the index, an open document, a diff, the other files
//! of an action. What is open is judged by its text in the editor, too, whatever the index or the disk still has.

use std::path::Path;

use super::{Open, Session, Snapshot};
use crate::config::{About, Policy};
use crate::context::{is_within, shown_path};
use crate::syntax::Language;
use crate::workspace::Marks;

/// What a document may be shown in company with. It is a copy, for threads that take their time.
#[derive(Clone)]
pub struct Company {
    policy: Policy,
    /// Whether more has to be looked at than what is open.
    is_ruled: bool,
    folder: String,
    document: String,
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
                language: open.language,
                marks: open.marks.clone(),
            })
        });
        Company {
            open: others.collect(),
            ..snapshot.company()
        }
    }
}

impl Session {
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
            || self.marks.has_any()
            || self.language != by_name.and_then(Language::from_path)
    }
}

impl Company {
    /// Returns whether a file's text may be shown, by its whole path, its language as far as that is known, and what stands at its head.
    pub fn admits(&self, path: &str, language: Option<Language>, marks: &Marks) -> bool {
        let mut open = self.open.iter().filter(|other| other.path == path);
        if !open
            .all(|other| !other.is_withheld && self.goes_with(path, other.language, &other.marks))
        {
            return false;
        }
        self.goes_with(path, language, marks)
    }

    /// The same of a file of which no more is known than where it is, and what stands at its head on the disk.
    pub fn admits_file(&self, file: &Path, marks: &Marks) -> bool {
        self.admits(&file.to_string_lossy(), None, marks)
    }

    fn goes_with(&self, path: &str, language: Option<Language>, marks: &Marks) -> bool {
        if !self.is_ruled {
            return true;
        }
        let file = About {
            path: &shown_path(path, &self.folder),
            language,
            marks,
        };
        let document = About {
            path: &self.document,
            language: self.language,
            marks: &self.marks,
        };
        // A file of another folder is under that folder's rules, which are not known here.
        is_within(path, &self.folder) && self.policy.may_accompany(&file, &document)
    }
}
