//! The names near the cursor, and the definitions that they lead to.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::imports::Imports;
use super::{Pool, number};
use crate::context::fragment::Source;
use crate::context::prepare::Inputs;
use crate::index::names;

/// How much is looked at before the cursor and behind it, in bytes.
const BEFORE: usize = 24 * 1024;
const BEHIND: usize = 12 * 1024;

/// A line has about so many bytes.
const LINE: f32 = 32.0;

/// The most names that are looked up.
const NAMES: usize = 1_500;

/// The names round the cursor.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) names: FxHashMap<String, Sight>,
    /// What is being typed at the cursor.
    pub(super) word: String,
}

/// How a name stands round the cursor.
#[derive(Default)]
pub(super) struct Sight {
    pub(super) count: f32,
    pub(super) near: f32,
    pub(super) around: f32,
    /// How near it stands where something is reached through it: before a `.` or `::`.
    pub(super) reaching: f32,
}

/// Reads the text round the cursor.
///
/// What import statements name is not taken for being used: that they name it is a sign of its own.
pub(super) fn read(inputs: &Inputs<'_>, imports: &Imports) -> Seen {
    let mut seen = Seen::default();
    let text = inputs.text;
    let floor = |byte: usize| text.char_to_byte(text.byte_to_char(byte.min(text.len_bytes())));
    let cursor = floor(inputs.cursor);
    let start = floor(cursor.saturating_sub(BEFORE));
    let end = floor(cursor + BEHIND);
    let before = String::from(text.byte_slice(start..cursor));
    let behind = String::from(text.byte_slice(cursor..end));
    for (at, name) in names(&before) {
        // What is being typed is no name yet.
        if at + name.len() == before.len() {
            name.clone_into(&mut seen.word);
        } else if !imports.hold(start + at) {
            seen.note(name, &before, at..at + name.len(), before.len() - at);
        }
    }
    for (at, name) in names(&behind) {
        // What stands behind the cursor says less than what stands before it.
        if !imports.hold(cursor + at) {
            seen.note(name, &behind, at..at + name.len(), 200 + at * 2);
        }
    }
    seen
}

impl Seen {
    fn note(&mut self, name: &str, text: &str, at: Range<usize>, distance: usize) {
        if self.names.len() >= NAMES && !self.names.contains_key(name) {
            return;
        }
        let lines = number(distance) / LINE;
        let sight = self.names.entry(name.to_owned()).or_default();
        sight.count += 1.0;
        sight.near = sight.near.max((-lines / 10.0).exp());
        sight.around = sight.around.max((-lines / 100.0).exp());
        let behind = &text[at.end..];
        if behind.starts_with('.') || behind.starts_with("::") || behind.starts_with("->") {
            sight.reaching = sight.reaching.max((-lines / 30.0).exp());
        }
    }
}

/// How many definitions of one name are candidates.
const PLACES: usize = 3;

/// Adds the definitions of the names.
pub(super) fn add(pool: &mut Pool<'_>, inputs: &Inputs<'_>, seen: &Seen, imports: &Imports) {
    let mut sorted: Vec<&String> = seen.names.keys().collect();
    sorted.sort_unstable();
    for name in sorted {
        let mut found = pool.named(name);
        // Of several, what is imported is meant, or what is closest.
        found.sort_by_key(|one| {
            let path = &*one.file.path;
            std::cmp::Reverse((imports.reaches(path), shared(inputs.path, path)))
        });
        for one in found.into_iter().take(PLACES) {
            let of_imported = imports.reaches(&one.file.path);
            if let Some(signs) = pool.add(one, Source::Nearby) {
                signs.of_imported = f32::from(u8::from(of_imported));
            }
        }
    }
}

/// Returns how much of two paths' beginnings is the same, in folders.
pub(super) fn shared(a: &str, b: &str) -> usize {
    let parts = a.split(['/', '\\']).zip(b.split(['/', '\\']));
    parts.take_while(|(a, b)| a == b).count()
}
