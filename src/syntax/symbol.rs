//! What a text defines: its functions, types, constants and modules, for outlines shown to people and models.

use std::ops::Range;

use ropey::Rope;

use super::SyntaxTree;
use super::query::{self, Kind, Topic};

/// One definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// What it is.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// Where its name stands.
    pub name_range: Range<usize>,
    /// The whole definition.
    pub range: Range<usize>,
    /// The part before its body, which is its signature; all of it if it has no body.
    pub header: Range<usize>,
    /// What follows the header.
    pub body: Option<Range<usize>>,
    /// How many of the outline's definitions enclose it.
    pub depth: usize,
}

/// Returns the definitions that touch `window`, in the order of the text, outer before inner.
///
/// The whole text takes some 100 ms at 100,000 lines: pass a window wherever somebody waits.
pub fn outline(tree: &SyntaxTree, text: &Rope, window: Range<usize>) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = Vec::new();
    let mut ends: Vec<usize> = Vec::new();
    for found in tree
        .language()
        .query(Topic::Outline)
        .run(tree, text, query::within(text, window))
    {
        let (Some(kind), Some(name)) = (found.kind, found.names.first()) else {
            continue;
        };
        let range = query::within(text, found.whole.byte_range());
        if symbols
            .last()
            .is_some_and(|last| last.range == range && last.name_range == name.byte_range())
        {
            continue;
        }
        while ends.last().is_some_and(|end| *end <= range.start) {
            ends.pop();
        }
        let body = found
            .body
            .map(|body| query::within(text, body.byte_range()));
        symbols.push(Symbol {
            kind,
            name: query::name_of(text, *name),
            name_range: query::within(text, name.byte_range()),
            header: query::header(text, &range, body.as_ref()),
            depth: ends.len(),
            body,
            range: range.clone(),
        });
        ends.push(range.end);
    }
    symbols
}
