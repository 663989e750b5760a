//! The ledger: one row for every attempt to call a model, in one SQLite file for all editors on this machine.
//!
//! Entry points: [`Ledger::open`], [`Ledger::reserve`], [`Ledger::settle`], [`Ledger::correct`], [`Ledger::note`], [`Ledger::totals`],
//! [`Ledger::report`]. Invariants: nothing is opened or created before the
//! first row or question; no caller waits for a disk; a file that cannot be used is a [`State`] and never a panic; rows wait in
//! memory, bounded and counted, until it can be used again; nothing is lost without a word.

mod ahead;
mod booth;
mod branch;
mod correction;
mod damage;
mod failure;
mod fate;
mod identity;
mod journal;
mod lines;
mod measure;
mod moment;
mod owner;
mod patience;
mod reserve;
mod reserving;
mod retention;
mod row;
mod schema;
mod shared;
mod store;
mod totals;
mod version;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;

use self::fate::Note;
use self::reserving::Asked;
use self::shared::{Owner, Setting, Shared, Wake, lock};
use self::store::Place;
use crate::cost::budget::{Budget, Standing};
use crate::cost::reconcile::Line;
use crate::cost::report::{Query, Report};
use crate::cost::{Cost, Error};

pub use fate::Fate;
pub use lines::Wanted;
pub use reserving::{Held, Reservation};
pub use row::{CallId, Latency, Outcome, Row};
pub use totals::{Sum, Totals};
pub use version::schema_version;

/// A handle to the ledger; clones share one thread, which ends, its rows written, after the last of them.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
    _owner: Arc<Owner>,
}

/// How the ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// All is well, as far as was tried.
    Ready,
    /// Rows cannot be written at present, or some were lost.
    Degraded {
        /// One plain sentence with what to do.
        reason: String,
    },
}

impl Ledger {
    /// A ledger in a file. Returns at once; the file is opened with the first row or question.
    pub fn open(path: &Path) -> Self {
        Self::start(Place::File(path.to_owned()), Setting::system())
    }

    /// A ledger that ends with the process: for tests, and for machines without a folder to keep one in, of which the caller
    /// tells the user.
    pub fn in_memory() -> Self {
        Self::start(Place::Memory, Setting::system())
    }

    /// Where the ledger lies unless configured otherwise: `byok-lsp/ledger.sqlite3` in the platform's folder for state or data.
    pub fn default_path() -> Option<PathBuf> {
        use etcetera::BaseStrategy;
        let base = etcetera::choose_base_strategy().ok()?;
        let folder = base.state_dir().unwrap_or_else(|| base.data_dir());
        Some(folder.join("byok-lsp").join("ledger.sqlite3"))
    }

    /// Where something may be kept that belongs to this ledger: its file with another ending; `None` for one in memory.
    pub fn beside(&self, ending: &str) -> Option<PathBuf> {
        match &self.shared.place {
            Place::File(path) => Some(path.with_extension(ending)),
            Place::Memory => None,
        }
    }

    fn start(place: Place, setting: Setting) -> Self {
        let started = Timestamp::now().as_nanosecond();
        let shared = Arc::new(Shared {
            place,
            setting,
            session: format!("{started:x}-{:x}", std::process::id()),
            next_id: AtomicU64::new(0),
            keep_days: AtomicU32::new(0),
            queue: Mutex::default(),
            wake: Condvar::new(),
            state: Mutex::new(State::Ready),
            notices: Mutex::default(),
            ahead: Mutex::default(),
        });
        Self {
            _owner: Arc::new(Owner(Arc::clone(&shared))),
            shared,
        }
    }

    /// Has calls forgotten one by one that are older than this, now and then and from now on; their sums stay.
    pub fn keep(&self, days: u32) {
        self.shared.keep_days.store(days, Ordering::Relaxed);
    }

    /// A new name for an attempt; no other attempt on this machine has it.
    pub fn next_id(&self) -> CallId {
        self.shared.next_id()
    }

