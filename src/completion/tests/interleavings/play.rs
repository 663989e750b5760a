//! Somebody at the keyboard and a provider, one step after the other.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel};

use futures_util::FutureExt as _;
use proptest::sample::Index;

use super::super::*;
use super::Tally;
use super::editor::{Answer, Request, Screen};
use super::mirror::{Document, Spot, carried};
use super::oracle::{Call, Piece};
use crate::provider::{Error, Input};

/// What is done.
#[derive(Debug, Clone)]
pub enum Act {
    /// Types so much of what is on the screen, of several the one with this number, or of what is about to be.
    Along { item: usize, count: usize },
    /// Types something else.
    Other(&'static str),
    /// Types two brackets and stands between them.
    Pair,
    /// Takes back so many characters.
    Backspace(usize),
    /// The editor asks by itself, or the user does.
    Ask(Trigger),
    /// What was asked is taken back.
    Cancel,
    /// A model says more.
    Say(Index),
    /// A model's answer ends.
    End(Index),
    /// A model fails.
    Fail(Index),
    /// A line is written above both places, or below.
    Elsewhere { is_above: bool },
    /// The user goes to a place of a document.
    GoTo { document: usize, place: usize },
    /// The user takes a suggestion off the screen.
    Dismiss(usize),
    /// A document is closed and opened again, with what was asked for it taken back or not.
    Reopen { is_taken_back: bool },
    /// So much time passes that nobody is about to ask again.
    Rest,
}

/// What is done, whether the editor asks for a suggestion if that was typing, and how much time passes and how far all else gets before the next.
#[derive(Debug, Clone)]
pub struct Step {
    pub act: Act,
    pub asks: bool,
    pub millis: u64,
    pub turns: usize,
}

/// After so many turns, everything has run that could.
pub const SETTLED: usize = 20;

/// Longer than a stream goes on that nobody waits for.
const REST: Duration = Duration::from_millis(400);

/// None that is known: nothing is parsed, so that no answer is cut for its errors.
const LANGUAGE: &str = "plaintext";

pub struct Play {
    pub scene: Scene,
    pub looks_ahead: bool,
    answers: Vec<Vec<Piece>>,
    pub documents: [Document; 2],
    pub screens: [Option<Screen>; 2],
    /// Which document and which place of it the user is at.
    pub here: (usize, usize),
    pub calls: Vec<Call>,
    /// The calls that each name may be of, by what was shown under it.
    pub names: HashMap<String, Vec<usize>>,
    /// What would stand at a place if what was shown there had been accepted.
    pub accepted: HashSet<(usize, Spot)>,
    pub requests: Vec<Request>,
    /// What is answered later than at once, by the request's number.
    pub answers_to: Sender<(usize, Answer)>,
    answered: Receiver<(usize, Answer)>,
    pub tally: Tally,
}

impl Play {
    pub fn begin(
        ledger: Ledger,
        looks_ahead: bool,
        answers: Vec<Vec<Piece>>,
        tally: Tally,
    ) -> Self {
        let (answers_to, answered) = channel();
        let documents = ["file:///w/one", "file:///w/two"].map(|uri| Document::open(uri, 0));
        let completion = if looks_ahead {
            json!({"debounce_ms": 0, "speculation": "1 USD"})
        } else {
            json!({"debounce_ms": 0})
        };
        let scene = Scene::booked(ledger, &completion, "ˇ");
        for document in &documents {
            lock(&scene.session).open(document.uri, LANGUAGE, &document.text());
        }
        Self {
            scene,
            looks_ahead,
            answers,
            documents,
            screens: [None, None],
            here: (0, 0),
            calls: Vec::new(),
            names: HashMap::new(),
            accepted: HashSet::new(),
            requests: Vec::new(),
            answers_to,
            answered,
            tally,
        }
    }

