//! How long a request is held back that nobody made by hand, so that a model outside this process is not asked at every key.

use std::sync::Mutex;

use tokio::time::Instant;

use super::cache::Desk;
use super::completions::{Completions, Look, lock};
use super::desks::{Desks, follow};
use super::habits::Spot;
use super::trigger::{self, Moment, Verdict};
use super::{Ask, Trigger};
use crate::config::Eagerness;
use crate::gateway::Gateway;
use crate::session::Session;

impl Completions {
    /// Waits as long as a suggestion should that nobody asked for, so that a model outside this process is not asked for every key. False if
    /// it is better not to be asked at all. What streams in already is not waited for here.
    pub async fn hold_back(&self, gateway: &Gateway, session: &Mutex<Session>, ask: &Ask) -> bool {
        if ask.trigger == Trigger::Explicit {
            return true;
        }
        if ask.decision.is_embedded() {
            return ask.snapshot.settings.eagerness != Eagerness::Manual;
        }
        if let Ok(Look::Coming(mut waiting, _)) = self.look(session, ask, 0) {
            waiting.is_done = true;
            return true;
        }
        match self.verdict(gateway, session, ask) {
            Verdict::Silent => false,
            Verdict::Ask(wait) => {
                if !wait.is_zero() {
                    tokio::time::sleep(wait).await;
                }
                true
            }
        }
    }

    /// Decides when to ask.
    fn verdict(&self, gateway: &Gateway, session: &Mutex<Session>, ask: &Ask) -> Verdict {
        let snapshot = &ask.snapshot;
        let session = lock(session);
        let mut desks = self.desks();
        let nanos = desks.price(gateway, &ask.decision);
        let Desks { by_uri, record, .. } = &mut *desks;
        let desk = by_uri
            .entry(snapshot.uri.clone())
            .or_insert_with(|| Desk::new(snapshot.stamp()));
        follow(desk, &session, &snapshot.uri, record);
        let around = desk.look_round(&snapshot.text, snapshot.stamp(), ask.cursor, ask.writing);
        let moment = Moment {
            eagerness: snapshot.settings.eagerness,
            fixed: snapshot.settings.debounce,
            rhythm: &desk.rhythm,
            habits: &record.habits,
            nanos,
            is_within_word: around.is_within_word(),
            is_within_line: around.is_within_line(),
            is_doubtful: desk.doubt > 0,
        };
        let verdict = moment.verdict(Instant::now());
        let spot = Spot::of(snapshot.language, &around);
        let is_sparing = trigger::spares_barren(snapshot.settings.eagerness);
        if verdict != Verdict::Silent && is_sparing && record.habits.passes_over(spot) {
            return Verdict::Silent;
        }
        verdict
    }
}