    /// Queues a row and returns. `done` is called on the ledger's thread once the row is on the disk, or waits in memory for one
    /// that does not take it ([`Totals::unrecorded`]); only if even the queue is full, it is dropped and the row merely counted.
    pub fn settle(&self, row: Row, done: impl FnOnce(Totals) + Send + 'static) {
        self.send(Command::Settle(Box::new(row), Box::new(done)));
    }

    /// Queues what a settled call turned out to be: `row` under the same id, in place of the one whose cost was `before`. The totals follow.
    ///
    /// `done` is called as for [`Ledger::settle`]; where the correction cannot be kept it is dropped, and the row stays as it was.
    pub fn correct(&self, before: Cost, row: Row, done: impl FnOnce(Totals) + Send + 'static) {
        self.send(Command::Correct(before, Box::new(row), Box::new(done)));
    }

    /// Queues what became of a suggestion and returns. `number` tells the suggestions of one call apart; one that is served again from a cache is
    /// the same one, and belongs to the call that paid for it. Fates may be told in any order, more than once, and before the call is settled.
    pub fn note(&self, call: &CallId, number: u32, fate: Fate) {
        self.send(Command::Note(Note {
            call: call.clone(),
            number,
            fate,
        }));
    }

    /// Does beforehand what the first call that reserves would otherwise wait for. For a process that ends with [`Ledger::close`], or is killed.
    pub fn prepare(&self) {
        self.send(Command::Prepare);
    }

    /// What has been spent, everything included that was settled before. Waits for the ledger's thread, hence not for handlers.
    pub fn totals(&self, deadline: Duration) -> Result<Totals, Error> {
        let (reply, answer) = mpsc::channel();
        self.send(Command::Totals(reply));
        answer
            .recv_timeout(deadline)
            .map_err(|_| Error::NoAnswer(deadline))
    }

    /// What was spent on what, everything included that was settled before and can be written. Waits, hence not for handlers.
    pub fn report(&self, query: Query, deadline: Duration) -> Result<Report, Error> {
        let (reply, answer) = mpsc::channel();
        self.send(Command::Report(query, reply));
        answer
            .recv_timeout(deadline)
            .map_err(|_| Error::NoAnswer(deadline))?
            .map_err(Error::Ledger)
    }

    /// The calls to a provider, one by one, for comparing them with what it says. Waits, hence not for handlers.
    pub fn lines(&self, wanted: Wanted, deadline: Duration) -> Result<Vec<Line>, Error> {
        let (reply, answer) = mpsc::channel();
        self.send(Command::Lines(wanted, reply));
        answer
            .recv_timeout(deadline)
            .map_err(|_| Error::NoAnswer(deadline))?
            .map_err(Error::Ledger)
    }

    /// The decision that led to a call, of the last call where none is named; nothing if there is no such call, or none was kept. Waits, hence not
    /// for handlers.
    pub fn decision(
        &self,
        call: Option<&str>,
        deadline: Duration,
    ) -> Result<Option<String>, Error> {
        let (reply, answer) = mpsc::channel();
        self.send(Command::Decision(call.map(str::to_owned), reply));
        answer
            .recv_timeout(deadline)
            .map_err(|_| Error::NoAnswer(deadline))?
            .map_err(Error::Ledger)
    }

    /// Lets caps count from zero that a damaged ledger holds back; returns where the damaged files lie. Waits, hence not for handlers.
    pub fn accept_loss(&self, deadline: Duration) -> Result<Vec<String>, Error> {
        let (reply, answer) = mpsc::channel();
        self.send(Command::AcceptLoss(reply));
        answer
            .recv_timeout(deadline)
            .map_err(|_| Error::NoAnswer(deadline))?
            .map_err(Error::Ledger)
    }

    /// How the ledger is, as of the last attempt to use it.
    pub fn state(&self) -> State {
        lock(&self.shared.state).clone()
    }

