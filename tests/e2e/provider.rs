//! The scripted provider, shared with the benchmarks.

#[path = "../support/scripted.rs"]
mod scripted;

pub use scripted::{Scripted, Step, event, events, response, stream_end, stream_head};
