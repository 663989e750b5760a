//! The task that sends: what is queued goes in batches; a collector that does not answer is asked ever less often, and said so once.
//!
//! A batch goes when a second has passed since its first call, or 64 are there. One that is not taken is sent again after 5 s, then 10 s, and so on up
//! to 5 min, four times in all; then it is given up, so that a collector which is gone for good costs a bounded queue and one request every 5 min
//! in which there was a call. One that is refused is given up at once, and what follows waits as long as it would have.

use std::time::Duration;

use prost::Message as _;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::finished::Finished;
use super::outlet::{Collector, Verdict};
use super::{Toll, span};

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
    toll: Toll,
    closing: CancellationToken,
    /// How long to wait after the next failure.
    wait: Duration,
    /// Whether the collector took nothing when it was last asked, which is said then.
    is_down: bool,
    /// Whether it rejected some spans of the last message that it took, which is said then.
    is_choosy: bool,
}

/// A message that was not taken.
struct Failure {
    /// How long nothing is to be sent.
    wait: Duration,
    /// Whether it may be taken later.
    may_help: bool,
}

/// Says how many calls the collector was not told of, if there are any.
pub(super) fn say_lost(lost: u64) {
    if lost > 0 {
        tracing::info!(lost, "telemetry: calls that the collector was not told of");
    }
}

impl<C: Collector> Worker<C> {
    pub(super) fn new(
        collector: C,
        queue: Receiver<Finished>,
        toll: Toll,
        closing: CancellationToken,
    ) -> Self {
        Self {
            collector,
            queue,
            toll,
            closing,
            wait: FIRST_WAIT,
            is_down: false,
            is_choosy: false,
        }
    }

    /// Sends what comes until it is told to end; from then on each batch once.
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
            let was_closing = self.closing.is_cancelled();
            let Err(failure) = self.post(&batch).await else {
                return Vec::new();
            };
            let is_given_up = was_closing || attempt == ATTEMPTS || !failure.may_help;
            if is_given_up {
                self.toll.lose(batch.len());
            }
            // Also after a batch that is given up, since the next one is not to follow at once.
            let is_closing = tokio::select! {
                biased;
                () = self.closing.cancelled() => true,
                () = tokio::time::sleep(failure.wait) => false,
            };
            if is_given_up {
                return Vec::new();
            }
            if is_closing {
                return batch;
            }
        }
        Vec::new()
    }

    /// Sends a batch once.
    async fn post(&mut self, batch: &[Finished]) -> Result<(), Failure> {
        let message = span::export(batch).encode_to_vec();
        let (fault, asked, may_help) = match self.collector.post(message).await {
            Verdict::Taken { rejected } => {
                self.toll.end(batch.len());
                self.taken(rejected.min(batch.len()));
                return Ok(());
            }
            Verdict::Refused(fault) => (fault, None, false),
            Verdict::Later(fault, asked) => (fault, asked, true),
        };
        self.say(fault);
        let wait = asked.unwrap_or_default().max(self.wait);
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        Err(Failure { wait, may_help })
    }

    /// Counts and says what there is to say of a message that was taken, all but so many of its spans.
    fn taken(&mut self, rejected: usize) {
        self.wait = FIRST_WAIT;
        if std::mem::take(&mut self.is_down) {
            let lost = self.toll.take();
            tracing::info!(lost, "telemetry: the collector takes spans again");
        }
        self.toll.reject(rejected);
        let was_choosy = std::mem::replace(&mut self.is_choosy, rejected > 0);
        if self.is_choosy {
            if !was_choosy {
                tracing::warn!(rejected, "telemetry: the collector rejects spans");
            }
        } else if self.queue.is_empty() {
            say_lost(self.toll.take());
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
                break;
            }
            if self.post(&left).await.is_err() {
                self.toll.lose(left.len() + self.queue.len());
                break;
            }
            left.clear();
        }
        say_lost(self.toll.take());
    }
}
