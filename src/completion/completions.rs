//! What is asked of ghost text, and the order in which it is looked for: known, coming, to be asked for.
//!
//! Entry points: [`Completions::reuse`], [`Completions::hold_back`] (in [`super::hold`]) and [`Completions::complete`], in this order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::ahead;
use super::cache::{Desk, Wanted};
use super::desks::{Desks, follow};
use super::flight::Flight;
use super::habits::Spot;
use super::place;
use super::reuse;
use super::trigger;
use super::waiting::Waiting;
use super::{Ask, Shown, Suggestion, Trigger};
use crate::cost::{Cost, Ledger};
use crate::gateway::{CallId, Gateway};
use crate::local::{Confidence, Engine, Query};
use crate::provider::Error;
use crate::routing::{self, Decision, Feature};
use crate::session::Session;

/// All that is known about suggestions in one session. Clones are the same.
#[derive(Clone)]
pub struct Completions(Arc<Inner>);

struct Inner {
    desks: Mutex<Desks>,
    /// The partner that answers for nothing where it is sure.
    engine: Engine,
    /// The streams, so that their accounts are settled before the session ends.
    tasks: TaskTracker,
}

/// How long a stream that nobody waits for goes on, since an editor that takes a request back at a key asks again a moment later.
const GRACE: Duration = Duration::from_millis(30);

/// The same if the key was one that the stream goes on with, or may.
const GRACE_ALONG: Duration = Duration::from_millis(200);

/// How sure the embedded engine has to be to answer in a provider's place, in percent. Of the lines that it gave 90 or more, 97.5 in 100 were right
/// to the last character; of those from 80 to 90, 90 (docs/local-engine.md).
const SURE: u8 = 90;

/// How often one request may ask a model: once more, if what was typed proves the stream wrong that it waited for.
const STARTS: usize = 2;

/// What there is for a request.
pub(super) enum Look {
    /// The answer.
    Here(Option<Shown>),
    /// A stream may bring it; if some of it came already, that is due at a moment.
    Coming(Waiting, Option<Instant>),
    /// Nothing; and whether the document is still what the request is for.
    Nothing { is_current: bool },
}

impl Completions {
    /// Begins with nothing known; what becomes of suggestions is written into `ledger`.
    pub fn new(ledger: Ledger, engine: Engine) -> Self {
        Self(Arc::new(Inner {
            desks: Mutex::new(Desks::new(ledger)),
            engine,
            tasks: TaskTracker::new(),
        }))
    }

    /// Answers from what is known, without waiting. `None` if somebody has to be asked, or waited for.
    pub fn reuse(&self, session: &Mutex<Session>, ask: &Ask) -> Option<Option<Shown>> {
        // A stream that has failed is gone by the second look, and what is known otherwise is known all the same.
        let look = || self.look(session, ask, 0);
        match look().or_else(|_| look()) {
            Ok(Look::Here(answer)) => Some(answer),
            _ => None,
        }
    }

    /// Suggests a text for a place in a document, or `None` if there is nothing worth showing, or the document moved on to where it is of no use.
    ///
    /// Dropping the future leaves the stream to whoever asks next; if nobody does, it is closed.
    pub async fn complete(
        &self,
        gateway: &Gateway,
        session: &Mutex<Session>,
        mut ask: Arc<Ask>,
    ) -> Result<Option<Shown>, Error> {
        let mut starts = 0;
        let mut has_waited = false;
        loop {
            match self.look(session, &ask, starts)? {
                Look::Here(answer) => {
                    // It may have waited for a stream, and be answered without it.
                    self.end_if_left(&ask.snapshot.uri);
                    return Ok(answer);
                }
                Look::Coming(mut waiting, due) => {
                    waiting.more(due).await;
                    waiting.is_done = true;
                    has_waited = true;
                    continue;
                }
                Look::Nothing { is_current } if starts == STARTS || starts > 0 && !is_current => {
                    self.end_if_left(&ask.snapshot.uri);
                    return Ok(None);
                }
                Look::Nothing { .. } => {}
            }
            // The stream that was waited for is not what was typed; whether that is meant is waited for like anything else that is typed.
            if std::mem::take(&mut has_waited) {
                if !self.hold_back(gateway, session, &ask).await {
                    self.end_if_left(&ask.snapshot.uri);
                    return Ok(None);
                }
                continue;
            }
            if starts == 0 && !renew(session, &mut ask) {
                return Ok(None);
            }
            match self.partner(&ask) {
                Some(local) if starts == 0 => self.start(gateway, session, &local),
                _ => self.start(gateway, session, &ask),
            }
            starts += 1;
        }
    }

