//! Whether edits leave a text that can still be parsed.
//!
//! Entry point: [`verify`]. It parses, so it belongs on a thread of its own.

use std::time::Duration;

use ropey::Rope;

use super::reply::Fault;
use crate::document::Edit;
use crate::syntax::{self, Place, SyntaxTree};

/// A text that takes longer to parse is not verified.
const DEADLINE: Duration = Duration::from_secs(2);

/// Returns a text with edits applied, which are in order and do not touch.
pub fn applied(text: &Rope, edits: &[Edit]) -> Rope {
    let mut text = text.clone();
    for edit in edits.iter().rev() {
        let chars = text.byte_to_char(edit.bytes.start)..text.byte_to_char(edit.bytes.end);
        text.remove(chars.clone());
        text.insert(chars.start, &edit.text);
    }
    text
}

/// What edits have to be, beyond bringing no new syntax error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Nothing more.
    Syntax,
    /// Comments alone, put in.
    Comment,
    /// Such that the code stays as it is, and only comments differ.
    SameCode,
}

/// Refuses edits that bring new syntax errors, or are not what is demanded of them.
pub fn verify(
    tree: Option<&SyntaxTree>,
    text: &Rope,
    edits: &[Edit],
    demand: Demand,
) -> Result<(), Fault> {
    let Some(before) = tree.and_then(|tree| tree.parsed(text, DEADLINE)) else {
        return unless_same_code(demand);
    };
    let after_text = applied(text, edits);
    let mut after = before.clone();
    let mut step = text.clone();
    for edit in edits.iter().rev() {
        let next = applied(&step, std::slice::from_ref(edit));
        after.edit(&step, &next, edit.bytes.clone(), edit.text.len());
        step = next;
    }
    let Some(after) = after.parsed(&after_text, DEADLINE) else {
        return unless_same_code(demand);
    };
    let errors = syntax::errors(&after);
    if errors.count > syntax::errors(&before).count {
        let near = near(&after_text, errors.first.unwrap_or_default());
        let language = before.language().name();
        return Err(Fault::Syntax { language, near });
    }
    if demand == Demand::SameCode && !is_same_code((&before, text), (&after, &after_text)) {
        return Err(Fault::TouchesCode);
    }
    if demand == Demand::Comment
        && !edits
            .iter()
            .all(|edit| is_all_comment(&after, &after_text, edit))
    {
        return Err(Fault::NoComment);
    }
    Ok(())
}

/// What cannot be parsed is not verified, which only those edits can bear whose code may change.
fn unless_same_code(demand: Demand) -> Result<(), Fault> {
    match demand {
        Demand::SameCode => Err(Fault::TouchesCode),
        Demand::Syntax | Demand::Comment => Ok(()),
    }
}

fn is_same_code(before: (&SyntaxTree, &Rope), after: (&SyntaxTree, &Rope)) -> bool {
    let tokens = |(tree, text): (&SyntaxTree, &Rope)| syntax::code_tokens(tree, text);
    let (old, new) = (tokens(before), tokens(after));
    old.len() == new.len()
        && old
            .into_iter()
            .zip(new)
            .all(|(old, new)| before.1.byte_slice(old) == after.1.byte_slice(new))
}

fn near(text: &Rope, byte: usize) -> String {
    let line = text.byte_to_line(byte.min(text.len_bytes()));
    let line: String = text.line(line).chars().take(80).collect();
    line.trim().chars().take(60).collect()
}

/// Returns whether each line that one insertion brought is comment, or the string that some languages document by.
fn is_all_comment(tree: &SyntaxTree, text: &Rope, edit: &Edit) -> bool {
    let mut at = edit.bytes.start;
    edit.text.split_inclusive('\n').all(|line| {
        let word = at + line.len() - line.trim_start().len();
        at += line.len();
        line.trim().is_empty() || syntax::place(tree, text, word + 1) != Place::Code
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Language;

    fn check(language: &str, text: &str, edit: Edit, demand: Demand) -> Result<(), Fault> {
        let tree = SyntaxTree::new(Language::from_id(language).expect("it is in the registry"));
        verify(Some(&tree), &Rope::from_str(text), &[edit], demand)
    }

    fn insert(at: usize, text: &str) -> Edit {
        Edit {
            bytes: at..at,
            text: text.into(),
        }
    }

    #[test]
    fn a_new_error_is_refused_and_an_old_one_is_not_held_against_the_edit() {
        let result = check(
            "rust",
            "fn a() {}\n",
            insert(8, "let x = ;"),
            Demand::Syntax,
        );
        assert!(
            matches!(
                result,
                Err(Fault::Syntax {
                    language: "Rust",
                    ..
                })
            ),
            "{result:?}"
        );
        assert_eq!(
            check(
                "rust",
                "fn b( {}\nfn a() {}\n",
                insert(17, "x();"),
                Demand::Syntax
            ),
            Ok(())
        );
    }

    #[test]
    fn a_comment_may_bring_nothing_else() {
        assert_eq!(
            check(
                "rust",
                "fn a() {}\n",
                insert(0, "/// Does it.\n/// Well.\n"),
                Demand::Comment
            ),
            Ok(())
        );
        let more = insert(0, "/// Does it.\nfn b() {}\n");
        assert_eq!(
            check("rust", "fn a() {}\n", more, Demand::Comment),
            Err(Fault::NoComment)
        );
        let docstring = insert(9, "    \"\"\"Does it.\n\n    Well.\n    \"\"\"\n");
        assert_eq!(
            check(
                "python",
                "def a():\n    return 1\n",
                docstring,
                Demand::Comment
            ),
            Ok(())
        );
    }

    #[test]
    fn a_comment_may_change_without_the_code_and_the_code_not_with_it() {
        let text = "fn a() {} // eins\n";
        let put = |bytes, text: &str| Edit {
            bytes,
            text: text.into(),
        };
        let changed = |edit| check("rust", text, edit, Demand::SameCode);
        assert_eq!(changed(put(13..17, "one")), Ok(()));
        assert_eq!(changed(put(3..4, "b")), Err(Fault::TouchesCode));
        let tree = None;
        let edits = [put(13..17, "one")];
        let blind = verify(tree, &Rope::from_str(text), &edits, Demand::SameCode);
        assert_eq!(blind, Err(Fault::TouchesCode));
    }
}
