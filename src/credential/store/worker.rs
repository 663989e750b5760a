//! A thread for calls that block and may never return: a keyring whose bus accepts a connection and says nothing, or one that waits for its
//! user to type a password.
//!
//! There is one thread for each kind of store, so that one that hangs holds up nobody but itself and is never joined by a second.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Fault, File, Kind, Store};

type Job = Box<dyn FnOnce(&mut State) + Send>;

/// What the thread keeps between calls.
struct State {
    kind: Kind,
    store: Option<Box<dyn Store>>,
    /// The encrypted file, which takes its time to open.
    file: Option<File>,
}

/// The thread of one kind of store, started when it is first needed.
pub struct Worker {
    kind: Kind,
    jobs: Mutex<Option<Sender<Job>>>,
    busy_since: Arc<Mutex<Option<Instant>>>,
}

impl Worker {
    /// Creates it. Nothing is started yet.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            jobs: Mutex::default(),
            busy_since: Arc::default(),
        }
    }

    /// Does something with the store, which is opened if it is not. A store that does not answer within `limit` is a fault; until it does
    /// answer, every later call is one at once.
    pub async fn with_store<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&mut dyn Store) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.run(limit, move |state| {
            let store = match &mut state.store {
                Some(store) => store,
                none => none.insert(state.kind.open()?),
            };
            let done = work(store.as_mut());
            if done.is_err() {
                // The next call finds out by itself whether the connection was the reason.
                state.store = None;
            }
            done
        })
        .await
    }

    /// Does something with the encrypted file, or with the one that is open if it is the same.
    pub async fn with_file<T: Send + 'static>(
        &self,
        limit: Duration,
        file: File,
        work: impl FnOnce(&mut dyn Store) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.run(limit, move |state| {
            let open = state.file.take().filter(|open| open.is_same(&file));
            let mut file = open.unwrap_or(file);
            let done = work(&mut file)?;
            file.save()?;
            state.file = Some(file);
            Ok(done)
        })
        .await
    }

    /// Does something on the thread.
    pub async fn blocking<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.run(limit, move |_| work()).await
    }

    async fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&mut State) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let silent = || {
            Fault::new(format!(
                "it did not answer within {} s",
                limit.as_secs_f32()
            ))
        };
        let busy = *lock(&self.busy_since);
        if busy.is_some_and(|since| since.elapsed() >= limit) {
            return Err(silent());
        }
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |state| {
            // Whoever asked may have gone away while another call was in front.
            if !reply.is_closed() {
                let _ = reply.send(work(state));
            }
        });
        let sent = self.jobs().is_some_and(|jobs| jobs.send(job).is_ok());
        if !sent {
            return Err(Fault::new("the machine gives no thread to ask it".into()));
        }
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => {
                // The thread panicked; the next call starts another.
                *lock(&self.jobs) = None;
                *lock(&self.busy_since) = None;
                Err(Fault::new("it failed unexpectedly".into()))
            }
            Err(_) => Err(silent()),
        }
    }

    fn jobs(&self) -> Option<Sender<Job>> {
        let mut jobs = lock(&self.jobs);
        if jobs.is_none() {
            let (sender, receiver) = channel::<Job>();
            let busy_since = self.busy_since.clone();
            let kind = self.kind;
            let thread = std::thread::Builder::new().name(format!("keys-{}", kind.id()));
            let started = thread.spawn(move || {
                let mut state = State {
                    kind,
                    store: None,
                    file: None,
                };
                while let Ok(job) = receiver.recv() {
                    *lock(&busy_since) = Some(Instant::now());
                    job(&mut state);
                    *lock(&busy_since) = None;
                }
            });
            *jobs = started.is_ok().then_some(sender);
        }
        jobs.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_store_that_never_answers_is_a_fault_and_holds_up_no_second_call() {
        let worker = Worker::new(Kind::System);
        let (_end, wait) = channel::<()>();
        let hang = worker.blocking(LIMIT, move || {
            let _ = wait.recv();
            Ok(())
        });
        let told = hang.await.expect_err("silence").to_string();
        assert!(told.contains("did not answer within"), "{told}");
        // The limit has passed already, so this one is refused without waiting, however long it could wait.
        let again = worker.blocking(LIMIT, || Ok(()));
        assert!(again.await.is_err());
    }

    #[tokio::test]
    async fn a_call_that_panics_is_a_fault_and_the_next_one_works() {
        let worker = Worker::new(Kind::File);
        let limit = Duration::from_secs(20);
        let panicking = worker.blocking::<()>(limit, || panic!("canary"));
        assert!(panicking.await.is_err());
        assert_eq!(worker.blocking(limit, || Ok(7)).await, Ok(7));
    }
}
