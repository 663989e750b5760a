//! What the ledger's thread keeps in mind about reservations: which are its own, what this session has spent, which caps were just met.
//!
//! Entry points: [`Booth::claim`] before and [`Booth::answer`] after reserving. Invariant: an own reservation is known here until its row, or its end, is on the
//! disk; where its fate is unclear it is ended.

use std::collections::HashMap;
use std::sync::Arc;

use super::failure::Failure;
use super::moment::Moment;
use super::owner::Owner;
use super::reserve::{SessionSums, Verdict, Wanted, Who, kind_of};
use super::reserving::{Asked, Granted, note_answered};
use super::row::{CallId, Row};
use super::store::{Place, Store};
use crate::cost::budget::{Budget, CapState, Kind, Per, Refusal, Standing};
use crate::cost::{Cost, Money};

/// The first and the last span of a cap's time.
type Span = (i64, i64);

#[derive(Default)]
pub(super) struct Booth {
    /// The claim that this process lives; made before its first reservation.
    owner: Option<Owner>,
    /// Calls that have something reserved, and what.
    reserved: HashMap<CallId, (Kind, Money)>,
    /// Reservations that are over and still on the disk.
    released: Vec<CallId>,
    sums: SessionSums,
    /// Caps that the last call they cover would have broken, and what it might have cost.
    broken: HashMap<Arc<str>, (Span, Money)>,
    /// Soft caps of which the user was told.
    warned: HashMap<Arc<str>, Span>,
    /// Whether those that are gone were looked for.
    has_looked: bool,
}

impl Booth {
    /// Counts what a settled call cost.
    pub(super) fn spend(&mut self, row: &Row) {
        if let Some(amount) = row.cost.amount() {
            self.sums.spent.add(kind_of(row), amount, 1);
        }
    }

    /// Counts a call anew that was counted before.
    pub(super) fn correct(&mut self, before: &Cost, row: &Row) {
        if let Some(amount) = before.amount() {
            self.sums.spent.add(kind_of(row), amount, -1);
        }
        self.spend(row);
    }

    /// Knows from now on of a reservation that stands.
    pub(super) fn keep(&mut self, wanted: &Wanted) {
        let (kind, amount) = (kind_of(&wanted.row), wanted.amount);
        self.sums.reserved.add(kind.clone(), amount, 1);
        self.reserved.insert(wanted.row.id.clone(), (kind, amount));
    }

    /// Ends reservations that may be on the disk or not.
    pub(super) fn doubt(&mut self, reserved: Vec<Wanted>) {
        self.released
            .extend(reserved.into_iter().map(|wanted| wanted.row.id));
    }

    /// Ends the reservation of a call, if it has one.
    pub(super) fn release(&mut self, id: CallId) {
        if let Some((kind, amount)) = self.reserved.remove(&id) {
            self.sums.reserved.add(kind, amount, -1);
            self.released.push(id);
        }
    }

    pub(super) fn has_to_release(&self) -> bool {
        !self.released.is_empty()
    }

    pub(super) fn to_release(&self) -> &[CallId] {
        &self.released
    }

    pub(super) fn have_released(&mut self) {
        self.released.clear();
    }

    /// Whether the last calls met a cap, and nothing of this process is under way to the disk that may have made room: then what is on the disk may
    /// refuse the next.
    pub(super) fn may_refuse(&self) -> bool {
        !self.broken.is_empty() && self.released.is_empty()
    }

    /// Gives the claim up, unless something is reserved.
    pub(super) fn close(&mut self) {
        if self.reserved.is_empty() && self.released.is_empty() {
            self.owner = None;
        }
    }

    /// Books, once, what processes had reserved that are gone.
    pub(super) fn look(
        &mut self,
        store: &mut Store,
        place: &Place,
        session: &str,
    ) -> Result<(), Failure> {
        if !self.has_looked {
            let booked = store.book_dead(place, session)?;
            if booked > 0 {
                tracing::warn!(
                    booked,
                    "calls were under way when a byok-lsp ended without booking them; they are booked as the most they can have cost"
                );
            }
            self.has_looked = true;
        }
        Ok(())
    }

    /// Claims, before anything is reserved, that this process lives.
    pub(super) fn claim(&mut self, place: &Place, session: &str) -> Result<(), Failure> {
        if let (Place::File(path), None) = (place, &self.owner) {
            self.owner = Some(Owner::claim(path, session)?);
        }
        Ok(())
    }

    /// Returns who reserves.
    pub(super) fn who<'a>(&'a self, session: &'a str, now: Moment) -> Who<'a> {
        Who {
            session,
            sums: &self.sums,
            now,
        }
    }

    /// Answers those who asked, and notes which caps were met.
    pub(super) fn answer(&mut self, asked: Vec<Asked>, verdicts: Result<Vec<Verdict>, String>) {
        let verdicts = match verdicts {
            Ok(verdicts) => verdicts,
            Err(reason) => {
                for asked in asked {
                    // It may be on the disk all the same.
                    self.released.push(asked.wanted.row.id.clone());
                    asked.held.refused();
                    let _ = asked.reply.send(Err(Refusal::Unsure(reason.clone())));
                }
                return;
            }
        };
        for (asked, verdict) in asked.into_iter().zip(verdicts) {
            let moment = asked.wanted.moment;
            let answer = match verdict {
                Verdict::Reserved(soft) => {
                    let kind = kind_of(&asked.wanted.row);
                    for cap in asked.wanted.budget.caps_of(&kind) {
                        self.broken.remove(&cap.name);
                    }
                    self.keep(&asked.wanted);
                    let soft = soft.into_iter().filter(|standing| {
                        let span = span(standing.cap.per, moment);
                        let told = self.warned.insert(standing.cap.name.clone(), span);
                        told != Some(span)
                    });
                    Ok(Granted {
                        soft: soft.collect(),
                        held: asked.held,
                    })
                }
                Verdict::Refused(refusal) => {
                    if let Refusal::Cap { standing, worst } = &refusal {
                        let span = span(standing.cap.per, moment);
                        let name = standing.cap.name.clone();
                        self.broken.insert(name, (span, *worst));
                    }
                    asked.held.refused();
                    Err(refusal)
                }
            };
            note_answered(asked.at);
            // Whoever stopped waiting gets nothing: what was reserved for them is given back by the drop of what is held.
            let _ = asked.reply.send(answer);
        }
    }

    /// Returns how each cap stands.
    pub(super) fn standings(
        &self,
        store: &Store,
        session: &str,
        now: Moment,
        budget: &Budget,
    ) -> Result<Vec<Standing>, Failure> {
        let mut standings = store.standings(&self.who(session, now), budget)?;
        for standing in &mut standings {
            let span = span(standing.cap.per, now);
            let broken = self.broken.get(&standing.cap.name);
            // Once there is room again for the like, it is met no more.
            if broken.is_some_and(|(when, worst)| {
                *when == span && standing.left().nanos() < worst.nanos()
            }) {
                standing.state = CapState::of_broken(&standing.cap.at);
            }
        }
        Ok(standings)
    }
}

fn span(per: Per, moment: Moment) -> Span {
    match per {
        Per::Session | Per::Request => (0, 0),
        Per::Hour | Per::Day | Per::Month => moment.spans(per),
    }
}
