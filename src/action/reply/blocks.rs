//! Search and replace blocks, and unified diffs read as such.

use super::Fault;
use super::fence::{heading, is_other_path};

/// Lines to find, and lines to put in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What is to be found.
    pub search: Vec<String>,
    /// What takes its place.
    pub replace: Vec<String>,
}

/// Returns whether an answer has search and replace blocks.
pub fn has_marker(lines: &[&str]) -> bool {
    lines.iter().any(|line| is_mark(line, '<', "SEARCH"))
}

fn is_mark(line: &str, mark: char, word: &str) -> bool {
    let line = line.trim();
    let rest = line.trim_start_matches(mark);
    line.len() - rest.len() >= 5 && rest.trim().eq_ignore_ascii_case(word)
}

/// Returns whether a line ends a search and replace block.
pub fn is_end(line: &str) -> bool {
    is_mark(line, '>', "REPLACE")
}

/// Reads search and replace blocks, in a fence or not; with an empty `file`, whichever file is named above them.
pub fn search_and_replace(lines: &[&str], file: &str) -> Result<Vec<Block>, Fault> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut above = "";
    let mut rest = lines.iter();
    while let Some(line) = rest.next() {
        if !is_mark(line, '<', "SEARCH") {
            // A fence says nothing about what is in it; the line above it may.
            let trimmed = line.trim();
            if !trimmed.is_empty() && !trimmed.starts_with("```") {
                above = trimmed;
            }
            continue;
        }
        let search = until(&mut rest, |line| is_mark(line, '=', ""))?;
        let replace = until(&mut rest, |line| is_mark(line, '>', "REPLACE"))?;
        if !file.is_empty() && heading(above).is_some_and(|path| is_other_path(path, file)) {
            return Err(Fault::Foreign);
        }
        let block = Block { search, replace };
        if !blocks.contains(&block) {
            blocks.push(block);
        }
    }
    Ok(blocks)
}

fn until<'a>(
    lines: &mut impl Iterator<Item = &'a &'a str>,
    is_end: impl Fn(&str) -> bool,
) -> Result<Vec<String>, Fault> {
    let mut taken = Vec::new();
    for line in lines {
        if is_end(line) {
            return Ok(taken);
        }
        taken.push((*line).to_owned());
    }
    Err(Fault::Unfinished)
}

/// Returns whether a fenced block is a unified diff.
pub fn is_diff(lines: &[String], info: &str) -> bool {
    let has_hunk = lines.iter().any(|line| line.starts_with("@@"));
    let is_called_so = info
        .split_whitespace()
        .next()
        .is_some_and(|word| matches!(word, "diff" | "patch"));
    let is_marked = lines
        .iter()
        .all(|line| line.is_empty() || line.starts_with([' ', '+', '-', '@', '\\']));
    has_hunk || (is_called_so && is_marked)
}

/// Reads a unified diff's hunks; their line numbers are nobody's word.
pub fn of_diff(lines: &[String], file: &str) -> Result<Vec<Block>, Fault> {
    let mut blocks = Vec::new();
    let mut block = Block {
        search: Vec::new(),
        replace: Vec::new(),
    };
    let mut is_open = !lines.iter().any(|line| line.starts_with("@@"));
    for line in lines {
        let header = ["--- ", "+++ "]
            .into_iter()
            .find_map(|mark| line.strip_prefix(mark));
        if let Some(path) = header.filter(|_| block.search.is_empty() && block.replace.is_empty()) {
            if is_other_path(path.split_whitespace().next().unwrap_or_default(), file) {
                return Err(Fault::Foreign);
            }
        } else if line.starts_with("@@") {
            push(&mut blocks, &mut block);
            is_open = true;
        } else if !is_open || line.starts_with('\\') {
            // Before the first hunk, or a remark on the last line break.
        } else if let Some(gone) = line.strip_prefix('-') {
            block.search.push(gone.to_owned());
        } else if let Some(new) = line.strip_prefix('+') {
            block.replace.push(new.to_owned());
        } else {
            let kept = line.strip_prefix(' ').unwrap_or(line).to_owned();
            block.search.push(kept.clone());
            block.replace.push(kept);
        }
    }
    push(&mut blocks, &mut block);
    if blocks.is_empty() {
        Err(Fault::Empty)
    } else {
        Ok(blocks)
    }
}

