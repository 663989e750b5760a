//! Other suggestions for a place where one is on the screen: who asks again by hand wants to choose.
//!
//! Entry point: [`Completions::others`]. Nobody is asked for others before that wish, since each is a call that is paid for. They are asked side by
//! side with the prompt that the first one had, which a provider's cache may know, and vary as the model does. What says the same as another
//! is left out. They are remembered like every suggestion: typing along one of them, or asking once more, asks nobody.

use std::sync::{Arc, Mutex};

use futures_util::future::join_all;

use super::cache::Wanted;
use super::completions::{Completions, lock};
use super::flight::Flight;
use super::habits::Spot;
use super::place::{self, Around};
use super::{Ask, Shown, Suggestion, Trigger};
use crate::gateway::Gateway;
use crate::session::Session;

/// How many others are asked for.
const OTHERS: usize = 2;

impl Completions {
    /// Returns what else there is for a place where `first` is shown and was shown before, with no edit since; asks for it if nothing else is known.
    ///
    /// Dropping the future ends the calls.
    pub async fn others(
        &self,
        gateway: &Gateway,
        session: &Mutex<Session>,
        ask: &Ask,
        first: &Suggestion,
    ) -> Vec<Shown> {
        if ask.trigger == Trigger::Automatic
            || ask.decision.is_embedded()
            || !self.is_shown_again(session, ask)
        {
            return Vec::new();
        }
        let known = self.known_beside(session, ask, first);
        if !known.is_empty() {
            return known;
        }
        join_all((0..OTHERS).map(|_| self.ask_for_another(gateway, session, ask))).await;
        self.known_beside(session, ask, first)
    }

    /// Returns whether the document is as it was when the place's suggestion was shown before.
    fn is_shown_again(&self, session: &Mutex<Session>, ask: &Ask) -> bool {
        let is_current = is_current(&lock(session), ask);
        let desks = self.desks();
        let desk = desks.by_uri.get(&ask.snapshot.uri);
        is_current && desk.is_some_and(|desk| desk.is_shown_again(ask.cursor))
    }

    /// Returns the suggestions for a place that say something else than `first` and each other.
    fn known_beside(&self, session: &Mutex<Session>, ask: &Ask, first: &Suggestion) -> Vec<Shown> {
        let around = Around::at(&ask.snapshot, ask.cursor);
        let wanted = Wanted {
            cursor: ask.cursor,
            around: &around,
            decision: &ask.decision,
            settings: &ask.snapshot.settings,
            extent: place::extent(&ask.snapshot, &around, ask.cursor),
            trigger: Trigger::Explicit,
        };
        if !is_current(&lock(session), ask) {
            return Vec::new();
        }
        let super::desks::Desks { by_uri, record, .. } = &mut *self.desks();
        let Some(desk) = by_uri.get_mut(&ask.snapshot.uri) else {
            return Vec::new();
        };
        let spot = Spot::of(ask.snapshot.language, &around);
        let mut said = vec![gist(&first.text)];
        let mut others = Vec::new();
        for (text, known) in desk.all(&wanted) {
            let gist = gist(&text);
            if said.contains(&gist) {
                continue;
            }
            said.push(gist);
            // So that an editor may say later that it was accepted.
            record.show(&known.id, ask.cursor, spot, &text);
            others.push(Shown {
                suggestion: Suggestion {
                    id: known.id.clone(),
                    cursor: ask.cursor,
                    text,
                    decision: known.decision.clone(),
                    cost: known.cost,
                },
                text: ask.snapshot.text.clone(),
            });
        }
        for other in &others {
            desk.offer_again(&other.suggestion.id);
        }
        others
    }

    /// Asks the model once more, beside the document's stream; what it brings is remembered if the document is still the same.
    async fn ask_for_another(&self, gateway: &Gateway, session: &Mutex<Session>, ask: &Ask) {
        let around = Arc::new(Around::at(&ask.snapshot, ask.cursor));
        let extent = place::extent(&ask.snapshot, &around, ask.cursor);
        let mut flight = Flight::start(self.tasks(), gateway, ask, around, extent);
        while flight.progress.borrow_and_update().end.is_none() {
            if flight.progress.changed().await.is_err() {
                break;
            }
        }
        let session = lock(session);
        if !is_current(&session, ask) {
            return;
        }
        if let Some(desk) = self.desks().by_uri.get_mut(&ask.snapshot.uri) {
            desk.keep_beside(&flight);
        }
    }
}

fn is_current(session: &Session, ask: &Ask) -> bool {
    session.stamp(&ask.snapshot.uri) == Some(ask.snapshot.stamp())
}

/// Returns what two texts have in common that say the same: all but blanks, the sort of quotes and what ends a statement.
fn gist(text: &str) -> String {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || ";,".contains(c));
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| if "'`".contains(c) { '"' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::gist;

    #[test]
    fn texts_that_differ_in_blanks_and_signs_alone_say_the_same() {
        assert_eq!(gist("f('a', 1);\n"), gist("f(\"a\",1)"));
        assert_ne!(gist("f(1)"), gist("f(2)"));
    }
}
