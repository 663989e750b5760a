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
    /// How many whole lines had come when it began to wait.
    lines: usize,
    /// Whether it waited until there was something to look at, rather than being given up.
    pub is_done: bool,
}

impl Waiting {
    /// Begins to wait for a document's stream. Call it in the look that found nothing to show: what comes in between would not be news.
    pub fn new(completions: Completions, uri: Arc<str>, flight: &mut Flight) -> Self {
        flight.waiting += 1;
        let lines = flight.progress.borrow().lines();
        Self {
            lines,
            completions,
            uri,
            number: flight.number,
            progress: flight.progress.clone(),
            is_done: false,
        }
    }

    /// Waits until it is worth looking again, or until `due`.
    pub async fn more(&mut self, due: Option<Instant>) {
        let worth = self.worth();
        match due {
            Some(due) => {
                let _ = tokio::time::timeout_at(due, worth).await;
            }
            None => worth.await,
        }
    }

    /// Waits until there are other whole lines (fewer, where a model's talk is taken off), or the end, or a piece that may belie what was typed meanwhile.
    async fn worth(&mut self) {
        // The stream is gone if this fails, and the next look tells.
        while self.progress.changed().await.is_ok() {
            let progress = self.progress.borrow_and_update();
            let is_more = progress.end.is_some() || progress.lines() != self.lines;
            drop(progress);
            if is_more || self.may_be_belied() {
                return;
            }
        }
    }

    /// Returns whether somebody typed at the stream's place since it began, or another stream has its place.
    fn may_be_belied(&self) -> bool {
        let desks = self.completions.desks();
        let desk = desks.by_uri.get(&self.uri);
        let flight = desk.and_then(|desk| desk.flight.as_ref());
        flight.is_none_or(|flight| flight.number != self.number || flight.trail.is_touched())
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
        let is_left = flight.is_left() && !self.is_done;
        drop(desks);
        if is_left {
            self.completions
                .end_unless_wanted_soon(self.uri.clone(), self.number);
        }
    }
}
