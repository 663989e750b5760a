//! The other files that an action may be about: where the tests of a file belong, and which files a change over several is shown.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::target::MOST_BYTES;
use crate::config;
use crate::document::Edit;
use crate::repository::Changes;
use crate::session::{Session, Snapshot};
use crate::syntax::{self, Kind};

/// So much of open files is shown in all, in bytes.
const MOST_SHOWN: usize = 64 * 1024;

/// More open files than these are not shown.
const MOST_FILES: usize = 12;

/// What an action is about besides the region.
#[derive(Clone, Default)]
pub enum Material {
    /// Nothing.
    #[default]
    None,
    /// What git says has changed.
    Changes(Changes),
    /// Where the answer belongs: the file of the tests, or one that is to be created.
    File(Box<OtherFile>),
    /// The files that may be changed, the document first.
    Files(Vec<OtherFile>),
}

/// A file of the workspace.
#[derive(Clone)]
pub struct OtherFile {
    /// Its path within the workspace's folder.
    pub path: String,
    /// Its name in the protocol.
    pub uri: String,
    /// Its text; `None` of one that is to be created.
    pub text: Option<Snapshot>,
}

/// What is to become of a file.
#[derive(Debug, Clone)]
pub struct FileChange {
    /// Its path within the workspace's folder.
    pub path: String,
    /// Its name in the protocol.
    pub uri: String,
    /// What is to become of it.
    pub what: What,
}

/// What is to become of a file.
#[derive(Debug, Clone)]
pub enum What {
    /// Edits of this text.
    Edit(Box<Snapshot>, Vec<Edit>),
    /// It is created with this text.
    Create(String),
}

impl FileChange {
    /// Makes a change of the document itself.
    pub fn of(snapshot: &Snapshot, edits: Vec<Edit>) -> Self {
        Self {
            path: relative(snapshot).unwrap_or_else(|| snapshot.file_name().to_owned()),
            uri: snapshot.uri.to_string(),
            what: What::Edit(Box::new(snapshot.clone()), edits),
        }
    }

    /// Returns whether nothing would change.
    pub fn is_empty(&self) -> bool {
        matches!(&self.what, What::Edit(_, edits) if edits.is_empty())
    }
}

/// Where in a file tests are put.
pub enum Spot {
    /// It is created.
    Create,
    /// At its end.
    Append,
    /// In these lines, which hold tests already.
    Lines(Range<usize>),
}

impl OtherFile {
    /// Returns where in it tests are put.
    pub fn spot(&self, document: &Snapshot) -> Spot {
        let Some(snapshot) = &self.text else {
            return Spot::Create;
        };
        let text = &snapshot.text;
        if snapshot.uri != document.uri {
            let end = text.len_bytes();
            let has_text = text.chars().any(|c| !c.is_whitespace());
            return if has_text && end <= MOST_BYTES {
                Spot::Lines(0..end)
            } else {
                Spot::Append
            };
        }
        let Some(tree) = &snapshot.tree else {
            return Spot::Append;
        };
        let symbols = syntax::outline(tree, text, 0..text.len_bytes());
        let tests = symbols.into_iter().find(|symbol| {
            symbol.kind == Kind::Module
                && symbol.depth == 0
                && matches!(symbol.name.as_str(), "tests" | "test")
                && symbol.range.len() <= MOST_BYTES
        });
        tests.map_or(Spot::Append, |tests| Spot::Lines(tests.range))
    }
}

/// Returns the documents of the workspace that are open and may be shown beside one, that one first, those of its language before others.
pub fn open_files(session: &Session, snapshot: &Snapshot) -> Vec<OtherFile> {
    let company = session.company(snapshot);
    let uris: Vec<Arc<str>> = session.texts().map(|(uri, _)| uri.clone()).collect();
    let snapshots = uris.iter().filter_map(|uri| session.snapshot(uri));
    let mut files: Vec<OtherFile> = snapshots
        .filter(|it| it.folder == snapshot.folder)
        .filter(|it| {
            let is_own = it.uri == snapshot.uri;
            is_own || company.admits(&it.path(), it.language, &it.marks)
        })
        .filter_map(|it| {
            Some(OtherFile {
                path: relative(&it)?,
                uri: it.uri.to_string(),
                text: Some(it),
            })
        })
        .collect();
    files.sort_by(|a, b| {
        let key = |file: &OtherFile| {
            let it = file.text.as_ref();
            let is_own = file.uri == *snapshot.uri;
            let is_kin = it.is_some_and(|it| it.language == snapshot.language);
            (!is_own, !is_kin)
        };
        key(a).cmp(&key(b)).then_with(|| a.path.cmp(&b.path))
    });
    let mut left = MOST_SHOWN;
    files.retain(|file| {
        let length = file.text.as_ref().map_or(0, |it| it.text.len_bytes());
        let fits = length <= left;
        left -= if fits { length } else { 0 };
        fits
    });
    files.truncate(MOST_FILES);
    files
}

/// Returns a document's path within its workspace's folder, with slashes.
pub fn relative(snapshot: &Snapshot) -> Option<String> {
    let path = snapshot.file.as_deref()?;
    slashed(path.strip_prefix(snapshot.folder.as_ref()?).ok()?)
}

fn slashed(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// Returns the path of the file that an action of the user's own creates.
pub fn new_path(snapshot: &Snapshot, template: &str) -> Option<String> {
    let path = relative(snapshot)?;
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let filled = config::fill(template, |variable| match variable {
        "dir" => Some(folder.to_owned()),
        "stem" => Some(stem.to_owned()),
        "ext" => Some(extension.to_owned()),
        _ => None,
    });
    Some(filled.trim_start_matches('/').to_owned())
}

/// Returns where the tests of a document may be, within its workspace's folder, the most usual place first: by its language's convention.
pub fn test_paths(snapshot: &Snapshot) -> Vec<String> {
    let (Some(language), Some(path)) = (snapshot.language, relative(snapshot)) else {
        return Vec::new();
    };
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let patterns = language.tests().iter();
    let filled = patterns.map(|pattern| {
        let main = format!("/{folder}/").replace("/main/", "/test/");
        let filled = pattern
            .replace("{file}", name)
            .replace("{stem}", stem)
            .replace("{ext}", extension)
            .replace("{dir main>test}", main.trim_matches('/'))
            .replace("{dir}", folder);
        let place = match filled.strip_prefix('/') {
            Some(rest) => rest.to_owned(),
            None => format!("{folder}/{filled}"),
        };
        place.trim_start_matches('/').replace("//", "/")
    });
    filled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;
    use crate::session::Session;

    #[test]
    fn tests_belong_where_the_language_has_them() {
        for (path, language, expected) in [
            ("src/a.rs", "rust", "src/a.rs"),
            (
                "pkg/a.py",
                "python",
                "pkg/test_a.py pkg/tests/test_a.py tests/test_a.py",
            ),
            (
                "a.ts",
                "typescript",
                "a.test.ts __tests__/a.test.ts a.spec.ts",
            ),
            ("x/a.go", "go", "x/a_test.go"),
            (
                "src/main/java/x/A.java",
                "java",
                "src/test/java/x/ATest.java src/main/java/x/ATest.java",
            ),
            ("a.json", "json", ""),
        ] {
            let mut session = Session::new(Layers::default());
            session.add_folder("/w".into());
            let uri = format!("file:///w/{path}");
            session.open(&uri, language, "");
            let snapshot = session.snapshot(&uri).expect("it is open");
            assert_eq!(test_paths(&snapshot).join(" "), expected, "{path}");
        }
    }
}
