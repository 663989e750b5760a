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
    /// The words that the names nearest to the cursor are made of, and how near they stand.
    parts: FxHashMap<String, f32>,
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
        let weight = (-lines / 6.0).exp();
        if weight > 0.01 {
            for part in parts(name) {
                let known = self.parts.entry(part).or_default();
                *known = known.max(weight);
            }
        }
    }

    /// Returns how much a name is made of the words near the cursor, those of comments among them.
    pub(super) fn alike(&self, name: &str) -> f32 {
        let (mut sum, mut count) = (0.0, 0.0);
        for part in parts(name) {
            sum += self.parts.get(&part).copied().unwrap_or_default();
            count += 1.0;
        }
        sum / f32::max(count, 1.0)
    }
}

/// Returns the words that a name is made of, in small letters: `http` and `client` of `HttpClient` and `http_client`.
fn parts(name: &str) -> impl Iterator<Item = String> {
    let mut rest = name;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(|c: char| !c.is_alphabetic());
            let mut letters = rest.char_indices();
            let mut last = letters.next()?.1;
            let end = letters.find(|(_, c)| {
                let ends = !c.is_alphabetic() || (c.is_uppercase() && !last.is_uppercase());
                last = *c;
                ends
            });
            let (part, more) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
            rest = more;
            if part.len() > 2 {
                return Some(part.to_lowercase());
            }
        }
    })
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
            pool.add(one, Source::Nearby);
        }
    }
}

/// Returns how much of two paths' beginnings is the same, in folders.
pub(super) fn shared(a: &str, b: &str) -> usize {
    let parts = a.split(['/', '\\']).zip(b.split(['/', '\\']));
    parts.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_name_is_made_of_words() {
        let of = |name| parts(name).collect::<Vec<_>>();
        assert_eq!(of("HttpClient2"), ["http", "client"]);
        assert_eq!(of("_check_of_HTTPHeader"), ["check", "httpheader"]);
        assert!(of("x_1").is_empty());
    }
}
