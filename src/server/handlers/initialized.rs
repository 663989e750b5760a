//! `initialized`: what takes time and the client need not wait for.

use std::sync::Arc;

use super::super::backend::Shared;
use super::settle::settle;
use super::workspace_file;

/// Starts the work in the background, once.
pub fn start(shared: &Arc<Shared>) {
    if !shared.is_first_start() {
        return;
    }
    settle(shared);
    shared.tell_budget();
    workspace_file::start(shared);
}
