//! What the document imports, and the files that this leads to in the workspace.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::names::{Seen, shared};
use super::{Pool, number};
use crate::context::fragment::Source;
use crate::context::prepare::Inputs;
use crate::index::{Found, names};
use crate::syntax::{self, Import};

/// How much of the text is searched for imports from its beginning on.
const HEAD: usize = 64 * 1024;

/// How much of that is searched at a time: where a stretch behind the first has no imports, none are looked for further on. To look for some is most
/// of what a choice takes.
const STRETCH: usize = 8 * 1024;

/// How much before the cursor is searched, too: a module of tests has imports of its own.
const NEAR: usize = 4 * 1024;

/// The most definitions of an imported file that are candidates without being named.
const OF_FILE: usize = 150;

/// The most files that are looked into.
const FILES: usize = 60;

/// The most files that an import means; a package may have many.
const OF_IMPORT: usize = 120;

/// The most files that are reached in all.
const PASSED_ON: usize = 1_000;

/// The document's imports.
#[derive(Default)]
pub(super) struct Imports {
    /// Each name that is brought in, and each that ends a path.
    names: FxHashSet<String>,
    /// The files that the paths mean, best guess, each with how directly: 1 for those themselves, less for what those pass on.
    files: FxHashMap<Arc<str>, f32>,
    /// Of these, what the statement means in which the cursor stands.
    open: FxHashSet<Arc<str>>,
    /// Where the statements stand.
    ranges: Vec<Range<usize>>,
}

impl Imports {
    /// Returns whether a byte is in one of the statements.
    pub(super) fn hold(&self, byte: usize) -> bool {
        let at = self.ranges.partition_point(|range| range.end <= byte);
        self.ranges.get(at).is_some_and(|range| range.start <= byte)
    }