    /// Follows a document's edits, so that what is known stays where it belongs. Called for each change; it costs a few comparisons.
    pub fn follow(&self, session: &Session, uri: &str) {
        let Desks { by_uri, record, .. } = &mut *self.desks();
        let Some(desk) = by_uri.get_mut(uri) else {
            return;
        };
        follow(desk, session, uri, record);
        // Also one that was shown in part is of no use to anybody then.
        if let Some(number) = desk.flight_if(Flight::is_left_against) {
            self.end_unless_wanted_soon(uri.into(), number);
        }
        let ahead = desk.ahead.as_ref().filter(|flight| flight.is_passed());
        if let Some(number) = ahead.map(|flight| flight.number) {
            self.end_ahead_unless_wanted_soon(uri.into(), number);
        }
    }

    /// Ends a document's stream soon, if it [is left](Flight::is_left).
    fn end_if_left(&self, uri: &Arc<str>) {
        let desks = self.desks();
        let left = desks
            .by_uri
            .get(uri)
            .and_then(|desk| desk.flight_if(Flight::is_left));
        drop(desks);
        if let Some(number) = left {
            self.end_unless_wanted_soon(uri.clone(), number);
        }
    }

    /// Notes what an editor says that its user accepted: a suggestion by its call's name, all of it or so many characters.
    pub fn accepted(&self, id: &str, chars: Option<u64>) {
        self.desks().record.accepted(id, chars);
    }

    /// Forgets a document, and ends what streams for it.
    pub fn forget(&self, uri: &str) {
        let Desks { by_uri, record, .. } = &mut *self.desks();
        if let Some(mut desk) = by_uri.remove(uri) {
            desk.note_kept(Instant::now(), record);
        }
    }

    /// Ends all that streams; what is known stays.
    pub fn end_all(&self) {
        let Desks { by_uri, record, .. } = &mut *self.desks();
        for desk in by_uri.values_mut() {
            desk.note_kept(Instant::now(), record);
            desk.flight = None;
            desk.ahead = None;
        }
    }

