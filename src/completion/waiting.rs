//! A request that waits for a stream, and what becomes of the stream when it is given up.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::completions::Completions;
use super::flight::{Flight, Progress};

/// A request that waits for a stream.
pub struct Waiting {
    completions: Completions,
    uri: Arc<str>,
    number: u64,
    progress: watch::Receiver<Progress>,
    /// Whether it waited until there was something to look at, rather than being given up.
    pub is_done: bool,
}

impl Waiting {
    /// Begins to wait for a document's stream.
    pub fn new(completions: Completions, uri: Arc<str>, flight: &mut Flight) -> Self {
        flight.waiting += 1;
        Self {
            completions,
            uri,
            number: flight.number,
            progress: flight.progress.clone(),
            is_done: false,
        }
    }

    /// Waits until more has come, or until `due`.
    pub async fn more(&mut self, due: Option<Instant>) {
        let changed = self.progress.changed();
        match due {
            Some(due) => {
                let _ = tokio::time::timeout_at(due, changed).await;
            }
            // The stream is gone if this fails, and the next look tells.
            None => drop(changed.await),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut desks = self.completions.desks();
        let Some(flight) = desks
            .by_uri
            .get_mut(&self.uri)
            .and_then(|desk| desk.flight.as_mut())
            .filter(|flight| flight.number == self.number)
        else {
            return;
        };
        flight.waiting -= 1;
        let is_left = flight.waiting == 0 && !flight.is_shown && !self.is_done;
        drop(desks);
        if is_left {
            self.completions
                .end_unless_wanted_soon(self.uri.clone(), self.number);
        }
    }
}
