//! Why a call is given up before its end.

use tokio_util::sync::CancellationToken;

use crate::cost::Outcome;

/// Tells a request that a newer one has taken its place. Clones are the same interrupt.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(CancellationToken);

impl Interrupt {
    /// Says that a newer request has taken this one's place.
    pub fn supersede(&self) {
        self.0.cancel();
    }

    /// Waits until it is superseded.
    pub async fn superseded(&self) {
        self.0.cancelled().await;
    }

    /// Returns whether it is superseded.
    pub fn is_superseded(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Returns how a call ends that is dropped now.
    pub(super) fn outcome(&self) -> Outcome {
        if self.is_superseded() {
            Outcome::Superseded
        } else {
            Outcome::Cancelled
        }
    }
}
