//! What follows when the user takes a suggestion off the screen: it stays off, and it is quiet for a while.
//!
//! Entry point: [`Completions::dismissed`], told by the editor, since nothing in a document's edits shows it. What was on the screen is not
//! offered again as it is typed along, but where it is asked for by hand; its stream ends, and what was asked ahead of it. Nothing is
//! suggested [at that place](Quiet) until some keys later, or until another line is begun; how many keys those are, the
//! [trigger](super::trigger::is_quiet) knows.

use tokio::time::Instant;

use super::completions::Completions;
use super::desks::Desks;
use super::reuse::Trail;
use crate::document::Edit;

/// A place at which a suggestion was dismissed.
#[derive(Debug)]
pub struct Quiet {
    trail: Trail,
    keys: usize,
}

impl Quiet {
    /// Begins where a suggestion was for.
    pub fn at(mut trail: Trail) -> Self {
        // What was edited elsewhere before is not what ends it.
        trail.is_moved = false;
        Self { trail, keys: 0 }
    }

    /// Follows edits. False once another line was begun, or something else was edited.
    pub fn follow(&mut self, edits: &[&Edit]) -> bool {
        self.keys += edits.len();
        edits.iter().all(|edit| {
            !edit.text.contains(['\n', '\r'])
                && self.trail.follow(edit).is_some()
                && !self.trail.is_moved
        })
    }

    /// Returns how many keys ago it was, if a cursor stands there.
    pub fn keys_at(&self, cursor: usize) -> Option<usize> {
        self.trail.holds(cursor).then_some(self.keys)
    }
}

impl Completions {
    /// Notes that the user dismissed a suggestion, by its call's name. One that is not known is left alone.
    pub fn dismissed(&self, id: &str) {
        let Desks { by_uri, record, .. } = &mut *self.desks();
        if !record.knows(id) {
            return;
        }
        for desk in by_uri.values_mut() {
            if desk.dismiss(id, Instant::now(), record) {
                return;
            }
        }
    }
}
