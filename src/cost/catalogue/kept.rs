//! Which catalogue is in use: the embedded one, or a newer one that the user took.
//!
//! Entry points: [`Catalogue::keep_at`], once, and [`Catalogue::current`]. Nobody fetches a catalogue unbidden. Invariants: one that is older than the
//! embedded one, or cannot be read, is not used, and that is said; the one before a new one is kept beside it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{Catalogue, LARGEST, date_of};
use crate::replace_file::replace_file;

/// Where the public data set lies that the embedded catalogue is made of; its authors' own program reads it there.
pub const PRICE_DATA: &str = "https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main/prices/new_data/v2/data.json";

/// Where catalogues that were taken are kept, for the life of the process.
static PLACE: OnceLock<PathBuf> = OnceLock::new();

/// Catalogues that were taken, in a file.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    path: &'a Path,
}

impl Catalogue {
    /// Says where catalogues are kept that the user took; before the first question.
    pub fn keep_at(path: PathBuf) {
        // Whoever asks first decides for the process.
        let _ = PLACE.set(path);
    }

    /// The catalogue in use.
    pub fn current() -> &'static Self {
        static CURRENT: OnceLock<Option<Catalogue>> = OnceLock::new();
        let taken = CURRENT.get_or_init(|| Kept::at(PLACE.get()?).newer_than(Self::embedded()));
        taken.as_ref().unwrap_or_else(|| Self::embedded())
    }

    /// Returns whether it is the one that the program was built with.
    pub fn is_embedded(&self) -> bool {
        std::ptr::eq(self, Self::embedded())
    }
}

impl<'a> Kept<'a> {
    /// Catalogues that are kept in this file.
    pub fn at(path: &'a Path) -> Self {
        Self { path }
    }

    /// Returns the one that is kept, if it is not older than another and can be used.
    pub fn newer_than(self, other: &Catalogue) -> Option<Catalogue> {
        if !self.path.exists() {
            return None;
        }
        let path = self.path.display();
        let text = match read(self.path) {
            Ok(text) => text,
            Err(error) => {
                tracing::warn!(%error, "the prices in {path} cannot be read; the program's own are used");
                return None;
            }
        };
        let Some(date) = date_of(&text) else {
            tracing::warn!("{path} holds no price catalogue; the program's own is used");
            return None;
        };
        if other.date().is_some_and(|other| other > date) {
            tracing::info!("the prices in {path} are older than the program's own");
            return None;
        }
        Some(Catalogue::new(text.into()))
    }

    /// Puts a catalogue in the place of the one before, which is kept beside it.
    pub fn put(self, text: &str) -> std::io::Result<()> {
        if let Ok(before) = std::fs::read(self.path) {
            replace_file(&self.before(), &before)?;
        }
        replace_file(self.path, text.as_bytes())
    }

    /// Goes back to the catalogue before, which may be the embedded one; `false` if there is none but that.
    pub fn undo(self) -> std::io::Result<bool> {
        let before = self.before();
        if before.exists() {
            std::fs::rename(before, self.path)?;
        } else if self.path.exists() {
            std::fs::remove_file(self.path)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn before(self) -> PathBuf {
        self.path.with_extension("before.jsonl")
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(std::io::Error::other("it is larger than any catalogue"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn catalogue(date: &str) -> String {
        format!("{{\"name\":\"mine\",\"version\":\"1\",\"date\":\"{date}\"}}\n")
    }

    #[test]
    fn a_catalogue_that_was_taken_is_used_unless_the_programs_own_is_newer_or_it_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/prices.jsonl");
        let kept = Kept::at(&path);
        let used = || {
            let used = kept.newer_than(Catalogue::embedded());
            used.map(|it| it.version().to_owned())
        };
        assert_eq!(used(), None, "there is none");
        kept.put(&catalogue("2099-01-01")).unwrap();
        assert_eq!(used().as_deref(), Some("mine 1 of 2099-01-01"));
        kept.put(&catalogue("2020-01-01")).unwrap();
        assert_eq!(used(), None, "older");
        for broken in [
            "",
            "x",
            "{}",
            "{\"name\":\"mine\",\"version\":\"1\",\"date\":\"soon\"}",
        ] {
            std::fs::write(&path, broken).unwrap();
            assert_eq!(used(), None, "{broken}");
        }
        std::fs::write(&path, [0xff]).unwrap();
        assert_eq!(used(), None, "no text");
    }

    #[test]
    fn the_one_before_is_kept_and_one_can_go_back_to_it_and_to_the_embedded_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prices.jsonl");
        let kept = Kept::at(&path);
        assert!(!kept.undo().unwrap());
        kept.put(&catalogue("2099-01-01")).unwrap();
        kept.put(&catalogue("2099-01-02")).unwrap();
        assert!(kept.undo().unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, catalogue("2099-01-01"));
        assert!(kept.undo().unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        assert!(!kept.undo().unwrap());
    }
}
