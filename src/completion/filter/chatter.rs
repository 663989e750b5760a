//! Fences and words round the code, which models that hold conversations add against all instructions.

use super::{Around, Writing};

/// Returns the code within a text.
pub fn unwrap<'a>(text: &'a str, around: &Around) -> &'a str {
    match around.writing {
        // Fences and sentences are what is written here.
        Writing::Document => text,
        // Sentences are, and a fence within the text may be; one round the whole of it is not.
        Writing::Aside => match Wrapped::of(text, around) {
            Wrapped::In(fences) => fences.code(text),
            Wrapped::Perhaps | Wrapped::Not => text,
        },
        Writing::Code => {
            let text = Fences::of(text).code(text);
            without_closing_words(without_opening_words(text))
        }
    }
}

/// Returns whether a text that is still coming in may be no more yet than words and a fence before the code.
pub fn may_begin(text: &str, around: &Around) -> bool {
    match around.writing {
        Writing::Document => return false,
        Writing::Aside => return matches!(Wrapped::of(text, around), Wrapped::Perhaps),
        Writing::Code => {}
    }
    let rest = without_opening_words(text.trim_start_matches('\n'));
    let begins = rest.trim_start();
    if begins.contains('\n') {
        return false;
    }
    let may_be_fence = begins.is_empty() && !text.is_empty()
        || "```".starts_with(begins)
        || begins.starts_with("```");
    let may_be_words = OPENERS.iter().any(|opener| {
        opener.starts_with(begins) || begins.starts_with(opener) && begins.split(' ').count() < 16
    });
    may_be_fence || may_be_words
}

/// With what sentences begin that introduce the code.
const OPENERS: [&str; 16] = [
    "Here is",
    "Here's",
    "Here are",
    "Sure",
    "Certainly",
    "Of course",
    "Okay",
    "The completed",
    "The missing",
    "The code",
    "The following",
    "Below is",
    "Completion:",
    "Output:",
    "Answer:",
    "I've ",
];

/// Returns whether the fence that ends the code has come.
pub fn is_closed(text: &str, around: &Around) -> bool {
    text.contains("```")
        && match around.writing {
            Writing::Document => false,
            Writing::Aside => {
                matches!(Wrapped::of(text, around), Wrapped::In(fences) if fences.is_closed())
            }
            Writing::Code => Fences::of(text).is_closed(),
        }
}

/// Whether a text for a comment or a string comes in a fence that is none of its own.
enum Wrapped {
    In(Fences),
    /// More has to come in to tell.
    Perhaps,
    Not,
}

impl Wrapped {
    fn of(text: &str, around: &Around) -> Self {
        let words = without_opening_words(text.trim_start_matches('\n'));
        let begins = words.trim_start();
        let Some((first, rest)) = begins.split_once('\n') else {
            let may_be_fence = "```".starts_with(begins) || begins.starts_with("```");
            return if may_be_fence && !text.is_empty() {
                Self::Perhaps
            } else {
                Self::Not
            };
        };
        if !first.starts_with("```") {
            return Self::Not;
        }
        // Where the lines of a comment begin with a mark, so does what is written in its own fences.
        let line = around.line_before.trim_start();
        let mark = line.split(|c: char| c.is_alphanumeric() || c.is_whitespace());
        let mark = mark.into_iter().next().unwrap_or_default();
        let next = rest.trim_start();
        if !mark.is_empty() && next.starts_with(mark) {
            return Self::Not;
        }
        if !next.contains('\n') && mark.starts_with(next.trim_end()) {
            return Self::Perhaps;
        }
        Self::In(Fences::of(text))
    }
}

/// The fences in a text.
struct Fences {
    /// Where the code begins.
    start: usize,
    /// Where the line begins that ends it.
    end: Option<usize>,
}

impl Fences {
    fn of(text: &str) -> Self {
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            if line.trim_start().starts_with("```") {
                lines.push((start, start + line.len()));
            }
            start += line.len();
        }
        let Some(&(first, behind_first)) = lines.first() else {
            return Self {
                start: 0,
                end: None,
            };
        };
        let is_talk = |line: &str| line.trim().is_empty() || is_sentence(line);
        if text[..first].lines().all(is_talk) {
            return Self {
                start: behind_first,
                end: lines.get(1).map(|second| second.0),
            };
        }
        // The opening was not sent, or stood at the end of the line that was to be continued.
        Self {
            start: 0,
            end: Some(first),
        }
    }

    /// The code in them, or before the line that closes a fence whose opening was not sent.
    fn code<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start..self.end.unwrap_or(text.len())]
    }

    fn is_closed(&self) -> bool {
        self.end.is_some()
    }
}

/// Takes sentences off that introduce the code.
fn without_opening_words(text: &str) -> &str {
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches('\n');
        let Some((line, after)) = trimmed.split_once('\n') else {
            return rest;
        };
        let is_opener = OPENERS
            .iter()
            .any(|opener| line.trim_start().starts_with(opener));
        if !is_opener || !is_sentence(line) {
            return rest;
        }
        rest = after.trim_start_matches('\n');
    }
}

/// Takes a last paragraph off that talks about the code.
fn without_closing_words(text: &str) -> &str {
    const OPENERS: [&str; 11] = [
        "This ",
        "These ",
        "The ",
        "Note",
        "Explanation",
        "I ",
        "I've ",
        "Let me",
        "Hope",
        "In this",
        "Here",
    ];
    let trimmed = text.trim_end();
    let Some(at) = trimmed.rfind("\n\n") else {
        return text;
    };
    let paragraph = trimmed[at..].trim_start_matches('\n');
    let is_words = OPENERS.iter().any(|opener| paragraph.starts_with(opener))
        && paragraph
            .lines()
            .all(|line| is_sentence(line) || line.len() > 60);
    if is_words { &text[..at] } else { text }
}

/// Returns whether a line reads like words to a reader rather than code: it begins with a capital, ends as a sentence does, and holds none of
/// the signs without which there is hardly a line of code.
fn is_sentence(line: &str) -> bool {
    let line = line.trim();
    let has_capital = line.chars().next().is_some_and(char::is_uppercase);
    let is_ended = line.ends_with([':', '.', '!']);
    let has_code = line
        .replace('`', "")
        .contains(['=', ';', '{', '}', '[', ']', '<', '>', '_', '(']);
    has_capital && is_ended && !has_code
}
