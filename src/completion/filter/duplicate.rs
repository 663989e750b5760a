//! A line that stands next to the cursor already: it is not suggested again.

use super::Around;

/// A shorter line may well stand twice.
const LEAST: usize = 8;

/// Returns whether a text of one line would make the cursor's line the same as the next one, or as the one above.
pub fn is_there_already(text: &str, around: &Around) -> bool {
    if text.trim().contains('\n') || !around.line_after.trim().is_empty() {
        return false;
    }
    let line = format!("{}{text}", around.line_before);
    let line = line.trim();
    if line.len() < LEAST {
        return false;
    }
    let next = around
        .below
        .lines()
        .skip(1)
        .find(|line| !line.trim().is_empty());
    let previous = around
        .above
        .lines()
        .rev()
        .skip(1)
        .find(|line| !line.trim().is_empty());
    let is_begun = around.line_before.trim().is_empty();
    let is_next = next.is_some_and(|next| next.trim() == line);
    let is_previous = previous.is_some_and(|previous| previous.trim() == line);
    // What the user began to write like its neighbour may be meant to be the same.
    is_begun && (is_next || is_previous)
}
