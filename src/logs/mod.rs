//! The log file: what the server did, for whoever looks for a fault afterwards.
//!
//! Entry points: [`layer`] is the part of the subscriber that writes it, [`read`] reads it back. A line is one JSON object: when, which process,
//! how bad, what, and the request of the editor that it belongs to, so that request, call (the name of its row in the ledger) and the provider's
//! own name for it stand together.
//!
//! Invariants: it is bounded in size and in files, also with several servers at once ([`file`]); only its owner may read it; it holds what our own
//! code says of itself and nothing that a dependency says; no text of documents, prompts or answers, which our code says at `trace` level alone,
//! and that is never written here; no key ([`line`] looks at each value). Whoever logs never waits for the disk ([`sink`]).

mod file;
mod layer;
mod line;
pub mod read;
mod sink;

use std::path::{Path, PathBuf};

pub use file::make_folder;
pub use layer::layer;
pub use sink::{flush, note_panic};

/// Returns where the log lies: a folder of its own beside the ledger.
pub fn path_beside(ledger: &Path) -> Option<PathBuf> {
    let folder = ledger.parent().filter(|folder| folder.is_absolute())?;
    Some(folder.join("logs").join("byok-lsp.log"))
}

/// Returns the place of an older file: 1 is the youngest of them.
fn older(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}
