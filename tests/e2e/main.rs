//! The server as an editor meets it: in memory, over pipes, one file per story.
//!
//! Entry point: [`client::Client`]. Models are a [`byok_lsp::provider::fake::Fake`], whose stream the test feeds, or a
//! [`provider::Scripted`] HTTP server on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test fails by panicking, and reads best when its JSON is written in place"
)]

mod actions;
mod advice;
mod bad_input;
mod budget;
mod cancel;
mod catalogue;
mod client;
mod configuration;
mod context;
mod documents;
mod fallback;
mod faults;
mod files;
mod ghost_text;
#[path = "../support/git.rs"]
mod git;
mod http;
mod limits;
mod litellm;
mod llama_server;
mod models;
mod network;
mod openrouter;
mod organisation;
mod peer;
mod privacy;
mod provider;
mod sign_in;
mod spoken;
mod telemetry;
mod wires;
mod workspace;