    /// Returns whether an import leads to this file.
    pub(super) fn reaches(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Returns the files that the imports lead to, those that are meant directly first.
    pub(super) fn files(&self) -> Vec<&Arc<str>> {
        let mut files: Vec<_> = self.files.iter().collect();
        files.sort_unstable_by(|a, b| b.1.total_cmp(a.1).then_with(|| a.0.cmp(b.0)));
        files.into_iter().map(|(path, _)| path).collect()
    }

    /// Returns how directly an import leads to this file; 0 if none does.
    pub(super) fn reach(&self, path: &str) -> f32 {
        self.files.get(path).copied().unwrap_or_default()
    }

    /// Adds what the files pass on that are reached, and what those pass on.
    fn follow(&mut self, inputs: &Inputs<'_>) {
        for directness in [0.7, 0.5] {
            let mut reached: Vec<_> = self.files.keys().cloned().collect();
            reached.sort_unstable();
            for path in reached {
                let file = inputs.definitions.file(&path);
                for import in file.into_iter().flat_map(|file| &file.passed_on) {
                    let is_open = self.open.contains(&path);
                    for next in meant(inputs, &path, import) {
                        if self.files.len() < PASSED_ON {
                            self.files.entry(next.clone()).or_insert(directness);
                        }
                        if is_open {
                            self.open.insert(next);
                        }
                    }
                }
            }
        }
    }
}

/// Finds the statements, in the order of the text.
fn statements(inputs: &Inputs<'_>) -> Vec<Import> {
    let mut all: Vec<Import> = Vec::new();
    let mut add = |stretch: Range<usize>| {
        let known = all.last().map_or(0, |last| last.range.end);
        let found = syntax::imports(inputs.tree, inputs.text, stretch);
        // What reaches into a stretch is found in it, too.
        let before = all.len();
        all.extend(found.into_iter().filter(|one| one.range.start >= known));
        all.len() > before
    };
    let mut end = 0;
    while end < HEAD.min(inputs.text.len_bytes()) {
        let start = end;
        end += STRETCH;
        if !add(start..end) && start > 0 {
            break;
        }
    }
    let near = inputs.cursor.saturating_sub(NEAR).max(end);
    if near < inputs.cursor {
        add(near..inputs.cursor);
    }
    all
}

/// Reads the imports and finds their files.
pub(super) fn read(inputs: &Inputs<'_>) -> Imports {
    let mut imports = Imports::default();
    for import in statements(inputs) {
        imports.ranges.push(import.range.clone());
        let parts: Vec<&str> = names(&import.path).map(|(_, part)| part).collect();
        imports.names.extend(import.names.iter().cloned());
        imports
            .names
            .extend(parts.last().map(|&part| part.to_owned()));
        let mut candidates = meant(inputs, inputs.path, &import.path);
        for name in &import.names {
            let mut parts = parts.clone();
            parts.push(name);
            candidates.extend(of_path(inputs, inputs.path, &parts));
        }
        if import.range.start < inputs.cursor && inputs.cursor <= import.range.end {
            imports.open.extend(candidates.iter().cloned());
        }
        let direct = candidates.into_iter().map(|path| (path, 1.0));
        imports.files.extend(direct);
    }
    imports.follow(inputs);
    imports
}

/// Returns the files that a path may mean which `base` imports: its last part is a file, or a name within the file that the part before it
/// names.
fn meant(inputs: &Inputs<'_>, base: &str, path: &str) -> Vec<Arc<str>> {
    let parts: Vec<&str> = names(path).map(|(_, part)| part).collect();
    let ends = (1..=parts.len()).rev().take(2).map(|end| &parts[..end]);
    ends.flat_map(|parts| of_path(inputs, base, parts))
        .collect()
}

/// Returns the files whose paths end as an import does, those with most parts in common; of these the ones nearest to the file that imports.
fn of_path(inputs: &Inputs<'_>, base: &str, parts: &[&str]) -> Vec<Arc<str>> {
    let Some(last) = parts.last() else {
        return Vec::new();
    };
    let family = inputs.tree.language().family();
    let score = |path: &str| (matched(path, parts), shared(base, path));
    let files = inputs.definitions.called(last).into_iter();
    let files: Vec<_> = files
        .filter(|file| file.language.family() == family && *file.path != *inputs.path)
        .map(|file| (score(&file.path), file.path.clone()))
        .collect();
    let best = files.iter().map(|(score, _)| *score).max();
    let of_best = files.into_iter().filter(|(score, _)| Some(*score) == best);
    of_best.map(|(_, path)| path).take(OF_IMPORT).collect()
}

/// Returns how many of an import's last parts a path ends with, before its extensions; a file may also stand for its folder.
fn matched(path: &str, parts: &[&str]) -> usize {
    let mut folders: Vec<&str> = path.split(['/', '\\']).collect();
    if let Some(file) = folders.pop() {
        let stem = file.split('.').next().unwrap_or(file);
        if parts.last() == Some(&stem) {
            folders.push(stem);
        }
    }
    let pairs = folders.iter().rev().zip(parts.iter().rev());
    pairs.take_while(|(a, b)| a == b).count()
}

/// Adds what the imports name, and what else their files define.
pub(super) fn add(pool: &mut Pool<'_>, inputs: &Inputs<'_>, _: &Seen, imports: &Imports) {
    let mut sorted: Vec<&String> = imports.names.iter().collect();
    sorted.sort_unstable();
    for name in sorted {
        let found = pool.named(name);
        let reached = found.iter().any(|one| imports.reaches(&one.file.path));
        for one in found {
            if reached && !imports.reaches(&one.file.path) {
                continue;
            }
            if let Some(signs) = pool.add(one, Source::Import) {
                // A name whose file cannot be told may be that of something else.
                signs.imported = if reached { 1.0 } else { 0.3 };
            }
        }
    }
    for path in imports.files().into_iter().take(FILES) {
        let Some(file) = inputs.definitions.file(path) else {
            continue;
        };
        // A file that defines much is imported for little of it.
        let weight = 1.0 / number(file.definitions.len()).sqrt().max(1.0);
        let is_open = imports.open.contains(path);
        for at in 0..file.definitions.len().min(OF_FILE) {
            let found = Found {
                file: file.clone(),
                at,
            };
            if let Some(signs) = pool.add(found, Source::Import) {
                signs.of_imported = signs.of_imported.max(weight);
                signs.importing = f32::from(u8::from(is_open && signs.imported == 0.0));
            }
        }
    }
}
