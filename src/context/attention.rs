//! What the user has been at, and what is complained about: what a session knows beyond the text and the workspace.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use super::fragment::Fragment;

/// What drew somebody's attention of late, outside of the text round the cursor. It may all be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attention {
    /// Lines that were edited elsewhere, the latest first.
    pub edited: Vec<Fragment>,
    /// Where the cursor was in other documents, the latest first.
    pub viewed: Vec<Viewed>,
    /// What other servers complain about near the cursor.
    pub complaints: Vec<String>,
    /// What has changed since the last commit, of the files that were written last, the latest first.
    pub changed: Arc<[Changed]>,
}

/// What has changed in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The file's name in the index.
    pub path: String,
    /// Its lines, counted from 0.
    pub lines: Vec<RangeInclusive<u32>>,
}

/// A place at which the cursor was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewed {
    /// The document's name in the index.
    pub path: String,
    /// The line, counted from 0.
    pub line: u32,
}

impl Changed {
    /// Takes what is told of a file; `None` if its path is not text, since the index has none of such a name.
    pub fn of(path: &Path, lines: Vec<RangeInclusive<u32>>) -> Option<Self> {
        let path = path.to_str()?.to_owned();
        Some(Self { path, lines })
    }
}
