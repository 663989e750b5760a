//! The rest of the cursor's line: what follows the cursor is not said again, and no text of several lines tears the line apart.

use super::Around;

/// Cuts what stands behind the cursor already off the text. `None` if the text would tear the line apart.
pub fn cut<'a>(text: &'a str, around: &Around) -> Option<&'a str> {
    let after = around.line_after.trim();
    if after.is_empty() {
        return Some(text);
    }
    if !around.is_within_line() {
        return Some(without_closers(text, after));
    }
    let text = text.trim_start_matches('\n');
    let line = text.split('\n').next().unwrap_or_default().trim_end();
    match line.strip_suffix(after) {
        Some(own) if is_border(own, after) => Some(own),
        // A text of several lines that does not come to the line's end says something else.
        _ if text.trim_end().contains('\n') => None,
        _ => Some(text),
    }
}

/// Returns whether a word does not go on from one text into the other.
fn is_border(before: &str, after: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    !(before.ends_with(is_word) && after.starts_with(is_word))
}

/// Takes the longest end off with which closing brackets behind the cursor begin, where the text never opened what they close.
fn without_closers<'a>(text: &'a str, after: &str) -> &'a str {
    let text = text.trim_end();
    let repeated = (1..=after.len())
        .rev()
        .filter(|length| after.is_char_boundary(*length))
        .find(|length| text.ends_with(&after[..*length]) && is_repetition(text, &after[..*length]));
    &text[..text.len() - repeated.unwrap_or(0)]
}

/// Returns whether closing signs at a text's end are not the text's own.
fn is_repetition(text: &str, end: &str) -> bool {
    let count = |wanted: char| text.matches(wanted).count();
    end.chars()
        .filter(|sign| !matches!(sign, ';' | ',') && !sign.is_whitespace())
        .all(|closer| match closer {
            ')' => count('(') < count(')'),
            ']' => count('[') < count(']'),
            '}' => count('{') < count('}'),
            '>' => count('<') < count('>'),
            quote => !count(quote).is_multiple_of(2),
        })
}
