//! What is known for a document already: the suggestions of late and the stream that is under way.
//!
//! Entry point: [`Desk`], one for each open document. A suggestion is found by its place's [`Trail`], so by the document, by every byte
//! before and behind the place, and by nothing that another file could have; besides, model and settings have to be those it was made with.
//! It is bounded by the number of suggestions, each of which is bounded by the most tokens.

use std::collections::VecDeque;
use std::sync::Arc;

use ropey::Rope;
use tokio::time::Instant;

use super::dismissal::Quiet;
use super::filter;
use super::flight::Flight;
use super::habits::Spot;
use super::outcome::{Course, Kept, Record, Watch};
use super::place::{Around, Writing};
use super::reuse::{Fit, Trail};
use super::stop::Extent;
use super::trigger::Rhythm;
use super::{Suggestion, Trigger};
use crate::config::Settings;
use crate::cost::Cost;
use crate::document::Edit;
use crate::gateway::CallId;
use crate::provider::Error;
use crate::routing::Decision;
use crate::session::Stamp;

/// How many suggestions are remembered for a document.
const KNOWN: usize = 32;

/// How many keys it takes to be sure that somebody means what was typed against a suggestion: a slip is taken back before.
const DOUBT: usize = 3;

/// What is known for one document.
pub struct Desk {
    /// The moment up to which edits were followed.
    pub stamp: Stamp,
    /// The newest first.
    known: VecDeque<Known>,
    /// The stream that is under way.
    pub flight: Option<Flight>,
    /// The stream that brings what follows the suggestion on the screen, once that is accepted.
    pub ahead: Option<Flight>,
    /// How the user types here.
    pub rhythm: Rhythm,
    /// What is on the screen, as far as we know.
    watch: Option<Watch>,
    /// What was accepted of late.
    kept: VecDeque<Kept>,
    /// For how many keys it is doubtful whether it is worth asking: what was typed against the last suggestion may be a slip, and a model that had
    /// nothing to say has hardly more to say a key later.
    pub doubt: usize,
    /// Where the user dismissed a suggestion of late.
    quiet: Option<Quiet>,
    /// The document's state and the cursor for which something was shown last, and whether it was shown for them before.
    shown_at: Option<(Stamp, usize, bool)>,
    /// What stands around the place that was looked at last, since one request looks several times.
    looked: Option<(Stamp, usize, Arc<Around>)>,
}

/// A suggestion that was made.
#[derive(Clone)]
pub struct Known {
    /// What has become of its place.
    pub trail: Trail,
    /// The text; `None` if the model had nothing to say that was worth showing.
    pub text: Option<String>,
    /// The call it came from.
    pub id: CallId,
    /// What the call cost.
    pub cost: Option<Cost>,
    /// The model.
    pub decision: Decision,
    /// The settings it was made under.
    pub settings: Arc<Settings>,
    /// How much of its text the user took off the screen, in bytes from its start.
    refused: Option<usize>,
}

/// What a place and a moment are compared with.
pub struct Wanted<'a> {
    /// Where the cursor is now.
    pub cursor: usize,
    /// What stands around it now.
    pub around: &'a Around,
    /// The model that would be asked.
    pub decision: &'a Decision,
    /// The settings now.
    pub settings: &'a Arc<Settings>,
    /// How much may be shown here at once.
    pub extent: Extent,
    /// Why it is wanted. Who asks by hand does not want what the embedded engine said in the model's place, and does want what they dismissed.
    pub trigger: Trigger,
}

/// What of a suggestion the user dismissed.
enum Refused {
    /// Nothing of what is left.
    No,
    /// What is left, or begins with.
    All,
    /// It, but the cursor stands before its place: there it is neither offered nor does it keep others from being so.
    Elsewhere,
}

