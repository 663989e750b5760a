//! Renames what a place names, where every use of it is certain.

use std::time::Duration;

use super::verify::{self, Demand};
use crate::document::Edit;
use crate::session::Snapshot;
use crate::syntax;

/// A text that takes longer to parse is not renamed in.
const DEADLINE: Duration = Duration::from_secs(2);

/// Returns the edits that give what stands at a place another name; `None` if not all of its uses are certain, or the new name is taken.
///
/// It parses, so it belongs on a thread of its own.
pub fn rename(snapshot: &Snapshot, at: usize, new: &str) -> Option<Vec<Edit>> {
    let text = &snapshot.text;
    let tree = snapshot.tree.as_ref()?.parsed(text, DEADLINE)?;
    if !syntax::is_name(new) || is_taken(&text.to_string(), new) {
        return None;
    }
    let edit = |bytes| Edit {
        bytes,
        text: new.to_owned(),
    };
    let edits: Vec<Edit> = syntax::uses(&tree, text, at)?
        .into_iter()
        .map(edit)
        .collect();
    // A word of the language is no name, which a parse tells.
    verify::verify(Some(&tree), text, &edits, Demand::Syntax).ok()?;
    Some(edits)
}

/// Returns whether a word stands anywhere in a text.
fn is_taken(text: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(is_word)
            && !text[at + word.len()..].chars().next().is_some_and(is_word)
    })
}
