//! Credentials in text that is about to leave the machine: found, and masked so that the answer still fits.
//!
//! Entry points: [`find`] says where in a text something looks like a credential; a [`Mask`] puts a stand-in in each one's place in what is sent, and
//! the credential back in its place in what comes. The gateway does both to the very text of a request ([`crate::gateway`]), so whatever a prompt is
//! made of goes through here.
//!
//! Three ways of finding, each for what the others cannot see:
//! - [`shape`]: what issuers' credentials look like, as data (`detectors.toml`), found by the text that they begin with;
//! - [`assigned`]: what is given to a name such as `password` and looks random, whoever issued it;
//! - [`enclosed`]: private keys between their lines, passwords in addresses.
//!
//! What is made up plainly (`AKIAIOSFODNN7EXAMPLE`, `xxxxxxxx`, `${TOKEN}`) is left, so that examples and templates read as they are.

mod assigned;
mod enclosed;
mod mask;
mod random;
mod shape;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde::Deserialize;

pub use mask::{Mask, Unmask};
use shape::Shape;

/// What looks like a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// What it is, in a few words: `GitHub token`.
    pub kind: &'static str,
}

/// Returns what looks like a credential in a text, in order and without overlaps.
pub fn find(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    DETECTORS.find(text, &mut found);
    assigned::find(text, &mut found);
    enclosed::find(text, &mut found);
    // Of two that overlap the one that begins first counts, and of those the longer.
    found.sort_by_key(|one| (one.range.start, usize::MAX - one.range.end));
    let mut end = 0;
    found.retain(|one| {
        let is_free = one.range.start >= end;
        if is_free {
            end = one.range.end;
        }
        is_free
    });
    found
}

/// Returns how many kinds of credentials are known.
pub fn kinds() -> usize {
    DETECTORS.names + assigned::KINDS + enclosed::KINDS
}

static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| {
    let written: Written = toml::from_str(include_str!("detectors.toml")).unwrap_or_default();
    Detectors::new(written.detector)
});

/// `detectors.toml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    detector: Vec<WrittenDetector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDetector {
    name: String,
    shapes: Vec<String>,
}

struct Detectors {
    /// Looks for the first [`LOOKED_FOR`] bytes of every shape.
    begins: Option<AhoCorasick>,
    /// The shapes that begin with each of the texts that `begins` looks for, and the kinds they are of.
    shapes: Vec<Vec<(Shape, &'static str)>>,
    names: usize,
}

/// By how many bytes at its beginning a shape is found: few other words begin with the same, and the automaton is a fifth of what it takes
/// for whole beginnings.
const LOOKED_FOR: usize = 4;

impl Detectors {
    fn new(detectors: Vec<WrittenDetector>) -> Self {
        let names = detectors.len();
        let mut shapes: BTreeMap<Vec<u8>, Vec<_>> = BTreeMap::new();
        for detector in detectors {
            // They live as long as the process, and there are as many as the file has.
            let name: &'static str = detector.name.leak();
            let read = detector
                .shapes
                .iter()
                .filter_map(|shape| Shape::read(shape));
            for shape in read {
                let begins = shape.begins.bytes().take(LOOKED_FOR).collect();
                shapes.entry(begins).or_default().push((shape, name));
            }
        }
        // Four times as fast as an automaton that has its choices in lists.
        let begins = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(shapes.keys())
            .ok();
        Self {
            begins,
            shapes: shapes.into_values().collect(),
            names,
        }
    }

    fn find(&self, text: &str, found: &mut Vec<Found>) {
        let Some(begins) = &self.begins else { return };
        for hit in begins.find_overlapping_iter(text) {
            let start = hit.start();
            if is_inside_word(text, start) {
                continue;
            }
            let rest = text.get(start..).unwrap_or_default();
            for (shape, kind) in self
                .shapes
                .get(hit.pattern().as_usize())
                .into_iter()
                .flatten()
            {
                let Some(matched) = shape.length(rest).and_then(|length| rest.get(..length)) else {
                    continue;
                };
                if !random::is_made_up(shape.own(matched)) {
                    found.push(Found {
                        range: start..start + matched.len(),
                        kind,
                    });
                }
            }
        }
    }
}

/// Returns whether a word goes on at a byte that began before it.
fn is_inside_word(text: &str, at: usize) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    before.is_some_and(is_word) && bytes.get(at).is_some_and(is_word)
}

#[cfg(test)]
mod tests;
