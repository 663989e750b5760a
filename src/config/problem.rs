//! A mistake in a configuration, told so that its writer can mend it.

use std::fmt;

/// One mistake: where it is, what is wrong, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The layer or file, such as `/home/me/.config/byok-lsp/config.toml` or `the editor's initializationOptions`.
    pub layer: String,
    /// The line in the file, counted from 1, where there is a file.
    pub line: Option<usize>,
    /// The key, such as `completion.max_tokens`; empty where the whole layer cannot be read.
    pub key: String,
    /// What is wrong and how to mend it, in one sentence.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.layer)?;
        if let Some(line) = self.line {
            write!(formatter, ", line {line}")?;
        }
        if !self.key.is_empty() {
            write!(formatter, ", {}", self.key)?;
        }
        write!(formatter, ": {}", self.message)
    }
}