impl Known {
    /// Notes that the user dismissed it: what is on the screen, as far as that is known, else its first line. What was read on behind that nobody saw.
    fn refuse(&mut self, watch: Option<&Watch>) {
        let Some(text) = &self.text else {
            return;
        };
        let seen = watch.and_then(|watch| {
            let cursor = watch.trail().end();
            let (Fit::Rest(rest), _) = self.trail.fit(cursor, text) else {
                return None;
            };
            Some((text.len() + watch.rest()?.len()).saturating_sub(rest.len()))
        });
        self.refused = Some(seen.unwrap_or_else(|| first_line(text)));
    }

    /// Returns whether the user dismissed what is left of it.
    fn is_refused(&self, rest: &str) -> Refused {
        let (Some(refused), Some(text)) = (self.refused, &self.text) else {
            return Refused::No;
        };
        match text.len().checked_sub(rest.len()) {
            None => Refused::Elsewhere,
            Some(done) if done < refused => Refused::All,
            Some(_) => Refused::No,
        }
    }

    /// Returns whether the user dismissed anything of it.
    pub fn was_dismissed(&self) -> bool {
        self.refused.is_some()
    }
}

impl Wanted<'_> {
    fn is_by(&self, decision: &Decision, settings: &Arc<Settings>) -> bool {
        let is_same = self.decision.is_alike(decision);
        let is_partner = self.trigger == Trigger::Automatic && decision.is_embedded();
        Arc::ptr_eq(self.settings, settings) && (is_same || is_partner)
    }
}

impl Desk {
    /// Begins with nothing known.
    pub fn new(stamp: Stamp) -> Self {
        Self {
            stamp,
            known: VecDeque::new(),
            flight: None,
            ahead: None,
            rhythm: Rhythm::default(),
            watch: None,
            kept: VecDeque::new(),
            doubt: 0,
            quiet: None,
            shown_at: None,
            looked: None,
        }
    }

    /// Returns what stands around a cursor in the document's text, as that is at `stamp`.
    pub fn look_round(
        &mut self,
        text: &Rope,
        stamp: Stamp,
        cursor: usize,
        writing: Writing,
    ) -> Arc<Around> {
        if let Some((at, place, around)) = &self.looked
            && (*at, *place, around.writing) == (stamp, cursor, writing)
        {
            return around.clone();
        }
        let around = Arc::new(Around::of(text, cursor, writing));
        self.looked = Some((stamp, cursor, around.clone()));
        around
    }

    /// Follows what was done to the document since, up to `stamp`. `None` means that it is forgotten or that this is another document; then
    /// nothing is known any more. The record is told what became of what was shown, once that is known.
    pub fn follow(
        &mut self,
        edits: Option<&[&Edit]>,
        stamp: Stamp,
        now: Instant,
        record: &mut Record,
    ) {
        self.note_kept(now, record);
        self.stamp = stamp;
        let Some(edits) = edits else {
            self.known.clear();
            self.flight = None;
            self.ahead = None;
            self.watch = None;
            self.quiet = None;
            self.kept.clear();
            return;
        };
        if edits.is_empty() {
            return;
        }
        self.rhythm.edited(edits, now);
        for edit in edits {
            self.kept.iter_mut().for_each(|kept| kept.follow(edit));
        }
        self.doubt = self.doubt.saturating_sub(edits.len());
        self.quiet.take_if(|quiet| !quiet.follow(edits));
        let course = self
            .watch
            .as_mut()
            .and_then(|watch| watch.follow(edits, now, record, &mut self.kept));
        if let Some(course) = course {
            self.watch = None;
            self.doubt = if course == Course::Left { DOUBT } else { 0 };
        }
        let follow = |trail: &mut Trail| edits.iter().all(|edit| trail.follow(edit).is_some());
        let mut count = 0;
        self.known.retain_mut(|known| {
            count += 1;
            // The latest one may be on the screen, and stays there when something else changes; the others have lost what they were made for.
            follow(&mut known.trail) && (count == 1 || !known.trail.is_moved)
        });
        if self
            .flight
            .as_mut()
            .is_some_and(|flight| !follow(&mut flight.trail))
        {
            self.flight = None;
        }
        if self
            .ahead
            .as_mut()
            .is_some_and(|flight| !follow(&mut flight.trail) || flight.is_against())
        {
            self.ahead = None;
        }
    }

