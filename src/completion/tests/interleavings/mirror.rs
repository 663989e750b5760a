//! The documents as plain strings, of which only what matters is compared.

use std::ops::Range;

/// A document with two places at which somebody writes. Lines that are comments, which no model and no user writes, keep them apart.
pub struct Document {
    pub uri: &'static str,
    /// How often it was opened: a name that is closed and opened again is another document.
    pub opening: usize,
    /// How many lines were added before all places, and behind them.
    pub above: usize,
    pub below: usize,
    pub places: [Place; 2],
}

/// What stands at a place, and how much of it before the user's cursor.
pub struct Place {
    pub text: String,
    pub cursor: usize,
}

/// A cursor, and what stands at its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spot {
    pub place: usize,
    pub before: String,
    pub after: String,
}

impl Document {
    /// Opens one: the first place is an empty line, the second one that was begun.
    pub fn open(uri: &'static str, opening: usize) -> Self {
        let place = |text: &str| Place {
            text: text.into(),
            cursor: text.len(),
        };
        Self {
            uri,
            opening,
            above: 0,
            below: 0,
            places: [place(""), place("let y = ")],
        }
    }

    pub fn text(&self) -> String {
        let [first, second] = self.places.each_ref().map(|place| &place.text);
        let (above, below) = (
            "// above\n".repeat(self.above),
            "// below\n".repeat(self.below),
        );
        format!("{above}//0\n{first}\n//1\n{second}\n//2\n{below}")
    }

    /// Returns where a place begins in the text.
    pub fn start(&self, place: usize) -> usize {
        let mark = format!("//{place}\n");
        self.text().find(&mark).unwrap() + mark.len()
    }

    /// Returns what stands around the user's cursor at a place.
    pub fn spot_of_cursor(&self, place: usize) -> Spot {
        self.spot(place, self.places[place].cursor)
    }

    /// Returns what stands around a byte of a place.
    pub fn spot(&self, place: usize, at: usize) -> Spot {
        let (before, after) = self.places[place].text.split_at(at);
        Spot {
            place,
            before: before.into(),
            after: after.into(),
        }
    }
}

impl Spot {
    /// Reads it out of a document's text.
    pub fn read(text: &str, cursor: usize) -> Self {
        let (head, tail) = text.split_at(cursor);
        let mark = head.rfind("//").unwrap();
        let (place, before) = head[mark + 2..].split_once('\n').unwrap();
        Self {
            place: place.parse().unwrap(),
            before: before.into(),
            after: tail[..tail.find("\n//").unwrap()].into(),
        }
    }
}

/// Carries a byte over an edit: what is written at it is before it.
pub fn carried(at: usize, edited: &Range<usize>, length: usize) -> usize {
    if edited.start > at {
        at
    } else if edited.end <= at {
        at - edited.len() + length
    } else {
        edited.start + length
    }
}
