//! Answers that are words: names to choose from, and a commit's message.

use super::Fault;
use super::fence;
use crate::syntax;

/// More names than these are no choice any more.
const MOST_NAMES: usize = 5;

/// A longer message is none.
const MESSAGE_CHARS: usize = 4000;

/// Reads names, one to a line, whatever marks or words stand beside them; the present name is none.
pub fn names(answer: &str, old: &str) -> Result<Vec<String>, Fault> {
    let mut names: Vec<String> = Vec::new();
    for line in answer.lines() {
        let line = line
            .trim()
            .trim_start_matches(['-', '*', '+', '>'])
            .trim_start();
        let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let line = match numbered.strip_prefix(['.', ')', ':']) {
            Some(rest) if numbered.len() < line.len() => rest.trim_start(),
            _ => line,
        };
        let word = line
            .split(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | '('))
            .next();
        let word = word.unwrap_or_default().trim_matches(['`', '*', '"', '\'']);
        // A line that goes on without a mark is a sentence.
        let rest = line
            .split_once(char::is_whitespace)
            .map_or("", |(_, rest)| rest.trim_start());
        let is_alone = rest.is_empty()
            || rest.starts_with(['-', ':', '(', '–', '—', '#', '/'])
            || line.starts_with(['`', '*'])
            || line
                .split(char::is_whitespace)
                .next()
                .is_some_and(|it| it.contains(':'));
        let is_new = word != old && !names.iter().any(|name| name == word);
        if is_alone && is_new && syntax::is_name(word) && names.len() < MOST_NAMES {
            names.push(word.to_owned());
        }
    }
    if names.is_empty() {
        return Err(Fault::NoName);
    }
    Ok(names)
}

/// Reads a commit's message: the one fenced block, else all of the answer. Lines that git would leave out are left out.
pub fn message(answer: &str) -> Result<String, Fault> {
    let answer = answer.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = answer.split('\n').collect();
    let fences = fence::all(&lines);
    let text = match fences.as_slice() {
        [] => answer.clone(),
        [one] if one.is_closed => one.lines.join("\n"),
        [_] => return Err(Fault::Unfinished),
        _ => return Err(Fault::Several),
    };
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::trim_end)
        .collect();
    let message = kept.join("\n").trim().to_owned();
    if message.is_empty() || message.chars().count() > MESSAGE_CHARS {
        return Err(Fault::Empty);
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_whatever_stands_beside_them() {
        let read = |answer: &str| names(answer, "x").map(|names| names.join(" "));
        assert_eq!(read("total\nsum\n"), Ok("total sum".into()));
        assert_eq!(
            read(
                "Here are some names:\n\n1. `total` - the sum\n2) sum\n* **count**: of items\n- x\n- total\n"
            ),
            Ok("total sum count".into())
        );
        assert_eq!(read("I cannot help with that."), Err(Fault::NoName));
        assert_eq!(read("~/.ssh/config\nx\n1abc\n"), Err(Fault::NoName));
    }

    #[test]
    fn a_message_is_what_stands_in_the_fence_else_all_of_it() {
        assert_eq!(
            message("Sure:\n```\na: b\r\n\r\nWhy.\n# no\n```\n"),
            Ok("a: b\n\nWhy.".into())
        );
        assert_eq!(message("a: b"), Ok("a: b".into()));
        assert_eq!(message("```\na: b"), Err(Fault::Unfinished));
        assert_eq!(message(" \n"), Err(Fault::Empty));
    }
}
