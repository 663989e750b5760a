//! The task that sends: what is queued goes in batches; a collector that does not answer is asked ever less often, and said so once.
//!
//! A batch goes when a second has passed since its first call, or 64 are there. One that is not taken is sent again after 5 s, then 10 s, and so on up
//! to 5 min, four times in all; then it is given up, so that a collector which is gone for good costs a bounded queue and one request every 5 min
//! in which there was a call.

use std::time::Duration;

use prost::Message as _;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::finished::Finished;
use super::outlet::{Collector, Verdict};
use super::{Lost, span};

/// How long a batch waits for more calls.
pub(super) const GATHERING: Duration = Duration::from_secs(1);

/// How many calls a batch has at most; some 60 KB.
pub(super) const BATCH: usize = 64;

/// How often a batch is sent at most.
pub(super) const ATTEMPTS: u32 = 4;

/// The first wait for a collector that does not answer; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// The task's state.
pub(super) struct Worker<C> {
    collector: C,
    queue: Receiver<Finished>,
    lost: Lost,
    closing: CancellationToken,
    /// How long to wait after the next failure.
    wait: Duration,
    /// Whether the collector took nothing when it was last asked, which is said then.
    is_down: bool,
}

impl<C: Collector> Worker<C> {
    pub(super) fn new(
        collector: C,
        queue: Receiver<Finished>,
        lost: Lost,
        closing: CancellationToken,
    ) -> Self {
        Self {
            collector,
            queue,
            lost,
            closing,
            wait: FIRST_WAIT,
            is_down: false,
        }
    }

    /// Sends what comes until it is told to end; then what is left, each batch once.
    pub(super) async fn run(mut self) {
        let mut left = Vec::new();
        while let Some(first) = self.next().await {
            let batch = self.gather(first).await;
            left = self.deliver(batch).await;
        }
        self.flush(left).await;
    }

    /// Waits for a call; `None` once it is to end.
    async fn next(&mut self) -> Option<Finished> {
        tokio::select! {
            biased;
            () = self.closing.cancelled() => None,
            call = self.queue.recv() => call,
        }
    }

    /// Waits for more calls, for a while.
    async fn gather(&mut self, first: Finished) -> Vec<Finished> {
        let deadline = Instant::now() + GATHERING;
        let mut batch = vec![first];
        while batch.len() < BATCH {
            match tokio::time::timeout_at(deadline, self.next()).await {
                Ok(Some(call)) => batch.push(call),
                Ok(None) | Err(_) => break,
            }
        }
        batch
    }

    /// Sends a batch, again where that may help. Returns what is left of it when this is to end.
    async fn deliver(&mut self, batch: Vec<Finished>) -> Vec<Finished> {
        for attempt in 1..=ATTEMPTS {
            let wait = match self.post(&batch).await {
                Ok(()) => return Vec::new(),
                Err(None) => break,
                Err(Some(wait)) => wait,
            };
            // The last wait keeps the next batch from following at once.
            tokio::select! {
                biased;
                () = self.closing.cancelled() => {
                    return if attempt < ATTEMPTS { batch } else { Vec::new() };
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.lost.add(batch.len());
        Vec::new()
    }

    /// Sends a batch once; an error is how long to wait before it is sent again, if it is to be.
    async fn post(&mut self, batch: &[Finished]) -> Result<(), Option<Duration>> {
        let message = span::export(batch).encode_to_vec();
        match self.collector.post(message).await {
            Verdict::Taken => {
                self.wait = FIRST_WAIT;
                let lost = self.lost.take();
                if std::mem::take(&mut self.is_down) || lost > 0 {
                    tracing::info!(lost, "telemetry: the collector takes spans again");
                }
                Ok(())
            }
            Verdict::Refused(fault) => {
                self.say(fault);
                Err(None)
            }
            Verdict::Later(fault, asked) => {
                self.say(fault);
                let wait = asked.unwrap_or_default().max(self.wait);
                self.wait = (self.wait * 2).min(LONGEST_WAIT);
                Err(Some(wait))
            }
        }
    }

    /// Says that the collector took nothing, unless that was said.
    fn say(&mut self, fault: &'static str) {
        if !std::mem::replace(&mut self.is_down, true) {
            tracing::warn!(
                fault,
                "telemetry: the collector takes no spans; it is asked again from time to time"
            );
        }
    }

    /// Sends what is left, until something is not taken.
    async fn flush(&mut self, mut left: Vec<Finished>) {
        self.queue.close();
        loop {
            while left.len() < BATCH
                && let Ok(call) = self.queue.try_recv()
            {
                left.push(call);
            }
            if left.is_empty() {
                return;
            }
            if self.post(&left).await.is_err() {
                let lost = self.lost.take();
                let lost = lost.saturating_add((left.len() + self.queue.len()) as u64);
                tracing::info!(lost, "telemetry: calls that the collector was not told of");
                return;
            }
            left.clear();
        }
    }
}
