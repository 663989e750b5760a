//! What goes to the editor: a queue and the thread that writes it, so that an editor that is slow to read never stops us from reading.
//!
//! The queue is bounded by dropping notifications, which repeat themselves, and complaints about bad frames; never replies, which the
//! editor waits for.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use serde::Serialize;
use serde_json::json;

/// How many bytes may wait before notifications are dropped.
const MAX_WAITING: usize = 8 * 1024 * 1024;

/// How many bytes are gathered for one write: what a pipe holds.
const MAX_WRITE: usize = 64 * 1024;

/// The way to the editor. Clones are the same way.
#[derive(Clone)]
pub struct Outbox {
    queue: Sender<Option<Vec<u8>>>,
    waiting: Arc<AtomicUsize>,
}

/// The thread that writes. It ends when an outbox is closed or all are gone, or when the editor no longer reads.
pub struct Writer(JoinHandle<()>);

impl Outbox {
    /// Starts a writer.
    pub fn start<W: Write + Send + 'static>(output: W) -> (Self, Writer) {
        let (queue, messages) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let counter = waiting.clone();
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || write_all(output, &messages, &counter))
            .expect("a thread can be started while the program starts");
        (Self { queue, waiting }, Writer(thread))
    }

    /// Sends a reply, or a request of ours. It is never dropped.
    pub fn send(&self, message: &impl Serialize) {
        if let Ok(body) = serde_json::to_vec(message) {
            self.queue(body);
        }
    }

    /// Sends a message that nobody waits for, unless too much waits already.
    pub fn send_unless_full(&self, message: &impl Serialize) {
        if self.waiting.load(Ordering::Relaxed) < MAX_WAITING {
            self.send(message);
        }
    }

    /// Sends a notification, unless too much waits already.
    pub fn notify(&self, method: &str, params: &impl Serialize) {
        self.send_unless_full(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn queue(&self, body: Vec<u8>) {
        self.waiting.fetch_add(body.len(), Ordering::Relaxed);
        // An editor that is gone is noticed by the reader.
        let _ = self.queue.send(Some(body));
    }

    /// Lets the writer end once it has written what was sent so far.
    pub fn close(&self) {
        let _ = self.queue.send(None);
    }
}

impl Writer {
    /// Waits until the thread has ended.
    pub fn join(self) {
        let _ = self.0.join();
    }
}

fn write_all<W: Write>(mut output: W, messages: &Receiver<Option<Vec<u8>>>, waiting: &AtomicUsize) {
    let mut frames = Vec::new();
    let mut is_open = true;
    while is_open && let Ok(first) = messages.recv() {
        // All that waits goes out in one write: each wakes the editor, and most answers have a notification beside them.
        let mut next = Some(first);
        while let Some(message) = next {
            let Some(body) = message else {
                is_open = false;
                break;
            };
            waiting.fetch_sub(body.len(), Ordering::Relaxed);
            frames.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            frames.extend_from_slice(&body);
            next = if frames.len() < MAX_WRITE {
                messages.try_recv().ok()
            } else {
                None
            };
        }
        if output
            .write_all(&frames)
            .and_then(|()| output.flush())
            .is_err()
        {
            return;
        }
        frames.clear();
        frames.shrink_to(MAX_WRITE);
    }
}
