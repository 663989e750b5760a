//! Carries a suggestion over to a document that moved on while it was made.

use crate::document::Edit;

/// What became of a place and the text meant for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebased {
    /// The byte at which the text is to be inserted now.
    pub cursor: usize,
    /// What is left to insert.
    pub text: String,
}

/// Carries an insertion at `cursor` over `edits`, in their order. `None` if it no longer fits: something else was typed at the place, or
/// the text around it was replaced.
pub fn rebase(cursor: usize, text: &str, edits: &[&Edit]) -> Option<Rebased> {
    let mut cursor = cursor;
    let mut rest = text;
    for edit in edits {
        if edit.bytes.end < cursor {
            cursor = cursor - edit.bytes.len() + edit.text.len();
        } else if edit.bytes.start > cursor {
            // Behind the place: it stays where it is.
        } else if edit.bytes.is_empty() && edit.bytes.start == cursor {
            // Typed at the place: it must be what was suggested.
            rest = rest.strip_prefix(edit.text.as_str())?;
            cursor += edit.text.len();
        } else {
            // What stood right before or across the place is another text now.
            return None;
        }
    }
    (!rest.is_empty()).then(|| Rebased {
        cursor,
        text: rest.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(bytes: std::ops::Range<usize>, text: &str) -> Edit {
        Edit {
            bytes,
            text: text.into(),
        }
    }

    fn check(edits: &[Edit], expected: Option<(usize, &str)>) {
        let edits: Vec<&Edit> = edits.iter().collect();
        let got = rebase(10, "suggested", &edits);
        assert_eq!(got.as_ref().map(|r| (r.cursor, r.text.as_str())), expected);
    }

    #[test]
    fn typing_along_leaves_the_rest() {
        check(
            &[edit(10..10, "s"), edit(11..11, "ugg")],
            Some((14, "ested")),
        );
    }

    #[test]
    fn typing_something_else_drops_it() {
        check(&[edit(10..10, "x")], None);
    }

    #[test]
    fn typing_it_all_leaves_nothing() {
        check(&[edit(10..10, "suggested")], None);
    }

    #[test]
    fn an_edit_elsewhere_moves_it() {
        check(
            &[edit(2..4, "long"), edit(40..41, "")],
            Some((12, "suggested")),
        );
    }

    #[test]
    fn an_edit_across_the_place_drops_it() {
        check(&[edit(8..12, "y")], None);
        check(&[edit(9..10, "")], None);
    }
}
