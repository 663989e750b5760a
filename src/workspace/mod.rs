//! The files of a workspace: which there are, and which of them may leave the machine.
//!
//! Entry points: [`walk`] lists and reads files, [`standing`] says of one file how far it may go, links followed: whether its text must not be
//! sent ([`confinement`] says that alone), whether it is context of no other file. All go by the ignore files as they are on the disk now. [`Markers`] are texts that mark a file at its head, for rules that go by them.

mod ignored;
mod marks;
pub mod rules;
mod stamp;
mod standing;
pub mod walk;

pub use ignored::is_ignored;
pub use marks::{HEAD, Markers, Marks};
pub use rules::Rule;
pub use stamp::Stamp;
pub use standing::{Real, Standing, confinement, standing};
