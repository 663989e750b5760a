//! Which files a rule is about, and who may be shown them.
//!
//! A rule names files by globs, languages and markers, and is about the files that meet every kind of condition that it names: two rules say "or". A file is in
//! a language if the editor says so or its name does, so that neither word takes it out of a rule. Markers are judged by what was found in the file's head
//! ([`Marks`]); where nobody could look, the rule holds.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::options::PathOptions;
use crate::syntax::Language;
use crate::workspace::Marks;

/// More rules, and more patterns in one, are a mistake rather than a policy.
const MOST: usize = 64;

/// A longer marker is no line that somebody puts at the head of a file, in bytes.
const LONGEST_MARKER: usize = 200;

/// The word for every server on this machine. It is no provider's name here, whatever somebody calls theirs.
pub(super) const THIS_MACHINE: &str = "local";

/// What rules about files go by.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Its name, from the workspace's folder on.
    pub path: &'a str,
    /// Its other name, if links lead elsewhere from there: what either is under, the file is under.
    pub real: Option<&'a str>,
    /// Its language, if one is known besides what the name says.
    pub language: Option<Language>,
    /// What stands at its head.
    pub marks: &'a Marks,
}

/// A rule about files.
#[derive(Debug)]
pub(super) struct PathRule {
    files: Option<Gitignore>,
    languages: Vec<Language>,
    pub markers: Vec<String>,
    pub providers: Vec<String>,
}

impl PathRule {
    /// Reads rules.
    pub(super) fn all(written: &[PathOptions]) -> Result<Vec<Self>, String> {
        let is_long = |one: &PathOptions| {
            let lists = [&one.files, &one.languages, &one.markers];
            lists.into_iter().any(|list| list.len() > MOST)
        };
        if written.len() > MOST || written.iter().any(is_long) {
            return Err(format!("{MOST} rules of {MOST} patterns each are the most"));
        }
        written.iter().map(Self::new).collect()
    }

    fn new(written: &PathOptions) -> Result<Self, String> {
        let PathOptions {
            files,
            languages,
            markers,
            providers,
        } = written;
        if files.is_empty() && languages.is_empty() && markers.is_empty() {
            return Err("a rule names no file; match = [\"*\"] is all of them".into());
        }
        for marker in markers {
            let is_line = !marker.trim().is_empty() && !marker.contains(char::is_control);
            if !is_line || marker.len() > LONGEST_MARKER {
                return Err(format!(
                    "a marker is part of one line, and no longer than {LONGEST_MARKER} bytes"
                ));
            }
        }
        let language = |id: &String| {
            Language::from_id(id).ok_or_else(|| {
                let known: Vec<&str> = Language::all().map(Language::id).collect();
                format!(
                    "no language is called {id:?}; known are {}, and any other has its files' endings for `match`",
                    known.join(", ")
                )
            })
        };
        Ok(Self {
            files: (!files.is_empty()).then(|| globs(files)).transpose()?,
            languages: languages.iter().map(language).collect::<Result<_, _>>()?,
            markers: markers.clone(),
            providers: providers.clone(),
        })
    }

    /// Returns whether the rule is about a file.
    pub(super) fn fits(&self, file: &About<'_>) -> bool {
        let mut names = std::iter::once(file.path).chain(file.real);
        names.any(|name| self.fits_name(name, file.language))
            && (self.markers.is_empty()
                || self
                    .markers
                    .iter()
                    .any(|marker| file.marks.may_have(marker)))
    }

    /// Returns whether the rule is about a file of which no more than the name is known: no marker is.
    pub(super) fn fits_any_of_name(&self, path: &str) -> bool {
        self.markers.is_empty() && self.fits_name(path, None)
    }

    fn fits_name(&self, path: &str, language: Option<Language>) -> bool {
        let is_meant = |files: &Gitignore| {
            let path = path.trim_start_matches(['/', '\\']);
            files.matched_path_or_any_parents(path, false).is_ignore()
        };
        let is_in = |language: Option<Language>| {
            language.is_some_and(|language| self.languages.contains(&language))
        };
        self.files.as_ref().is_none_or(is_meant)
            && (self.languages.is_empty() || is_in(language) || is_in(Language::from_path(path)))
    }

    /// Returns whether a provider may be shown such files; the embedded engine always may.
    pub(super) fn allows(&self, provider: &str, leaves: bool) -> bool {
        is_named(&self.providers, provider, leaves)
    }
}

/// Returns whether a rule's list has a provider; `leaves` is whether what it is sent leaves this machine.
pub(super) fn is_named(providers: &[String], provider: &str, leaves: bool) -> bool {
    providers.iter().any(|name| match name.as_str() {
        THIS_MACHINE => !leaves,
        name => name == provider,
    })
}

fn globs(patterns: &[String]) -> Result<Gitignore, String> {
    let mut builder = GitignoreBuilder::new("");
    for pattern in patterns {
        if pattern.trim().is_empty() || pattern.starts_with('#') {
            return Err("a pattern is empty, or a comment".into());
        }
        builder
            .add_line(None, pattern)
            .map_err(|error| format!("a pattern cannot be read: {error}"))?;
    }
    builder
        .build()
        .map_err(|error| format!("the patterns cannot be read: {error}"))
}
