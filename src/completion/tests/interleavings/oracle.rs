//! What a model was asked, what it has said so far, and what therefore may be shown where.

use super::super::Trigger;
use super::mirror::Spot;
use crate::provider::fake::Running;

/// What an answer is made of. None of it is anything that the filters know as wrong, since this is not about them.
#[derive(Debug, Clone, Copy)]
pub enum Piece {
    Word,
    Opening,
    Closing,
    End,
    Line,
    Blank,
}

impl Piece {
    pub const ALL: [Self; 6] = [
        Self::Word,
        Self::Opening,
        Self::Closing,
        Self::End,
        Self::Line,
        Self::Blank,
    ];

    /// Writes the piece of a call: no two calls say the same word, no call says one twice, and none ends as it begins, since what is said twice in a row is
    /// a fault that the filters know.
    fn write(self, call: usize, number: usize) -> String {
        let letters = [
            ("abcdefg", call / 36),
            ("hijklm", call / 6),
            ("nopqrs", call),
            ("tuvwxyz", number),
        ];
        let letter =
            |(letters, at): (&str, usize)| char::from(letters.as_bytes()[at % letters.len()]);
        let word: String = letters.map(letter).iter().collect();
        match self {
            // Blanks that begin an answer are an indentation, which may stand there already.
            Self::Blank if number > 0 => format!(" {word}"),
            Self::Word | Self::Blank => word,
            Self::Opening => word + "(",
            Self::Closing => word + ")",
            Self::End => word + ";",
            Self::Line => format!("\n{word};"),
        }
    }
}

/// A call to the model.
pub struct Call {
    /// The stream, until the model ends it.
    pub running: Option<Running>,
    /// Which document, and which opening of it.
    pub document: (usize, usize),
    /// What it was asked to go on with.
    pub asked: Spot,
    /// What it has said.
    pub said: String,
    /// What it is yet to say, the next last.
    rest: Vec<String>,
    /// Whether something was written elsewhere in its document since it began.
    pub is_moved: bool,
    /// Whether anything of it was shown.
    pub is_shown: bool,
    /// How much of its text and of what it goes on with the user has seen and dismissed.
    pub refused: Option<usize>,
}

impl Call {
    pub fn new(
        running: Running,
        number: usize,
        answer: &[Piece],
        document: (usize, usize),
        asked: Spot,
    ) -> Self {
        let pieces = answer.iter().enumerate();
        let rest: Vec<String> = pieces.map(|(at, piece)| piece.write(number, at)).collect();
        Self {
            running: Some(running),
            document,
            asked,
            said: String::new(),
            rest: rest.into_iter().rev().collect(),
            is_moved: false,
            is_shown: false,
            refused: None,
        }
    }

    /// Says the next piece; ends where there is none.
    pub fn say(&mut self) {
        match (self.rest.pop(), &self.running) {
            (Some(piece), Some(running)) => {
                running.text(&piece);
                self.said.push_str(&piece);
            }
            _ => self.running = None,
        }
    }

    /// Returns whether the provider's stream is open.
    pub fn is_open(&self) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| !running.is_dropped())
    }

    /// Returns whether it is for a place of a document.
    pub fn is_of(&self, document: usize, place: usize) -> bool {
        (self.document.0, self.asked.place) == (document, place)
    }

    /// Notes that something is shown at a spot that it may have said; returns whether that was dismissed, and is back neither by hand nor since it was typed.
    pub fn note_shown(&mut self, spot: &Spot, trigger: Trigger) -> bool {
        self.is_shown = true;
        if trigger == Trigger::Explicit {
            self.refused = None;
        }
        self.refused.take_if(|end| spot.before.len() >= *end);
        self.refused.is_some()
    }

    /// Returns the text as it would stand there if all that came was accepted where it was asked for.
    fn whole(&self) -> String {
        format!("{}{}", self.asked.before, self.said)
    }

    /// Returns what it will have said of a text that is begun, if the text is a beginning of it.
    pub fn goes_on(&self, before: &str) -> Option<String> {
        let rest: String = self.rest.iter().rev().map(String::as_str).collect();
        let whole = self.whole() + &rest;
        let more = whole.strip_prefix(before)?;
        (!more.is_empty()).then(|| more.to_owned())
    }

    /// Returns whether a suggestion at a spot of its document is what it was asked for and what it said.
    pub fn fits(&self, spot: &Spot, suggestion: &str) -> bool {
        spot.place == self.asked.place
            && spot.after.ends_with(&self.asked.after)
            && self
                .whole()
                .starts_with(&format!("{}{suggestion}", spot.before))
    }

    /// Returns whether what stands at its place now is, or may become, what it was asked for and what it says. Closing brackets at the end may be the editor's.
    pub fn is_along(&self, text: &str) -> bool {
        let Some(typed) = text.strip_suffix(self.asked.after.as_str()) else {
            return false;
        };
        let whole = self.whole();
        let is_closer = |c: char| c.is_whitespace() || ")]}>\"'`".contains(c);
        [typed, typed.trim_end_matches(is_closer)]
            .into_iter()
            .any(|typed| whole.starts_with(typed) || typed.starts_with(&whole))
    }
}
