//! A provider for tests, whose stream the test itself feeds, so that no test waits on a clock.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Call, Error, Event, Provider, Stream};

/// The provider. Clones are the same one.
#[derive(Clone)]
pub struct Fake {
    calls: UnboundedSender<Running>,
    waiting: Arc<Mutex<UnboundedReceiver<Running>>>,
}

/// A call that the test answers.
pub struct Running {
    /// What was asked.
    pub call: Call,
    events: UnboundedSender<Result<Event, Error>>,
}

impl Default for Fake {
    fn default() -> Self {
        let (calls, waiting) = unbounded_channel();
        Self {
            calls,
            waiting: Arc::new(Mutex::new(waiting)),
        }
    }
}

impl Fake {
    /// Waits for the next call.
    ///
    /// # Panics
    /// Panics if two tasks wait at once; a test has one.
    pub async fn next(&self) -> Running {
        std::future::poll_fn(|context| {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.poll_recv(context)
        })
        .await
        .expect("this provider holds a sender itself")
    }

    /// Returns whether a call has come that nobody took.
    pub fn is_called(&self) -> bool {
        !self
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }
}

impl Provider for Fake {
    fn stream(&self, call: Call) -> Stream {
        let (events, mut received) = unbounded_channel();
        // The test may be over and gone; then the stream simply ends.
        let _ = self.calls.send(Running { call, events });
        futures_util::stream::poll_fn(move |context| received.poll_recv(context)).boxed()
    }
}

impl Running {
    /// Lets the stream yield more text.
    pub fn text(&self, text: &str) {
        self.event(Event::Text(text.into()));
    }

    /// Lets the stream yield an event.
    pub fn event(&self, event: Event) {
        let _ = self.events.send(Ok(event));
    }

    /// Lets the stream fail.
    pub fn fail(self, error: Error) {
        let _ = self.events.send(Err(error));
    }

    /// Waits until nobody listens to the stream any more.
    pub async fn dropped(&self) {
        self.events.closed().await;
    }

    /// Returns whether nobody listens to the stream any more.
    pub fn is_dropped(&self) -> bool {
        self.events.is_closed()
    }
}
