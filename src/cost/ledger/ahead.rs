//! Reservations that are made ahead of their calls, while calls come thick and fast.
//!
//! Entry points: [`Ahead::take`] and [`Ahead::add`]. Whoever reserves waits for the ledger's thread, which waits for a processor and for whoever
//! writes just then; with many calls under way that is most of what a call waits for. So behind a call that follows another of its [`Kind`] within
//! [`Bounds::burst`], the thread reserves for some more of them, and those go on at once. Each is a reservation as any other: it counts in every
//! cap, other processes see it, and it is booked if this process is killed. It holds the most that a call of its kind was to cost in the burst, so
//! that one which may cost less finds room in it.
//!
//! What is ahead of its calls is little: [`Bounds::most`], and [a part](SHARE) of what any cap has left, so nothing where a cap is nearly used up.
//! It is given back once no call has come for [`Bounds::idle`], and before this process is refused anything. Another process may be refused a call
//! meanwhile that would fit otherwise: at the edge of a cap, within a second of a burst.
//!
//! Invariant: a reservation is in [`Ahead`] only while it stands on the disk, and no two calls have the same.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::moment::Moment;
use super::reserve::{Wanted, kind_of};
use super::row::CallId;
use crate::cost::Money;
use crate::cost::budget::{Budget, Kind, Per};

/// How much is reserved ahead, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// For how many calls of a kind.
    pub(super) most: usize,
    /// Calls of a kind that are no further apart come thick and fast.
    pub(super) burst: Duration,
    /// How long it waits for a call.
    pub(super) idle: Duration,
}

pub(super) const BOUNDS: Bounds = Bounds {
    most: 8,
    // Nobody types so.
    burst: Duration::from_millis(250),
    idle: Duration::from_secs(1),
};

/// What a cap has left is so many times what may be reserved ahead.
pub(super) const SHARE: i64 = 16;

/// What is reserved ahead.
#[derive(Default)]
pub(super) struct Ahead {
    lines: HashMap<Kind, Line>,
    /// Calls that took what was reserved ahead, and its name.
    taken: HashMap<CallId, CallId>,
}

/// The calls of one kind.
struct Line {
    /// When the last was reserved for.
    last: Instant,
    /// The dearest in this burst, by which more is reserved.
    like: Wanted,
    spare: Vec<Spare>,
    /// Whether more were asked for that have not come.
    is_refilling: bool,
}

/// A reservation without a call.
struct Spare {
    id: CallId,
    amount: Money,
    moment: Moment,
    budget: Arc<Budget>,
}

/// What is there for a call.
#[derive(Debug)]
pub(super) enum Found {
    /// It is reserved for already. Where that leaves few, more are to be reserved, like this.
    Spare(Option<Box<Wanted>>),
    /// It has to be reserved for, and where calls come thick and fast, for some more.
    Nothing {
        /// Whether they do.
        in_burst: bool,
    },
}

impl Ahead {
    /// Looks for a reservation for a call, and takes it.
    pub(super) fn take(&mut self, wanted: &Wanted, bounds: Bounds, now: Instant) -> Found {
        let kind = kind_of(&wanted.row);
        let Some(line) = self.lines.get_mut(&kind) else {
            // Kinds are few, but a workspace's name is one's own choice.
            self.lines.retain(|_, line| !line.is_over(bounds, now));
            self.lines.insert(kind, Line::of(wanted, now));
            return Found::Nothing { in_burst: false };
        };
        let in_burst = now.saturating_duration_since(line.last) < bounds.burst;
        line.last = now;
        if !in_burst || !line.is_like(wanted) {
            line.like = wanted.clone();
        }
        let fits = |spare: &Spare| spare.fits(wanted);
        let place = line.spare.iter().position(fits);
        match place.filter(|_| wanted.is_within_request_caps(&kind)) {
            Some(place) => {
                let spare = line.spare.swap_remove(place);
                self.taken.insert(wanted.row.id.clone(), spare.id);
                let is_scarce = line.spare.len() * 2 <= bounds.most;
                let refills = is_scarce && !std::mem::replace(&mut line.is_refilling, is_scarce);
                Found::Spare(refills.then(|| Box::new(line.like.clone())))
            }
            None => Found::Nothing { in_burst },
        }
    }

