//! The thread that appends lines: takes what waits, writes it in one go, tells whoever waits for it.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use tokio::sync::oneshot;

use super::entry::Entry;
use super::lock;
use super::log::{self, Size};

/// How many lines are written in one go.
const BATCH: usize = 256;

/// How long the lock is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the thread is told.
pub(super) enum Job {
    /// To write a line.
    Line {
        entry: Box<Entry>,
        keep_days: Option<u32>,
        /// Who waits for it.
        written: Option<oneshot::Sender<Result<(), String>>>,
    },
    /// To say when all before it is written.
    Flush(Sender<()>),
}

/// Why lines could not be written, until somebody has been told.
#[derive(Default)]
pub(super) struct Trouble(Mutex<Told>);

#[derive(Default)]
struct Told {
    news: Option<String>,
    /// What was noted last, so that the same trouble is told once.
    last: Option<String>,
}

impl Trouble {
    pub(super) fn note(&self, why: &str) {
        let mut told = lock(&self.0);
        if told.last.as_deref() != Some(why) {
            told.last = Some(why.to_owned());
            told.news = Some(why.to_owned());
        }
    }

    pub(super) fn take(&self) -> Option<String> {
        lock(&self.0).news.take()
    }

    fn is_over(&self) {
        lock(&self.0).last = None;
    }
}

/// Serves the queue until the last handle is gone.
pub(super) fn run(path: &Path, jobs: &Receiver<Job>, lost: &AtomicU64, trouble: &Trouble) {
    while let Ok(job) = jobs.recv() {
        let (mut entries, mut waiting, mut flushes) = (Vec::new(), Vec::new(), Vec::new());
        let mut keep = None;
        let more = jobs.try_iter().take(BATCH - 1);
        for job in std::iter::once(job).chain(more) {
            match job {
                Job::Line {
                    entry,
                    keep_days,
                    written,
                } => {
                    keep = keep_days;
                    entries.push(*entry);
                    waiting.push(written);
                }
                Job::Flush(reply) => flushes.push(reply),
            }
        }
        if !entries.is_empty() {
            let written = write(path, entries, keep, lost, trouble);
            for waits in waiting.into_iter().flatten() {
                // Whoever waited may have stopped.
                let _ = waits.send(written.clone());
            }
        }
        for reply in flushes {
            let _ = reply.send(());
        }
    }
}

fn write(
    path: &Path,
    mut entries: Vec<Entry>,
    keep_days: Option<u32>,
    lost: &AtomicU64,
    trouble: &Trouble,
) -> Result<(), String> {
    let count = entries.len() as u64;
    let before = lost.swap(0, Ordering::Relaxed);
    if before > 0 {
        entries.insert(0, Entry::of_lost(before));
    }
    let written = log::append(path, &entries, keep_days, Size::USUAL, PATIENCE);
    match &written {
        Ok(()) => trouble.is_over(),
        Err(why) => {
            lost.fetch_add(before + count, Ordering::Relaxed);
            trouble.note(why);
            tracing::warn!(%why, "the audit log cannot be written");
        }
    }
    written
}
