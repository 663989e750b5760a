//! Code actions: what is done to code on demand, with a price on it before it is chosen.
//!
//! Entry points: [`offers`], which is free and offline, and [`run`], which asks the model. The way of an action:
//!
//! 1. [`catalogue`]: the [built-in actions](built_in) are data: what each is called, where it applies, what the model is told, what comes back.
//! 2. [`target`]: which lines an action is about: the selection, else the definition round the cursor or the diagnostic.
//! 3. [`prompt`]: what the model is shown. The file's text is data in it, never instructions.
//! 4. [`reply`]: a model's answer, read leniently: one fenced block, or search and replace blocks, or a diff whose line numbers nobody
//!    believes. What could be read in two ways is refused, never guessed.
//! 5. [`fit`]: the answer in the file's own indentation and line breaks.
//! 6. [`edit`]: the least edits that make the old text the new one, and how they are carried over what was typed meanwhile.
//! 7. [`verify`]: the result is parsed; a new syntax error is refused.
//!
//! What fails in 4 to 7 is shown to the model once more, with the reason, or to a stronger one where the user names it ([`escalate`]); what fails then changes nothing.
//!
//! Invariants: edits lie within the target's lines of the one document that was asked about; nothing that a model says names a file, but in
//! `change` ([`other`], `reply/files.rs`): there it may name those that it was shown, and new ones that [`repository`](crate::repository) lets be created.
//! Nothing here does I/O but the call through the gateway, and the look whether a file may be created.

mod built_in;
mod catalogue;
mod choose;
mod edit;
mod escalate;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod escalate_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod estimate_tests;
mod explanation;
mod files;
mod fit;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod hostile_tests;
mod offer;
mod other;
mod price;
mod prompt;
mod rename;
mod reply;
mod run;
mod shown;
mod target;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod verify;

pub use catalogue::{Action, Applies, Kind, Output, all, find};
pub use choose::{decide, decide_about, unable};
pub use edit::{Conflict, moved, rebase};
pub use offer::{Ask, Offer, offers};
pub use other::{
    FileChange, Material, OtherFile, What, new_path, open_files, relative, test_paths,
};
pub use price::{is_above, shown as shown_price};
pub use prompt::longest_run;
pub use rename::rename;
pub use reply::{Fault, read as read_reply};
pub use run::{Again, Done, Failure, Job, Progress, Watch, run};
pub use target::{Diagnostic, Target, target};
pub use verify::applied;
