//! What follows a suggestion, asked for while the suggestion is still on the screen, as if all of it had been accepted.
//!
//! Entry point: [`Completions::look_ahead`]. It costs a call of which it is not known whether anybody wants its answer, so it is only made
//! where the user set a budget for it (`completion.speculation`), where what is suggested is mostly followed, and where nothing is known
//! of what follows. The call is a feature of its own in the ledger, with a cap of its own, and goes behind all others. Its stream lies on
//! the document's desk beside the one for the cursor: it is ended as soon as something else is typed, or asked for, and soon where more is
//! typed than the suggestion and nobody asks; once the suggestion is accepted it is found like any other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::completions::{Completions, lock};
use super::flight::Flight;
use super::place::{self, Around};
use super::{Ask, Shown};
use crate::gateway::Gateway;
use crate::routing::Feature;
use crate::session::Session;

/// How long nothing is asked ahead after such a call failed: mostly its budget is spent, or the provider is busy.
pub(super) const REST: Duration = Duration::from_mins(1);

impl Completions {
    /// Asks for what follows a suggestion that was just answered, if that is wanted and worth it. Returns at once.
    pub fn look_ahead(
        &self,
        gateway: &Gateway,
        session: &Mutex<Session>,
        ask: &Ask,
        shown: &Shown,
    ) {
        let settings = &ask.snapshot.settings;
        if settings.speculation.is_none() || shown.suggestion.decision.is_embedded() {
            return;
        }
        let (cursor, text) = (shown.suggestion.cursor, &shown.suggestion.text);
        let is_worth_it = lock(session)
            .since(&ask.snapshot, |edits, now| {
                edits.is_empty() && cursor == ask.cursor && now.is_instance(&shown.text)
            })
            .unwrap_or(false);
        if !is_worth_it || !self.is_ahead_unknown(ask, text) {
            return;
        }
        let mut ahead = ask.clone();
        ahead.move_to(
            ask.snapshot.with_inserted(cursor, text),
            cursor + text.len(),
        );
        ahead.decision.feature = Feature::Speculation;
        let around = Arc::new(Around::at(&ahead.snapshot, ahead.cursor));
        let extent = place::extent(&ahead.snapshot, &around, ahead.cursor);
        let mut flight = Flight::start(self.tasks(), gateway, &ahead, around, extent);
        flight.wait_for(cursor, &ask.snapshot.text, text);
        let session = lock(session);
        let mut desks = self.desks();
        desks.count += 1;
        flight.number = desks.count;
        if session.stamp(&ask.snapshot.uri) == Some(ask.snapshot.stamp())
            && let Some(desk) = desks.by_uri.get_mut(&ask.snapshot.uri)
        {
            desk.ahead = Some(flight);
        }
    }

    /// Returns whether it is worth asking, and nothing is there that will answer, or may.
    fn is_ahead_unknown(&self, ask: &Ask, text: &str) -> bool {
        let mut desks = self.desks();
        let around = desks.look_round(ask);
        if !around.line_after.trim().is_empty() || !desks.record.habits.is_worth_reading_on() {
            return false;
        }
        if desks
            .no_ahead_until
            .is_some_and(|until| Instant::now() < until)
        {
            return false;
        }
        let desk = desks.by_uri.get(&ask.snapshot.uri);
        desk.is_some_and(|desk| {
            desk.flight.is_none() && desk.ahead.is_none() && !desk.goes_on(ask.cursor, text)
        })
    }
}
