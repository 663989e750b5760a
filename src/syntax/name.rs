//! Names: which one stands at a place, and where else it means the same thing, if that is certain.
//!
//! Entry points: [`name_at`] and [`uses`]. A tree knows no types and no other files, so only what is bound within one scope, and seen through
//! nothing that might change its meaning, is certain; of everything else `uses` says nothing rather than guess.

use std::ops::Range;

use ropey::Rope;
use tree_sitter::Node;

use super::{Place, SyntaxTree, place, query};

/// More uses than these are not looked at.
const MOST_USES: usize = 500;

/// A longer name is none that somebody wrote.
const MOST_BYTES: usize = 200;

/// Returns the name that a place touches.
pub fn name_at(tree: &SyntaxTree, text: &Rope, offset: usize) -> Option<Range<usize>> {
    let offset = offset.min(text.len_bytes());
    let leaf = |range: Range<usize>| {
        let node = tree
            .root()?
            .descendant_for_byte_range(range.start, range.end)?;
        let is_name = node.child_count() == 0
            && node.kind().ends_with("identifier")
            && (1..=MOST_BYTES).contains(&node.byte_range().len())
            && node.end_byte() <= text.len_bytes();
        is_name.then(|| node.byte_range())
    };
    leaf(offset..(offset + 1).min(text.len_bytes()))
        .or_else(|| leaf(offset.checked_sub(1)?..offset))
}

/// Returns whether a text could be a name in most languages.
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    text.len() <= MOST_BYTES
        && chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(is_word)
}

/// Returns every place of the local name at `offset`, if it is certain that all that it means lies there.
///
/// That is so where its first place in a scope binds it for that scope (`bindings` in `languages.toml`), no other place of the same word in the
/// scope is a string, an attribute or the like, and no [barrier](super::language::Names) lies between.
pub fn uses(tree: &SyntaxTree, text: &Rope, offset: usize) -> Option<Vec<Range<usize>>> {
    if !tree.is_current() {
        return None;
    }
    let name = name_at(tree, text, offset)?;
    let word = String::from(text.byte_slice(name.clone()));
    let root = tree.root()?;
    let names = tree.language().names();
    let at = root.descendant_for_byte_range(name.start, name.end)?;
    if at.kind() != "identifier" {
        return None;
    }
    // Every scope that encloses the name may be the one; the outermost in which a binding comes first wins.
    let mut scopes: Vec<Node<'_>> = Vec::new();
    let mut node = at;
    while let Some(parent) = node.parent() {
        if names
            .bindings
            .iter()
            .any(|it| scope_kinds(it).any(|kind| kind == parent.kind()))
        {
            scopes.push(parent);
        }
        node = parent;
    }
    let of = |scope: &Node<'_>| bound(tree, text, &word, *scope);
    let uses = scopes.iter().rev().find_map(of)?;
    uses.contains(&name).then_some(uses)
}

/// Returns the places of a word in a scope, if the first of them binds it there and the others can only mean that.
fn bound(tree: &SyntaxTree, text: &Rope, word: &str, scope: Node<'_>) -> Option<Vec<Range<usize>>> {
    let root = tree.root()?;
    let names = tree.language().names();
    let mut uses: Vec<Range<usize>> = Vec::new();
    for range in words(text, word, query::within(text, scope.byte_range())) {
        let node = root.descendant_for_byte_range(range.start, range.end)?;
        let is_name = node.kind() == "identifier" && node.byte_range() == range;
        if !is_name {
            if place(tree, text, range.start + 1) == Place::Comment {
                continue;
            }
            return None;
        }
        if uses.len() == MOST_USES
            || is_hidden(node, scope, names.barriers)
            || is_no_name(node, names.others)
        {
            return None;
        }
        uses.push(range);
    }
    let first = uses.first()?;
    let first = root.descendant_for_byte_range(first.start, first.end)?;
    let binding = names
        .bindings
        .iter()
        .find_map(|it| binding(it, first, scope))?;
    // In `let x = x;` the second is another one.
    let own = match binding.child_by_field_name("body") {
        Some(body) if binding == scope => binding.start_byte()..body.start_byte(),
        _ => binding.byte_range(),
    };
    let is_elsewhere = |range: &Range<usize>| {
        !own.contains(&range.start) || binds(names.bindings, range, root, scope)
    };
    uses.iter().all(is_elsewhere).then_some(uses)
}

fn binds(bindings: &[&str], range: &Range<usize>, root: Node<'_>, scope: Node<'_>) -> bool {
    let node = root.descendant_for_byte_range(range.start, range.end);
    node.is_some_and(|node| bindings.iter().any(|it| binding(it, node, scope).is_some()))
}

/// Returns the node by which a name is bound for a scope, by one of the language's bindings.
fn binding<'a>(rule: &str, name: Node<'a>, scope: Node<'a>) -> Option<Node<'a>> {
    let (what, kinds) = rule.split_once('>')?;
    let (kind, field) = what
        .split_once('.')
        .map_or((what, None), |(kind, field)| (kind, Some(field)));
    let mut child = name;
    while let Some(parent) = child
        .parent()
        .filter(|parent| *parent != scope || scope.kind() == kind)
    {
        let is_bound = parent.kind() == kind
            && field.is_none_or(|field| {
                let mut cursor = parent.walk();
                parent
                    .children_by_field_name(field, &mut cursor)
                    .any(|it| it == child)
            });
        if is_bound {
            // A `for` binds within itself.
            let mut holder = if kinds.split('|').any(|it| it == kind) {
                Some(parent)
            } else {
                parent.parent()
            };
            while let Some(node) = holder {
                if kinds.split('|').any(|it| it == node.kind()) {
                    return (node == scope).then_some(parent);
                }
                holder = node.parent();
            }
            return None;
        }
        child = parent;
    }
    None
}