    /// Takes what was asked ahead: what its stream brought, if it has ended; or the stream itself, if what it was to wait for was accepted
    /// meanwhile. An error is the provider's, or a cap's.
    pub fn land_ahead(&mut self) -> Result<(), Error> {
        if let Some(flight) = self.ahead.take_if(|flight| flight.is_over()) {
            self.keep_beside(&flight);
            let end = flight.progress.borrow().end.clone();
            return end.unwrap_or(Ok(()));
        }
        if self.flight.is_none() && self.ahead.as_ref().is_some_and(Flight::is_reached) {
            self.flight = self.ahead.take();
        }
        Ok(())
    }

    /// Returns whether it is known what follows a text that is suggested at a cursor.
    pub fn goes_on(&self, cursor: usize, text: &str) -> bool {
        self.known.iter().any(|known| {
            let all = known.text.as_deref().unwrap_or_default();
            let fit = known.trail.fit(cursor, all).0;
            matches!(fit, Fit::Rest(rest) if rest.strip_prefix(text).is_some_and(|more| !more.trim().is_empty()))
        })
    }

    /// Takes what the stream brought, if it has ended. An error is the provider's.
    pub fn land(&mut self, record: &mut Record) -> Result<(), Error> {
        let Some(flight) = self.flight.take_if(|flight| flight.is_over()) else {
            return Ok(());
        };
        let progress = flight.progress.borrow();
        let end = progress.end.clone().unwrap_or(Ok(()));
        if let Some(at) = progress.first_line {
            record.habits.took(at - flight.started);
        }
        drop(progress);
        let brought = brought(&flight);
        let is_something = brought.as_ref().is_some_and(|known| known.text.is_some());
        if end.is_ok() && !is_something {
            self.doubt = DOUBT;
        }
        // What came before a failure and can be seen already stays; a failure alone is no suggestion.
        if let Some(known) = brought
            && (end.is_ok() || is_something && flight.is_shown)
        {
            self.remember(known, 0);
        }
        end
    }

    /// Remembers of a stream that is given up what was seen of it: who typed something else may take that back.
    pub fn keep_shown(&mut self, flight: &Flight) {
        if !flight.is_shown {
            return;
        }
        let seen = filter::whole_lines(&flight.progress.borrow().text).to_owned();
        if let Some(known) = brought_by(flight, &seen).filter(|known| known.text.is_some()) {
            self.remember(known, 0);
        }
    }

    /// Returns the number of the stream, if something is true of it.
    pub fn flight_if(&self, is_so: impl Fn(&Flight) -> bool) -> Option<u64> {
        let flight = self.flight.as_ref();
        flight.filter(|it| is_so(it)).map(|it| it.number)
    }

    /// Remembers a suggestion behind so many others, and forgets the oldest.
    fn remember(&mut self, known: Known, behind: usize) {
        self.known.truncate(KNOWN - 1);
        self.known.insert(self.known.len().min(behind), known);
    }

    /// Remembers what another stream brought, behind the latest suggestion, which stays the one that is shown first.
    pub fn keep_beside(&mut self, flight: &Flight) {
        let is_sound = matches!(flight.progress.borrow().end, Some(Ok(())));
        if let Some(known) = brought(flight).filter(|known| is_sound && known.text.is_some()) {
            self.remember(known, 1);
        }
    }

    /// Notes that a suggestion is shown in such a place.
    pub fn show(&mut self, shown: &Suggestion, spot: Spot, record: &mut Record) {
        let Suggestion {
            id, cursor, text, ..
        } = shown;
        let cursor = *cursor;
        let is_shown = |watch: &Watch| watch.is_shown_at(cursor, text);
        if !self.watch.as_ref().is_some_and(is_shown) {
            self.watch = Some(record.show(id, cursor, spot, text));
        }
        self.doubt = 0;
        // Who sees something there anew asked for it.
        self.quiet.take_if(|quiet| quiet.keys_at(cursor).is_some());
        self.offer_again(id);
        let is_again = self
            .shown_at
            .is_some_and(|(stamp, at, _)| (stamp, at) == (self.stamp, cursor));
        self.shown_at = Some((self.stamp, cursor, is_again));
    }

