//! The organisation's files, looked at again while the server runs: when a document is opened or saved and when settings change, a few seconds apart at the least.
//!
//! What is found to be wrong is told once. The disk may be slow, so every look is on a thread of its own.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::super::backend::Shared;
use super::settle;
use crate::config::OrganisationAgain;

/// Looks are not closer to each other.
const APART: Duration = Duration::from_secs(5);

/// Whoever replaces a file and its signature needs a moment between the two.
const HALF_DONE: Duration = Duration::from_secs(1);

/// More sentences are not remembered as told.
const MOST_TOLD: usize = 64;

/// What is known of the looks until now.
#[derive(Default)]
pub struct Looks(Mutex<State>);

#[derive(Default)]
struct State {
    last: Option<Instant>,
    told: BTreeSet<String>,
}

impl Looks {
    /// Returns whether it is time for one, and begins it.
    fn begin(&self, now: Instant) -> bool {
        let mut state = self.state();
        let is_due = state
            .last
            .is_none_or(|last| now.duration_since(last) >= APART);
        if is_due {
            state.last = Some(now);
        }
        is_due
    }

    /// Returns those that were not told before.
    fn untold(&self, problems: Vec<String>) -> Vec<String> {
        let told = &mut self.state().told;
        if problems.is_empty() {
            // What goes wrong again after it was mended is worth another word.
            told.clear();
        }
        let mut problems = problems;
        problems.retain(|problem| told.len() < MOST_TOLD && told.insert(problem.clone()));
        problems
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at the files again, if there are any places for them and it is time.
pub fn look(shared: &Arc<Shared>) {
    if !shared.session().has_organisation_sources() || !shared.organisation.begin(Instant::now()) {
        return;
    }
    let shared = shared.clone();
    tokio::spawn(async move {
        let Some(mut again) = read(&shared).await else {
            return;
        };
        if !again.problems.is_empty() {
            tokio::time::sleep(HALF_DONE).await;
            again = match read(&shared).await {
                Some(again) => again,
                None => return,
            };
        }
        let untold = shared.organisation.untold(again.problems);
        let is_changed = shared.session().set_organisations(again.files);
        let is_silent = untold.is_empty() && !is_changed;
        for problem in untold {
            tracing::warn!(%problem, "an organisation's file");
            shared.add_remark(problem);
        }
        if !is_silent {
            settle::settle(&shared);
        }
    });
}

async fn read(shared: &Arc<Shared>) -> Option<OrganisationAgain> {
    let layers = shared.session().layers().clone();
    let read = tokio::task::spawn_blocking(move || layers.look_again());
    // It only fails when the program ends.
    read.await.ok().flatten()
}
