//! The thread that writes, so that nobody who logs waits for a disk.
//!
//! What waits for it is bounded, in lines and so in bytes; beyond that lines are dropped, and the next one that is written says how many.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::file::Files;
use super::line;
use crate::config::LogSettings;

/// How many lines may wait. A line has a few values of a kilobyte each at the most.
const WAITING: usize = 1024;

/// The process's log, for those who have no subscriber at hand.
static LOG: OnceLock<Sink> = OnceLock::new();

/// Where lines go.
#[derive(Clone)]
pub(super) struct Sink {
    lines: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Line(String),
    /// All that came before is with the system when this is answered.
    Flush(SyncSender<()>),
}

impl Sink {
    /// Starts the thread. Without one, which the system may refuse, there is no log.
    pub(super) fn start(path: PathBuf, settings: LogSettings) -> Option<Self> {
        let (lines, waiting) = sync_channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let sink = Self {
            lines,
            dropped: dropped.clone(),
        };
        std::thread::Builder::new()
            .name("log".into())
            .spawn(move || write(&waiting, &dropped, Files::new(path, settings)))
            .ok()?;
        Some(LOG.get_or_init(|| sink).clone())
    }

    /// Hands a line over, or drops it where too many wait.
    pub(super) fn send(&self, line: String) {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(Message::Line(line)) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Notes a panic in the log, if there is one. Called where a panic is under way, so it takes no lock and waits for nothing.
pub fn note_panic(file: &str, number: u32) {
    if let Some(sink) = LOG.get() {
        sink.send(line::of_panic(file, number));
    }
}

/// Waits until all lines are written, or for so long.
pub fn flush(limit: Duration) {
    let Some(sink) = LOG.get() else {
        return;
    };
    let (done, is_done) = sync_channel(1);
    if sink.lines.try_send(Message::Flush(done)).is_ok() {
        let _ = is_done.recv_timeout(limit);
    }
}

fn write(waiting: &Receiver<Message>, dropped: &AtomicU64, mut files: Files) {
    while let Ok(message) = waiting.recv() {
        match message {
            Message::Line(line) => {
                let lost = dropped.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let mut fields = line::Fields::default();
                    let message = "lines were dropped, since they came faster than they are written or could not be";
                    fields.0.insert("message".into(), message.into());
                    fields.0.insert("lines".into(), lost.into());
                    let told = files.append(line::line("WARN", fields, None).as_bytes());
                    if told.is_err() {
                        dropped.fetch_add(lost, Ordering::Relaxed);
                    }
                }
                // A log that cannot be written is no reason to disturb anybody; `byok-lsp doctor` tells it.
                if files.append(line.as_bytes()).is_err() {
                    dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
            Message::Flush(done) => {
                let _ = done.try_send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whoever_logs_never_waits_and_what_is_dropped_is_counted() {
        // Nobody takes what waits here, as with a disk that stands still.
        let (lines, waiting) = sync_channel(4);
        let dropped = Arc::new(AtomicU64::new(0));
        let sink = Sink {
            lines,
            dropped: dropped.clone(),
        };
        for number in 0..10 {
            sink.send(format!("{{\"n\":{number}}}\n"));
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 6);
        drop(sink);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("byok-lsp.log");
        write(
            &waiting,
            &dropped,
            Files::new(path.clone(), LogSettings::default()),
        );
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text.lines().count(), 5);
        assert!(
            text.lines().next().unwrap().contains("\"lines\":6"),
            "{text}"
        );
    }
}
