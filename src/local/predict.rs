//! From a query to a prediction.
//!
//! Entry point: [`predict`]. It takes the window around the cursor, searches for the line, leaves out what is there already,
//! adds a block if that is sure, and writes it all in the document's own indentation and line breaks.

use ropey::Rope;

use super::block;
use super::confidence::Confidence;
use super::evidence::Sources;
use super::index::Index;
use super::search::{self, Line};
use super::token::{Break, Token};
use super::vocabulary::{Lexicon, Vocabulary};
use super::window::Window;

/// What to predict.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The document's name, as in [`super::Engine::update`].
    pub path: &'a str,
    /// The document as the user sees it.
    pub text: &'a Rope,
    /// The cursor, in bytes.
    pub cursor: usize,
    /// How many lines a prediction may have.
    pub max_lines: usize,
}

/// What may follow the cursor.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The text to insert at the cursor.
    pub text: String,
    /// How probable it is that this is exactly what the user writes.
    pub confidence: Confidence,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What a prediction rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// The longest agreement with the text before the cursor, in tokens.
    pub matched: usize,
    /// How many places were looked at.
    pub places: usize,
    /// How many of them go on in the same way.
    pub agreeing: usize,
    /// How many tokens are predicted.
    pub tokens: usize,
    /// The probability of the line by the counts alone.
    pub likelihood: f32,
    /// The probability of its least probable token.
    pub weakest: f32,
    /// Whether the whole line is predicted, not just its rest.
    pub line_start: bool,
}

impl Prediction {
    /// Returns whether this is sure enough to be shown.
    pub fn is_confident(&self, min: Confidence) -> bool {
        self.confidence >= min
    }
}

pub(super) fn predict(
    query: &Query<'_>,
    path: &str,
    index: &Index,
    vocabulary: &Vocabulary,
) -> Option<Prediction> {
    if query.max_lines == 0 {
        return None;
    }
    let mut lexicon = Lexicon::new(vocabulary);
    let window = Window::around(query.text, query.cursor, &mut lexicon);
    let sources = Sources::new(index, &window, path, &lexicon);
    let accept = |tokens: &[Token], lexicon: &Lexicon<'_>| {
        insertion(&window, tokens, lexicon).is_none_or(|text| !repeats(&window, &text))
    };
    let line = search::line(&sources, &mut lexicon, accept)?;
    let mut text = insertion(&window, &line.tokens, &lexicon)?;
    let evidence = evidence(&window, &line);
    let confidence = Confidence::of(&evidence);
    if window.rest.is_empty()
        && !has_body(&window)
        && let Some(block) = block::after(&sources, &line, query.max_lines, &mut lexicon)
    {
        text.push_str(&lines(&window, &block, &lexicon));
    }
    Some(Prediction {
        text,
        confidence,
        evidence,
    })
}

/// Returns whether the lines after the cursor are the inside of what its line opens.
fn has_body(window: &Window) -> bool {
    window.next_line.as_ref().is_some_and(|next| {
        let blanks = next.len() - next.trim_start_matches([' ', '\t']).len();
        window.indent.columns(&next[..blanks]) > window.columns
    })
}

fn evidence(window: &Window, line: &Line) -> Evidence {
    Evidence {
        matched: line.depth,
        places: line.places,
        agreeing: line.agreeing,
        tokens: line.tokens.len(),
        likelihood: line.probability,
        weakest: line.weakest,
        line_start: window.line.trim().is_empty(),
    }
}

/// Returns what to insert for the tokens of a line: without what was typed, and without what follows the cursor already.
fn insertion(window: &Window, tokens: &[Token], lexicon: &Lexicon<'_>) -> Option<String> {
    let text: String = tokens.iter().map(|&token| lexicon.text(token)).collect();
    let text = text.strip_prefix(&window.typed)?;
    let text = if window.rest.is_empty() {
        text
    } else {
        before_rest(text, &window.rest)?
    };
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// Returns the part of a line that fits before the rest of the cursor's line.
fn before_rest<'a>(text: &'a str, rest: &str) -> Option<&'a str> {
    if let Some(fitting) = text.strip_suffix(rest) {
        return Some(fitting);
    }
    // An editor that closes brackets by itself has written `)` where the line goes on with `);`.
    let closes = |text: &str| text.bytes().all(|byte| b")]}>\"'`;, ".contains(&byte));
    let at = text.rfind(rest)?;
    (closes(rest) && closes(&text[at..])).then(|| &text[..at])
}

/// Returns whether a line would only repeat the one that follows.
fn repeats(window: &Window, text: &str) -> bool {
    let Some(next) = &window.next_line else {
        return false;
    };
    let line = format!("{}{text}", window.line);
    let (line, next) = (line.trim_end(), next.as_str());
    // A lone bracket closes one block here and another there.
    let weighty = next.bytes().filter(u8::is_ascii_alphanumeric).count() > 1;
    line == next || (weighty && line.trim_start() == next.trim_start())
}

/// Writes the lines of a block, up to one that follows already.
fn lines(window: &Window, tokens: &[Token], lexicon: &Lexicon<'_>) -> String {
    let mut text = String::new();
    let mut columns = window.columns;
    for line in tokens.chunk_by(|_, next| !next.is_break()) {
        let Some(found) = line.first().and_then(|&token| Break::of(token)) else {
            continue;
        };
        columns = window.indent.shifted(columns, found.shift);
        let body: String = line[1..].iter().map(|&token| lexicon.text(token)).collect();
        let line = window.indent.blanks(columns) + &body;
        if window.next_line.as_deref() == Some(&line) {
            break;
        }
        if found.blank {
            text.push_str(window.newline);
        }
        text.push_str(window.newline);
        text.push_str(&line);
    }
    text
}
