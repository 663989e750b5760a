//! `initialized`: what takes time and the client need not wait for.

use std::sync::Arc;
use std::time::Duration;

use super::super::backend::Shared;
use super::settle::{look_for_servers, settle};
use super::workspace_file;

/// How often the enabled local servers are asked whether they answer.
const PROBE_EVERY: Duration = Duration::from_secs(15);

/// Starts the work in the background, once. It ends with the server, whose state it does not keep alive.
pub fn start(shared: &Arc<Shared>) {
    if !shared.is_first_start() {
        return;
    }
    settle(shared);
    shared.tell_budget();
    workspace_file::start(shared);
    let weak = Arc::downgrade(shared);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(PROBE_EVERY).await;
            let Some(shared) = weak.upgrade() else { return };
            look_for_servers(&shared).await;
        }
    });
}
