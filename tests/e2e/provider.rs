//! The scripted provider, shared with the benchmarks, and what may lie between it and the server.

#[path = "../support/authority.rs"]
mod authority;
#[path = "../support/scripted.rs"]
#[allow(dead_code, reason = "the benchmarks use the rest of it")]
mod scripted;
#[path = "../support/tunnel.rs"]
mod tunnel;

pub use authority::Authority;
pub use scripted::{
    Scripted, Seen, Step, chunk, event, events, head, response, stream_end, stream_head,
};
pub use tunnel::Tunnel;
