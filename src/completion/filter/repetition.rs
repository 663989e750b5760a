//! Repetition: a small model that has nothing more to say says it again.

/// How often a line or a few may stand one after another.
const TIMES: usize = 3;

/// A block of lines that is longer than this is not repeated even once by somebody who means it.
const LONG: usize = 24;

/// How many lines are looked at; no suggestion has more.
const LINES: usize = 100;

/// Cuts a text after the first of its repetitions.
pub fn cut(text: &str) -> &str {
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    let line = |index: usize| {
        let end = starts.get(index + 1).map_or(text.len(), |next| next - 1);
        text[starts[index]..end].trim()
    };
    let count = (starts.len() - usize::from(text.ends_with('\n'))).min(LINES);
    for size in 1..=count / 2 {
        for first in 0..=count - 2 * size {
            let weight: usize = (first..first + size).map(|index| line(index).len()).sum();
            if weight < 2 || line(first).is_empty() {
                continue;
            }
            let same = |times: usize| {
                let from = first + times * size;
                (0..size).all(|offset| {
                    from + offset < count && line(first + offset) == line(from + offset)
                })
            };
            let times = 1 + (1..count).take_while(|times| same(*times)).count();
            let is_too_often = times >= TIMES && weight >= 4 || times == 2 && weight >= LONG;
            if is_too_often {
                return text[..starts[first + size]].trim_end_matches('\n');
            }
        }
    }
    within_line(text)
}

/// Cuts a line that goes round in circles: the same dozen characters, more than four times at its end.
fn within_line(text: &str) -> &str {
    let bytes = text.trim_end().as_bytes();
    for size in 3..=bytes.len() / 6 {
        let unit = &bytes[bytes.len() - size..];
        let times = bytes
            .rchunks(size)
            .take_while(|chunk| *chunk == unit)
            .count();
        let has_letters = unit.iter().any(u8::is_ascii_alphabetic);
        if times >= 6 && has_letters {
            let mut end = bytes.len() - (times - 1) * size;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            return &text[..end];
        }
    }
    text
}