    /// Returns whether what is shown at a cursor was shown there before, with no edit since.
    pub fn is_shown_again(&self, cursor: usize) -> bool {
        self.shown_at == Some((self.stamp, cursor, true))
    }

    /// Notes that the user dismissed a suggestion. False if it is none of this document's.
    pub fn dismiss(&mut self, id: &str, now: Instant, record: &mut Record) -> bool {
        // Whatever it failed with in the end was no news to who had seen enough of it to refuse it; the call is booked as it ended.
        let _ = self.land(record);
        let streams = |flight: &mut Flight| {
            let of = &flight.progress.borrow().id;
            of.as_ref().is_some_and(|of| of.as_str() == id)
        };
        if let Some(flight) = self.flight.take_if(streams) {
            self.keep_shown(&flight);
        }
        let watch = self.watch.take_if(|watch| watch.is_of(id));
        let mut place = None;
        for known in self.known.iter_mut().filter(|one| one.id.as_str() == id) {
            known.refuse(watch.as_ref());
            place.get_or_insert_with(|| known.trail.clone());
        }
        if let Some(watch) = watch {
            watch.end(now, record, &mut self.kept);
            place.get_or_insert_with(|| watch.trail().clone());
        }
        let Some(place) = place else {
            return false;
        };
        // Whatever else is on its way to the same place, nobody wants it.
        self.flight
            .take_if(|flight| flight.trail.holds(place.end()));
        self.quiet = Some(Quiet::at(place));
        self.ahead = None;
        self.shown_at = None;
        true
    }

    /// Forgets that the user dismissed a suggestion: it was asked for by hand.
    pub fn offer_again(&mut self, id: &CallId) {
        let again = self.known.iter_mut().filter(|known| known.id == *id);
        again.for_each(|known| known.refused = None);
    }

    /// Returns how many keys ago the user dismissed a suggestion at a place.
    pub fn since_dismissal(&self, cursor: usize) -> Option<usize> {
        self.quiet.as_ref()?.keys_at(cursor)
    }

    /// Notes how much is still there of what was accepted, where it is time.
    pub fn note_kept(&mut self, now: Instant, record: &Record) {
        self.kept.retain_mut(|kept| {
            kept.note_if_due(now, record);
            !kept.is_over()
        });
    }

    /// Finds a suggestion on which the text before the cursor lies, and what is left of it. `Some(None)` is known to be nothing.
    ///
    /// Nothing as well is what is known to come but is not shown here: at the end of a block's last line, what follows the block; and what the user
    /// dismissed, unless it is asked for by hand.
    pub fn find(&self, wanted: &Wanted<'_>) -> Option<(Option<String>, &Known)> {
        let mut silent = None;
        for known in &self.known {
            if !wanted.is_by(&known.decision, &known.settings) {
                continue;
            }
            let Some(text) = &known.text else {
                let is_there = !known.trail.is_touched() && known.trail.end() == wanted.cursor;
                if is_there {
                    return Some((None, known));
                }
                continue;
            };
            let (Fit::Rest(rest), after) = known.trail.fit(wanted.cursor, text) else {
                continue;
            };
            let comes = !rest.trim().is_empty();
            if wanted.trigger == Trigger::Automatic && comes {
                match known.is_refused(&rest) {
                    Refused::All => return Some((None, known)),
                    Refused::Elsewhere => continue,
                    Refused::No => {}
                }
            }
            if let Some((rest, _)) = fitted(rest, after, wanted) {
                return Some((Some(rest), known));
            }
            if comes {
                silent.get_or_insert(known);
            }
        }
        silent.map(|known| (None, known))
    }

