//! What makes lines a chain: each has its number and the hash of the line before it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::entry::Entry;

/// The SHA-256 of a line, without its line break.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Returns that of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Hash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a hash is 64 of the digits 0-9 and a-f".to_owned();
        let digits = text.as_bytes();
        // Capital letters are another line's bytes, though the same hash.
        let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        if digits.len() != 64 || !digits.iter().all(is_digit) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A place in the chain: a line's number, and what the next line says of it. The place before the first line has the number 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The line's number, counted from 1.
    pub n: u64,
    /// Its hash.
    pub hash: Hash,
}

/// What makes a line one of a chain.
#[derive(Deserialize)]
pub(super) struct Link {
    pub n: u64,
    pub prev: Hash,
}

impl Link {
    /// Reads it off a line. Other fields are those of an [`Entry`], which later versions may have more of.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

/// Makes the line that follows a place, without its line break, and returns the place that it is.
pub(super) fn line(after: Mark, entry: &Entry) -> (String, Mark) {
    #[derive(Serialize)]
    struct Line<'a> {
        n: u64,
        prev: Hash,
        #[serde(flatten)]
        entry: &'a Entry,
    }
    let n = after.n + 1;
    let line = Line {
        n,
        prev: after.hash,
        entry,
    };
    let line =
        serde_json::to_string(&line).expect("an entry is texts and numbers, which JSON can hold");
    let hash = Hash::of(line.as_bytes());
    (line, Mark { n, hash })
}
