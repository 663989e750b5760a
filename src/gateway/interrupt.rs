//! Why a call is given up before its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use crate::cost::Outcome;

/// Tells a request that it is to end. Clones are the same interrupt.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    token: CancellationToken,
    is_superseded: Arc<AtomicBool>,
}

impl Interrupt {
    /// Says that a newer request has taken this one's place.
    pub fn supersede(&self) {
        if !self.is_over() {
            self.is_superseded.store(true, Ordering::Relaxed);
        }
        self.token.cancel();
    }

    /// Says that nobody wants the answer any more.
    pub fn cancel(&self) {
        self.token.cancel();
    }

    /// Waits until it is over.
    pub async fn over(&self) {
        self.token.cancelled().await;
    }

    /// Returns whether it is over.
    pub fn is_over(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Returns how a call ends that is dropped now.
    pub(super) fn outcome(&self) -> Outcome {
        if self.is_superseded.load(Ordering::Relaxed) {
            Outcome::Superseded
        } else {
            Outcome::Cancelled
        }
    }
}
