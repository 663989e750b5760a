//! Brackets and quotes: a text may close what its line has open and what follows the cursor does not close, and nothing more.

use super::Around;
use super::scan::{self, balance};

/// Cuts a text where it closes a bracket or a quote that is closed behind the cursor already, as in pairs that the editor closed by itself.
pub fn cut<'a>(text: &'a str, around: &Around) -> &'a str {
    let before = balance(&around.line_before);
    let after = balance(&around.line_after);
    if let Some(quote) = before.quote {
        // An even number of quotes opens and closes strings of its own.
        let count = around.line_after.matches(quote.sign).count();
        if !count.is_multiple_of(2) {
            return &text[..end_of_string(text, quote.sign).unwrap_or(text.len())];
        }
    }
    if around.line_after.trim().is_empty() {
        return text;
    }
    // What the line has open and what follows does not close, innermost last.
    let mut open: Vec<char> = before.open.iter().map(|mark| mark.sign).collect();
    for closer in after.excess.iter().rev() {
        // Without one it closes something above the line; so does whatever stands outside of it.
        let own = open
            .iter()
            .position(|open| scan::closes(*open, closer.sign));
        if let Some(at) = own {
            open.remove(at);
        }
    }
    for mark in balance(text).excess {
        let is_free = open
            .last()
            .is_some_and(|open| scan::closes(*open, mark.sign));
        if !is_free {
            return &text[..mark.at];
        }
        open.pop();
    }
    text
}

/// Returns where a text within a string ends that string.
fn end_of_string(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, sign) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if sign == '\\' {
            is_escaped = true;
        } else if sign == quote {
            return Some(at);
        }
    }
    None
}
