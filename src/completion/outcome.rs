//! What becomes of a suggestion that was shown: accepted, partly accepted, typed along, typed against,
//! dismissed, and how much of it is still there later.
//!
//! Entry points: [`Watch`] for what is on the screen, [`Kept`] for what was taken, [`Record`] where it is written down: fates in the ledger,
//! odds for the [trigger](super::trigger). It is all told by the document's own edits, so it is known of every editor, whether or not it says
//! what its user accepted; an editor that does ([`Record::accepted`]) only makes it surer. What is typed by hand is followed, not accepted.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::habits::{Habits, Spot};
use super::reuse::{Fit, Trail, as_suggested};
use crate::cost::{Fate, Ledger};
use crate::document::Edit;
use crate::gateway::CallId;

/// Where it is written down what became of suggestions.
pub struct Record {
    ledger: Ledger,
    /// What suggestions were good for so far.
    pub habits: Habits,
    /// The last ones that were shown, for editors that say what was accepted.
    shown: VecDeque<Name>,
}

/// One suggestion of a call.
#[derive(Debug, Clone)]
struct Name {
    id: CallId,
    number: u32,
    chars: u64,
}

/// A suggestion on the screen.
#[derive(Debug)]
pub struct Watch {
    name: Name,
    spot: Spot,
    trail: Trail,
    text: String,
    /// How much of it was typed or accepted, in bytes, at most.
    followed: usize,
    /// How much of it was accepted: where it begins in the text, and how many characters.
    taken: Option<(usize, u64)>,
}

/// How a suggestion's course ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// All of it was typed or accepted.
    Followed,
    /// Something else was typed, after however much of it.
    Left,
}

/// What was accepted of a suggestion, and is watched for a while.
#[derive(Debug)]
pub struct Kept {
    name: Name,
    bytes: std::ops::Range<usize>,
    /// How many characters of it were never touched.
    left: u64,
    since: Instant,
    /// How many of the two moments were noted.
    noted: usize,
}

/// When it is noted how much is still there.
const MOMENTS: [Duration; 2] = [Duration::from_secs(30), Duration::from_mins(5)];

/// How many shown suggestions are remembered for an editor that says what was accepted.
const SHOWN: usize = 16;

/// This much of a suggestion is as good as all of it: it saved somebody a good part of a line.
const PLENTY: usize = 16;

impl Record {
    /// Begins to write into a ledger.
    pub fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            habits: Habits::default(),
            shown: VecDeque::new(),
        }
    }

    /// Notes that a text is shown at a cursor in such a place, and watches it from now on.
    pub fn show(&mut self, id: &CallId, cursor: usize, spot: Spot, text: &str) -> Watch {
        // A stream is shown in pieces, one after the other; each may be taken or left.
        let of_call = self.shown.iter().filter(|name| name.id == *id);
        let number = of_call.map(|name| name.number + 1).max().unwrap_or(1);
        let name = Name {
            id: id.clone(),
            number,
            chars: text.chars().count() as u64,
        };
        self.note(&name, Fate::Shown);
        self.shown.truncate(SHOWN - 1);
        self.shown.push_front(name.clone());
        Watch {
            name,
            spot,
            trail: Trail::new(cursor, ""),
            text: text.to_owned(),
            followed: 0,
            taken: None,
        }
    }

    /// Notes what an editor says: a suggestion was accepted, all of it or so many characters.
    pub fn accepted(&mut self, id: &str, chars: Option<u64>) {
        let named = self.shown.iter().find(|name| name.id.as_str() == id);
        let Some(name) = named.cloned() else {
            return;
        };
        let fate = match chars.filter(|chars| *chars < name.chars) {
            Some(chars) => Fate::PartlyAccepted { chars },
            None => Fate::Accepted { chars: name.chars },
        };
        self.note(&name, fate);
    }

    /// Returns whether a suggestion was shown of late.
    pub fn knows(&self, id: &str) -> bool {
        self.shown.iter().any(|name| name.id.as_str() == id)
    }

    fn note(&self, name: &Name, fate: Fate) {
        self.ledger.note(&name.id, name.number, fate);
    }
}

