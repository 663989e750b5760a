//! The registry of languages, generated from `grammars/languages.toml`, and how a document's language is found.
//!
//! Entry points: [`Language::detect`] and [`Language::all`]. Grammars and queries are compiled on first use and kept,
//! since compiling a query costs milliseconds.

use std::sync::OnceLock;

use super::query::{Query, Topic};

/// A language of the registry: a small handle, free to copy and compare.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(u8);

/// How much the language indents by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indent {
    /// This many spaces.
    Spaces(u8),
    /// One tab.
    Tab,
}

/// What white space means to the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Line breaks are like any white space.
    Free,
    /// The end of a line may end a statement.
    Lines,
    /// Indentation shows what belongs to what.
    Indentation,
}

impl Language {
    /// Every language of the registry, in the order of their ids.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        let count = u8::try_from(ENTRIES.len()).expect("the registry has fewer than 256 languages");
        (0..count).map(Self)
    }

    /// Finds a document's language by what is known of it: the editor's `languageId`, else the file's name, else the
    /// interpreter that its first line names.
    pub fn detect(language_id: Option<&str>, path: Option<&str>, first_line: &str) -> Option<Self> {
        language_id
            .and_then(Self::from_id)
            .or_else(|| path.and_then(Self::from_path))
            .or_else(|| Self::from_shebang(first_line))
    }

    /// Finds a language by an LSP `languageId`, in whichever spelling an editor uses.
    pub fn from_id(language_id: &str) -> Option<Self> {
        Self::find(|entry| {
            has(entry.language_ids, language_id) || entry.id.eq_ignore_ascii_case(language_id)
        })
    }

    /// Finds a language by a path's file name, else by its extension. Both kinds of slashes separate folders.
    pub fn from_path(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        Self::find(|entry| entry.file_names.contains(&name)).or_else(|| {
            let (_, extension) = name.rsplit_once('.')?;
            Self::find(|entry| has(entry.extensions, extension))
        })
    }

    /// Finds a language by a script's `#!` line.
    pub fn from_shebang(first_line: &str) -> Option<Self> {
        let interpreter = interpreter(first_line)?;
        // `python3.12` and `lua5.4` are named by their version.
        let plain =
            interpreter.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
        Self::find(|entry| has(entry.interpreters, interpreter))
            .or_else(|| Self::find(|entry| has(entry.interpreters, plain)))
    }

    /// Returns the name that code and documents use, which is also the folder in `grammars/`: `csharp`.
    pub fn id(self) -> &'static str {
        self.entry().id
    }

    /// Returns the name for people: `C#`.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// Returns the file extensions, without their dot.
    pub fn extensions(self) -> &'static [&'static str] {
        self.entry().extensions
    }

    /// Returns what starts a comment that runs to the end of its line.
    pub fn line_comment(self) -> Option<&'static str> {
        self.entry().line_comment
    }

    /// Returns what starts and what ends a comment that may span lines.
    pub fn block_comment(self) -> Option<(&'static str, &'static str)> {
        self.entry().block_comment
    }

    /// Returns the indentation to assume where the text shows none.
    pub fn indent(self) -> Indent {
        self.entry().indent
    }

    /// Returns what white space means to the language.
    pub fn layout(self) -> Layout {
        self.entry().layout
    }

    /// Returns whether it holds data or prose, whose names no code refers to.
    pub fn is_data(self) -> bool {
        self.entry().data
    }

    /// Returns what it shares with the languages whose definitions it can use: the same word for each of them.
    pub fn family(self) -> &'static str {
        self.entry().family.unwrap_or(self.id())
    }

    /// Returns whether types may be left out, so that somebody may want them written down.
    pub fn has_optional_types(self) -> bool {
        self.entry().optional_types
    }

    /// Returns whether the files of a folder are one package: they see each other's definitions without an import, and others see only those
    /// whose names begin with a capital letter.
    pub fn has_packages(self) -> bool {
        self.entry().packages
    }

    /// Returns how an import begins that passes what it brings in on to whoever imports the file.
    pub fn passes_on(self) -> &'static [&'static str] {
        self.entry().passes_on
    }

    /// Returns where tests of a file belong, most usual first: patterns of paths, empty where there is no convention.
    pub fn tests(self) -> &'static [&'static str] {
        self.entry().tests
    }

    /// Returns the compiled grammar.
    pub fn grammar(self) -> &'static tree_sitter::Language {
        let entry = self.entry();
        entry.compiled.grammar.get_or_init(|| (entry.grammar)())
    }

    /// Returns the compiled query of a topic.
    pub(super) fn query(self, topic: Topic) -> &'static Query {
        let entry = self.entry();
        let (cell, source) = match topic {
            Topic::Outline => (&entry.compiled.outline, entry.outline),
            Topic::Scopes => (&entry.compiled.scopes, entry.scopes),
            Topic::Imports => (&entry.compiled.imports, entry.imports),
        };
        cell.get_or_init(|| {
            Query::compile(self.grammar(), source, topic)
                .expect("a test compiles every query of the registry")
        })
    }

    /// Returns the node kinds of comments, of strings, and of code inside strings.
    pub(super) fn texts(self) -> Texts {
        let entry = self.entry();
        Texts {
            comments: entry.comments,
            strings: entry.strings,
            code_in_strings: entry.code_in_strings,
        }
    }

    /// Returns what binds names and in which scope, over what names are not seen through, and what looks like a name and is none of a scope.
    pub(super) fn names(self) -> Names {
        let entry = self.entry();
        Names {
            bindings: entry.bindings,
            barriers: entry.barriers,
            others: entry.not_names,
        }
    }

    fn entry(self) -> &'static Entry {
        &ENTRIES[usize::from(self.0)]
    }

    fn find(matches: impl Fn(&Entry) -> bool) -> Option<Self> {
        Self::all().find(|language| matches(language.entry()))
    }
}

