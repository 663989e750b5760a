//! The least edits that make one text another, and how they are carried over what was typed meanwhile.

use std::ops::Range;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use crate::document::Edit;

/// After this long the edits are right, but perhaps not the least any more: a hostile answer may have a million lines.
const DEADLINE: Duration = Duration::from_millis(300);

/// Something was typed where an edit belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict;

/// Returns the edits that make `old`, which stands at `offset`, `new`: line by line, and within changed lines only what differs.
///
/// They are in order, do not touch, and are all of the text before any of them.
pub fn minimal(old: &str, new: &str, offset: usize) -> Vec<Edit> {
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let (old_starts, new_starts) = (starts(&old_lines), starts(&new_lines));
    let mut edits: Vec<Edit> = Vec::new();
    let deadline = Some(Instant::now() + DEADLINE);
    let (old_slice, new_slice) = (&old_lines, &new_lines);
    for operation in capture_diff_slices_deadline(Algorithm::Myers, old_slice, new_slice, deadline)
    {
        if matches!(operation, DiffOp::Equal { .. }) {
            continue;
        }
        let (was, is) = (operation.old_range(), operation.new_range());
        let was = old_starts[was.start]..old_starts[was.end];
        let is = new_starts[is.start]..new_starts[is.end];
        let (front, back) = common(&old[was.clone()], &new[is.clone()]);
        edits.push(Edit {
            bytes: offset + was.start + front..offset + was.end - back,
            text: new[is.start + front..is.end - back].to_owned(),
        });
    }
    joined(edits)
}

/// Returns where each line starts, and where the last ends.
fn starts(lines: &[&str]) -> Vec<usize> {
    let mut at = 0;
    let ends = lines.iter().map(|line| {
        at += line.len();
        at
    });
    std::iter::once(0).chain(ends).collect()
}

/// Returns how many bytes two texts share at their beginning and at their end, whole characters and line breaks only.
fn common(old: &str, new: &str) -> (usize, usize) {
    let mut front: usize = old
        .chars()
        .zip(new.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    if old[..front].ends_with('\r') {
        front -= 1;
    }
    let mut back: usize = old[front..]
        .chars()
        .rev()
        .zip(new[front..].chars().rev())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    if old[old.len() - back..].starts_with('\n') {
        back -= 1;
    }
    (front, back)
}

/// Joins edits that touch, since editors may apply those in either order.
fn joined(edits: Vec<Edit>) -> Vec<Edit> {
    let mut joined: Vec<Edit> = Vec::new();
    for edit in edits {
        match joined.last_mut() {
            Some(last) if last.bytes.end == edit.bytes.start => {
                last.bytes.end = edit.bytes.end;
                last.text.push_str(&edit.text);
            }
            _ => joined.push(edit),
        }
    }
    joined
}

/// Carries edits over what was typed since, in its order. Nothing is guessed: what was typed at an edit's place, or beside it, is a conflict.
pub fn rebase(edits: Vec<Edit>, typed: &[&Edit]) -> Result<Vec<Edit>, Conflict> {
    let carry = |mut edit: Edit| {
        edit.bytes = moved(edit.bytes, typed).ok_or(Conflict)?;
        Ok(edit)
    };
    edits.into_iter().map(carry).collect()
}

/// Carries a range over what was typed since; `None` if something was typed in it or at its ends.
pub fn moved(mut range: Range<usize>, typed: &[&Edit]) -> Option<Range<usize>> {
    for edit in typed {
        if edit.bytes.end < range.start {
            let shift = |at: usize| at - edit.bytes.len() + edit.text.len();
            range = shift(range.start)..shift(range.end);
        } else if edit.bytes.start <= range.end {
            return None;
        }
    }
    Some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(text: &str, edits: &[Edit]) -> String {
        let mut text = text.to_owned();
        for edit in edits.iter().rev() {
            text.replace_range(edit.bytes.clone(), &edit.text);
        }
        text
    }

    fn edit(bytes: Range<usize>, text: &str) -> Edit {
        Edit {
            bytes,
            text: text.into(),
        }
    }

    #[test]
    fn only_what_differs_is_replaced() {
        let (old, new) = ("a\nlet x = 1;\nb\n", "a\nlet x = 12;\nb\n");
        let edits = minimal(old, new, 0);
        assert_eq!(edits, [edit(11..11, "2")]);
        assert_eq!(apply(old, &edits), new);
    }

    #[test]
    fn a_line_break_of_two_bytes_is_never_split() {
        let edits = minimal("a\r\nb\r\n", "a\r\nx\r\nb\r\n", 0);
        assert_eq!(apply("a\r\nb\r\n", &edits), "a\r\nx\r\nb\r\n");
        for (old, new) in [("a\r\n", "a\n"), ("a\r\n", "a\rb\r\n"), ("\n", "\r\n")] {
            let edits = minimal(old, new, 0);
            assert_eq!(apply(old, &edits), new);
            assert!(
                edits
                    .iter()
                    .all(|it| !old[..it.bytes.start].ends_with('\r'))
            );
        }
    }

    #[test]
    fn texts_without_a_last_line_break_stay_so() {
        for (old, new) in [
            ("a", "a\nb"),
            ("a\nb", "a"),
            ("", "x"),
            ("x\n", "x"),
            ("é", "è"),
        ] {
            assert_eq!(apply(old, &minimal(old, new, 0)), new);
        }
    }

    #[test]
    fn typing_elsewhere_moves_an_edit_and_typing_beside_it_is_a_conflict() {
        let ours = vec![edit(10..14, "new")];
        let carried = |typed: &[Edit]| {
            let typed: Vec<&Edit> = typed.iter().collect();
            rebase(ours.clone(), &typed).map(|edits| edits[0].bytes.clone())
        };
        assert_eq!(carried(&[edit(0..2, "long"), edit(30..31, "")]), Ok(12..16));
        for typed in [
            edit(10..10, "x"),
            edit(14..14, "x"),
            edit(9..10, ""),
            edit(12..20, ""),
        ] {
            assert_eq!(carried(&[typed]), Err(Conflict));
        }
    }
}