    /// Returns what is left of every suggestion on which the text before the cursor lies, the latest first.
    pub fn all(&self, wanted: &Wanted<'_>) -> Vec<(String, &Known)> {
        let known = self.known.iter();
        let known = known.filter(|known| wanted.is_by(&known.decision, &known.settings));
        known
            .filter_map(|known| {
                let text = known.text.as_ref()?;
                match known.trail.fit(wanted.cursor, text) {
                    (Fit::Rest(rest), after) => Some((fitted(rest, after, wanted)?.0, known)),
                    _ => None,
                }
            })
            .collect()
    }

    /// Notes that what was typed is not what streams in, if it is not: as with a suggestion that is seen, it may be a slip.
    pub fn doubt_if_wrong(&mut self, wanted: &Wanted<'_>) {
        let is_wrong = self.flight.as_ref().is_some_and(|flight| {
            let progress = flight.progress.borrow();
            flight.trail.is_touched()
                && flight.trail.fit(wanted.cursor, &progress.text).0 == Fit::Against
        });
        if is_wrong && self.doubt == 0 {
            self.doubt = DOUBT;
        }
    }

    /// Returns whether the stream may still bring what is wanted.
    pub fn is_coming(&self, wanted: &Wanted<'_>) -> bool {
        self.flight.as_ref().is_some_and(|flight| {
            let text = &flight.progress.borrow().text;
            wanted.is_by(&flight.decision, &flight.settings)
                && flight.trail.fit(wanted.cursor, text).0 != Fit::Against
        })
    }

    /// Returns the stream that may still bring what is wanted, and the lines of it that have come, with whether they are all that is shown at once.
    pub fn coming(&mut self, wanted: &Wanted<'_>) -> Option<(&mut Flight, Option<(String, bool)>)> {
        if !self.is_coming(wanted) {
            return None;
        }
        let flight = self.flight.as_mut()?;
        let lines = {
            let progress = flight.progress.borrow();
            let whole = filter::whole_lines(&progress.text);
            filter::fit(whole, &flight.around).and_then(|lines| {
                match flight.trail.fit(wanted.cursor, &lines) {
                    (Fit::Rest(rest), after) => fitted(rest, after, wanted),
                    _ => None,
                }
            })
        };
        Some((flight, lines))
    }
}

/// Returns where the first line of a text ends that is not blank, in bytes.
fn first_line(text: &str) -> usize {
    let blank = text.len() - text.trim_start_matches('\n').len();
    text[blank..]
        .find('\n')
        .map_or(text.len(), |end| blank + end)
}

/// Returns the suggestion that a stream's text makes.
fn brought(flight: &Flight) -> Option<Known> {
    brought_by(flight, &flight.progress.borrow().text)
}

/// Returns the suggestion that so much of a stream's text makes.
fn brought_by(flight: &Flight, text: &str) -> Option<Known> {
    let progress = flight.progress.borrow();
    Some(Known {
        trail: flight.trail.clone(),
        text: filter::fit_in(text, &flight.around, flight.code.as_ref()),
        id: progress.id.clone()?,
        cost: progress.cost,
        decision: flight.decision.clone(),
        settings: flight.settings.clone(),
        refused: None,
    })
}

/// Fits the rest of a suggestion to the cursor: to what the editor put behind it meanwhile, if it did, and to how much is shown at once. Returns
/// it with whether that is whole, whatever may follow.
fn fitted(rest: String, after: &str, wanted: &Wanted<'_>) -> Option<(String, bool)> {
    let rest = if after.is_empty() {
        rest
    } else {
        filter::fit(&rest, wanted.around)?
    };
    let (rest, is_whole) = wanted.extent.visible(&rest);
    let is_new = !rest.trim().is_empty() && !filter::is_there_already(rest, wanted.around);
    is_new.then(|| (rest.to_owned(), is_whole))
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn a_first_line_ends_behind_what_stands_in_it_whatever_breaks_stand_before() {
        let table = [("", 0), ("one", 3), ("one\ntwo", 3), ("\n\none\ntwo", 5)];
        for (text, end) in table {
            assert_eq!(first_line(text), end, "{text:?}");
        }
    }
}
