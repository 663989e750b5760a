//! The model servers on this machine that the user listed (`local.servers`): which of them answer.
//!
//! Entry points: [`look`], after settings changed; [`somebody_is_here`], as a user writes, saves or looks for something; and [`look_if_due`], where somebody
//! waits for a decision. Invariant: without any of them nobody is asked, so that an editor which is left alone wakes neither this process nor a server that
//! would rather sleep.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::backend::Shared;
use super::settle;

/// Looks for the sake of what a user does are not closer to each other. A server that was started or stopped meanwhile goes unnoticed for as long at most.
const APART: Duration = Duration::from_secs(15);

/// How long a decision waits for a look: somewhat longer than the servers are given to answer, since a key may have to be found first.
const PATIENCE: Duration = Duration::from_secs(1);

/// When it was last looked for the sake of what a user does.
#[derive(Default)]
pub struct Looks(Mutex<Option<Instant>>);

impl Looks {
    /// Returns whether it is time for one, and begins it.
    fn begin(&self, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now.duration_since(last) >= APART);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

/// Asks the listed servers again, in the background, if that is a while ago.
pub fn somebody_is_here(shared: &Arc<Shared>) {
    drop(look_behind_if_due(shared));
}

/// Asks them again, if that is a while ago, and waits for what they say: a second at most. What comes later is taken, too.
pub async fn look_if_due(shared: &Arc<Shared>) {
    if let Some(look) = look_behind_if_due(shared) {
        let _ = tokio::time::timeout(PATIENCE, look).await;
    }
}

/// Begins a look behind whoever wants it, which ends whether it is waited for or not.
fn look_behind_if_due(shared: &Arc<Shared>) -> Option<JoinHandle<()>> {
    is_due(shared).then(|| {
        let shared = shared.clone();
        tokio::spawn(async move { look(&shared).await })
    })
}

fn is_due(shared: &Shared) -> bool {
    // Without any there is no look that the next would have to keep apart from.
    let has_servers = !shared.session().own_settings().local_servers.is_empty();
    has_servers && shared.local_servers.begin(Instant::now())
}

/// Asks the listed servers whether they answer, and takes the consequences.
pub async fn look(shared: &Arc<Shared>) {
    let settings = shared.session().own_settings().clone();
    if settings.local_servers.is_empty() {
        return;
    }
    if shared.gateway.probe(&settings).await {
        settle::get_ready(shared);
    } else {
        settle::decide(shared);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_types_has_the_servers_asked_once_in_a_while() {
        let looks = Looks::default();
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let asked = (0..40).filter(|key| looks.begin(start + second * *key));
        assert_eq!(asked.collect::<Vec<_>>(), [0, 15, 30]);
    }
}
