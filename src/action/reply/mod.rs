//! Reads a model's answer: what the target's lines are to become.
//!
//! Entry point: [`read`]. It takes one fenced block with the whole new text, search and replace blocks, or a unified diff whose line numbers
//! are ignored; with prose around, in any case of line breaks. What could be read in two ways is a [`Fault`], never a guess.
//! [`names`] and [`message`] read answers that are words rather than code.
//! File names in an answer are never used to find a file; a block that names another file than the document is left out.

mod blocks;
mod fence;
mod words;

use blocks::Block;
use fence::Fence;

pub use words::{message, names};

/// Why an answer cannot be used; each is a sentence that goes on from "the answer".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It holds no text for the lines.
    #[error("holds no code block with the new text")]
    Empty,
    /// It is cut off.
    #[error("ends in the middle of the code")]
    Unfinished,
    /// It holds several texts.
    #[error("holds several different code blocks")]
    Several,
    /// It is for another file.
    #[error("is about another file than the one that was asked about")]
    Foreign,
    /// It leaves parts out.
    #[error("leaves code out (\"{0}\")")]
    Elided(String),
    /// What it wants to replace is not there.
    #[error("wants to replace text that is not there (\"{0}\")")]
    NotFound(String),
    /// What it wants to replace is there more than once, or overlaps.
    #[error("wants to replace text that is there more than once (\"{0}\")")]
    Ambiguous(String),
    /// It brings the text out of joint.
    #[error("is not valid {language} (near \"{near}\")")]
    Syntax {
        /// The language's name.
        language: &'static str,
        /// The line.
        near: String,
    },
    /// It changes code where only comments were to change.
    #[error("changes more than the comments")]
    TouchesCode,
    /// It holds no name that would do.
    #[error("holds no name that would do")]
    NoName,
    /// It is not the comment that was asked for.
    #[error("is more than a comment")]
    NoComment,
}

/// Returns the new text of the lines, with `\n` for line breaks and in the answer's own indentation.
///
/// `old` is their old text with `\n` for line breaks, `file` the document's file name.
pub fn read(answer: &str, old: &str, file: &str) -> Result<String, Fault> {
    let answer = answer.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = answer.split('\n').collect();
    if blocks::has_marker(&lines) {
        let blocks = blocks::search_and_replace(&lines, file)?;
        return replaced(old, &blocks);
    }
    let fences = fence::all(&lines);
    if fences.is_empty() {
        return bare(&answer, old);
    }
    if fences.iter().any(|fence| !fence.is_closed) {
        return Err(Fault::Unfinished);
    }
    let own: Vec<&Fence> = fences
        .iter()
        .filter(|fence| !fence.is_foreign(file))
        .collect();
    if own.is_empty() {
        return Err(Fault::Foreign);
    }
    if let [diff] = own.as_slice()
        && blocks::is_diff(&diff.lines, &diff.info)
    {
        let blocks = blocks::of_diff(&diff.lines, file)?;
        return replaced(old, &blocks);
    }
    let mut texts: Vec<String> = own
        .iter()
        .map(|fence| without_numbers(&fence.lines, old))
        .collect();
    // Some show the old text first, and some say all twice.
    if texts.iter().any(|text| !is_same(text, old)) {
        texts.retain(|text| !is_same(text, old));
    }
    texts.dedup_by(|a, b| is_same(a, b));
    match texts.as_slice() {
        [text] => whole(text, old),
        _ => Err(Fault::Several),
    }
}

/// Takes an answer without any fence, if it begins and ends as the old text does and so must be its new one.
fn bare(answer: &str, old: &str) -> Result<String, Fault> {
    let ends = |text: &str| {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.next().map(str::to_owned);
        let last = lines.next_back().map(str::to_owned);
        first.zip(last)
    };
    if ends(answer).is_none() || ends(answer) != ends(old) {
        return Err(Fault::Empty);
    }
    whole(answer, old)
}

fn whole(text: &str, old: &str) -> Result<String, Fault> {
    if text.trim().is_empty() && !old.trim().is_empty() {
        return Err(Fault::Empty);
    }
    match elision(text, old) {
        Some(line) => Err(Fault::Elided(line)),
        None => Ok(text.to_owned()),
    }
}

fn replaced(old: &str, blocks: &[Block]) -> Result<String, Fault> {
    for block in blocks {
        if let Some(line) = elision(&block.replace.join("\n"), old) {
            return Err(Fault::Elided(line));
        }
    }
    blocks::apply(old, blocks)
}

fn is_same(a: &str, b: &str) -> bool {
    let plain = |text: &str| -> Vec<String> {
        let lines = text.trim().lines();
        lines.map(|line| line.trim().to_owned()).collect()
    };
    plain(a) == plain(b)
}

/// What stands for code that was left out, beside dots.
const LEFT_OUT: [&str; 9] = [
    "existing",
    "unchanged",
    "rest of",
    "remaining",
    "omitted",
    "same as",
    "previous",
    "other code",
    "as before",
];

/// Returns a line that stands for code which was left out.
fn elision(text: &str, old: &str) -> Option<String> {
    let is_elision = |line: &&str| {
        let lower = line.trim().to_lowercase();
        let without_mark = lower.trim_start_matches(['/', '#', '*', '-', '<', '!', ' ', '{']);
        let is_comment = without_mark.len() < lower.len();
        let dots = without_mark.contains("...") || without_mark.contains('…');
        let words = LEFT_OUT.iter().any(|words| without_mark.contains(words));
        let is_only_dots = without_mark
            .trim_end_matches(['*', '/', '-', '>', '}', ' '])
            .trim_matches(['.', '…', ' '])
            .is_empty();
        let is_bare = without_mark.starts_with("...") || without_mark.starts_with('…');
        dots && ((is_comment && (words || is_only_dots)) || (is_bare && words))
    };
    text.lines()
        .filter(|line| !line.trim().is_empty() && !old.contains(line.trim()))
        .find(is_elision)
        .map(|line| line.trim().chars().take(60).collect())
}

/// Joins a block's lines, without the line numbers that some put before them.
fn without_numbers(lines: &[String], old: &str) -> String {
    let strip = |line: &str| -> Option<(u64, String)> {
        let trimmed = line.trim_start();
        let digits = trimmed.find(|c: char| !c.is_ascii_digit())?;
        let number = trimmed[..digits].parse().ok()?;
        let rest = trimmed[digits..].trim_start_matches(' ');
        let rest = rest.strip_prefix(['|', ':', '\t', '→'])?;
        Some((number, rest.strip_prefix(' ').unwrap_or(rest).to_owned()))
    };
    let filled = || lines.iter().filter(|line| !line.trim().is_empty());
    let numbers: Option<Vec<u64>> = filled()
        .map(|line| strip(line).map(|(number, _)| number))
        .collect();
    let are_numbers = numbers.is_some_and(|numbers| {
        numbers.len() > 1 && numbers.windows(2).all(|pair| pair[0] < pair[1])
    });
    if are_numbers
        && old
            .lines()
            .any(|line| !line.trim().is_empty() && strip(line).is_none())
    {
        let stripped = lines
            .iter()
            .map(|line| strip(line).map_or_else(String::new, |(_, rest)| rest));
        return stripped.collect::<Vec<_>>().join("\n");
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
