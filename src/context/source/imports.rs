//! What the document imports, and the files that this leads to in the workspace.

use std::ops::Range;

use rustc_hash::FxHashSet;

use super::names::{Seen, shared};
use super::{Pool, number};
use crate::context::fragment::Source;
use crate::context::prepare::Inputs;
use crate::index::{Found, names};
use crate::syntax;

/// How much of the text is searched for imports.
const HEAD: usize = 64 * 1024;

/// The most definitions of an imported file that are candidates without being named.
const OF_FILE: usize = 150;

/// The most files that are looked into.
const FILES: usize = 40;

/// The document's imports.
#[derive(Default)]
pub(super) struct Imports {
    /// Each name that is brought in, and each that ends a path.
    names: FxHashSet<String>,
    /// The files that the paths mean, best guess.
    files: FxHashSet<std::sync::Arc<str>>,
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
        self.files.contains(path)
    }
}

/// Reads the imports and finds their files.
pub(super) fn read(inputs: &Inputs<'_>) -> Imports {
    let mut imports = Imports::default();
    for import in syntax::imports(inputs.tree, inputs.text, 0..HEAD) {
        imports.ranges.push(import.range.clone());
        let parts: Vec<&str> = names(&import.path).map(|(_, part)| part).collect();
        imports.names.extend(import.names.iter().cloned());
        imports
            .names
            .extend(parts.last().map(|&part| part.to_owned()));
        // The last part is a file, or a name within the file that the part before it names.
        let ends = (1..=parts.len()).rev().take(2).map(|end| &parts[..end]);
        let mut candidates: Vec<_> = Vec::new();
        for parts in ends {
            candidates.extend(of_path(inputs, parts));
        }
        for name in &import.names {
            let mut parts = parts.clone();
            parts.push(name);
            candidates.extend(of_path(inputs, &parts));
        }
        imports.files.extend(candidates);
    }
    imports
}

/// Returns the files whose paths end as an import does, those with most parts in common; of these the ones nearest to the document.
fn of_path(inputs: &Inputs<'_>, parts: &[&str]) -> Vec<std::sync::Arc<str>> {
    let Some(last) = parts.last() else {
        return Vec::new();
    };
    let family = inputs.tree.language().family();
    let score = |path: &str| (matched(path, parts), shared(inputs.path, path));
    let files = inputs.definitions.called(last).into_iter();
    let files: Vec<_> = files
        .filter(|file| file.language.family() == family && *file.path != *inputs.path)
        .map(|file| (score(&file.path), file.path.clone()))
        .collect();
    let best = files.iter().map(|(score, _)| *score).max();
    let of_best = files.into_iter().filter(|(score, _)| Some(*score) == best);
    of_best.map(|(_, path)| path).take(FILES).collect()
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
            let of_imported = f32::from(u8::from(imports.reaches(&one.file.path)));
            if let Some(signs) = pool.add(one, Source::Import) {
                // A name whose file cannot be told may be that of something else.
                signs.imported = if of_imported > 0.0 { 1.0 } else { 0.3 };
                signs.of_imported = of_imported;
            }
        }
    }
    let mut files: Vec<_> = imports.files.iter().collect();
    files.sort_unstable();
    for path in files.into_iter().take(FILES) {
        let Some(file) = inputs.definitions.file(path) else {
            continue;
        };
        // A file that defines much is imported for little of it.
        let weight = 1.0 / number(file.definitions.len()).sqrt().max(1.0);
        for at in 0..file.definitions.len().min(OF_FILE) {
            let found = Found {
                file: file.clone(),
                at,
            };
            if let Some(signs) = pool.add(found, Source::Import) {
                signs.of_imported = signs.of_imported.max(weight);
            }
        }
    }
}