impl Watch {
    /// Follows edits. Once the suggestion's course is run, it is recorded and this tells how; what was accepted of it is put with what is kept.
    pub fn follow(
        &mut self,
        edits: &[&Edit],
        now: Instant,
        record: &mut Record,
        kept: &mut VecDeque<Kept>,
    ) -> Option<Course> {
        for edit in edits {
            self.note_taken(edit);
            if self.trail.follow(edit).is_none() {
                return Some(self.end(now, record, kept));
            }
        }
        match self.trail.fit(self.trail.end(), &self.text).0 {
            Fit::Rest(rest) => {
                let followed = self.text.len().saturating_sub(rest.len());
                self.followed = self.followed.max(followed);
                rest.is_empty().then(|| self.end(now, record, kept))
            }
            Fit::Ahead => {
                self.followed = self.text.len();
                Some(self.end(now, record, kept))
            }
            Fit::Against => Some(self.end(now, record, kept)),
        }
    }

    /// Returns whether this is what is shown at a cursor anyway, so that showing it again is nothing new.
    pub fn is_shown_at(&self, cursor: usize, text: &str) -> bool {
        let (fit, _) = self.trail.fit(cursor, &self.text);
        matches!(fit, Fit::Rest(rest) if rest == text)
    }

    /// Returns whether it is a suggestion of a call.
    pub fn is_of(&self, id: &str) -> bool {
        self.name.id.as_str() == id
    }

    /// Returns where it is.
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Returns what of it is on the screen still.
    pub fn rest(&self) -> Option<String> {
        match self.trail.fit(self.trail.end(), &self.text).0 {
            Fit::Rest(rest) => Some(rest),
            Fit::Ahead | Fit::Against => None,
        }
    }

    /// Notes an edit that inserts a piece of the suggestion at once, which is no key.
    fn note_taken(&mut self, edit: &Edit) {
        let at = self.trail.end();
        let is_insertion = edit.bytes == (at..at);
        let is_key = edit.text.chars().nth(1).is_none() || edit.text.trim().is_empty();
        if !is_insertion || is_key {
            return;
        }
        let taken = as_suggested(&edit.text);
        if let (Fit::Rest(rest), _) = self.trail.fit(at, &self.text)
            && rest.starts_with(&*taken)
        {
            let chars = taken.chars().count() as u64;
            let taken = self.taken.get_or_insert((at, 0));
            taken.1 += chars;
        }
    }

    /// Ends its course, by whatever was typed or because the user took it off the screen, and tells how it ran.
    pub fn end(&self, now: Instant, record: &mut Record, kept: &mut VecDeque<Kept>) -> Course {
        #[expect(clippy::cast_precision_loss, reason = "lengths of suggestions")]
        let share = self.followed as f32 / self.text.len().clamp(1, PLENTY) as f32;
        let share = share.min(1.0);
        record.habits.followed(share, self.spot);
        if let Some((start, chars)) = self.taken {
            let fate = if chars >= self.name.chars {
                Fate::Accepted { chars }
            } else {
                Fate::PartlyAccepted { chars }
            };
            record.note(&self.name, fate);
            kept.truncate(SHOWN - 1);
            kept.push_front(Kept {
                name: self.name.clone(),
                bytes: start..self.trail.end(),
                left: chars,
                since: now,
                noted: 0,
            });
        } else if self.followed == 0 {
            record.note(&self.name, Fate::Rejected);
        }
        if self.followed == self.text.len() {
            Course::Followed
        } else {
            Course::Left
        }
    }
}

impl Kept {
    /// Notes how much is there, if it is time. It changes by edits alone, so it is asked before each of them, and at the end.
    pub fn note_if_due(&mut self, now: Instant, record: &Record) {
        while let Some(moment) = MOMENTS.get(self.noted)
            && now - self.since >= *moment
        {
            let chars = self.left;
            let fate = if self.noted == 0 {
                Fate::KeptAfter30s { chars }
            } else {
                Fate::KeptAfter5min { chars }
            };
            record.note(&self.name, fate);
            self.noted += 1;
        }
    }

