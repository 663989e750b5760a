//! Threads for what computes behind the editor's back: parsing after an edit, choosing what prompts show.
//!
//! They [give way](crate::priority::give_way) to the thread that answers the editor, and so are not those that others wait on.

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::priority;

/// The threads, which are started when there is work and end when there was none for a while.
pub struct Background(Option<Runtime>);

impl Background {
    /// Begins without a thread; there are never more than so many.
    pub fn new(threads: usize) -> Self {
        let mut builder = Builder::new_current_thread();
        builder.max_blocking_threads(threads);
        builder.thread_name("background");
        builder.on_thread_start(priority::give_way);
        // Nothing of the system's is asked for here, so that it cannot be refused.
        Self(builder.build().ok())
    }

    /// Does some work on one of the threads, as soon as one is free. An error is a panic, or the server's end.
    pub fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        match &self.0 {
            Some(threads) => threads.spawn_blocking(work),
            None => tokio::task::spawn_blocking(work),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            // What is still going on is nobody's any more, and is not waited for.
            threads.shutdown_background();
        }
    }
}
