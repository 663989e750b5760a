//! What the log says of a collector: each state once, and how many calls it was not told of.

use std::io;
use std::sync::LazyLock;

use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;

use super::outlet::Verdict;
use super::tests::{CLOSING, start, tell};
use super::*;

/// What this thread logs, on which the tests' tasks run too.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As long as there is but one subscriber, a place in the code that another thread comes by first is off for good; with a second one each is asked.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));

impl Log {
    /// Listens until the guard goes.
    fn listen() -> (Self, DefaultGuard) {
        LazyLock::force(&SECOND);
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .with_target(false)
            .without_time()
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// Returns the lines since the last look.
    fn lines(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| line.trim().to_owned()).collect()
    }
}

const DOWN: &str = "WARN telemetry: the collector takes no spans; it is asked again from time to time fault=\"unreachable\"";

#[tokio::test(start_paused = true)]
async fn a_collector_that_takes_nothing_is_said_once_and_what_was_lost_once_it_does_again() {
    let (log, _guard) = Log::listen();
    let down = Verdict::Later("unreachable", None);
    let (telemetry, mut seen) = start([down; 6], true);
    tell(&telemetry, 3);
    for _ in 0..4 {
        seen.recv().await.unwrap();
    }
    assert_eq!(log.lines(), [DOWN]);
    tell(&telemetry, 2);
    for _ in 0..3 {
        seen.recv().await.unwrap();
    }
    telemetry.close(CLOSING).await;
    assert_eq!(
        log.lines(),
        ["INFO telemetry: the collector takes spans again lost=3"]
    );
}

#[tokio::test(start_paused = true)]
async fn spans_that_are_rejected_are_said_once_and_counted_when_all_are_taken() {
    let (log, _guard) = Log::listen();
    let choosy = Verdict::Taken { rejected: 2 };
    let (telemetry, mut seen) = start([choosy, choosy], true);
    for _ in 0..3 {
        tell(&telemetry, 2);
        seen.recv().await.unwrap();
    }
    telemetry.close(CLOSING).await;
    assert_eq!(
        log.lines(),
        [
            "WARN telemetry: the collector rejects spans rejected=2",
            "INFO telemetry: calls that the collector was not told of lost=4"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn more_than_can_be_sent_is_said_once_and_what_was_left_out_at_the_end() {
    let (log, _guard) = Log::listen();
    let (telemetry, _seen) = start([], false);
    tell(&telemetry, QUEUE + 10);
    assert_eq!(
        log.lines(),
        ["WARN telemetry: more calls end than can be sent; some are left out"]
    );
    telemetry.close(CLOSING).await;
    let lost = QUEUE + 10;
    assert_eq!(
        log.lines(),
        [format!(
            "INFO telemetry: calls that the collector was not told of lost={lost}"
        )]
    );
}
