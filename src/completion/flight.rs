//! A model's answer while it streams in, owned by the document and not by the request that began it.
//!
//! Entry point: [`Flight::start`]. Requests come and go with every key while one stream goes on; whoever types along it waits for it or is
//! answered from what has come ([`Flight::progress`]). Dropping the flight closes the provider's socket and settles the call: as
//! superseded if it was [told so](Flight::supersede), else as cancelled.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::place::Around;
use super::request::Question;
use super::reuse::Trail;
use super::stop::{Extent, Stop};
use super::{Ask, filter};
use crate::config::Settings;
use crate::cost::Cost;
use crate::document;
use crate::gateway::{Call, CallId, Gateway, Interrupt};
use crate::provider::{Error, Finish};
use crate::routing::Decision;

/// How long an answer may take in all. Nobody waits longer for ghost text, and a provider that trickles must not keep a call open.
const WHOLE: Duration = Duration::from_mins(1);

/// A stream that is under way.
pub struct Flight {
    /// Which one, since there may be a newer one by the time that somebody asks after it.
    pub number: u64,
    /// What has become of the place it was asked for.
    pub trail: Trail,
    /// What stood around the place.
    pub around: Arc<Around>,
    /// The document that it was asked for, if suggestions can be tried in it.
    pub code: Option<filter::Code>,
    /// Which model is asked.
    pub decision: Decision,
    /// The settings it was asked under.
    pub settings: Arc<Settings>,
    /// When it was asked.
    pub started: Instant,
    /// How many requests wait for it.
    pub waiting: usize,
    /// Whether the beginning of it was answered already.
    pub is_shown: bool,
    /// What has come.
    pub progress: watch::Receiver<Progress>,
    interrupt: Interrupt,
}

/// What has come of an answer.
#[derive(Debug, Default)]
pub struct Progress {
    /// The call's name, once it was sent.
    pub id: Option<CallId>,
    /// The suggestion, as far as it has come.
    pub text: String,
    /// When the first whole line was there.
    pub first_line: Option<Instant>,
    /// What it cost, once it has ended.
    pub cost: Option<Cost>,
    /// How it ended, once it has.
    pub end: Option<Result<(), Error>>,
}

impl Progress {
    /// Returns how many whole lines have come, blank ones included.
    pub fn lines(&self) -> usize {
        self.text.matches('\n').count()
    }
}

impl Flight {
    /// Sends a request. It is with the connection when this returns, so that the caller may go on with other things.
    pub fn start(
        tasks: &TaskTracker,
        gateway: &Gateway,
        ask: &Ask,
        around: Arc<Around>,
        extent: Extent,
    ) -> Self {
        let interrupt = Interrupt::default();
        let question = Question::of(ask, extent, interrupt.clone());
        let (sender, progress) = watch::channel(Progress::default());
        // What it logs belongs to the request that began it, whoever polls it.
        let flying = fly(
            gateway.clone(),
            ask.snapshot.settings.clone(),
            question,
            Stop::new(extent, around.clone()),
            sender,
        );
        let mut flying = Box::pin(flying.in_current_span());
        if (&mut flying).now_or_never().is_none() {
            tasks.spawn(flying);
        }
        let text = &ask.snapshot.text;
        let before = String::from(text.byte_slice(before(text, ask.cursor)));
        Self {
            number: 0,
            trail: Trail::new(ask.cursor, &before),
            code: filter::Code::at(&ask.snapshot, ask.cursor, around.writing),
            around,
            decision: ask.decision.clone(),
            settings: ask.snapshot.settings.clone(),
            started: Instant::now(),
            waiting: 0,
            is_shown: false,
            progress,
            interrupt,
        }
    }

    /// Returns whether what was typed since is, or may become, what streams in.
    pub fn is_typed_along(&self) -> bool {
        self.trail.is_touched() && !self.is_against()
    }

    /// Makes it wait for a text to be accepted at a cursor, behind which it was asked for.
    pub fn wait_for(&mut self, cursor: usize, document: &ropey::Rope, text: &str) {
        let before = String::from(document.byte_slice(before(document, cursor)));
        self.trail = Trail::behind(cursor, &before, text);
    }

