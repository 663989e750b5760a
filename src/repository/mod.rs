//! The files round a document: what git says has changed in them.
//!
//! Entry point: [`changes`]. Everything here touches the disk and so has a deadline and a bound, and is awaited off the loop.
//!
//! Invariant: what a repository says is data. Nothing in it can make us run a program, reach the network, or read outside of it.

mod git;

pub use git::{Changes, Failure, Which, changes};