    /// Waits until all streams that were ended are settled.
    pub async fn settled(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Looks what there is for a request that has asked a model `starts` times by itself.
    pub(super) fn look(
        &self,
        session: &Mutex<Session>,
        ask: &Ask,
        starts: usize,
    ) -> Result<Look, Error> {
        let session = lock(session);
        let uri = &ask.snapshot.uri;
        let now = session.since(&ask.snapshot, |edits, text| {
            let cursor = reuse::carry(ask.cursor, edits);
            (cursor, edits.is_empty(), text.clone())
        });
        let Some((cursor, is_current, text)) = now else {
            return Ok(Look::Here(None));
        };
        let nothing = Look::Nothing { is_current };
        if starts == 0 && ask.trigger == Trigger::Explicit && ask.decision.is_embedded() {
            // It costs nothing, and looks further when it is asked to.
            return Ok(nothing);
        }
        let Desks {
            by_uri,
            record,
            no_ahead_until,
            ..
        } = &mut *self.desks();
        let Some(desk) = by_uri.get_mut(uri) else {
            return Ok(nothing);
        };
        follow(desk, &session, uri, record);
        if desk.land_ahead().is_err() {
            *no_ahead_until = Some(Instant::now() + ahead::REST);
        }
        if let Some(flight) = &mut desk.flight {
            // What comes from here on is news to who waits.
            flight.progress.mark_unchanged();
        }
        desk.land(record)?;
        // The snapshot's tree is not the present text's if that moved on; what kind of text stands at the place has hardly changed.
        let around = desk.look_round(&text, desk.stamp, cursor, ask.writing);
        let wanted = Wanted {
            cursor,
            around: &around,
            decision: &ask.decision,
            settings: &ask.snapshot.settings,
            extent: place::extent(&ask.snapshot, &around, ask.cursor),
            trigger: ask.trigger,
        };
        let spot = Spot::of(ask.snapshot.language, &around);
        let shown = |insert: String, id: CallId, decision: &Decision, cost: Option<Cost>| Shown {
            suggestion: Suggestion {
                id,
                cursor,
                text: insert,
                decision: decision.clone(),
                cost,
            },
            text: text.clone(),
        };
        let eagerness = ask.snapshot.settings.eagerness;
        let is_quiet = |keys| trigger::is_quiet(eagerness, keys);
        if ask.trigger == Trigger::Automatic && desk.since_dismissal(cursor).is_some_and(is_quiet) {
            return Ok(Look::Here(None));
        }
        let is_under_way = desk.flight.is_some();
        match desk.find(&wanted) {
            Some((Some(rest), known)) => {
                let shown = shown(rest, known.id.clone(), &known.decision, known.cost);
                desk.show(&shown.suggestion, spot, record);
                return Ok(Look::Here(Some(shown)));
            }
            // Who asks by hand what had no answer wants it tried again, and waits for what it is answered then, as whoever asks meanwhile does; and
            // the embedded engine, which costs nothing, may have read more by now.
            Some((None, known))
                if starts > 0 && !is_under_way
                    || ask.trigger == Trigger::Automatic
                        && (known.was_dismissed()
                            || !known.decision.is_embedded() && !desk.is_coming(&wanted)) =>
            {
                return Ok(Look::Here(None));
            }
            _ => {}
        }
        desk.doubt_if_wrong(&wanted);
        let Some((flight, lines)) = desk.coming(&wanted) else {
            return Ok(nothing);
        };
        let due = ask.first_line.map(|wait| flight.started + wait);
        let id = flight.progress.borrow().id.clone();
        if let (Some((lines, is_whole)), Some(id)) = (&lines, id)
            && due.is_some_and(|due| *is_whole || flight.is_shown || Instant::now() >= due)
        {
            flight.is_shown = true;
            let shown = shown(lines.clone(), id, &flight.decision, None);
            desk.show(&shown.suggestion, spot, record);
            return Ok(Look::Here(Some(shown)));
        }
        let waiting = Waiting::new(self.clone(), uri.clone(), flight);
        Ok(Look::Coming(waiting, lines.and(due)))
    }

    /// Returns the request as one to the embedded engine, if that may answer in the model's place and is sure enough.
    fn partner(&self, ask: &Ask) -> Option<Ask> {
        let settings = &ask.snapshot.settings;
        if !settings.has_partner || ask.decision.is_embedded() || ask.trigger == Trigger::Explicit {
            return None;
        }
        let query = Query {
            path: &ask.snapshot.uri,
            text: &ask.snapshot.text,
            cursor: ask.cursor,
            max_lines: 1,
        };
        let least = settings.min_confidence.unwrap_or_default().max(SURE);
        let least = Confidence::new(f32::from(least) / 100.0);
        self.0
            .engine
            .predict(&query)
            .filter(|prediction| prediction.is_confident(least))?;
        Some(Ask {
            decision: routing::embedded(Feature::Completion, routing::SURE),
            ..ask.clone()
        })
    }

    /// Asks the model; the document's older stream ends.
    fn start(&self, gateway: &Gateway, session: &Mutex<Session>, ask: &Ask) {
        let snapshot = &ask.snapshot;
        let around = self.desks().look_round(ask);
        let spot = Spot::of(snapshot.language, &around);
        let mut extent = place::extent(snapshot, &around, ask.cursor);
        // What closes brackets behind the cursor ends a suggestion anyway.
        let may_read_on = !ask.decision.is_embedded() && around.line_after.trim().is_empty();
        if may_read_on && self.desks().record.habits.is_worth_reading_on() {
            extent = extent.reading_on(snapshot.settings.max_lines);
        }
        let mut flight = Flight::start(&self.0.tasks, gateway, ask, around, extent);
        let session = lock(session);
        let is_there = session.since(snapshot, |edits, _| {
            edits.iter().all(|edit| flight.trail.follow(edit).is_some())
        });
        let Desks {
            by_uri,
            record,
            count,
            ..
        } = &mut *self.desks();
        record.habits.asked(spot);
        *count += 1;
        flight.number = *count;
        let desk = by_uri
            .entry(snapshot.uri.clone())
            .or_insert_with(|| Desk::new(snapshot.stamp()));
        follow(desk, &session, &snapshot.uri, record);
        // Whoever asks the model does not ask for what was asked ahead.
        desk.ahead = None;
        if is_there == Some(true)
            && let Some(older) = desk.flight.replace(flight)
        {
            older.supersede();
        }
    }

    /// Sees to it that a stream that nobody comes to wait for is ended.
    pub(super) fn end_unless_wanted_soon(&self, uri: Arc<str>, number: u64) {
        if tokio::runtime::Handle::try_current().is_ok() {
            let ending = self.clone().end_unless_wanted(uri, number);
            self.0.tasks.spawn(ending);
        }
    }

    /// Sees to it that what was asked ahead is ended, if nobody comes to ask where it leads.
    fn end_ahead_unless_wanted_soon(&self, uri: Arc<str>, number: u64) {
        if tokio::runtime::Handle::try_current().is_ok() {
            let completions = self.clone();
            self.0.tasks.spawn(async move {
                tokio::time::sleep(GRACE_ALONG).await;
                if let Some(desk) = completions.desks().by_uri.get_mut(&uri) {
                    let is_it = |flight: &mut Flight| flight.number == number;
                    desk.ahead
                        .take_if(|flight| is_it(flight) && flight.is_passed());
                }
            });
        }
    }

    async fn end_unless_wanted(self, uri: Arc<str>, number: u64) {
        for (wait, may_go_on) in [(GRACE, true), (GRACE_ALONG, false)] {
            tokio::time::sleep(wait).await;
            let mut desks = self.desks();
            let Some(desk) = desks.by_uri.get_mut(&uri) else {
                return;
            };
            if desk
                .flight
                .as_ref()
                .is_none_or(|flight| flight.number != number)
            {
                return;
            }
            let is_idle =
                |flight: &mut Flight| flight.is_left() && !(may_go_on && flight.is_typed_along());
            if let Some(flight) = desk.flight.take_if(is_idle) {
                desk.keep_shown(&flight);
                if flight.trail.is_touched() {
                    flight.supersede();
                }
                return;
            }
        }
    }

    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    pub(super) fn desks(&self) -> MutexGuard<'_, Desks> {
        self.0.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn lock(session: &Mutex<Session>) -> MutexGuard<'_, Session> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the document as it is now, with the cursor where it went. False if it is closed, or was opened anew.
fn renew(session: &Mutex<Session>, ask: &mut Arc<Ask>) -> bool {
    let session = lock(session);
    let carried = session.since(&ask.snapshot, |edits, _| {
        (!edits.is_empty()).then(|| reuse::carry(ask.cursor, edits))
    });
    let Some(carried) = carried else {
        return false;
    };
    if let Some(cursor) = carried {
        let Some(snapshot) = session.snapshot(&ask.snapshot.uri) else {
            return false;
        };
        Arc::make_mut(ask).move_to(snapshot, cursor);
    }
    true
}
