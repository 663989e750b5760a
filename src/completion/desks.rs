//! What is known about all documents, and in common.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::Ask;
use super::cache::Desk;
use super::outcome::Record;
use super::place::Around;
use crate::cost::estimate::{Expected, Rough};
use crate::cost::{Ledger, Money};
use crate::gateway::Gateway;
use crate::routing::Decision;
use crate::session::Session;

/// The desks of all documents.
pub struct Desks {
    /// How many flights there were; a number is never given again.
    pub count: u64,
    /// One for each open document about which somebody asked.
    pub by_uri: HashMap<Arc<str>, Desk>,
    /// What became of suggestions.
    pub record: Record,
    /// Until when nothing is asked ahead.
    pub no_ahead_until: Option<Instant>,
    /// What a call costs, and of which model.
    price: Option<(String, Option<i64>)>,
}

/// How many tokens a usual suggestion has.
pub const USUAL_TOKENS: u64 = 40;

/// A usual completion, to know beforehand what one costs.
const USUAL: Expected<'static> = Expected {
    task: "completion",
    prompt: Rough::of_tokens(1_450),
    output: USUAL_TOKENS,
    most: 128,
};

impl Desks {
    /// Begins with none; what becomes of suggestions is written into `ledger`.
    pub fn new(ledger: Ledger) -> Self {
        Self {
            count: 0,
            by_uri: HashMap::new(),
            record: Record::new(ledger),
            no_ahead_until: None,
            price: None,
        }
    }

    /// Returns what stands around the place that is asked for, at which somebody looked already, as a rule.
    pub fn look_round(&mut self, ask: &Ask) -> Arc<Around> {
        let (snapshot, cursor) = (&ask.snapshot, ask.cursor);
        match self.by_uri.get_mut(&snapshot.uri) {
            Some(desk) => desk.look_round(&snapshot.text, snapshot.stamp(), cursor, ask.writing),
            None => Arc::new(Around::of(&snapshot.text, cursor, ask.writing)),
        }
    }

    /// Returns what a usual call costs, which is looked up once for a model.
    pub fn price(&mut self, gateway: &Gateway, decision: &Decision) -> Option<i64> {
        let name = decision.name();
        if let Some((of, nanos)) = &self.price
            && *of == name
        {
            return *nanos;
        }
        let nanos = gateway
            .estimate(decision, &USUAL)
            .cost
            .amount()
            .map(Money::nanos);
        self.price = Some((name, nanos));
        nanos
    }
}

/// Brings a desk up to the document as it is.
pub fn follow(desk: &mut Desk, session: &Session, uri: &str, record: &mut Record) {
    let Some(stamp) = session.stamp(uri) else {
        return;
    };
    if stamp == desk.stamp {
        return;
    }
    let now = Instant::now();
    let followed = session.since_stamp(uri, desk.stamp, |edits, _| {
        desk.follow(Some(edits), stamp, now, record);
    });
    if followed.is_none() {
        desk.follow(None, stamp, now, record);
    }
}
