//! What is pointed at: definitions in other files that the cursor was in a short while ago, those of the names in complaints about
//! the lines at the cursor, and those that are new or other than in the last commit.
//!
//! Only what defines something is shown of either, so that what they cost is bounded by a few lines, and nothing where there is nothing.

use std::sync::Arc;

use super::Pool;
use crate::context::fragment::Source;
use crate::context::prepare::Inputs;
use crate::index::{FileSymbols, Found, names};
use crate::syntax::Kind;

/// How many places in other files count.
const VIEWED: usize = 4;

/// The cursor is in a definition that begins no further above it than this, in lines.
const LINES: u32 = 60;

/// How many names of complaints are looked up, and how many definitions of each.
const NAMES: usize = 6;
const PLACES: usize = 2;

/// Adds the definitions that the cursor was in.
pub(super) fn add_viewed(pool: &mut Pool<'_>, inputs: &Inputs<'_>) {
    for viewed in inputs.attention.viewed.iter().take(VIEWED) {
        let file = inputs.definitions.file(&viewed.path);
        if let Some(found) = file.and_then(|file| round(file, viewed.line))
            && let Some(signs) = pool.add(found, Source::Viewed)
        {
            signs.pointed = 1.0;
        }
    }
}

/// Returns the innermost definition that a line is in, as far as lines of beginnings tell.
fn round(file: &Arc<FileSymbols>, line: u32) -> Option<Found> {
    let definitions = file.definitions.iter().enumerate();
    let (at, _) = definitions
        .filter(|(_, one)| one.line <= line && line - one.line <= LINES)
        .filter(|(_, one)| one.line == line || !matches!(one.kind, Kind::Field | Kind::Constant))
        .max_by_key(|(_, one)| one.line)?;
    Some(Found {
        file: file.clone(),
        at,
    })
}

/// How many definitions count that have changed.
const CHANGED: usize = 4;

/// How much one of them is pointed at: somebody who is at a change may well go on with it, though less likely there than where they looked a moment ago.
const CHANGED_POINTED: f32 = 0.6;

/// Adds the definitions whose first line has changed since the last commit, in the files that were written last. Of a document that is open and not saved
/// the lines are those of the disk, so that they may be others by now: no harm but a definition that is shown in another one's place.
pub(super) fn add_changed(pool: &mut Pool<'_>, inputs: &Inputs<'_>) {
    let mut count = 0;
    for changed in inputs.attention.changed.iter() {
        let file = inputs.definitions.file(&changed.path);
        let Some(file) = file.filter(|file| (inputs.admits)(file)) else {
            continue;
        };
        for (at, definition) in file.definitions.iter().enumerate() {
            let is_changed = changed
                .lines
                .iter()
                .any(|lines| lines.contains(&definition.line));
            // A field says little without the others.
            if !is_changed || definition.kind == Kind::Field {
                continue;
            }
            let found = Found {
                file: file.clone(),
                at,
            };
            if let Some(signs) = pool.add(found, Source::Changed) {
                signs.pointed = signs.pointed.max(CHANGED_POINTED);
                count += 1;
            }
            if count == CHANGED {
                return;
            }
        }
    }
}

/// Adds the definitions of what complaints name.
pub(super) fn add_complained(pool: &mut Pool<'_>, inputs: &Inputs<'_>) {
    let mut named: Vec<&str> = Vec::new();
    for complaint in &inputs.attention.complaints {
        for name in named_in(complaint) {
            if !named.contains(&name) {
                named.push(name);
            }
        }
    }
    let mut looked_up = 0;
    for name in named {
        let found = pool.named(name);
        if found.is_empty() {
            continue;
        }
        for one in found.into_iter().take(PLACES) {
            if let Some(signs) = pool.add(one, Source::Diagnostic) {
                signs.pointed = 1.0;
            }
        }
        looked_up += 1;
        if looked_up == NAMES {
            break;
        }
    }
}

/// Returns the names of code in a complaint: what stands in quotes, and what no other word looks like.
fn named_in(complaint: &str) -> impl Iterator<Item = &str> {
    const QUOTES: &str = "`'\"‘’“”";
    names(complaint)
        .filter(|(at, name)| {
            let before = complaint[..*at].chars().next_back();
            let after = complaint[at + name.len()..].chars().next();
            let is_quoted = [before, after]
                .into_iter()
                .flatten()
                .any(|c| QUOTES.contains(c));
            let mut rest = name.chars();
            let first = rest.next();
            let is_odd = name.contains('_') || rest.any(char::is_uppercase);
            is_quoted || is_odd || *at > 0 && first.is_some_and(char::is_uppercase)
        })
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::named_in;

    #[test]
    fn the_names_of_code_in_a_complaint_are_told_from_its_words() {
        let table: [(&str, &[&str]); 4] = [
            ("cannot find type `Shape` in this scope", &["Shape"]),
            ("undefined: NewClient", &["NewClient"]),
            (
                "Property 'area' does not exist on type 'Shape'.",
                &["area", "Shape"],
            ),
            ("Expected one more argument for max_width", &["max_width"]),
        ];
        for (complaint, expected) in table {
            assert_eq!(named_in(complaint).collect::<Vec<_>>(), expected);
        }
    }
}
