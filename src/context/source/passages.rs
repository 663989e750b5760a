//! Passages of the workspace that are like the text at the cursor, and what they use.
//!
//! Who writes what was written before in another place needs what that place uses, though nothing of it stands near the cursor yet. A passage
//! is like the text at the cursor by the names that both have, each counted by how few files use it and how near to the cursor it stands.

use rustc_hash::FxHashMap;

use super::imports::Imports;
use super::names::{Seen, shared};
use super::{Pool, number};
use crate::context::fragment::Source;
use crate::context::prepare::Inputs;
use crate::index::{Name, PASSAGE, Passage};

/// What stands farther from the cursor than this (0.05 is some thirty lines) is not compared.
const NEAR: f32 = 0.05;

/// How many passages have a say.
const PASSAGES: usize = 24;

/// How many imported files are looked into, beside those round the document.
const FILES: usize = 60;

/// How much a passage says of the one behind it.
const BEHIND: f32 = 0.5;

/// The most names that are candidates for standing in such passages alone, and how many definitions of each.
const NAMES: usize = 80;
const PLACES: usize = 3;

/// What the passages that are likest to the text at the cursor use.
#[derive(Default)]
pub(super) struct Passages {
    /// For each name, the part of the passages that it stands in, and how like the likest is.
    names: FxHashMap<Name, (f32, f32)>,
}

impl Passages {
    /// Returns which part of the passages uses a name, and how like the text at the cursor the likest of these is.
    pub(super) fn of(&self, name: Name) -> (f32, f32) {
        self.names.get(&name).copied().unwrap_or_default()
    }
}

/// Finds the passages.
pub(super) fn read(inputs: &Inputs<'_>, seen: &Seen, imports: &Imports) -> Passages {
    let definitions = inputs.definitions;
    let files = number(definitions.files() + 1);
    let mut wanted: FxHashMap<Name, f32> = FxHashMap::default();
    for (name, sight) in &seen.names {
        let name = Name::of(name);
        let rare = (files / number(definitions.users(name) as usize + 1)).ln();
        if sight.near > NEAR && rare > 0.0 {
            wanted.insert(name, sight.near * rare);
        }
    }
    // In order, since the order in which numbers are added changes the sum.
    let mut weights: Vec<(Name, f32)> = wanted.iter().map(|(name, it)| (*name, *it)).collect();
    weights.sort_unstable_by_key(|(name, _)| *name);
    let whole: f32 = weights.iter().map(|(_, weight)| weight).sum();
    let family = inputs.tree.language().family();
    let mut looked_at = definitions.round(inputs.path);
    let imported = imports.files().into_iter().take(FILES);
    looked_at.extend(imported.filter_map(|path| definitions.file(path)));
    looked_at.sort_by(|a, b| a.path.cmp(&b.path));
    looked_at.dedup_by(|a, b| a.path == b.path);
    looked_at.retain(|file| file.language.family() == family);
    let own = inputs
        .text
        .byte_to_line(inputs.cursor.min(inputs.text.len_bytes()))
        / PASSAGE;
    let mut found: Vec<(f32, Passage<'_>, Passage<'_>)> = Vec::new();
    for file in looked_at {
        let passages: Vec<Passage<'_>> = file.passages().collect();
        for (at, passage) in passages.iter().enumerate() {
            // What stands round the cursor is like itself.
            if *file.path == *inputs.path && at.abs_diff(own) <= 1 {
                continue;
            }
            let common: f32 = passage.names().filter_map(|name| wanted.get(&name)).sum();
            if common > 0.0 {
                let likeness = common / number(passage.len() + 8).sqrt();
                let behind = passages.get(at + 1).copied().unwrap_or_default();
                found.push((likeness, *passage, behind));
            }
        }
    }
    // Stable: of those alike the first by file and line come first.
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(PASSAGES);
    let mut names: FxHashMap<Name, (f32, f32)> = FxHashMap::default();
    let all: f32 = found.iter().map(|(likeness, ..)| likeness.powi(2)).sum();
    for (likeness, within, behind) in found {
        let part = likeness.powi(2) / f32::max(all, 1e-6);
        let alike = likeness / f32::max(whole, 1e-6);
        let said = within.names().map(|name| (name, 1.0));
        for (name, much) in said.chain(behind.names().map(|name| (name, BEHIND))) {
            let known = names.entry(name).or_default();
            known.0 += part * much;
            known.1 = known.1.max(alike * much);
        }
    }
    Passages { names }
}

/// Adds what the passages use.
pub(super) fn add(
    pool: &mut Pool<'_>,
    inputs: &Inputs<'_>,
    passages: &Passages,
    imports: &Imports,
) {
    let mut names: Vec<(Name, f32)> = passages
        .names
        .iter()
        .map(|(name, (part, _))| (*name, *part))
        .collect();
    names.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut added = 0;
    for (name, _) in names {
        let mut found = pool.meant(name);
        if found.is_empty() {
            continue;
        }
        // Where an import says which is meant, no other is.
        if found.iter().any(|one| imports.reaches(&one.file.path)) {
            found.retain(|one| imports.reaches(&one.file.path));
        }
        found.sort_by_cached_key(|one| {
            let path = &*one.file.path;
            std::cmp::Reverse((imports.reaches(path), shared(inputs.path, path)))
        });
        for one in found.into_iter().take(PLACES) {
            pool.add(one, Source::Sibling);
        }
        added += 1;
        if added == NAMES {
            break;
        }
    }
}