fn push(blocks: &mut Vec<Block>, block: &mut Block) {
    let taken = Block {
        search: std::mem::take(&mut block.search),
        replace: std::mem::take(&mut block.replace),
    };
    if taken.search != taken.replace {
        blocks.push(taken);
    }
}

/// Puts the blocks into a text. Each is found in the old text, exactly or else but for white space, and only once.
pub fn apply(old: &str, blocks: &[Block]) -> Result<String, Fault> {
    let lines: Vec<&str> = old.split('\n').collect();
    let mut found: Vec<(usize, usize, Vec<String>)> = Vec::new();
    for block in blocks {
        let search = trimmed(&block.search);
        let shown = || -> String {
            let line = search.first().map_or("", |line| line.trim());
            line.chars().take(60).collect()
        };
        if search.is_empty() {
            return Err(Fault::NotFound(String::new()));
        }
        let exact = places(&lines, search, |a, b| a.trim_end() == b.trim_end());
        let places = if exact.is_empty() {
            places(&lines, search, |a, b| a.trim() == b.trim())
        } else {
            exact
        };
        match places.as_slice() {
            [at] => {
                let replace = shifted(&block.replace, search[0].as_str(), lines[*at]);
                // Blank lines at the search's ends were not looked for, and are not put in.
                let (front, back) = (leading(&block.search), leading_of_end(&block.search));
                let replace = without_blank(replace, front, back);
                found.push((*at, *at + search.len(), replace));
            }
            [] => return Err(Fault::NotFound(shown())),
            _ => return Err(Fault::Ambiguous(shown())),
        }
    }
    found.sort_by_key(|(start, ..)| *start);
    let mut result: Vec<String> = Vec::new();
    let mut at = 0;
    for (start, end, replace) in found {
        if start < at {
            return Err(Fault::Ambiguous(
                lines[start].trim().chars().take(60).collect(),
            ));
        }
        result.extend(lines[at..start].iter().map(|line| (*line).to_owned()));
        result.extend(replace);
        at = end;
    }
    result.extend(lines[at..].iter().map(|line| (*line).to_owned()));
    Ok(result.join("\n"))
}

/// Returns the first lines at which `search` is found.
fn places(lines: &[&str], search: &[String], is_same: impl Fn(&str, &str) -> bool) -> Vec<usize> {
    if search.len() > lines.len() {
        return Vec::new();
    }
    (0..=lines.len() - search.len())
        .filter(|&at| search.iter().zip(&lines[at..]).all(|(a, b)| is_same(a, b)))
        .collect()
}

fn leading(lines: &[String]) -> usize {
    lines
        .iter()
        .take_while(|line| line.trim().is_empty())
        .count()
}

fn leading_of_end(lines: &[String]) -> usize {
    lines
        .iter()
        .rev()
        .take_while(|line| line.trim().is_empty())
        .count()
}

fn trimmed(lines: &[String]) -> &[String] {
    let (front, back) = (leading(lines), leading_of_end(lines));
    lines.get(front..lines.len() - back).unwrap_or_default()
}

fn without_blank(mut lines: Vec<String>, front: usize, back: usize) -> Vec<String> {
    for _ in 0..back {
        if lines.last().is_some_and(|line| line.trim().is_empty()) {
            lines.pop();
        }
    }
    let cut = leading(&lines).min(front);
    lines.drain(..cut);
    lines
}

/// Indents lines by as much as the place is indented more, or less, than what was searched for.
fn shifted(lines: &[String], searched: &str, found: &str) -> Vec<String> {
    let indent = |line: &str| line[..line.len() - line.trim_start().len()].to_owned();
    let (from, to) = (indent(searched), indent(found));
    let shift = |line: &String| {
        if line.trim().is_empty() {
            return String::new();
        }
        match line.strip_prefix(from.as_str()) {
            Some(rest) => format!("{to}{rest}"),
            None => format!("{to}{}", line.trim_start()),
        }
    };
    if from == to {
        return lines.to_vec();
    }
    lines.iter().map(shift).collect()
}
