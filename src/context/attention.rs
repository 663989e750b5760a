//! What the user has been at, and what is complained about: what a session knows beyond the text and the workspace.

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
}

/// A place at which the cursor was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewed {
    /// The document's name in the index.
    pub path: String,
    /// The line, counted from 0.
    pub line: u32,
}
