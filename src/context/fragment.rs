//! A piece of text from elsewhere that a prompt shows, and why.

use std::sync::Arc;

use crate::cost::Tokens;

pub use crate::config::ContextSource as Source;

/// Lines of a file that a prompt shows, as they stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The file, as the model is told: from the workspace's folder on.
    pub file: Arc<str>,
    /// The first line, counted from 0.
    pub line: u32,
    /// The lines, without a line break at their end.
    pub text: Arc<str>,
    /// Why it is here.
    pub source: Source,
}

impl Fragment {
    /// Returns the tokens that it takes in a prompt, by our estimate, a comment mark and a line break included.
    pub fn tokens(&self) -> u64 {
        Tokens::in_bytes(self.text.len() + 4)
    }

    /// Returns how many lines it has.
    pub fn lines(&self) -> u32 {
        u32::try_from(self.text.matches('\n').count() + 1).unwrap_or(u32::MAX)
    }
}
