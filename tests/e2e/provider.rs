//! The scripted provider, shared with the benchmarks.

#[path = "../support/scripted.rs"]
#[allow(dead_code, reason = "the benchmarks use the rest of it")]
mod scripted;

pub use scripted::{Scripted, Step, chunk, event, events, head, response, stream_end, stream_head};