    /// Returns whether there is nothing to note any more.
    pub fn is_over(&self) -> bool {
        self.noted == MOMENTS.len()
    }

    /// Follows an edit.
    pub fn follow(&mut self, edit: &Edit) {
        let (start, end) = (edit.bytes.start, edit.bytes.end);
        let gone = end
            .min(self.bytes.end)
            .saturating_sub(start.max(self.bytes.start));
        self.left = self.left.saturating_sub(gone as u64);
        let moved = |at: usize| {
            if at >= end {
                at - edit.bytes.len() + edit.text.len()
            } else {
                at.min(start)
            }
        };
        let first = if self.bytes.start > start || !edit.bytes.is_empty() {
            moved(self.bytes.start)
        } else {
            self.bytes.start
        };
        // What is typed right behind it is not of it.
        let last = if start >= self.bytes.end {
            self.bytes.end
        } else {
            moved(self.bytes.end)
        };
        self.bytes = first..last.max(first);
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::Around;
    use super::*;

    fn edit(bytes: std::ops::Range<usize>, text: &str) -> Edit {
        Edit {
            bytes,
            text: text.into(),
        }
    }

    fn show(record: &mut Record, cursor: usize, text: &str) -> Watch {
        let spot = Spot::of(None, &Around::default());
        record.show(&Ledger::in_memory().next_id(), cursor, spot, text)
    }

    fn kept() -> Kept {
        let name = Name {
            id: Ledger::in_memory().next_id(),
            number: 1,
            chars: 10,
        };
        Kept {
            name,
            bytes: 100..110,
            left: 10,
            since: Instant::now(),
            noted: 0,
        }
    }

    #[test]
    fn what_is_deleted_of_it_is_not_kept_and_what_is_changed_elsewhere_is() {
        let mut kept = kept();
        for change in [edit(0..5, ""), edit(200..300, ""), edit(100..100, "added")] {
            kept.follow(&change);
        }
        assert_eq!((kept.bytes.clone(), kept.left), (95..110, 10));
        kept.follow(&edit(90..98, ""));
        assert_eq!((kept.bytes.start, kept.left), (90, 7));
        kept.follow(&edit(0..500, ""));
        assert_eq!(kept.left, 0);
    }

    #[test]
    fn a_key_is_followed_and_a_piece_is_taken() {
        let mut record = Record::new(Ledger::in_memory());
        let mut taken = VecDeque::new();
        let now = Instant::now();
        let mut watch = show(&mut record, 10, "compute(1);");
        let typed = edit(10..10, "c");
        assert_eq!(watch.follow(&[&typed], now, &mut record, &mut taken), None);
        assert_eq!(watch.taken, None);
        let rest = edit(11..11, "ompute(1);");
        let course = watch.follow(&[&rest], now, &mut record, &mut taken);
        assert_eq!(course, Some(Course::Followed));
        assert_eq!(taken[0].bytes, 11..21);
        assert_eq!(taken[0].left, 10);
        // Editors put in their document's line breaks.
        let mut watch = show(&mut record, 0, "one();\n  two();");
        let all = edit(0..0, "one();\r\n  two();");
        let course = watch.follow(&[&all], now, &mut record, &mut taken);
        assert_eq!(course, Some(Course::Followed));
        assert_eq!((taken[0].bytes.clone(), taken[0].left), (0..16, 15));
    }

    #[test]
    fn typing_against_it_lowers_the_odds_and_following_it_raises_them() {
        let mut record = Record::new(Ledger::in_memory());
        let before = record.habits.odds;
        let mut watch = show(&mut record, 0, "compute(1);");
        let mut taken = VecDeque::new();
        let wrong = edit(0..0, "x");
        watch.follow(&[&wrong], Instant::now(), &mut record, &mut taken);
        assert!(record.habits.odds < before);
        let lower = record.habits.odds;
        let mut watch = show(&mut record, 1, "yes");
        let right = edit(1..1, "yes");
        watch.follow(&[&right], Instant::now(), &mut record, &mut taken);
        assert!(record.habits.odds > lower);
    }
}
