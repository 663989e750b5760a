//! How many syntax errors a text has, and where the first is.

use std::time::Duration;

use ropey::Rope;
use tree_sitter::Node;

use super::{Language, SyntaxTree};

/// No more than this are counted.
const MOST: usize = 1000;

/// The syntax errors of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    /// How many there are, up to a thousand.
    pub count: usize,
    /// Where the first starts.
    pub first: Option<usize>,
}

/// Counts a tree's errors. Only branches that have some are gone into.
pub fn errors(tree: &SyntaxTree) -> Errors {
    let mut errors = Errors::default();
    let mut waiting: Vec<Node<'_>> = tree.root().into_iter().collect();
    while let Some(node) = waiting.pop() {
        if !node.has_error() || errors.count == MOST {
            continue;
        }
        if node.is_error() || node.is_missing() {
            errors.count += 1;
            let at = node.start_byte();
            errors.first = Some(errors.first.map_or(at, |first| first.min(at)));
        }
        let mut cursor = node.walk();
        waiting.extend(node.children(&mut cursor));
    }
    errors
}

/// Counts the errors of a text by itself; `None` when `deadline` passes first.
pub fn errors_in(language: Language, text: &str, deadline: Duration) -> Option<Errors> {
    let tree = SyntaxTree::new(language).parsed(&Rope::from_str(text), deadline)?;
    Some(errors(&tree))
}

#[cfg(test)]
mod tests {
    use super::super::tests::marked;
    use super::errors;

    #[test]
    fn errors_are_counted_from_the_first_on() {
        let (tree, ..) = marked("rust", "fn a() {}ˇ");
        assert_eq!((errors(&tree).count, errors(&tree).first), (0, None));
        let (tree, ..) = marked("rust", "fn a() {}\nfn b() { let x = ; }ˇ");
        assert!(errors(&tree).count > 0 && errors(&tree).first > Some(10));
    }
}
