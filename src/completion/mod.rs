//! Ghost text: when to ask, what to ask, when to stop, what to show, and what to do with what was paid for already.
//!
//! Entry point: [`Completions`]. A request is answered from what is known ([`cache`]), as long as the text before the cursor lies on a
//! suggestion that was made, which takes no time and asks nobody; else from the document's stream ([`flight`]), if that goes on as was typed;
//! else a model is asked, in a stream that outlives the request. The stream ends as soon as the suggestion is whole ([`stop`]), and with it
//! the bill; what came is fitted to the place ([`filter`]). Who asks again by hand is offered others ([`candidates`]); what follows a suggestion may be asked for
//! ahead ([`ahead`]); what the user dismissed stays off the screen ([`dismissal`]). All of it follows the document through its edits ([`reuse`]), so an answer is
//! for the text as it is when it goes out, or there is none.

mod ahead;
mod cache;
mod candidates;
mod completions;
mod desks;
mod dismissal;
mod filter;
mod flight;
mod habits;
mod hold;
mod outcome;
mod place;
mod ready;
mod request;
mod reuse;
mod stop;
#[cfg(test)]
mod tests;
mod trigger;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use ropey::Rope;

pub use completions::Completions;
pub use place::Around;
use place::Writing;
pub use ready::get_ready;

use crate::cost::Cost;
use crate::cost::estimate::Rough;
use crate::gateway::{CallId, Gateway};
use crate::provider::Finish;
use crate::routing::{Decision, Feature, Need};
use crate::session::Snapshot;
use crate::syntax;

/// Why a suggestion is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The user asked for it.
    Explicit,
    /// The user typed or moved.
    Automatic,
}

/// A text to insert.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The call that it came from.
    pub id: CallId,
    /// The byte at which it is to be inserted.
    pub cursor: usize,
    /// The text.
    pub text: String,
    /// Who made it, and who pays.
    pub decision: Decision,
    /// What the call cost; `None` while it goes on.
    pub cost: Option<Cost>,
}

/// A suggestion, and the text that it is for.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The suggestion.
    pub suggestion: Suggestion,
    /// The document's text.
    pub text: Rope,
}

/// A suggestion that is asked for.
#[derive(Clone)]
pub struct Ask {
    /// The document.
    pub snapshot: Snapshot,
    /// The byte in its text.
    pub cursor: usize,
    /// Why.
    pub trigger: Trigger,
    /// Which model is to answer ([`decide`]).
    pub decision: Decision,
    /// How long the first whole line is held back for the rest of a suggestion, counted from the call; `None` waits for all of it.
    pub first_line: Option<Duration>,
    /// What is written there, which takes a way down the tree and is asked with each look.
    writing: Writing,
}

impl Ask {
    /// Asks for all of a suggestion at a byte of a document.
    pub fn new(snapshot: Snapshot, cursor: usize, trigger: Trigger, decision: Decision) -> Self {
        Self {
            writing: Writing::at(&snapshot, cursor),
            snapshot,
            cursor,
            trigger,
            decision,
            first_line: None,
        }
    }

    /// Asks for the same at another place.
    fn move_to(&mut self, snapshot: Snapshot, cursor: usize) {
        self.writing = Writing::at(&snapshot, cursor);
        (self.snapshot, self.cursor) = (snapshot, cursor);
    }
}

/// How long the first whole line of a suggestion is held back in an editor for the rest of it: so the usual suggestion is shown at once and
/// whole, and one that takes longer can be read while it comes.
pub const FIRST_LINE: Duration = Duration::from_millis(180);

/// Decides which model a suggestion for the snapshot comes from.
pub fn decide(gateway: &Gateway, snapshot: &Snapshot) -> Decision {
    let settings = &snapshot.settings;
    // Three bytes to a token are more than there are, as a rule; the rest of the prompt is other files.
    let own = u32::try_from(snapshot.text.len_bytes() / 3).unwrap_or(u32::MAX);
    let most = u32::try_from(settings.context.max_tokens).unwrap_or(u32::MAX);
    let need = Need {
        language: snapshot.language.map(syntax::Language::id),
        prompt: Rough::of_tokens(own.min(most)),
        most: settings.max_tokens.into(),
        is_confined: snapshot.confined.is_some(),
        ..Need::usual(Feature::Completion)
    };
    let decision = gateway.decide_for(settings, &need);
    match snapshot.confined {
        Some(_) => decision.confined(),
        None => decision,
    }
}

/// Returns what would be shown of an answer that comes whole.
pub fn shape(snapshot: &Snapshot, cursor: usize, answer: &str, finish: Finish) -> Option<String> {
    let around = Arc::new(Around::at(snapshot, cursor));
    let mut stop = stop::Stop::new(place::extent(snapshot, &around, cursor), around.clone());
    // In pieces, as a stream brings it, so that it ends where a stream would be ended.
    let is_whole = answer.split_inclusive('\n').any(|piece| stop.push(piece));
    let text = if finish == Finish::Length && !is_whole {
        filter::whole_lines(stop.finish())
    } else {
        stop.finish()
    };
    let code = filter::Code::at(snapshot, cursor, around.writing);
    filter::fit_in(text, &around, code.as_ref())
}
