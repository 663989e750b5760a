//! The ledger's thread: takes what was queued, writes it in one transaction, tells everyone the new totals.
//!
//! Entry point: [`run`]. Invariant: a row leaves the backlog only when it is on the disk; what does not fit the backlog is counted
//! and its cost stays in the totals of this process.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tokio::sync::oneshot;

use super::ahead::Ahead;
use super::booth::Booth;
use super::branch::Branches;
use super::correction::Correction;
use super::damage;
use super::failure::{Failure, explain};
use super::journal::Folding;
use super::moment::Moment;
use super::reserve::{self, More, Verdict};
use super::reserving::Asked;
use super::retention::Retention;
use super::row::{CallId, Row};
use super::shared::{Shared, Turn, lock};
use super::store::{Pending, Place, Store};
use super::totals::{Day, Sum, Totals};
use super::{Command, Done, State};
use crate::cost::Cost;
use crate::cost::budget::{Budget, Refusal, Standing};

/// How often rows that wait in memory are tried again while nothing else happens.
const RETRY: Duration = Duration::from_secs(5);

/// Serves the queue until the last handle is gone.
pub(super) fn run(shared: &Shared) {
    let mut writer = Writer {
        shared,
        store: None,
        backlog: VecDeque::new(),
        lost: BTreeMap::new(),
        session: Sum::default(),
        known: None,
        booth: Booth::default(),
        branches: Branches::default(),
        retention: Retention::new(shared.setting.rest),
        folding: Folding::default(),
        refills: Vec::new(),
    };
    loop {
        match shared.next(writer.pause()) {
            Turn::Work { commands, refused } => writer.work(commands, &refused),
            Turn::Retry => writer.rest(),
            Turn::Stop => {
                writer.give_back_all();
                writer.flush();
                return;
            }
        }
    }
}

struct Writer<'a> {
    shared: &'a Shared,
    store: Option<Store>,
    /// Rows that are not on the disk yet, oldest first.
    backlog: VecDeque<Pending>,
    /// What did not fit the backlog, by day.
    lost: BTreeMap<Day, Sum>,
    /// Everything that this process settled.
    session: Sum,
    /// The last sums that could be read, for when they cannot.
    known: Option<(Day, Sum, Sum)>,
    /// Everything about reservations.
    booth: Booth,
    branches: Branches,
    retention: Retention,
    folding: Folding,
    /// Calls by which more are to be reserved ahead, and how many.
    refills: Vec<(reserve::Wanted, usize)>,
}

