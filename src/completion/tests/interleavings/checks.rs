//! What must hold, whatever was done in which order.

use super::super::*;
use super::editor::{Answer, Request};
use super::mirror::Spot;
use super::oracle::Call;
use super::play::Play;

impl Play {
    /// The document's text is what the edits make of it.
    pub fn check_the_text(&self, document: usize) {
        let mirror = &self.documents[document];
        let session = lock(&self.scene.session);
        assert_eq!(session.text(mirror.uri).unwrap(), &mirror.text());
    }

    /// What is answered stands where the request's cursor went, is for the text as it is, and is what a model was asked and said. A name is
    /// always that of the same call; and what was dismissed is back by hand only.
    pub fn check_the_answer(&mut self, number: usize, answer: &Answer) {
        let request = &self.requests[number];
        let document = &self.documents[request.document];
        if request.opening != document.opening {
            assert!(answer.is_empty(), "an answer for what was closed");
            return;
        }
        let spot = document.spot(request.place, request.at);
        let (place, trigger) = ((request.document, document.opening), request.trigger);
        for Shown { suggestion, text } in answer {
            let suggested = &suggestion.text;
            assert_eq!(text, &document.text());
            assert_eq!(
                suggestion.cursor,
                document.start(request.place) + request.at
            );
            assert!(!suggested.trim().is_empty());
            let id = suggestion.id.to_string();
            let calls = &self.calls;
            let named = self.names.entry(id).or_insert((0..calls.len()).collect());
            named.retain(|call| {
                calls[*call].document == place && calls[*call].fits(&spot, suggested)
            });
            assert!(!named.is_empty(), "{suggested:?} at {spot:?} is of no call");
            // Two calls may have said the same, of which one was dismissed.
            let mut are_back = Vec::new();
            for call in named.clone() {
                are_back.push(self.calls[call].note_shown(&spot, trigger));
            }
            let is_back = are_back.iter().all(|is_back| *is_back);
            assert!(!is_back, "what was dismissed is back at {spot:?}");
            let before = format!("{}{suggested}", spot.before);
            let accepted = Spot {
                before,
                ..spot.clone()
            };
            self.accepted.insert((request.document, accepted));
        }
        self.tally.shown += answer.len();
    }

    /// A document has one stream, and the one that looks ahead, until it is closed; besides, there are those for who chooses by hand.
    pub fn check_how_many_streams_are_open(&self) {
        for (number, document) in self.documents.iter().enumerate() {
            for opening in 0..=document.opening {
                let of_it = |call: &&Call| call.document == (number, opening) && call.is_open();
                let by_hand = |request: &&Request| {
                    request.is_open
                        && (request.document, request.opening) == (number, opening)
                        && request.trigger == Trigger::Explicit
                };
                let others = 2 * self.requests.iter().filter(by_hand).count();
                let own = if opening == document.opening {
                    1 + usize::from(self.looks_ahead)
                } else {
                    0
                };
                let open = self.calls.iter().filter(of_it).count();
                assert!(open <= own + others, "{open} streams for {}", document.uri);
            }
        }
    }

    /// After a rest, each stream is waited for, or goes on with what is on the screen and was not typed against.
    pub fn check_that_each_stream_is_wanted(&mut self) {
        for call in self.calls.iter().filter(|call| call.is_open()) {
            let (document, _) = call.document;
            let mut requests = self.requests.iter();
            let is_awaited = requests.any(|it| it.is_open && it.document == document);
            let asked = (document, call.asked.clone());
            let is_ahead = self.looks_ahead && self.accepted.contains(&asked);
            let place = &self.documents[document].places[call.asked.place];
            let is_along = call.is_along(&place.text) && call.refused.is_none();
            let is_wanted = is_awaited || (call.is_shown || is_ahead) && is_along;
            assert!(
                is_wanted,
                "nobody wants what {:?} brings at {:?}",
                call.asked, place.text
            );
            self.tally.wanted += 1;
        }
    }
}
