//! Telemetry: a collector of the user's own is told of each call to a model, as a span of OpenTelemetry, without a word of content.
//!
//! Entry points: [`Telemetry::start`], [`Telemetry::tell`], [`Telemetry::close`]. It is off unless the user's own file names a collector; then
//! each row of the ledger has one span, by the [GenAI conventions][semconv] ([`span`]). What can be sent is what has a field in [`Finished`], and
//! nothing that holds text of a document, a prompt or an answer, a path, a tag or a key has one.
//!
//! A call's end costs its facts, copied into a queue of bounded length that never makes it wait: a full one drops them and counts. One task sends
//! what is in the queue ([`worker`]); while that is empty it has no timer and wakes for nothing. Requests go by the client of all providers, and so
//! by the user's proxy, certificates and `network.offline`.
//!
//! The messages are the protocol's own (`opentelemetry-proto`); all else is here rather than of `opentelemetry-otlp` and the SDK (0.33.1): without
//! a client of its own the exporter waits between retries by putting the thread to sleep, on which this whole server runs; it takes headers from
//! variables that may hold the key of another collector; and the SDK's queue has a thread and a timer that never rest.
//!
//! [semconv]: https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md

mod finished;
mod outlet;
mod span;
mod worker;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use finished::{Finished, Operation};
pub use outlet::probe;

use crate::config::TelemetrySettings;
use crate::provider::Http;
use outlet::{Collector, Outlet};
use worker::Worker;

/// How many calls may wait to be sent; some 300 bytes each.
const QUEUE: usize = 1024;

/// The way to the collector, or nowhere. Clones are the same one.
#[derive(Clone, Default)]
pub struct Telemetry(Option<Arc<Inner>>);

struct Inner {
    queue: mpsc::Sender<Finished>,
    lost: Lost,
    closing: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// How many calls the collector is not told of, since that was last said. Clones count together.
#[derive(Clone, Default)]
struct Lost(Arc<AtomicU64>);

impl Lost {
    /// Counts more of them, and returns how many there were before.
    fn add(&self, more: usize) -> u64 {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        self.0.fetch_add(more, Ordering::Relaxed)
    }

    /// Returns how many there are, and begins anew.
    fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Telemetry {
    /// Starts the task that sends, on the current runtime, if the user named a collector.
    pub fn start(settings: &TelemetrySettings, http: &Http) -> Self {
        match &settings.traces {
            None => Self::default(),
            Some(traces) => Self::into_outlet(Outlet::new(http.clone(), traces.clone())),
        }
    }

    fn into_outlet(collector: impl Collector) -> Self {
        let (queue, queued) = mpsc::channel(QUEUE);
        let (lost, closing) = (Lost::default(), CancellationToken::new());
        let worker = Worker::new(collector, queued, lost.clone(), closing.clone());
        let task = tokio::spawn(worker.run());
        Self(Some(Arc::new(Inner {
            queue,
            lost,
            closing,
            task: Mutex::new(Some(task)),
        })))
    }

    /// Tells of a call that is over, whose facts are asked for only if there is somebody to tell. Never waits.
    pub fn tell(&self, finished: impl FnOnce() -> Finished) {
        let Some(inner) = &self.0 else { return };
        if inner.queue.try_send(finished()).is_err() && inner.lost.add(1) == 0 {
            tracing::warn!("telemetry: more calls end than can be sent; some are left out");
        }
    }

    /// Sends what is still queued and ends the task, within `limit` whatever the collector does.
    pub async fn close(&self, limit: Duration) {
        let Some(inner) = &self.0 else { return };
        inner.closing.cancel();
        let task = inner
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut task) = task else { return };
        if tokio::time::timeout(limit, &mut task).await.is_err() {
            task.abort();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
