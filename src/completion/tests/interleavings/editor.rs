//! What the editor asks, as the server's handlers answer it, and what it shows.

use futures_util::FutureExt as _;
use tokio::task::AbortHandle;

use super::super::*;
use super::play::Play;

/// What is answered to a request.
pub type Answer = Vec<Shown>;

/// A request for a suggestion.
pub struct Request {
    pub document: usize,
    /// Which opening of the document.
    pub opening: usize,
    pub place: usize,
    /// Its cursor in the place's text, carried over all edits since.
    pub at: usize,
    pub trigger: Trigger,
    /// Whether somebody waits for its answer.
    pub is_open: bool,
    /// Whether the user dismissed something meanwhile. What is answered then was asked for before that, and is not offered by itself.
    pub is_overtaken: bool,
    task: Option<AbortHandle>,
}

/// What the user sees at a place of a document.
pub struct Screen {
    pub place: usize,
    pub items: Vec<Item>,
    /// Whether all that was done since was typing along the first.
    pub is_known: bool,
    is_typed: bool,
}

/// What is left of a suggestion.
pub struct Item {
    pub id: String,
    pub text: String,
}

impl Screen {
    /// Returns what is left once so much more was typed.
    pub fn after(mut self, typed: &str) -> Option<Self> {
        let first = self.items[0].id.clone();
        self.items.retain_mut(|item| {
            let rest = item.text.strip_prefix(typed).map(str::to_owned);
            rest.is_some_and(|rest| {
                item.text = rest;
                !item.text.is_empty()
            })
        });
        self.is_known &= self.items.first().is_some_and(|item| item.id == first);
        self.is_typed = true;
        (!self.items.is_empty()).then_some(self)
    }
}

impl Play {
    /// Asks for a suggestion where the user is. As in the server, the request is looked at once before anything else is, and takes an older one's place.
    pub fn ask(&mut self, trigger: Trigger) {
        let (document, place) = self.here;
        self.give_up(document);
        let mirror = &self.documents[document];
        let at = mirror.places[place].cursor;
        let snapshot = lock(&self.scene.session).snapshot(mirror.uri).unwrap();
        let decision = decide(&self.scene.gateway, &snapshot);
        let ask = Ask {
            first_line: Some(FIRST_LINE),
            ..Ask::new(snapshot, mirror.start(place) + at, trigger, decision)
        };
        let number = self.requests.len();
        self.requests.push(Request {
            document,
            opening: mirror.opening,
            place,
            at,
            trigger,
            is_open: true,
            is_overtaken: false,
            task: None,
        });
        let mut answering = Box::pin(answer(
            self.scene.completions.clone(),
            self.scene.gateway.clone(),
            self.scene.session.clone(),
            Arc::new(ask),
        ));
        let answer = (&mut answering).now_or_never();
        if trigger == Trigger::Automatic {
            self.check_that_typing_along_asks_nobody(answer.as_ref());
        }
        if let Some(answer) = answer {
            self.note_calls();
            self.note_answer(number, &answer);
            return;
        }
        let sender = self.answers_to.clone();
        let task = tokio::spawn(async move {
            sender.send((number, answering.await)).unwrap();
        });
        self.requests[number].task = Some(task.abort_handle());
    }

    /// Takes back what is asked for a document, which answers it with nothing.
    pub fn give_up(&mut self, document: usize) {
        for request in &mut self.requests {
            if request.document == document && request.is_open {
                request.is_open = false;
                request.task.take().unwrap().abort();
            }
        }
    }

    /// Notes an answer, and shows it if the cursor is where it is for.
    pub fn note_answer(&mut self, number: usize, answer: &Answer) {
        let request = &mut self.requests[number];
        assert!(request.is_open, "a request is answered once");
        request.is_open = false;
        let (document, place) = (request.document, request.place);
        self.check_the_answer(number, answer);
        let request = &self.requests[number];
        let mirror = &self.documents[document];
        let is_there = mirror.opening == request.opening
            && mirror.places[place].cursor == request.at
            && (document != self.here.0 || place == self.here.1);
        if !is_there {
            return;
        }
        let items = answer.iter().map(|shown| Item {
            id: shown.suggestion.id.to_string(),
            text: shown.suggestion.text.clone(),
        });
        let items: Vec<Item> = items.collect();
        // Of those that something was written beside, the latest answer alone is kept, and that may have been nothing.
        let is_unmoved = |call: &usize| !self.calls[*call].is_moved;
        let is_known =
            |item: &Item| !request.is_overtaken && self.names[&item.id].iter().all(is_unmoved);
        self.screens[document] = items.first().map(is_known).map(|is_known| Screen {
            place,
            items,
            is_known,
            is_typed: false,
        });
    }

    fn check_that_typing_along_asks_nobody(&mut self, answer: Option<&Answer>) {
        let (document, place) = self.here;
        let Some(screen) = self.screens[document].as_ref().filter(|it| it.is_known) else {
            return;
        };
        let left = screen.items[0].text.trim_start();
        // Where a pair's bracket stands behind the cursor that the user opened anew by typing along, the filters take it for closed.
        let after = self.documents[document].spot_of_cursor(place).after;
        let is_closed = left.starts_with(')') && after.trim_start().starts_with(')');
        if left.is_empty() || is_closed {
            return;
        }
        let is_shown = answer.is_some_and(|answer| !answer.is_empty());
        assert!(is_shown, "{left:?} is on the screen and is asked for anew");
        assert!(self.looks_ahead || !self.scene.model.is_called());
        self.tally.along += usize::from(screen.is_typed);
    }
}

/// Answers a request as the server's handlers do.
async fn answer(
    completions: Completions,
    gateway: Gateway,
    session: Arc<Mutex<Session>>,
    ask: Arc<Ask>,
) -> Answer {
    let first = if let Some(known) = completions.reuse(&session, &ask) {
        known
    } else if completions.hold_back(&gateway, &session, &ask).await {
        let completed = completions.complete(&gateway, &session, ask.clone()).await;
        completed.ok().flatten()
    } else {
        None
    };
    let Some(first) = first else {
        return Vec::new();
    };
    completions.look_ahead(&gateway, &session, &ask, &first);
    if ask.trigger == Trigger::Automatic {
        return vec![first];
    }
    let present = || {
        let snapshot = lock(&session).snapshot(&ask.snapshot.uri);
        snapshot.filter(|snapshot| snapshot.text.is_instance(&first.text))
    };
    let Some(snapshot) = present() else {
        return Vec::new();
    };
    let decision = decide(&gateway, &snapshot);
    let again = Ask::new(snapshot, first.suggestion.cursor, ask.trigger, decision);
    let others = completions
        .others(&gateway, &session, &again, &first.suggestion)
        .await;
    if present().is_none() {
        return Vec::new();
    }
    [vec![first], others].concat()
}