    /// Does a step, and looks at all that came of it.
    pub async fn step(&mut self, step: &Step) {
        if self.act(&step.act) && step.asks {
            self.ask(Trigger::Automatic);
        }
        if step.millis > 0 {
            tokio::time::sleep(Duration::from_millis(step.millis)).await;
        }
        self.settle(step.turns).await;
        if step.turns == SETTLED {
            self.check_how_many_streams_are_open();
        }
        if matches!(step.act, Act::Rest) {
            tokio::time::sleep(REST).await;
            self.settle(SETTLED).await;
            self.check_that_each_stream_is_wanted();
        }
    }

    /// Ends all that streams; then each request has its answer, and each call one row.
    pub async fn end(mut self) -> Tally {
        const MOST: usize = 20;
        let is_open = |play: &Self| play.requests.iter().any(|request| request.is_open);
        for round in 0.. {
            self.calls.iter_mut().for_each(|call| call.running = None);
            tokio::time::sleep(REST).await;
            self.settle(SETTLED).await;
            if !is_open(&self) {
                break;
            }
            assert!(round < MOST, "a request has no answer");
        }
        self.scene.completions.end_all();
        self.scene.completions.settled().await;
        assert_eq!(self.scene.outcomes().len(), self.calls.len());
        self.tally.calls += self.calls.len();
        self.tally
    }

    /// Returns whether anything was typed.
    fn act(&mut self, act: &Act) -> bool {
        let (document, place) = self.here;
        match act {
            Act::Along { item, count } => return self.type_along(*item, *count),
            Act::Other(text) => self.type_other(text, text.len()),
            Act::Pair => {
                // The cursor is not where what was asked for is carried to, so the editor takes that back.
                self.give_up(document);
                self.type_other("()", 1);
            }
            Act::Backspace(count) => return self.backspace(*count),
            Act::Ask(trigger) => self.ask(*trigger),
            Act::Cancel => self.give_up(document),
            Act::Say(index) => self.with_open(*index, Call::say),
            Act::End(index) => self.with_open(*index, |call| call.running = None),
            Act::Fail(index) => self.fail(*index),
            Act::Elsewhere { is_above } => self.write_elsewhere(*is_above),
            Act::GoTo { document, place } => self.go_to(*document, *place),
            Act::Dismiss(item) => self.dismiss(document, place, *item),
            Act::Reopen { is_taken_back } => self.reopen(*is_taken_back),
            Act::Rest => {}
        }
        matches!(act, Act::Other(_) | Act::Pair)
    }

    /// Lets everything run for so many turns, and looks what came.
    async fn settle(&mut self, turns: usize) {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        self.note_calls();
        while let Ok((number, answer)) = self.answered.try_recv() {
            self.note_answer(number, &answer);
        }
    }

    /// Notes which calls the model got.
    pub fn note_calls(&mut self) {
        while self.scene.model.is_called() {
            let running = self.scene.model.next().now_or_never().unwrap();
            let Input::Fill(fill) = &running.call.input else {
                panic!("a hole");
            };
            let place = &fill.place;
            let asked = Spot::read(&place.text.to_string(), place.cursor);
            let is_it = |document: &Document| *document.uri == *place.uri;
            let document = self.documents.iter().position(is_it).unwrap();
            let opening = self.documents[document].opening;
            let number = self.calls.len();
            let answer = &self.answers[number % self.answers.len()];
            let call = Call::new(running, number, answer, (document, opening), asked);
            self.calls.push(call);
        }
    }

    fn with_open(&mut self, index: Index, act: impl FnOnce(&mut Call)) {
        let open = self.calls.iter_mut().filter(|call| call.is_open());
        let mut open: Vec<&mut Call> = open.collect();
        if !open.is_empty() {
            let chosen = index.index(open.len());
            act(open[chosen]);
        }
    }

    fn fail(&mut self, index: Index) {
        self.with_open(index, |call| {
            call.running.take().unwrap().fail(Error::Unauthorized);
        });
        // Who asks next is told of the failure first.
        self.is_known_no_more();
    }

    /// Of what is on the screens it is not said any more that typing along it asks nobody.
    fn is_known_no_more(&mut self) {
        for screen in self.screens.iter_mut().flatten() {
            screen.is_known = false;
        }
    }