impl Writer<'_> {
    fn is_waiting(&self) -> bool {
        !self.backlog.is_empty() || self.booth.has_to_release()
    }

    /// How long nothing may happen before there is something to do all the same.
    fn pause(&self) -> Option<Duration> {
        let retry = self.is_waiting().then_some(RETRY);
        let has_to_forget = self.store.is_some() && self.shared.keep_days().is_some();
        let forget = has_to_forget.then(|| self.retention.wait());
        let fold = self.store.as_ref().and_then(|_| self.folding.wait());
        let has_ahead = !lock(&self.shared.ahead).is_empty();
        let give_back = has_ahead.then_some(self.shared.setting.ahead.idle);
        let pauses = [retry, forget, fold, give_back];
        pauses.into_iter().flatten().min()
    }

    /// Gives back, with what is written next, what is reserved ahead of its calls.
    fn give_back(&mut self, which: impl FnOnce(&mut Ahead) -> Vec<CallId>) {
        let ids = which(&mut lock(&self.shared.ahead));
        for id in ids {
            self.booth.release(id);
        }
    }

    /// The same, of everything, and has no more reserved ahead: nobody may come for it.
    fn give_back_all(&mut self) {
        self.refills.clear();
        self.give_back(Ahead::all);
    }

    /// Ends the reservation of a call.
    fn release(&mut self, call: CallId) {
        let id = lock(&self.shared.ahead).reservation_of(call);
        self.booth.release(id);
    }

    /// Gives back what no call has come for.
    fn give_back_idle(&mut self) {
        let bounds = self.shared.setting.ahead;
        self.give_back(|ahead| ahead.idle(bounds, Instant::now()));
    }

    /// Uses a moment in which nobody wants anything.
    fn rest(&mut self) {
        self.give_back_idle();
        if self.is_waiting() {
            drop(self.totals());
        }
        if let Some(store) = &self.store {
            self.folding.turn(&store.connection);
        }
        if let (Some(days), Some(store)) = (self.shared.keep_days(), &mut self.store) {
            let now = (self.shared.setting.now)();
            self.retention.turn(&mut store.connection, days, now);
        }
    }

    fn work(&mut self, commands: Vec<Command>, refused: &Sum) {
        let mut settled = Vec::new();
        let mut asked = Vec::new();
        let mut queries = Vec::new();
        let (mut lines, mut decisions) = (Vec::new(), Vec::new());
        let (mut losses, mut closing) = (Vec::new(), Vec::new());
        let (mut reserving, mut standings) = (Vec::new(), Vec::new());
        let mut is_to_prepare = false;
        let zone = (self.shared.setting.zone)();
        self.give_back_idle();
        if refused.calls > 0 {
            let today = self.today();
            self.session.add_sum(refused);
            self.lost.entry(today).or_default().add_sum(refused);
        }
        for command in commands {
            match command {
                Command::Settle(row, done) => {
                    self.settle(row, &zone);
                    settled.push(done);
                }
                Command::Correct(before, row, done) => {
                    if self.correct(before, row, &zone) {
                        settled.push(done);
                    }
                }
                Command::Note(note) => {
                    // Where nothing can be written, the calls themselves go first.
                    if self.backlog.len() < self.shared.setting.limit / 2 {
                        self.backlog.push_back(Pending::Note(note));
                    }
                }
                Command::Reserve(asked) => reserving.push(*asked),
                Command::Release(id) => self.release(id),
                Command::Refill(like) => {
                    let most = self.shared.setting.ahead.most;
                    let count = lock(&self.shared.ahead).missing(&like, most);
                    self.refills.push((*like, count));
                }
                Command::Prepare => is_to_prepare = true,
                Command::Standings(budget, reply) => standings.push((budget, reply)),
                Command::Totals(reply) => asked.push(reply),
                Command::Report(query, reply) => queries.push((query, reply)),
                Command::Lines(wanted, reply) => lines.push((wanted, reply)),
                Command::Decision(call, reply) => decisions.push((call, reply)),
                Command::AcceptLoss(reply) => losses.push(reply),
                Command::Close(reply) => closing.push(reply),
            }
        }
        // Calls wait for these; what was settled until now is written before, and counts in them.
        let is_written = !(reserving.is_empty() && standings.is_empty() && self.refills.is_empty())
            || is_to_prepare;
        self.reserve(reserving);
        if closing.is_empty() {
            if !self.refills.is_empty() {
                self.flush();
            }
        } else {
            self.give_back_all();
        }
        if is_to_prepare {
            self.prepare();
        }
        for (budget, reply) in standings {
            self.tell_standings(&budget, reply);
        }
        let is_read =
            !(queries.is_empty() && lines.is_empty() && decisions.is_empty() && losses.is_empty());
        let is_told = !(settled.is_empty() && asked.is_empty() && closing.is_empty());
        if is_written && !is_read && !is_told {
            return;
        }
        let totals = self.totals();
        for done in settled {
            tell(done, totals.clone());
        }
        for reply in asked {
            // Whoever asked may have stopped waiting.
            let _ = reply.send(totals.clone());
        }
        for (query, reply) in queries {
            let now = (self.shared.setting.now)();
            let _ = reply.send(self.read(|store| store.report(&query, now)));
        }
        for (wanted, reply) in lines {
            let _ = reply.send(self.read(|store| store.lines(&wanted)));
        }
        for (call, reply) in decisions {
            let _ = reply.send(self.read(|store| store.decision(call.as_deref())));
        }
        for reply in losses {
            let _ = reply.send(self.read(damage::accept));
        }
        if !closing.is_empty() {
            // The last connection to close folds the write-ahead log into the file.
            self.store = None;
            self.booth.close();
        }
        for reply in closing {
            let _ = reply.send(self.backlog.is_empty());
        }
    }

    /// Counts a call that is over, ends its reservation, and keeps its row for the disk.
    fn settle(&mut self, mut row: Box<Row>, zone: &TimeZone) {
        if let (None, Some(folder)) = (&row.branch, &row.workspace) {
            row.branch = self.branches.of(folder);
        }
        self.session.add(&row.cost);
        self.booth.spend(&row);
        let day = Day::of(&row, zone);
        self.release(row.id.clone());
        self.remember(row, day);
    }

    /// Counts anew a call whose cost was this before. A row that could not be kept, or a correction that cannot, is left as it was counted.
    fn correct(&mut self, before: Cost, row: Box<Row>, zone: &TimeZone) -> bool {
        let has_room = self.backlog.len() < self.shared.setting.limit;
        if has_room {
            self.session.replace(&before, &row.cost);
            self.booth.correct(&before, &row);
            let at = (self.shared.setting.now)();
            let day = Day::of(&row, zone);
            let correction = Correction { before, at };
            let pending = Pending::Correction(row, day, correction);
            self.backlog.push_back(pending);
        }
        has_room
    }

    fn reserve(&mut self, mut asked: Vec<Asked>) {
        self.refuse(&mut asked);
        if asked.is_empty() {
            return;
        }
        for one in &asked {
            // It was of no use to this one.
            self.give_back(|ahead| ahead.of_kind(&one.wanted));
        }
        self.write_and_answer(asked);
    }

    /// Writes what waits, and reserves for those who asked, who may become more meanwhile: all of them are answered.
    fn write_and_answer(&mut self, mut asked: Vec<Asked>) {
        let mut verdicts = self.flush_and_reserve(&mut asked);
        let has_refused = |verdicts: &[Verdict]| {
            let is_by_cap = |it: &Verdict| matches!(it, Verdict::Refused(Refusal::Cap { .. }));
            verdicts.iter().any(is_by_cap)
        };
        if verdicts.as_deref().is_ok_and(has_refused) && !lock(&self.shared.ahead).is_empty() {
            // What calls of other kinds might cost must not keep these back.
            self.give_back(Ahead::all);
            let (mut again, mut kept, mut reserved) = (Vec::new(), Vec::new(), Vec::new());
            for (one, verdict) in asked.into_iter().zip(verdicts.unwrap_or_default()) {
                match verdict {
                    Verdict::Refused(_) => again.push(one),
                    Verdict::Reserved(_) => {
                        kept.push(one);
                        reserved.push(verdict);
                    }
                }
            }
            self.answer(kept, Ok(reserved));
            asked = again;
            verdicts = self.flush_and_reserve(&mut asked);
        }
        self.answer(asked, verdicts);
    }

    fn answer(&mut self, asked: Vec<Asked>, verdicts: Result<Vec<Verdict>, String>) {
        // They are known by the time that the calls are settled.
        for folder in asked.iter().filter_map(Asked::workspace) {
            self.branches.ask(folder);
        }
        self.booth.answer(asked, verdicts);
    }

    /// Refuses what does not fit by what is on the disk. To look needs no other's leave, while to reserve waits until nobody else writes: where a
    /// cap is used up, nobody waits to hear so.
    fn refuse(&mut self, asked: &mut Vec<Asked>) {
        let has_to_write = !self.backlog.is_empty() || !self.lost.is_empty();
        let has_ahead = !lock(&self.shared.ahead).is_empty();
        if has_to_write || has_ahead || !self.booth.may_refuse() || self.shared.trouble().is_some()
        {
            return;
        }
        let now = Moment::of((self.shared.setting.now)(), &(self.shared.setting.zone)());
        let who = self.booth.who(&self.shared.session, now);
        let Some(store) = &mut self.store else {
            return;
        };
        if !store.is_still_at(&self.shared.place) {
            return;
        }
        // Where it cannot be read, it cannot be written either, and that is told there.
        let Ok(verdicts) = store.look(&who, asked) else {
            return;
        };
        let (mut refused, mut refusals) = (Vec::new(), Vec::new());
        for (one, verdict) in std::mem::take(asked).into_iter().zip(verdicts) {
            match verdict {
                Verdict::Refused(_) => {
                    refused.push(one);
                    refusals.push(verdict);
                }
                Verdict::Reserved(_) => asked.push(one),
            }
        }
        self.booth.answer(refused, Ok(refusals));
    }

    /// Opens the file, begins its journal and claims that this process lives, so that no call waits for that.
    fn prepare(&mut self) {
        self.flush();
        if let Some(store) = &self.store {
            self.folding.await_from_now(&store.connection);
            // A failure is told to the first that reserves.
            let _ = self.booth.claim(&self.shared.place, &self.shared.session);
        }
    }

    fn tell_standings(&mut self, budget: &Budget, reply: oneshot::Sender<Vec<Standing>>) {
        self.flush();
        let zone = (self.shared.setting.zone)();
        let now = Moment::of((self.shared.setting.now)(), &zone);
        let session = &self.shared.session;
        if let (Some(store), None) = (&self.store, self.shared.trouble())
            && let Ok(standings) = self.booth.standings(store, session, now, budget)
        {
            // Whoever asked may have stopped waiting.
            let _ = reply.send(standings);
        }
    }

    fn remember(&mut self, row: Box<Row>, day: Day) {
        if self.backlog.len() < self.shared.setting.limit {
            self.backlog.push_back(Pending::Call(row, day));
        } else {
            self.lost.entry(day).or_default().add(&row.cost);
        }
    }

    /// Writes what waits, then adds up: the file's sums, and what could not be written to it.
    fn totals(&mut self) -> Totals {
        self.flush();
        let today = self.today();
        if let Some(store) = &self.store
            && let Ok((day, month)) = store.sums(today)
        {
            self.known = Some((today, day, month));
        }
        let (mut day, mut month) = match &self.known {
            Some((known, day, month)) if *known == today => (day.clone(), month.clone()),
            _ => Default::default(),
        };
        let (first, last) = today.month();
        let mut unrecorded = 0;
        let mut count = |when: Day, count: &dyn Fn(&mut Sum)| {
            if when == today {
                count(&mut day);
            }
            if (first..=last).contains(&when) {
                count(&mut month);
            }
        };
        for (when, sum) in &self.lost {
            unrecorded += sum.calls;
            count(*when, &|total| total.add_sum(sum));
        }
        for pending in &self.backlog {
            match pending {
                Pending::Call(row, day) => {
                    unrecorded += 1;
                    count(*day, &|total| total.add(&row.cost));
                }
                Pending::Correction(row, day, correction) => {
                    count(*day, &|total| total.replace(&correction.before, &row.cost));
                }
                Pending::Note(_) => {}
            }
        }
        Totals {
            session: self.session.clone(),
            day,
            month,
            unrecorded,
        }
    }

    /// Reads from the file; a failure is a sentence.
    fn read<T>(&self, read: impl FnOnce(&Store) -> Result<T, Failure>) -> Result<T, String> {
        let place = &self.shared.place;
        match &self.store {
            Some(store) => read(store).map_err(|failure| explain(place, &failure, 0, 0)),
            None => Err(match &*lock(&self.shared.state) {
                State::Degraded { reason } => reason.clone(),
                State::Ready => explain(place, &Failure::Locked, 0, 0),
            }),
        }
    }

    /// Tries to bring to the disk what waits for it.
    fn flush(&mut self) {
        self.write_and_answer(Vec::new());
    }

    /// Tries to bring the backlog to the disk, notes how the ledger is, and reserves what is asked for and what else is until it can be written,
    /// which is added; a failure is a sentence.
    fn flush_and_reserve(&mut self, asked: &mut Vec<Asked>) -> Result<Vec<Verdict>, String> {
        let lost: u64 = self.lost.values().map(|sum| sum.calls).sum();
        // What was lost counts in no cap.
        let mut nothing = Vec::new();
        let wanted = if lost == 0 {
            asked
        } else {
            self.refills.clear();
            &mut nothing
        };
        let result = match self.write(wanted) {
            Err(Failure::Corrupt) => self.replace().and_then(|()| self.write(wanted)),
            result => result,
        };
        self.shared.set_state(match &result {
            Ok(_) if lost == 0 => State::Ready,
            Ok(_) => State::Degraded {
                reason: format!(
                    "the ledger works again, but {lost} calls of this session could not be kept and are missing from it"
                ),
            },
            Err(failure) => {
                if *failure != Failure::Locked {
                    self.store = None;
                }
                let calls = self.backlog.iter();
                let waiting = calls.filter(|pending| !matches!(pending, Pending::Note(_)));
                let waiting = waiting.count();
                State::Degraded {
                    reason: explain(&self.shared.place, failure, waiting, lost),
                }
            }
        });
        match (result, self.shared.trouble()) {
            (Ok(verdicts), None) => {
                verdicts.map_err(|failure| explain(&self.shared.place, &failure, 0, 0))
            }
            (_, trouble) => Err(trouble.unwrap_or_default()),
        }
    }

    /// Writes the backlog and reserves, in one transaction. Where it cannot be claimed that this process lives, rows are written all the same,
    /// and nothing is reserved.
    fn write(&mut self, asked: &mut Vec<Asked>) -> Result<Result<Vec<Verdict>, Failure>, Failure> {
        // Where they cannot be written now, who needs them has come by the next time.
        let refills = std::mem::take(&mut self.refills);
        let place = &self.shared.place;
        let session = &self.shared.session;
        let patience = self.shared.patience();
        let store = if let Some(mut store) = self.store.take().filter(|it| it.is_still_at(place)) {
            store.set_patience(patience)?;
            self.store.insert(store)
        } else {
            // Where another file has taken its place, it holds none of what was reserved ahead.
            for id in lock(&self.shared.ahead).all() {
                self.booth.release(id);
            }
            self.store.insert(Store::open(place, patience)?)
        };
        self.booth.look(store, place, session)?;
        let has_asked = !asked.is_empty() || !refills.is_empty();
        let claimed = if has_asked {
            self.booth.claim(place, session)
        } else {
            Ok(())
        };
        let reserves = has_asked && claimed.is_ok();
        if self.backlog.is_empty() && !self.booth.has_to_release() && !reserves {
            return Ok(claimed.map(|()| Vec::new()));
        }
        let now = Moment::of((self.shared.setting.now)(), &(self.shared.setting.zone)());
        let next_id = || self.shared.next_id();
        let most = self.shared.setting.ahead.most;
        let mut more = More::of(most, if reserves { refills } else { Vec::new() }, &next_id);
        let verdicts = store.turn(
            &self.booth.who(session, now),
            self.backlog.iter(),
            self.booth.to_release(),
            || {
                if !reserves {
                    return &[];
                }
                asked.extend(self.shared.asked_meanwhile());
                asked
            },
            &mut more,
        );
        let ahead = more.reserved;
        let verdicts = match verdicts {
            Ok(verdicts) => verdicts,
            Err(failure) => {
                self.booth.doubt(ahead);
                return Err(failure);
            }
        };
        self.folding.note();
        self.backlog.clear();
        self.booth.have_released();
        for wanted in &ahead {
            self.booth.keep(wanted);
            lock(&self.shared.ahead).add(wanted);
        }
        Ok(claimed.map(|()| verdicts))
    }

    /// Moves a damaged file out of the way, so that a new one can begin.
    fn replace(&mut self) -> Result<(), Failure> {
        self.store = None;
        let Place::File(path) = &self.shared.place else {
            return Err(Failure::Corrupt);
        };
        let now = (self.shared.setting.now)();
        let moment = Moment::of(now, &(self.shared.setting.zone)());
        if let Some(aside) = damage::move_aside(path, self.shared.patience(), now, moment)? {
            self.known = None;
            self.shared.notify(format!(
                "the ledger {} was damaged; it now lies at {} and a new one was begun, so today's and this month's totals start again. Where a cap counts that time, nothing that costs money is sent until {}",
                path.display(),
                aside.display(),
                damage::FIX
            ));
        }
        Ok(())
    }

    fn today(&self) -> Day {
        let setting = &self.shared.setting;
        Day::from((setting.zone)().to_datetime((setting.now)()).date())
    }
}

/// A caller's code must not take the ledger's thread with it.
fn tell(done: Done, totals: Totals) {
    if catch_unwind(AssertUnwindSafe(move || done(totals))).is_err() {
        tracing::error!("what followed a settled call panicked; the call itself is in the ledger");
    }
}
