//! The audit log: one line for each decision that let something leave this machine or kept it here, in a file that shows when it was changed.
//!
//! Entry points: [`Audit::note`], which waits for nothing, [`Audit::write`], which waits until the line is on the disk, and [`verify`]. Each line
//! holds the SHA-256 of the one before it, and the file's end is noted beside it (the [head](head)), so that a line that was changed, taken out, put
//! in, moved or cut off is found and named. Lines hold names, rules, paths and sizes; never a text that was sent, never a key.
//!
//! All processes of a user append to the same chain, one at a time, under a lock that is waited for with a limit. The disk is touched by a thread of
//! its own. What waits for it is bounded; a line that finds no place is counted, and the count becomes a line ([`Event::Lost`]).

mod chain;
mod entry;
mod head;
mod log;
mod segments;
mod stamp;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

pub use chain::{Hash, Mark};
pub use entry::{Entry, Event, Shown};
pub use segments::lines;
pub use verify::{Anchor, Fault, Finding, Verdict, verify};

use writer::{Job, Trouble};

/// How many lines may wait for the disk.
const QUEUE: usize = 1024;

/// How long a call waits for its line, where it does: longer than the lock is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// The way to the log. Clones are the same; the thread ends, its lines written, after the last of them.
#[derive(Clone)]
pub struct Audit(Arc<Inner>);

struct Inner {
    /// Where it lies; `None` where there is no place for one.
    path: Option<PathBuf>,
    /// The way to the thread, once there is one.
    sender: Mutex<Option<SyncSender<Job>>>,
    /// Lines that found no place.
    lost: Arc<AtomicU64>,
    trouble: Arc<Trouble>,
}

impl Audit {
    /// The log in a file. Nothing is opened or created before the first line.
    pub fn at(path: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner {
            path,
            sender: Mutex::default(),
            lost: Arc::default(),
            trouble: Arc::default(),
        }))
    }

    /// Queues a line and returns. `keep_days` is how long lines are kept.
    pub fn note(&self, entry: Entry, keep_days: Option<u32>) {
        let job = Job::Line {
            entry: Box::new(entry),
            keep_days,
            written: None,
        };
        if let Err(why) = self.send(job) {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
            self.0.trouble.note(&why);
        }
    }

    /// Queues a line and waits until it is on the disk, or says in a plain sentence why it is not.
    pub async fn write(&self, entry: Entry, keep_days: Option<u32>) -> Result<(), String> {
        let (sender, written) = oneshot::channel();
        self.send(Job::Line {
            entry: Box::new(entry),
            keep_days,
            written: Some(sender),
        })?;
        match tokio::time::timeout(PATIENCE, written).await {
            Ok(Ok(written)) => written,
            Ok(Err(_)) => Err("the thread that writes it has ended".into()),
            Err(_) => Err(format!("it took longer than {} s", PATIENCE.as_secs())),
        }
    }

    /// Takes what the user should be told: why lines could not be written since this was asked last.
    pub fn take_trouble(&self) -> Option<String> {
        self.0.trouble.take()
    }

    /// Writes what waits; `false` if lines are left when the deadline has passed. Waits, hence not for handlers.
    pub fn close(&self, deadline: Duration) -> bool {
        let Some(sender) = lock(&self.0.sender).clone() else {
            return true;
        };
        let (reply, answer) = mpsc::channel();
        match sender.try_send(Job::Flush(reply)) {
            Ok(()) => answer.recv_timeout(deadline).is_ok(),
            Err(_) => false,
        }
    }

    fn send(&self, job: Job) -> Result<(), String> {
        let Some(path) = &self.0.path else {
            return Err("there is no folder to keep it in".into());
        };
        let mut sender = lock(&self.0.sender);
        if sender.is_none() {
            let (new, jobs) = mpsc::sync_channel(QUEUE);
            let (path, lost) = (path.clone(), self.0.lost.clone());
            let trouble = self.0.trouble.clone();
            std::thread::Builder::new()
                .name("audit".to_owned())
                .spawn(move || writer::run(&path, &jobs, &lost, &trouble))
                .map_err(|error| format!("its thread cannot be started: {error}"))?;
            *sender = Some(new);
        }
        let sent = sender.as_ref().map(|sender| sender.try_send(job));
        match sent {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => {
                Err("more lines wait for the disk than it takes".into())
            }
            Some(Err(TrySendError::Disconnected(_))) | None => {
                Err("the thread that writes it has ended".into())
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
