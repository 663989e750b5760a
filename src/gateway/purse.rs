//! What a gateway goes by where money is concerned: the budget, the guard against loops, and whoever is to be told.

use std::sync::{Arc, OnceLock};

use super::free::FreePool;
use super::health::Health;
use super::payer::Payers;
use super::room::Rooms;
use super::runaway::Runaways;
use super::speed::Speeds;
use crate::cost::Budget;
use crate::cost::budget::Standing;
use crate::provider::Error;
use crate::routing::Decision;
use crate::telemetry::Telemetry;

/// What somebody should know about a call.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A soft cap is passed, for the first time in its span.
    Warned(Box<Standing>),
    /// A loop was halted; the message says how to go on.
    Halted(String),
    /// What was halted goes on, since the user said so in another editor.
    Resumed,
    /// Credentials of these kinds were replaced by stand-ins in what was sent.
    Masked(Vec<&'static str>),
    /// Lines of the audit log cannot be written, and why.
    Unaudited(String),
    /// Something was reserved or refused, so that caps stand otherwise than before.
    Changed,
}

/// Hears of it, on whatever thread; it must not wait.
pub type Watch = Arc<dyn Fn(Notice) + Send + Sync>;

/// What one call goes by.
#[derive(Clone)]
pub(super) struct Purse {
    pub budget: Arc<Budget>,
    pub runaways: Runaways,
    pub payers: Payers,
    pub health: Health,
    pub speeds: Speeds,
    pub free: FreePool,
    pub rooms: Rooms,
    pub watch: Arc<OnceLock<Watch>>,
    pub telemetry: Telemetry,
}

impl Purse {
    /// Refuses a call to a model that somebody else has paid for, whichever editor it was; tells what the user of this one does not know.
    pub(super) async fn admit(&self, decision: &Decision) -> Result<(), Error> {
        if !self.payers.matters(decision) {
            return Ok(());
        }
        if self.payers.refresh().await && self.runaways.halted().is_none() {
            self.tell(Notice::Resumed);
        }
        if let Some(stopped) = self.payers.news(decision) {
            self.tell(Notice::Halted(stopped));
        }
        self.payers.check(decision)
    }

    pub(super) fn tell(&self, notice: Notice) {
        if let Some(watch) = self.watch.get() {
            watch(notice);
        }
    }
}
