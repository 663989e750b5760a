//! What goes to the editor: a buffer and the task that writes it, so that an editor that is slow to read never stops us from reading.
//!
//! The buffer is bounded by dropping notifications, which repeat themselves, and complaints about bad frames; never replies, which the
//! editor waits for. Where replies alone are too much, nothing more is read until the editor has taken some ([`Outbox::room`]).

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::json;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::credential;

/// How many bytes may wait for the editor.
#[derive(Clone, Copy)]
struct Bounds {
    /// Before notifications are dropped.
    notifications: usize,
    /// Before nothing more is read from the editor. One that still writes then has not read for hundreds of thousands of answers.
    replies: usize,
}

const BOUNDS: Bounds = Bounds {
    notifications: 8 * 1024 * 1024,
    replies: 64 * 1024 * 1024,
};

/// How much room the buffers keep while nothing waits.
const ROOM: usize = 64 * 1024;

/// The way to the editor. Clones are the same way, and any thread may send.
#[derive(Clone)]
pub struct Outbox(Arc<Shared>);

struct Shared {
    bounds: Bounds,
    waiting: Mutex<Waiting>,
    wake: Notify,
    /// Told when the editor has taken something, or is gone.
    taken: Notify,
    /// Told once the editor is gone.
    gone: Notify,
}

#[derive(Default)]
struct Waiting {
    /// Whole frames, in order.
    frames: Vec<u8>,
    is_closed: bool,
    /// Whether the editor no longer reads, so that nothing need be kept for it.
    is_gone: bool,
}

/// The task that writes. It ends when the outbox is closed and all is written, or when the editor no longer reads.
pub struct Writer(JoinHandle<()>);

