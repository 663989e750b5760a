//! An echo: the model says again what stands before the cursor, and only then goes on.

use super::Around;

/// A shorter repetition may well be meant.
const LEAST: usize = 4;

/// A whole line of this length is not said again right away.
const SURE: usize = 16;

/// How many lines above are looked at.
const LINES: usize = 24;

/// Takes an echo off: the cursor's line up to the cursor, with or without lines above it, or the beginning of the word at the cursor.
pub fn strip<'a>(text: &'a str, around: &Around) -> &'a str {
    let line = around.line_before.trim_start();
    if let Some(rest) = lines_above(text, around) {
        return rest;
    }
    if line.trim_end().len() >= LEAST {
        let begins = text.trim_start();
        if let Some(rest) = begins.strip_prefix(line) {
            return rest;
        }
        // The blank before the cursor may be left out of the echo.
        if line.ends_with(' ')
            && let Some(rest) = begins.strip_prefix(line.trim_end())
            && (rest.is_empty() || rest.starts_with([' ', '\n']))
        {
            return rest.strip_prefix(' ').unwrap_or(rest);
        }
    }
    word(text, line)
}

/// Returns whether a text that still comes in is the beginning of an echo so far.
pub fn may_become_one(text: &str, around: &Around) -> bool {
    let here = here(around);
    let begins = text.trim_start();
    if here.len() >= LEAST && here.len() > begins.len() && here.starts_with(begins) {
        return true;
    }
    let said: Vec<&str> = begins
        .split('\n')
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let Some((last, whole)) = said.split_last() else {
        return false;
    };
    if !around.above.contains(said[0]) {
        return false;
    }
    let above = lines_of(around);
    (0..above.len()).any(|start| {
        let lines = &above[start..];
        // What has come agrees with the lines above, and has not got past them.
        whole.len() < lines.len()
            && whole.iter().zip(lines).all(|(said, line)| said == line)
            && lines[whole.len()].starts_with(last)
            || whole == lines && here.len() > last.len() && here.starts_with(last)
    })
}

/// Returns the beginning of the cursor's line, without its indentation.
fn here(around: &Around) -> &str {
    let line = around.above.rsplit('\n').next().unwrap_or_default();
    line.trim_start()
}

/// Returns the lines above the cursor's that are not blank, without their indentation.
fn lines_of(around: &Around) -> Vec<&str> {
    let above = around.above.rsplit('\n').skip(1).map(str::trim);
    let mut lines: Vec<&str> = above.filter(|line| !line.is_empty()).take(LINES).collect();
    lines.reverse();
    lines
}

/// Takes off whole lines above, the cursor's line included: the more lines agree, the surer it is. The text has to begin with one of the lines
/// above and to agree with all between it and the cursor.
fn lines_above<'a>(text: &'a str, around: &Around) -> Option<&'a str> {
    let first = text.trim_start().split('\n').next()?.trim_end();
    // Most texts repeat nothing.
    if first.is_empty() || !around.above.contains(first) {
        return None;
    }
    let (here, above) = (here(around), lines_of(around));
    (0..above.len())
        .filter(|start| above[*start] == first)
        .find_map(|start| {
            let said = &above[start..];
            let rest = agrees(text, said)?;
            if here.is_empty() {
                // A single short line may be meant again; a long one, or several, hardly.
                let is_sure = said.len() > 1 || first.len() >= SURE;
                return (is_sure && !rest.trim().is_empty()).then_some(rest);
            }
            rest.trim_start().strip_prefix(here)
        })
}

/// Returns what follows these lines in a text, if it begins with them but for indentation and blank lines.
fn agrees<'a>(text: &'a str, lines: &[&str]) -> Option<&'a str> {
    let mut rest = text;
    for line in lines {
        loop {
            let (said, after) = rest.split_once('\n')?;
            rest = after;
            if said.trim() == *line {
                break;
            }
            if !said.trim().is_empty() {
                return None;
            }
        }
    }
    Some(rest)
}

/// Takes off the beginning of a word at the cursor that the text says again, as in `comp` and `compute()`.
fn word<'a>(text: &'a str, line: &str) -> &'a str {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let begun = line.len() - line.trim_end_matches(is_word).len();
    let begun = &line[line.len() - begun..];
    if begun.len() < 3 {
        return text;
    }
    match text.strip_prefix(begun) {
        Some(rest) if rest.starts_with(is_word) || rest.starts_with(['(', '.', ':']) => rest,
        _ => text,
    }
}
