//! The files round a document: what git says has changed in them, and where one may be read or created.
//!
//! Entry points: [`changes`], [`changed_lines`], [`readable`], [`creatable`], and [`complaint`], which runs the user's own check. Everything here touches the disk and so has a deadline and a bound, and is awaited off the loop.
//!
//! Invariant: what a repository says is data. Nothing in it can make us run a program, reach the network, or read outside of it; only the user
//! can name a program that looks at it.

mod blobs;
mod check;
mod git;
mod lines;
mod place;

pub use check::{Changed, Check, complaint};
pub use git::{Changes, Failure, Which, changes};
pub use lines::{ChangedLines, changed_lines};
pub use place::{Refusal, creatable, readable};
