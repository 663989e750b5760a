//! `initialized`: what takes time and the client need not wait for.

use std::sync::Arc;
use std::time::Duration;

use super::super::backend::Shared;
use super::did_change_configuration;

/// How often the enabled local servers are asked whether they answer.
const PROBE_EVERY: Duration = Duration::from_secs(15);

/// Starts the work in the background. It ends with the server, whose state it does not keep alive.
pub fn start(shared: &Arc<Shared>) {
    did_change_configuration::settled(shared);
    let weak = Arc::downgrade(shared);
    tokio::spawn(async move {
        loop {
            let Some(shared) = weak.upgrade() else { return };
            let settings = shared.session().settings().clone();
            if !settings.local_servers.is_empty() {
                shared.gateway.probe(&settings).await;
                did_change_configuration::decide(&shared);
            }
            drop(shared);
            tokio::time::sleep(PROBE_EVERY).await;
        }
    });
}