    fn type_along(&mut self, item: usize, count: usize) -> bool {
        let (document, place) = self.here;
        let meant = if let Some(screen) = &self.screens[document] {
            Some(screen.items[item % screen.items.len()].text.clone())
        } else {
            let spot = self.documents[document].spot_of_cursor(place);
            let of_place = |call: &&Call| call.is_of(document, place);
            let mut calls = self.calls.iter().rev().filter(of_place);
            calls.find_map(|call| call.goes_on(&spot.before))
        };
        let Some(meant) = meant else {
            return false;
        };
        let typed = &meant[..count.min(meant.len())];
        let at = self.documents[document].places[place].cursor;
        self.edit(at..at, typed);
        self.documents[document].places[place].cursor += typed.len();
        self.screens[document] = self.screens[document]
            .take()
            .and_then(|screen| screen.after(typed));
        true
    }

    /// Types what is not on the screen; so many bytes of it stand before the cursor.
    fn type_other(&mut self, text: &str, before: usize) {
        let (document, place) = self.here;
        let at = self.documents[document].places[place].cursor;
        self.edit(at..at, text);
        self.documents[document].places[place].cursor += before;
        self.screens[document] = None;
    }

    fn backspace(&mut self, count: usize) -> bool {
        let (document, place) = self.here;
        let cursor = self.documents[document].places[place].cursor;
        let from = cursor.saturating_sub(count);
        self.edit(from..cursor, "");
        self.documents[document].places[place].cursor = from;
        self.screens[document] = None;
        from < cursor
    }

    /// Edits the text of the place where the user is; what was asked for it moves along.
    fn edit(&mut self, bytes: Range<usize>, text: &str) {
        let (here, place) = self.here;
        let document = &mut self.documents[here];
        let start = document.start(place);
        document.places[place]
            .text
            .replace_range(bytes.clone(), text);
        for request in &mut self.requests {
            if (request.document, request.place) == self.here {
                request.at = carried(request.at, &bytes, text.len());
            }
        }
        let uri = document.uri;
        self.scene
            .edit_in(uri, start + bytes.start, start + bytes.end, text);
        self.check_the_text(here);
    }

    fn write_elsewhere(&mut self, is_above: bool) {
        let (here, _) = self.here;
        let document = &mut self.documents[here];
        let (uri, end) = (document.uri, document.text().len());
        if is_above {
            document.above += 1;
            self.scene.edit_in(uri, 0, 0, "// above\n");
        } else {
            document.below += 1;
            self.scene.edit_in(uri, end, end, "// below\n");
        }
        self.check_the_text(here);
        let of_it = |call: &&mut Call| call.document.0 == here;
        let calls = self.calls.iter_mut().filter(of_it);
        calls.for_each(|call| call.is_moved = true);
        self.is_known_no_more();
    }

    fn go_to(&mut self, document: usize, place: usize) {
        self.here = (document, place);
        let screen = &mut self.screens[document];
        screen.take_if(|screen| screen.place != place);
    }

    fn dismiss(&mut self, document: usize, place: usize, item: usize) {
        let Some(screen) = self.screens[document].take() else {
            return;
        };
        let item = item % screen.items.len();
        let chosen = &screen.items[item];
        self.scene.completions.dismissed(&chosen.id);
        let of_it = |request: &&mut Request| request.document == document && request.is_open;
        let requests = self.requests.iter_mut().filter(of_it);
        requests.for_each(|request| request.is_overtaken = true);
        let before = self.documents[document].spot_of_cursor(place).before;
        if screen.is_known && item == 0 {
            for call in &self.names[&chosen.id] {
                self.calls[*call].refused = Some(before.len() + chosen.text.len());
            }
        }
    }

    fn reopen(&mut self, is_taken_back: bool) {
        let (here, _) = self.here;
        if is_taken_back {
            self.give_up(here);
        }
        let document = &mut self.documents[here];
        *document = Document::open(document.uri, document.opening + 1);
        self.scene.completions.forget(document.uri);
        let mut session = lock(&self.scene.session);
        session.close(document.uri);
        session.open(document.uri, LANGUAGE, &document.text());
        self.screens[here] = None;
    }
}
