//! The embedded engine: it continues code from the patterns of the open documents and the workspace. No network, no weights.
//!
//! Entry point: [`Engine`]. It keeps an index of the workspace's tokens, sorted by what comes before each ([`segment`]), built
//! in the background ([`indexer`]). A prediction looks up how the text before the cursor went on elsewhere ([`evidence`]),
//! searches for the most probable rest of the line ([`search`]) and says how sure it is ([`confidence`]).
//!
//! Invariants: a query takes only immutable snapshots and never waits for indexing; nothing here panics on any text, path or
//! offset; memory stays within [`Limits`]; no thread exists before there is something to index.

mod block;
mod confidence;
mod engine;
mod evidence;
mod index;
mod indexer;
mod predict;
mod rename;
mod search;
mod segment;
#[cfg(test)]
mod tests;
mod token;
mod vocabulary;
mod window;

pub use confidence::{Confidence, DEFAULT_MIN_CONFIDENCE};
pub use engine::{Engine, Limits, Stats};
pub use predict::{Evidence, Prediction, Query};