fn scope_kinds(rule: &'static str) -> impl Iterator<Item = &'static str> {
    rule.split_once('>')
        .map_or("", |(_, kinds)| kinds)
        .split('|')
}

fn is_hidden(node: Node<'_>, scope: Node<'_>, barriers: &[&str]) -> bool {
    let mut node = node.parent();
    while let Some(parent) = node.filter(|parent| *parent != scope) {
        if barriers.contains(&parent.kind()) || parent.is_error() {
            return true;
        }
        node = parent.parent();
    }
    false
}

fn is_no_name(node: Node<'_>, not_names: &[&str]) -> bool {
    let Some(parent) = node.parent() else {
        return true;
    };
    not_names.iter().any(|rule| match rule.split_once('.') {
        Some((kind, field)) => {
            parent.kind() == kind && parent.child_by_field_name(field) == Some(node)
        }
        None => parent.kind() == *rule,
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns where a word stands as a whole within a range.
fn words(text: &Rope, word: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let region = String::from(text.byte_slice(range.clone()));
    let is_whole = |at: usize| {
        !region[..at].chars().next_back().is_some_and(is_word)
            && !region[at + word.len()..]
                .chars()
                .next()
                .is_some_and(is_word)
    };
    let found = region.match_indices(word).filter(|(at, _)| is_whole(*at));
    found
        .map(|(at, _)| range.start + at..range.start + at + word.len())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::marked;
    use super::{name_at, uses};

    /// Renames the name at `ˇ` to `new`, or says that it is not certain.
    fn check(language: &str, text: &str, expected: &str) {
        let (tree, rope, cursor) = marked(language, text);
        let renamed = uses(&tree, &rope, cursor).map_or("?".to_owned(), |uses| {
            let mut text = rope.to_string();
            for range in uses.into_iter().rev() {
                text.replace_range(range, "new");
            }
            text
        });
        assert_eq!(renamed, expected, "{language}: {text}");
    }

    #[test]
    fn what_is_bound_in_one_scope_is_found_in_all_of_it() {
        check(
            "rust",
            "fn f(ˇx: i32) -> i32 { let y = x; y + x }",
            "fn f(new: i32) -> i32 { let y = new; y + new }",
        );
        check(
            "rust",
            "fn f() { let x = 1; g(ˇx); /* x */ }",
            "fn f() { let new = 1; g(new); /* x */ }",
        );
        check(
            "rust",
            "fn f() { for x in 0..3 { g(xˇ) } }",
            "fn f() { for new in 0..3 { g(new) } }",
        );
        check(
            "rust",
            "fn f(x: i32) { let x = x + 1; g(ˇx) }",
            "fn f(new: i32) { let new = new + 1; g(new) }",
        );
        check(
            "python",
            "def f(x):\n    return ˇx + x\n",
            "def f(new):\n    return new + new\n",
        );
        check(
            "python",
            "def f():\n    x = 1\n    return ˇx\n",
            "def f():\n    new = 1\n    return new\n",
        );
        check(
            "typescript",
            "function f(x: number) { return ˇx; }",
            "function f(new: number) { return new; }",
        );
        check(
            "javascript",
            "const f = (a) => { const x = a; return ˇx; }",
            "const f = (a) => { const new = a; return new; }",
        );
        check(
            "go",
            "package a\nfunc f(x int) int { y := ˇx; return y }",
            "package a\nfunc f(new int) int { y := new; return y }",
        );
    }

    #[test]
    fn what_may_mean_something_else_is_not_certain() {
        for (language, text) in [
            ("rust", "static x: i32 = 1; fn f() { g(ˇx) }"),
            ("rust", "fn f() { g(x); let ˇx = 1; }"),
            ("rust", "fn f() { let ˇx = x; }"),
            ("rust", "fn f() { for ˇx in x { g(x) } }"),
            ("rust", "fn f(ˇx: i32) { println!(\"{x}\") }"),
            ("rust", "fn f(ˇx: i32) -> P { P { x } }"),
            ("rust", "fn f(ˇx: i32) { fn g() { x() } }"),
            ("rust", "fn ˇx() {}"),
            ("python", "def f(ˇx):\n    return g(x=x)\n"),
            ("python", "def f(ˇx):\n    return y.x\n"),
            ("python", "def f():\n    global x\n    ˇx = 1\n"),
            ("python", "ˇx = 1\n"),
            ("typescript", "function f(ˇx: number) { return { x }; }"),
            ("go", "package a\nfunc f() { g(ˇx) }"),
        ] {
            check(language, text, "?");
        }
    }

    #[test]
    fn a_name_is_found_by_a_cursor_at_either_of_its_ends() {
        for text in ["let ˇabc = 1;", "let abˇc = 1;", "let abcˇ = 1;"] {
            let (tree, rope, cursor) = marked("rust", text);
            assert_eq!(name_at(&tree, &rope, cursor), Some(4..7), "{text}");
        }
        let (tree, rope, cursor) = marked("rust", "let abc =ˇ 1;");
        assert_eq!(name_at(&tree, &rope, cursor), None);
    }
}
