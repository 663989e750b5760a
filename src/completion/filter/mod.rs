//! What is taken off a model's text before it is shown, or whether it is shown at all.
//!
//! Entry points: [`fit`] for a text that is whole, [`begun`] for one that still comes in. Each filter is a file: a function of the text and of
//! what stands [around](Around) the place, which leaves alone what it does not know to be wrong. They run in one order, below. `cases/` holds
//! a file of examples for each language; a new case is a new entry. `cargo bench --bench filters` measures them on real code.

mod brackets;
mod chatter;
mod control;
mod duplicate;
mod echo;
mod following;
mod indentation;
mod reparse;
mod repetition;
mod rest_of_line;
mod scan;
mod special;
#[cfg(test)]
mod tests;

use super::place::{Around, Writing};

pub use duplicate::is_there_already;
pub use reparse::Code;

/// Makes a model's text fit the place, or returns `None` if nothing worth showing is left.
pub fn fit(text: &str, around: &Around) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    let text = control::strip(text);
    let text = special::cut(&text, around);
    let text = body(text, around);
    let text = repetition::cut(text);
    let text = following::cut(text, around);
    let text = rest_of_line::cut(text, around)?;
    let text = brackets::cut(text, around);
    let text = indentation::align(text, around);
    let text = trim(&text);
    let is_new = !text.trim().is_empty() && !is_there_already(&text, around);
    is_new.then_some(text)
}

/// The same, in a document that can be parsed: without what brings syntax errors.
pub fn fit_in(text: &str, around: &Around, code: Option<&Code>) -> Option<String> {
    let text = fit(text, around)?;
    match code {
        Some(code) => code.without_new_errors(text, reparse::LIMIT),
        None => Some(text),
    }
}

/// Returns the suggestion within a text that is whole: without words and fences round it, and without what stands before the cursor.
pub fn body<'a>(text: &'a str, around: &Around) -> &'a str {
    let text = chatter::unwrap(text, around);
    echo::strip(text, around)
}

/// The same of a text that is still coming in: nothing at all while its beginning may yet turn out to be none of the suggestion's.
pub fn begun<'a>(text: &'a str, around: &Around) -> &'a str {
    if chatter::may_begin(text, around) {
        return "";
    }
    let text = chatter::unwrap(text, around);
    if echo::may_become_one(text, around) {
        return "";
    }
    indentation::without_typed(echo::strip(text, around), around)
}

/// Returns whether a text is over: the model closed the fence round it, and whatever comes next is talk.
pub fn is_closed(text: &str, around: &Around) -> bool {
    chatter::is_closed(text, around)
}

/// Returns where a text that is still coming in has gone too far, whatever comes next: round in circles, or into what follows the cursor.
pub fn overrun(text: &str, around: &Around) -> Option<usize> {
    let kept = following::cut(repetition::cut(text), around);
    (kept.trim_end().len() < text.trim_end().len()).then_some(kept.len())
}

/// Returns the lines that are whole of a text whose tokens ran out: its last line ends anywhere, in a word or in a string.
pub fn whole_lines(text: &str) -> &str {
    &text[..text.rfind('\n').unwrap_or(0)]
}

/// Takes off blanks at the ends of lines and of the text.
fn trim(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().split('\n').map(str::trim_end).collect();
    lines.join("\n")
}