impl std::fmt::Debug for Language {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.id())
    }
}

/// The node kinds of a grammar that hold text rather than code.
#[derive(Clone, Copy)]
pub(super) struct Texts {
    pub(super) comments: &'static [&'static str],
    pub(super) strings: &'static [&'static str],
    pub(super) code_in_strings: &'static [&'static str],
}

/// What a grammar's nodes say about names; the formats are in `grammars/README.md`.
#[derive(Clone, Copy)]
pub(super) struct Names {
    pub(super) bindings: &'static [&'static str],
    pub(super) barriers: &'static [&'static str],
    pub(super) others: &'static [&'static str],
}

/// One table of `languages.toml`, as the build script writes it.
struct Entry {
    id: &'static str,
    name: &'static str,
    grammar: fn() -> tree_sitter::Language,
    line_comment: Option<&'static str>,
    block_comment: Option<(&'static str, &'static str)>,
    indent: Indent,
    layout: Layout,
    language_ids: &'static [&'static str],
    extensions: &'static [&'static str],
    file_names: &'static [&'static str],
    interpreters: &'static [&'static str],
    comments: &'static [&'static str],
    strings: &'static [&'static str],
    code_in_strings: &'static [&'static str],
    data: bool,
    family: Option<&'static str>,
    tests: &'static [&'static str],
    packages: bool,
    passes_on: &'static [&'static str],
    bindings: &'static [&'static str],
    barriers: &'static [&'static str],
    not_names: &'static [&'static str],
    optional_types: bool,
    outline: &'static str,
    scopes: &'static str,
    imports: &'static str,
    compiled: Compiled,
}

/// What an entry's sources compile to, filled on first use.
struct Compiled {
    grammar: OnceLock<tree_sitter::Language>,
    outline: OnceLock<Query>,
    scopes: OnceLock<Query>,
    imports: OnceLock<Query>,
}

impl Compiled {
    const fn new() -> Self {
        Self {
            grammar: OnceLock::new(),
            outline: OnceLock::new(),
            scopes: OnceLock::new(),
            imports: OnceLock::new(),
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/languages.rs"));

/// Editors and operating systems disagree about letter case in all of these.
fn has(list: &[&str], wanted: &str) -> bool {
    list.iter().any(|item| item.eq_ignore_ascii_case(wanted))
}

/// The program that a `#!` line runs, looking through `env` with its options and assignments.
fn interpreter(first_line: &str) -> Option<&str> {
    // A kernel reads 256 bytes at most, and a file may be one endless line.
    let words = first_line
        .strip_prefix("#!")?
        .split_ascii_whitespace()
        .take(16);
    let mut programs = words.map(|word| word.rsplit(['/', '\\']).next().unwrap_or(word));
    let program = programs.next()?;
    if program != "env" {
        return Some(program);
    }
    programs.find(|word| !word.starts_with('-') && !word.contains('='))
}

#[cfg(test)]
mod tests {
    use super::Language;

    fn detected(
        language_id: Option<&str>,
        path: Option<&str>,
        first_line: &str,
    ) -> Option<&'static str> {
        Language::detect(language_id, path, first_line).map(Language::id)
    }

    #[test]
    fn the_editor_s_language_id_wins_over_the_path() {
        assert_eq!(
            detected(Some("rust"), Some("a.py"), "#!/bin/sh"),
            Some("rust")
        );
        assert_eq!(detected(Some("typescriptreact"), None, ""), Some("tsx"));
        assert_eq!(
            detected(Some("javascriptreact"), None, ""),
            Some("javascript")
        );
        assert_eq!(detected(Some("shellscript"), None, ""), Some("bash"));
        assert_eq!(detected(Some("cs"), None, ""), Some("csharp"));
    }

    #[test]
    fn an_unknown_language_id_leaves_the_path_to_decide() {
        assert_eq!(
            detected(Some("plaintext"), Some("/a/b.TS"), ""),
            Some("typescript")
        );
        assert_eq!(detected(Some("plaintext"), Some("notes.txt"), ""), None);
    }

    #[test]
    fn a_file_name_wins_over_its_extension() {
        assert_eq!(
            detected(None, Some("C:\\work\\Cargo.lock"), ""),
            Some("toml")
        );
        assert_eq!(detected(None, Some("/x/Gemfile"), ""), Some("ruby"));
        assert_eq!(
            detected(None, Some("lib/types.d.ts"), ""),
            Some("typescript")
        );
        assert_eq!(detected(None, Some("/folder.rs/README"), ""), None);
    }

    #[test]
    fn a_script_without_extension_is_known_by_its_interpreter() {
        for (first_line, expected) in [
            ("#!/usr/bin/env python3", Some("python")),
            ("#!/usr/bin/python3.12 -u", Some("python")),
            (
                "#!/usr/bin/env -S LANG=C node --harmony",
                Some("javascript"),
            ),
            ("#! /bin/bash", Some("bash")),
            ("#!/usr/bin/lua5.4", Some("lua")),
            ("#!", None),
            ("#!/usr/bin/env", None),
            ("# !/bin/sh", None),
        ] {
            assert_eq!(
                detected(None, Some("/usr/local/bin/tool"), first_line),
                expected,
                "{first_line}"
            );
        }
    }

    #[test]
    fn every_language_is_found_by_its_own_id() {
        for language in Language::all() {
            assert_eq!(Language::from_id(language.id()), Some(language));
            assert!(!language.extensions().is_empty(), "{language:?}");
        }
    }
}