    /// Takes what the user should be told once, such as that a damaged file was moved aside.
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.shared.notices))
    }

    /// Writes what is queued and closes the file; `false` if rows are left when the deadline has passed.
    pub fn close(&self, deadline: Duration) -> bool {
        {
            let queue = lock(&self.shared.queue);
            if !queue.running {
                // Without a thread there is either nothing to write, or nobody to write it.
                return queue.commands.is_empty();
            }
        }
        let (reply, answer) = mpsc::channel();
        self.send(Command::Close(reply));
        answer.recv_timeout(deadline).unwrap_or(false)
    }

    fn send(&self, command: Command) {
        let wakes = Wakes::of(&command);
        let mut queue = lock(&self.shared.queue);
        match command {
            Command::Settle(row, _) if queue.commands.len() >= self.shared.setting.limit => {
                queue.refused.add(&row.cost);
            }
            Command::Correct(..) | Command::Note(_)
                if queue.commands.len() >= self.shared.setting.limit => {}
            command => queue.commands.push_back(command),
        }
        if !queue.running {
            let shared = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new().name("ledger".to_owned());
            match thread.spawn(move || writer::run(&shared)) {
                Ok(_) => queue.running = true,
                Err(error) => self.shared.set_state(State::Degraded {
                    reason: format!(
                        "the ledger's thread cannot be started ({error}); close some programs"
                    ),
                }),
            }
        }
        let is_awaited = match wakes {
            Wakes::Now => false,
            Wakes::Once => std::mem::replace(&mut queue.alarms.asked, true),
            Wakes::Gathered => std::mem::replace(&mut queue.alarms.gathered, true),
        };
        drop(queue);
        if !is_awaited {
            self.wake(wakes);
        }
    }

    /// Wakes the thread at its time, on the runtime where there is one.
    fn wake(&self, when: Wakes) {
        let wake = Wake(Arc::clone(&self.shared));
        let gather = match when {
            Wakes::Now | Wakes::Once => return,
            Wakes::Gathered => self.shared.setting.gather,
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            tokio::time::sleep(gather).await;
            drop(wake);
        });
    }
}

/// When the thread is woken for a command.
#[derive(Clone, Copy)]
enum Wakes {
    Now,
    /// Now, unless it was woken for the like and has not come yet: it takes all that wait. (Not behind the tasks that are ready: where a hundred
    /// completions begin at the same moment, they are fifty milliseconds of work.)
    Once,
    /// Once rows have gathered: the call that settles is still on its way to the user, and waking a thread at once costs it more than everything
    /// else here.
    Gathered,
}

impl Wakes {
    fn of(command: &Command) -> Self {
        match command {
            Command::Reserve(_) => Self::Once,
            Command::Settle(..) | Command::Note(_) | Command::Release(_) | Command::Refill(_) => {
                Self::Gathered
            }
            _ => Self::Now,
        }
    }
}

type Done = Box<dyn FnOnce(Totals) + Send>;

enum Command {
    Settle(Box<Row>, Done),
    Correct(Cost, Box<Row>, Done),
    Note(Note),
    /// Who asks for a reservation waits for it on their way to a provider.
    Reserve(Box<Asked>),
    Release(CallId),
    /// Few are left that are reserved ahead of calls like this one.
    Refill(Box<reserve::Wanted>),
    Prepare,
    Standings(Arc<Budget>, oneshot::Sender<Vec<Standing>>),
    Totals(mpsc::Sender<Totals>),
    Report(Query, mpsc::Sender<Result<Report, String>>),
    Lines(Wanted, mpsc::Sender<Result<Vec<Line>, String>>),
    Decision(Option<String>, mpsc::Sender<Result<Option<String>, String>>),
    AcceptLoss(mpsc::Sender<Result<Vec<String>, String>>),
    Close(mpsc::Sender<bool>),
}

/// A local date as the ledger stores it.
pub(in crate::cost) fn day(date: jiff::civil::Date) -> i64 {
    totals::Day::from(date).0
}

/// A ledger's tables with nothing in them.
#[cfg(test)]
pub(in crate::cost) fn empty() -> rusqlite::Connection {
    let store = store::Store::open(&Place::Memory, Duration::ZERO);
    store.expect("memory can be opened").connection
}

#[cfg(test)]
mod tests;
