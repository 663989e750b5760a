//! The text round the cursor, cut to a budget of bytes.
//!
//! Entry point: [`window`]. Its start moves in steps rather than with every key, so that the beginning of a prompt stays the same while the
//! user types.

use ropey::Rope;

use crate::document::floor;

/// How much text a model is shown, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Before the cursor.
    pub prefix: usize,
    /// After it.
    pub suffix: usize,
}

/// The text around a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// What stands before the cursor, from the start of a line where that is possible.
    pub prefix: String,
    /// What stands after it, up to the end of a line where that is possible.
    pub suffix: String,
}

/// The steps in which a window's start moves, as a part of its budget.
const STEPS: usize = 2;

/// Cuts the text around a cursor to the budget. A cursor outside the text is at its end.
pub fn window(text: &Rope, cursor: usize, budget: Budget) -> Window {
    let cursor = floor(text, cursor);
    let start = window_start(text, cursor, budget.prefix);
    let end = window_end(text, cursor, budget.suffix);
    Window {
        prefix: text.byte_slice(start..cursor).into(),
        suffix: text.byte_slice(cursor..end).into(),
    }
}

fn window_start(text: &Rope, cursor: usize, budget: usize) -> usize {
    if cursor <= budget {
        return 0;
    }
    let step = (budget / STEPS).max(1);
    let stepped = (cursor - budget).div_ceil(step) * step;
    let start = floor(text, stepped.min(cursor));
    // The rest of the line in which the step falls is left out, unless the cursor's own line is that long.
    let line = text.byte_to_line(start);
    let next = text.line_to_byte((line + 1).min(text.len_lines()));
    if text.line_to_byte(line) == start || next > cursor {
        start
    } else {
        next
    }
}

fn window_end(text: &Rope, cursor: usize, budget: usize) -> usize {
    let length = text.len_bytes();
    if length - cursor <= budget {
        return length;
    }
    let end = floor(text, cursor + budget);
    let line = text.line_to_byte(text.byte_to_line(end));
    if line > cursor { line } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> Rope {
        let lines: Vec<String> = (0..count).map(|n| format!("line {n:04}\n")).collect();
        Rope::from_str(&lines.concat())
    }

    #[test]
    fn a_short_text_is_shown_whole() {
        let text = Rope::from_str("ab");
        let window = window(
            &text,
            1,
            Budget {
                prefix: 100,
                suffix: 100,
            },
        );
        assert_eq!((window.prefix.as_str(), window.suffix.as_str()), ("a", "b"));
    }

    #[test]
    fn a_long_text_is_cut_at_lines_within_the_budget() {
        let text = lines(1000);
        let budget = Budget {
            prefix: 100,
            suffix: 55,
        };
        let window = window(&text, 5004, budget);
        assert!(
            window.prefix.starts_with("line ")
                && window.prefix.len() <= 100
                && window.prefix.len() > 50
        );
        assert!(
            window.suffix.ends_with('\n') && window.suffix.len() <= 55 && window.suffix.len() > 40
        );
    }

    #[test]
    fn typing_keeps_the_windows_start_for_many_keys() {
        let budget = Budget {
            prefix: 1000,
            suffix: 0,
        };
        let text = lines(1000);
        let mut starts: Vec<usize> = (6000..6200)
            .map(|cursor| window_start(&text, cursor, budget.prefix))
            .collect();
        starts.dedup();
        assert!(starts.len() <= 2, "{starts:?}");
    }

    #[test]
    fn a_line_longer_than_the_budget_is_cut_inside_at_a_character() {
        let text = Rope::from_str(&"é".repeat(10_000));
        let window = window(
            &text,
            10_001,
            Budget {
                prefix: 101,
                suffix: 101,
            },
        );
        assert!(window.prefix.len() <= 101 && !window.prefix.is_empty());
        assert!(window.suffix.len() <= 101 && !window.suffix.is_empty());
    }
}
