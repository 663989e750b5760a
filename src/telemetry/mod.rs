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

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
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
    toll: Toll,
    closing: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What became of calls. Clones count together.
#[derive(Clone, Default)]
struct Toll(Arc<Counts>);

#[derive(Default)]
struct Counts {
    /// Those that are queued or being sent.
    open: AtomicU64,
    /// Those that the collector is not told of, since that was last said.
    lost: AtomicU64,
    /// Whether it was said that the queue is full, since then.
    is_overflow_said: AtomicBool,
}

impl Toll {
    /// Counts one that is to be sent.
    fn begin(&self) {
        self.0.open.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts some that the collector has.
    fn end(&self, count: usize) {
        self.0.open.fetch_sub(number(count), Ordering::Relaxed);
    }

    /// Counts some that it is not told of.
    fn lose(&self, count: usize) {
        self.end(count);
        self.reject(count);
    }

    /// Counts some that it was sent and does not keep.
    fn reject(&self, count: usize) {
        self.0.lost.fetch_add(number(count), Ordering::Relaxed);
    }

    /// Returns whether this is the first overflow since losses were last said.
    fn overflows(&self) -> bool {
        !self.0.is_overflow_said.swap(true, Ordering::Relaxed)
    }

    /// Returns how many were lost, and begins anew.
    fn take(&self) -> u64 {
        self.0.is_overflow_said.store(false, Ordering::Relaxed);
        self.0.lost.swap(0, Ordering::Relaxed)
    }

    /// Returns how many were lost or never came to an end, once nothing is sent any more.
    fn take_all(&self) -> u64 {
        let open = self.0.open.swap(0, Ordering::Relaxed);
        self.take().saturating_add(open)
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
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
        let (toll, closing) = (Toll::default(), CancellationToken::new());
        let worker = Worker::new(collector, queued, toll.clone(), closing.clone());
        let task = tokio::spawn(worker.run());
        Self(Some(Arc::new(Inner {
            queue,
            toll,
            closing,
            task: Mutex::new(Some(task)),
        })))
    }

    /// Tells of a call that is over, whose facts are asked for only if there is somebody to tell. Never waits.
    pub fn tell(&self, finished: impl FnOnce() -> Finished) {
        let Some(inner) = &self.0 else { return };
        inner.toll.begin();
        let Err(error) = inner.queue.try_send(finished()) else {
            return;
        };
        inner.toll.lose(1);
        // At the end of the server the queue is closed, which is no overflow.
        if matches!(error, TrySendError::Full(_)) && inner.toll.overflows() {
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
            // Once it is gone, nothing is counted any more.
            let _ = task.await;
            // A message without an answer counts, though the collector may have it.
            worker::say_lost(inner.toll.take_all());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod log_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
