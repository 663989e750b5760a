//! What to show a model: the text around the cursor, and what it needs of other files, within a budget of tokens.
//!
//! Entry points: [`prepare()`] chooses the fragments of other files, off the way of any request; [`assemble()`] puts those and the [`window`]
//! round the cursor into the form that a model takes, with a [`Manifest`] of every piece. Nothing here does I/O or fails: what the workspace
//! defines comes in as a snapshot of the index. The same state gives the same bytes, and the window's start moves in steps rather than with
//! every key, so that a provider's prompt cache keeps hitting while the user types.

mod assemble;
mod attention;
mod desk;
mod fragment;
mod manifest;
pub mod marker;
mod message;
mod pace;
mod prepare;
mod prompt;
mod rank;
mod source;
mod window;

pub use assemble::{Assembled, Form, Prompt, View, assemble, shares};
pub use attention::{Attention, Changed, Viewed};
pub use desk::Desk;
pub use fragment::{Fragment, Source};
pub use manifest::{Field, Kept, Manifest, Manifests, Part, Rule};
pub use pace::{Pace, When};
pub use prepare::{Inputs, Prepared, prepare};
pub use rank::judged;
pub use window::{Budget, Window, window};

/// Returns the part of a path that is within a folder, if it is.
fn within<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(folder).filter(|_| !folder.is_empty())?;
    rest.strip_prefix(['/', '\\'])
}

/// Returns whether a file is in a folder, both by their paths.
pub fn is_within(path: &str, folder: &str) -> bool {
    within(path, folder).is_some()
}

/// Returns how a file is named to a model: from the workspace's folder on, with plain slashes.
pub fn shown_path(path: &str, folder: &str) -> String {
    // A file of no folder is named by its last part: where it lies is nobody's business.
    let shown = within(path, folder).or_else(|| path.rsplit(['/', '\\']).next());
    // A name may hold anything, and a line break would let it speak for itself.
    shown
        .unwrap_or(path)
        .replace('\\', "/")
        .replace(char::is_control, " ")
}

#[cfg(test)]
mod tests;
