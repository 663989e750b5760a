//! Tests over the whole registry; those of one function stand beside it.

mod edits;
mod fixtures;