impl Outbox {
    /// Starts a writer.
    pub fn start<W: AsyncWrite + Send + Unpin + 'static>(output: W) -> (Self, Writer) {
        Self::start_within(output, BOUNDS)
    }

    fn start_within<W: AsyncWrite + Send + Unpin + 'static>(
        output: W,
        bounds: Bounds,
    ) -> (Self, Writer) {
        let outbox = Self(Arc::new(Shared {
            bounds,
            waiting: Mutex::default(),
            wake: Notify::new(),
            taken: Notify::new(),
            gone: Notify::new(),
        }));
        let task = tokio::spawn(write_all(output, outbox.0.clone()));
        (outbox, Writer(task))
    }

    /// Sends a reply, or a request of ours. It is never dropped.
    pub fn send(&self, message: &impl Serialize) {
        if let Ok(body) = serde_json::to_vec(message).map(without_keys) {
            let mut waiting = self.0.waiting();
            if waiting.is_gone {
                return;
            }
            let header = format!("Content-Length: {}\r\n\r\n", body.len());
            waiting.frames.extend_from_slice(header.as_bytes());
            waiting.frames.extend_from_slice(&body);
            drop(waiting);
            self.0.wake.notify_one();
        }
    }

    /// Sends a message that nobody waits for, unless too much waits already.
    pub fn send_unless_full(&self, message: &impl Serialize) {
        let waiting = self.0.waiting().frames.len();
        if waiting < self.0.bounds.notifications {
            self.send(message);
        }
    }

    /// Sends a notification, unless too much waits already.
    pub fn notify(&self, method: &str, params: &impl Serialize) {
        self.send_unless_full(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Waits until no more waits for the editor than may.
    pub async fn room(&self) {
        loop {
            // Before the look, so that what is taken in between counts.
            let taken = self.0.taken.notified();
            let is_full = {
                let waiting = self.0.waiting();
                !waiting.is_gone && waiting.frames.len() >= self.0.bounds.replies
            };
            if !is_full {
                return;
            }
            taken.await;
        }
    }

    /// Waits until the editor no longer reads. One task may wait.
    pub async fn gone(&self) {
        self.0.gone.notified().await;
    }

    /// Lets the writer end once it has written what was sent so far.
    pub fn close(&self) {
        self.0.waiting().is_closed = true;
        self.0.wake.notify_one();
    }
}

/// Takes out every key that this process holds: editors log what they are sent, and a provider may repeat a key in what it answers.
fn without_keys(body: Vec<u8>) -> Vec<u8> {
    let Ok(Cow::Owned(redacted)) = std::str::from_utf8(&body).map(credential::redact) else {
        return body;
    };
    redacted.into_bytes()
}

impl Writer {
    /// Waits until all is written.
    pub async fn join(self) {
        let _ = self.0.await;
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that waits goes out in one write: each wakes the editor, and most answers have a notification beside them.
async fn write_all<W: AsyncWrite + Unpin>(mut output: W, shared: Arc<Shared>) {
    let mut frames = Vec::new();
    loop {
        let is_closed = {
            let mut waiting = shared.waiting();
            std::mem::swap(&mut waiting.frames, &mut frames);
            waiting.is_closed
        };
        if frames.is_empty() {
            if is_closed {
                return;
            }
            shared.wake.notified().await;
            continue;
        }
        shared.taken.notify_waiters();
        if output.write_all(&frames).await.is_err() || output.flush().await.is_err() {
            let mut waiting = shared.waiting();
            waiting.is_gone = true;
            waiting.frames = Vec::new();
            drop(waiting);
            shared.taken.notify_waiters();
            // Kept for who waits later.
            shared.gone.notify_one();
            return;
        }
        frames.clear();
        frames.shrink_to(ROOM);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::AsyncReadExt as _;

    /// So little that a test fills it within a moment.
    const FEW: Bounds = Bounds {
        notifications: 1 << 18,
        replies: 1 << 20,
    };

    #[tokio::test]
    async fn to_who_is_slow_to_read_notifications_are_dropped_beyond_a_bound_and_answers_never() {
        let (output, mut editor) = tokio::io::duplex(1 << 10);
        let (outbox, writer) = Outbox::start_within(output, FEW);
        let text = "x".repeat(1 << 12);
        for _ in 0..200 {
            outbox.notify("note", &text);
            outbox.send(&json!({"answer": text}));
            assert!(outbox.0.waiting().frames.len() < FEW.replies);
            // The writer has its turn, as between messages.
            tokio::task::yield_now().await;
        }
        outbox.close();
        let mut heard = Vec::new();
        let reading = async { editor.read_to_end(&mut heard).await.unwrap() };
        tokio::join!(writer.join(), reading);
        let heard = String::from_utf8(heard).unwrap();
        let notes = heard.matches("\"note\"").count();
        assert_eq!(heard.matches("\"answer\"").count(), 200);
        // Two frames of four kilobytes each time, until a quarter of a megabyte waits.
        assert!((20..50).contains(&notes), "{notes}");
    }

    #[tokio::test]
    async fn who_reads_nothing_is_not_heard_beyond_a_bound_and_is_heard_again_once_it_reads() {
        let (output, mut editor) = tokio::io::duplex(1 << 16);
        let (outbox, _writer) = Outbox::start_within(output, FEW);
        let answer = json!({"answer": "x".repeat(1 << 16)});
        let waiting = || outbox.0.waiting().frames.len();
        let mut sent = 0;
        // Each time the writer gets its turn, as it does between messages.
        while tokio::time::timeout(std::time::Duration::ZERO, outbox.room())
            .await
            .is_ok()
        {
            outbox.send(&answer);
            tokio::task::yield_now().await;
            sent += 1;
            assert!(sent < 200, "{}", waiting());
        }
        assert!(waiting() < FEW.replies + (2 << 16), "{}", waiting());
        let reading = tokio::spawn(async move {
            let mut chunk = vec![0; 1 << 16];
            while editor.read(&mut chunk).await.is_ok_and(|length| length > 0) {}
        });
        outbox.room().await;
        reading.abort();
        let _ = reading.await;
        // It is gone, so nothing is kept for it and nobody waits.
        for _ in 0..100 {
            outbox.send(&answer);
            outbox.room().await;
            tokio::task::yield_now().await;
        }
        assert_eq!(waiting(), 0);
    }
}
