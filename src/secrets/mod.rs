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
    begins: Option<AhoCorasick>,
    /// In the order of the texts that `begins` looks for.
    shapes: Vec<(Shape, &'static str)>,
    names: usize,
}

impl Detectors {
    fn new(detectors: Vec<WrittenDetector>) -> Self {
        let names = detectors.len();
        let mut shapes = Vec::new();
        for detector in detectors {
            // They live as long as the process, and there are as many as the file has.
            let name: &'static str = detector.name.leak();
            let read = detector
                .shapes
                .iter()
                .filter_map(|shape| Shape::read(shape));
            shapes.extend(read.map(|shape| (shape, name)));
        }
        // Four times as fast as the smaller automaton, for half a megabyte.
        let begins = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(shapes.iter().map(|(shape, _)| &shape.begins))
            .ok();
        Self {
            begins,
            shapes,
            names,
        }
    }

    fn find(&self, text: &str, found: &mut Vec<Found>) {
        let Some(begins) = &self.begins else { return };
        for hit in begins.find_overlapping_iter(text) {
            let Some((shape, kind)) = self.shapes.get(hit.pattern().as_usize()) else {
                continue;
            };
            let start = hit.start();
            if is_inside_word(text, start) {
                continue;
            }
            let Some(rest) = text.get(start..) else {
                continue;
            };
            let Some(length) = shape.length(rest) else {
                continue;
            };
            let matched = rest.get(..length).unwrap_or_default();
            if random::is_made_up(shape.own(matched)) {
                continue;
            }
            found.push(Found {
                range: start..start + length,
                kind,
            });
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
