//! The way to a reservation and back, as the ledger's callers see it.
//!
//! Entry points: [`Ledger::reserve`] and [`Ledger::standings`]. Invariant: what is reserved ends, whatever becomes of whoever asked: with its
//! call's row, or when its [`Held`] is dropped, also on the way to somebody who stopped waiting.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::ahead::Found;
use super::moment::Moment;
use super::reserve::Wanted;
use super::row::{CallId, Row};
use super::shared::lock;
use super::{Command, Ledger};
use crate::cost::budget::{Budget, Refusal, Standing};

/// How long a call waits for its reservation; longer than the ledger waits for another process.
const LIMIT: Duration = Duration::from_secs(3);

/// What is to be reserved for one call.
pub struct Reservation {
    /// The row that is booked if this process ends before it books another. Its cost is the most that the call can cost.
    pub row: Row,
    /// What it is measured against.
    pub budget: Arc<Budget>,
    /// Whether the user said that it may pass the caps that ask.
    pub has_consent: bool,
}

/// A question on its way to the ledger's thread.
pub(super) struct Asked {
    pub(super) wanted: Wanted,
    pub(super) at: Instant,
    pub(super) held: Held,
    pub(super) reply: oneshot::Sender<Result<Granted, Refusal>>,
}

impl Asked {
    /// The folder that the call is for.
    pub(super) fn workspace(&self) -> Option<&str> {
        self.wanted.row.workspace.as_deref()
    }
}

/// What came back from the ledger's thread.
pub(super) struct Granted {
    pub(super) held: Held,
    pub(super) soft: Vec<Standing>,
}

/// A reservation that stands.
#[must_use = "it ends when it is dropped"]
pub struct Held {
    ledger: Ledger,
    id: Option<CallId>,
}

impl Held {
    /// Says that the call's row is on its way to the ledger and ends the reservation.
    pub fn settled(mut self) {
        self.id = None;
    }

    /// Says that nothing is reserved after all.
    pub(super) fn refused(self) {
        self.settled();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.ledger.send(Command::Release(id));
        }
    }
}

/// Notes how long the answer to a question took.
pub(super) fn note_answered(asked: Instant) {
    let took_us = asked.elapsed().as_micros();
    tracing::debug!(took_us, "answered a reservation");
}

impl Ledger {
    /// Reserves what a call may cost at most, in every cap that covers it and across all processes on this machine, or says why not. The
    /// soft caps that it breaks are returned, each of them once.
    ///
    /// Once this returns, it survives any end of the process; only a power cut may take it.
    pub async fn reserve(
        &self,
        reservation: Reservation,
    ) -> Result<(Option<Held>, Vec<Standing>), Refusal> {
        let Reservation {
            row,
            budget,
            has_consent,
        } = reservation;
        let Some(amount) = row.cost.amount().filter(|amount| amount.nanos() > 0) else {
            return Ok((None, Vec::new()));
        };
        let zone = (self.shared.setting.zone)();
        let mut wanted = Wanted {
            moment: Moment::of(row.started, &zone),
            row,
            amount,
            budget,
            has_consent,
            in_burst: false,
        };
        let held = Held {
            ledger: self.clone(),
            id: Some(wanted.row.id.clone()),
        };
        let at = Instant::now();
        match self.find(&wanted, at) {
            Found::Spare(refill) => {
                if let Some(like) = refill {
                    self.send(Command::Refill(like));
                }
                note_answered(at);
                return Ok((Some(held), Vec::new()));
            }
            Found::Nothing { in_burst } => wanted.in_burst = in_burst,
        }
        let (sender, answer) = oneshot::channel();
        let asked = Asked {
            wanted,
            at,
            held,
            reply: sender,
        };
        self.send(Command::Reserve(Box::new(asked)));
        match tokio::time::timeout(LIMIT, answer).await {
            Ok(Ok(Ok(granted))) => Ok((Some(granted.held), granted.soft)),
            Ok(Ok(Err(refusal))) => Err(refusal),
            Ok(Err(_)) | Err(_) => Err(Refusal::Unsure(
                "the ledger did not answer; its disk may be slow or another program may hold it"
                    .into(),
            )),
        }
    }

    /// Looks for what is reserved ahead, unless it is not known whether it stands.
    pub(super) fn find(&self, wanted: &Wanted, now: Instant) -> Found {
        if self.shared.trouble().is_some() {
            return Found::Nothing { in_burst: false };
        }
        let bounds = self.shared.setting.ahead;
        lock(&self.shared.ahead).take(wanted, bounds, now)
    }

    /// Returns how each cap stands that lasts, or nothing if the ledger cannot say.
    pub async fn standings(&self, budget: Arc<Budget>) -> Vec<Standing> {
        let (sender, answer) = oneshot::channel();
        self.send(Command::Standings(budget, sender));
        let answer = tokio::time::timeout(LIMIT, answer).await;
        answer.ok().and_then(Result::ok).unwrap_or_default()
    }
}
