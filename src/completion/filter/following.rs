//! Lines that follow the cursor already: the model runs into them and goes on.

use super::Around;

/// Cuts a text where it begins to say the lines below the cursor's.
///
/// A line of its own weight ends it alone. A lone bracket or an `end` may be the text's own, so it takes the rest of the text to agree with what
/// follows, and the same indentation.
pub fn cut<'a>(text: &'a str, around: &Around) -> &'a str {
    let below: Vec<&str> = around
        .below
        .split('\n')
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .collect();
    let Some(next) = below.first() else {
        return text;
    };
    let is_own_line = around.line_before.trim().is_empty() && around.line_after.trim().is_empty();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let is_first = start == 0;
        let said = line.trim_end();
        let is_same = if is_first {
            is_own_line && said.trim() == next.trim()
        } else {
            said == next.trim_end() || said.trim() == next.trim() && is_weighty(next)
        };
        if is_same && (!is_first || text.trim() != said.trim() || is_weighty(next)) {
            let agreed = agreement(&text[start..], &below);
            let is_all =
                agreed.is_all && (agreed.lines > 1 || !is_balanced_by(&text[..start], said));
            let is_sure = if is_weighty(next) && !is_first {
                agreed.lines > 1 || agreed.is_all
            } else if is_weighty(next) {
                agreed.is_all
            } else {
                is_all
            };
            if is_sure {
                return text[..start].trim_end_matches([' ', '\t']);
            }
        }
        start += line.len();
    }
    text
}

struct Agreement {
    /// How many lines that are not blank agree.
    lines: usize,
    /// Whether the text has no more than those.
    is_all: bool,
}

/// Compares lines with those below, as far as both go.
fn agreement(text: &str, below: &[&str]) -> Agreement {
    let said: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let lines = said
        .iter()
        .zip(below)
        .take_while(|(said, below)| said.trim() == below.trim())
        .count();
    // The last line may have been cut off.
    let is_cut = said.len() == lines + 1
        && below
            .get(lines)
            .is_some_and(|below| below.trim().starts_with(said[lines].trim()));
    Agreement {
        lines,
        is_all: lines == said.len() || is_cut || lines == below.len(),
    }
}

/// Returns whether a line says more than that something is closed.
fn is_weighty(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3
        && line.chars().any(char::is_alphanumeric)
        && !matches!(
            line,
            "end" | "else" | "fi" | "done" | "esac" | "else:" | "pass"
        )
}

/// Returns whether a closing line belongs to something that the text before it opened.
fn is_balanced_by(before: &str, line: &str) -> bool {
    let line = line.trim();
    let (open, close) = match line.chars().next() {
        Some('}') => ('{', '}'),
        Some(')') => ('(', ')'),
        Some(']') => ('[', ']'),
        // Words that close are balanced by indentation, which was compared.
        _ => return false,
    };
    before.matches(open).count() > before.matches(close).count()
}
