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
    /// The part before its body, which is its signature; of a value, its first line.
    pub header: Range<usize>,
    /// What follows the header, to the end.
    pub body: Option<Range<usize>>,
    /// How many of the outline's definitions enclose it.
    pub depth: usize,
    /// The type that it belongs to, where it stands outside of it.
    pub owner: Option<String>,
    /// Whether it adds to a type that is defined elsewhere rather than defining one.
    pub reopens: bool,
}

/// Returns the definitions that touch `window`, in the order of the text, outer before inner.
///
/// The whole text takes some 100 ms at 100,000 lines: pass a window wherever somebody waits.
pub fn outline(tree: &SyntaxTree, text: &Rope, window: Range<usize>) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut last = None;
    for found in tree
        .language()
        .query(Topic::Outline)
        .run(tree, text, query::within(text, window))
    {
        let Some(kind) = found.kind else { continue };
        let name = found.names.first().copied();
        let this = Some((found.whole.id(), name.map(|name| name.id())));
        if std::mem::replace(&mut last, this) == this {
            continue;
        }
        let range = query::within(text, found.whole.byte_range());
        while open.last().is_some_and(|outer| outer.end <= range.start) {
            open.pop();
        }
        let depth = open.last().map_or(0, |outer| {
            outer.depth + usize::from(outer.kind != Kind::Block)
        });
        let kind = in_context(kind, open.last().map(|outer| outer.kind));
        if let (Some(kind), Some(name)) = (kind, name) {
            let (header, body) = query::header_and_body(text, &found);
            symbols.push(Symbol {
                kind,
                name: query::name_of(text, name),
                name_range: query::within(text, name.byte_range()),
                header,
                depth,
                body,
                range: range.clone(),
                owner: found.owner.map(|owner| query::name_of(text, owner)),
                reopens: found.reopens,
            });
        }
        open.push(Open {
            kind: kind.unwrap_or(Kind::Block),
            end: range.end,
            depth,
        });
    }
    symbols
}

/// A definition that is still going on where the next one starts.
struct Open {
    kind: Kind,
    end: usize,
    depth: usize,
}

/// What a definition is, given what directly encloses it: so that no grammar's query has to spell out the nesting, which
/// would make the query visit all of a large container for a small window. `None` for what is local.
fn in_context(kind: Kind, outer: Option<Kind>) -> Option<Kind> {
    match (kind, outer) {
        (Kind::Block, _)
        | (Kind::Constant | Kind::Field, Some(Kind::Function | Kind::Method | Kind::Block)) => None,
        (Kind::Function, Some(Kind::Type)) => Some(Kind::Method),
        _ => Some(kind),
    }
}

#[cfg(test)]
mod tests {
    use ropey::Rope;

    use super::super::tests::parsed;
    use super::outline;

    #[test]
    fn a_window_gives_what_touches_it_in_its_context() {
        let text =
            Rope::from_str("struct A;\nimpl A {\n    fn f() {}\n    fn g() {}\n}\nstruct B;\n");
        let place = text.to_string().find("fn g").expect("it is there");
        let symbols = outline(&parsed("rust", &text), &text, place..place + 2);
        let shown = symbols
            .iter()
            .map(|symbol| format!("{} {} {}", symbol.depth, symbol.kind.word(), symbol.name));
        assert_eq!(shown.collect::<Vec<_>>(), ["0 type A", "1 method g"]);
    }

    #[test]
    fn a_tree_of_a_text_that_has_shrunk_gives_ranges_within_the_text() {
        let mut before = Rope::new();
        for number in 0..50 {
            before.append(Rope::from_str(&format!(
                "/* 😀 */ fn f{number}() {{ x() }}\n"
            )));
        }
        let after = Rope::from_str("fn 😀😀😀");
        let unaware = parsed("rust", &before);
        let mut stale = unaware.clone();
        stale.edit(&before, &after, 0..before.len_bytes(), after.len_bytes());
        for tree in [unaware, stale] {
            for symbol in outline(&tree, &after, 0..usize::MAX) {
                assert!(
                    symbol.range.end <= after.len_bytes() && symbol.header.end <= after.len_bytes()
                );
            }
        }
    }
}