    /// Returns how many more are to be reserved, where these were asked for.
    pub(super) fn missing(&mut self, wanted: &Wanted, most: usize) -> usize {
        let Some(line) = self.lines.get_mut(&kind_of(&wanted.row)) else {
            return 0;
        };
        line.is_refilling = false;
        most.saturating_sub(line.spare.len())
    }

    /// Adds one that stands.
    pub(super) fn add(&mut self, reserved: &Wanted) {
        if let Some(line) = self.lines.get_mut(&kind_of(&reserved.row)) {
            line.spare.push(Spare::of(reserved));
        }
    }

    /// Returns the name of the reservation of a call that ends.
    pub(super) fn reservation_of(&mut self, call: CallId) -> CallId {
        self.taken.remove(&call).unwrap_or(call)
    }

    /// Takes out what no call will take, to be given back.
    pub(super) fn idle(&mut self, bounds: Bounds, now: Instant) -> Vec<CallId> {
        self.take_out(|line| line.is_idle(bounds, now))
    }

    /// Takes out what calls of a kind could not use.
    pub(super) fn of_kind(&mut self, wanted: &Wanted) -> Vec<CallId> {
        let kind = kind_of(&wanted.row);
        let line = self.lines.get_mut(&kind);
        let spare = line.into_iter().flat_map(|line| line.spare.drain(..));
        spare.map(|spare| spare.id).collect()
    }

    /// Takes out everything.
    pub(super) fn all(&mut self) -> Vec<CallId> {
        self.take_out(|_| true)
    }

    /// Whether anything waits for a call.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.values().all(|line| line.spare.is_empty())
    }

    fn take_out(&mut self, is_meant: impl Fn(&Line) -> bool) -> Vec<CallId> {
        let lines = self.lines.values_mut().filter(|line| is_meant(line));
        let spare = lines.flat_map(|line| line.spare.drain(..));
        spare.map(|spare| spare.id).collect()
    }
}

impl Line {
    fn of(wanted: &Wanted, last: Instant) -> Self {
        Self {
            last,
            like: wanted.clone(),
            spare: Vec::new(),
            is_refilling: false,
        }
    }

    /// Whether a reservation by the dearest of them has room for a call.
    fn is_like(&self, wanted: &Wanted) -> bool {
        Spare::of(&self.like).fits(wanted)
    }

    fn is_idle(&self, bounds: Bounds, now: Instant) -> bool {
        now.saturating_duration_since(self.last) >= bounds.idle
    }

    fn is_over(&self, bounds: Bounds, now: Instant) -> bool {
        self.spare.is_empty() && self.is_idle(bounds, now)
    }
}

impl Spare {
    fn of(wanted: &Wanted) -> Self {
        Self {
            id: wanted.row.id.clone(),
            amount: wanted.amount,
            moment: wanted.moment,
            budget: Arc::clone(&wanted.budget),
        }
    }

    /// Whether a call finds room in it: it counts towards the same spans of the same caps.
    fn fits(&self, wanted: &Wanted) -> bool {
        self.moment == wanted.moment
            && Arc::ptr_eq(&self.budget, &wanted.budget)
            && self.amount.currency() == wanted.amount.currency()
            && self.amount.nanos() >= wanted.amount.nanos()
    }
}

impl Wanted {
    /// Whether no cap of single requests holds it back; what one does is not decided here.
    fn is_within_request_caps(&self, kind: &Kind) -> bool {
        let caps = self.budget.caps_of(kind);
        let mut of_requests = caps.filter(|cap| cap.per == Per::Request);
        of_requests.all(|cap| {
            let amount = self.budget.exchanged(self.amount, cap.amount.currency());
            amount.is_some_and(|amount| amount.nanos() <= cap.amount.nanos())
        })
    }
}