    /// Returns whether it still streams where more was typed than the text that it waits for.
    pub fn is_passed(&self) -> bool {
        self.trail.is_beyond_lead() && !self.is_over()
    }

    /// Returns whether the text that it waits for was accepted.
    pub fn is_reached(&self) -> bool {
        self.trail.is_behind_lead()
    }

    /// Returns whether something else was typed than what it waits for and what it brings.
    pub fn is_against(&self) -> bool {
        self.trail.is_against(&self.progress.borrow().text)
    }

    /// Returns whether nobody waits for it and something else was typed: who asks next asks anew.
    pub fn is_left_against(&self) -> bool {
        self.waiting == 0 && self.trail.is_touched() && !self.is_over() && self.is_against()
    }

    /// Returns whether nobody waits for it, and nothing of it was shown or something else was typed.
    pub fn is_left(&self) -> bool {
        self.waiting == 0 && !self.is_shown || self.is_left_against()
    }

    /// Returns whether it has ended. A sender that is gone without a word has panicked.
    pub fn is_over(&self) -> bool {
        self.progress.borrow().end.is_some() || self.progress.has_changed().is_err()
    }

    /// Ends it because a newer one takes its place.
    pub fn supersede(self) {
        self.interrupt.supersede();
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.interrupt.cancel();
    }
}

/// Returns the range of text before a cursor that a trail may remember.
fn before(text: &ropey::Rope, cursor: usize) -> std::ops::Range<usize> {
    const ENOUGH: usize = 512;
    let start = cursor.saturating_sub(ENOUGH);
    document::floor(text, start)..cursor
}

/// Reads the answer until the suggestion is whole or nobody wants it any more.
async fn fly(
    gateway: Gateway,
    settings: Arc<Settings>,
    question: Question,
    stop: Stop,
    progress: watch::Sender<Progress>,
) {
    let interrupt = question.request.interrupt.clone();
    tokio::select! {
        biased;
        () = interrupt.over() => {}
        (end, call) = read(&gateway, &settings, question, stop, &progress) => {
            progress.send_modify(|progress| progress.end = Some(end));
            // Whoever waits is answered before the call is booked.
            tokio::task::yield_now().await;
            drop(call);
        }
    }
}

/// Reads the answer; returns how it ended, and the call, which is to be booked.
async fn read(
    gateway: &Gateway,
    settings: &Settings,
    question: Question,
    mut stop: Stop,
    progress: &watch::Sender<Progress>,
) -> (Result<(), Error>, Option<Call>) {
    let (request, note) = question.into_parts();
    let mut call = match gateway.call(settings, request).await {
        Ok(call) => call,
        Err(error) => return (Err(error), None),
    };
    note(call.id());
    progress.send_if_modified(|progress| {
        progress.id = Some(call.id().clone());
        false
    });
    let deadline = Instant::now() + WHOLE;
    let (is_cut, cost) = loop {
        match tokio::time::timeout_at(deadline, call.next()).await {
            Ok(Some(Err(error))) => return (Err(error), Some(call)),
            Ok(Some(Ok(piece))) => {
                if stop.push(&piece) {
                    let cost = call.so_far().1.map(Cost::Estimated);
                    call.stop();
                    break (false, cost);
                }
                progress.send_modify(|progress| {
                    progress.text.clear();
                    progress.text.push_str(stop.text());
                    let has_line = progress.text.trim_start().contains('\n');
                    if has_line && progress.first_line.is_none() {
                        progress.first_line = Some(Instant::now());
                    }
                });
            }
            Ok(None) => break (call.finish() == Some(Finish::Length), call.cost().copied()),
            Err(_) => {
                let error = Error::TimedOut {
                    what: "end its answer",
                    limit: WHOLE,
                };
                call.fail(&error);
                return (Err(error), None);
            }
        }
    };
    // Told with the end, so that whoever waits is woken once.
    progress.send_if_modified(|progress| {
        let text = stop.finish();
        progress.text = if is_cut {
            filter::whole_lines(text).to_owned()
        } else {
            text.to_owned()
        };
        progress.cost = cost;
        progress.first_line.get_or_insert_with(Instant::now);
        false
    });
    (Ok(()), Some(call))
}
