//! What a text brings in from elsewhere.

use std::ops::Range;

use ropey::Rope;

use super::SyntaxTree;
use super::query::{self, Topic};

/// One import statement, or one clause of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The whole statement.
    pub range: Range<usize>,
    /// Where it imports from, as written and without quotes: `./list`, `std::fmt`, `<stdio.h>`.
    pub path: String,
    /// The names it brings in, if it lists any.
    pub names: Vec<String>,
}

/// Returns the imports that touch `window`, in the order of the text.
pub fn imports(tree: &SyntaxTree, text: &Rope, window: Range<usize>) -> Vec<Import> {
    let mut imports: Vec<Import> = Vec::new();
    for found in tree
        .language()
        .query(Topic::Imports)
        .run(tree, text, query::within(text, window))
    {
        let Some(path) = found.path else { continue };
        let range = query::within(text, found.whole.byte_range());
        let path = query::name_of(text, path);
        let path = path.trim_matches(['"', '\'', '`']).to_owned();
        let names = found.names.iter().map(|name| query::name_of(text, *name));
        // A pattern with one name matches once for each name of its statement, and a call may stand within one.
        match imports
            .last_mut()
            .filter(|last| range.end <= last.range.end && last.path == path)
        {
            Some(last) => {
                for name in names {
                    if !last.names.contains(&name) {
                        last.names.push(name);
                    }
                }
            }
            None => imports.push(Import {
                range,
                path,
                names: names.collect(),
            }),
        }
    }
    imports
}
