//! The parts of a text round a place that can be parsed in the stead of the whole.
//!
//! A parser that takes a text up again after an edit is quick where the text is right, and goes through much of it where it is not: in 10,000 lines
//! milliseconds, in a function tens of microseconds.

use std::ops::Range;

use tree_sitter::Node;

use super::SyntaxTree;

/// No more nodes than this are gone through to either side.
const NEIGHBOURS: usize = 16;

/// The parts round a place, no longer than `most` bytes, the likelier first: what stands round it below the root, then less or more of that. They may
/// lie beyond the end of a text that was edited since it was parsed.
pub fn pieces(tree: &SyntaxTree, at: usize, len: usize, most: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut node = tree.root();
    while let Some(outer) = node {
        let inner = outer
            .first_child_for_byte(at)
            .filter(|it| it.start_byte() <= at);
        // The node that ends here is behind the one that is asked for.
        node = inner.or_else(|| ending(outer, at));
        let is_whole = outer.parent().is_none();
        let has_lines = outer.start_position().row < outer.end_position().row;
        if !is_whole && has_lines && outer.byte_range().len() <= most {
            pieces.push(outer.byte_range());
        } else if pieces.is_empty() && node.is_none_or(is_line) {
            pieces.push(neighbours(outer, at, most / 2));
        }
        if pieces.len() == 2 {
            break;
        }
    }
    if len <= most {
        pieces.truncate(1);
        pieces.retain(|piece| *piece != (0..len));
        pieces.push(0..len);
    }
    pieces
}

fn is_line(node: Node<'_>) -> bool {
    node.start_position().row == node.end_position().row
}

/// The child that ends at a place.
fn ending(node: Node<'_>, at: usize) -> Option<Node<'_>> {
    let child = node.first_child_for_byte(at.checked_sub(1)?)?;
    (child.end_byte() == at).then_some(child)
}

/// The children of a node that lie no further from a place than `reach`.
fn neighbours(node: Node<'_>, at: usize, reach: usize) -> Range<usize> {
    let last = || node.child(node.child_count().checked_sub(1)?);
    let Some(middle) = node.first_child_for_byte(at).or_else(last) else {
        return at..at;
    };
    let (low, high) = (at.saturating_sub(reach), at.saturating_add(reach));
    let is_near = |it: &Node<'_>| low <= it.start_byte() && it.end_byte() <= high;
    let before = std::iter::successors(middle.prev_sibling(), Node::prev_sibling);
    let behind = std::iter::successors(Some(middle), Node::next_sibling);
    let start = before.take(NEIGHBOURS).take_while(is_near).last();
    let end = behind.take(NEIGHBOURS).take_while(is_near).last();
    let start = start.map_or(middle.start_byte(), |it| it.start_byte());
    start.min(at)..end.map_or(at, |it| it.end_byte()).max(at)
}

#[cfg(test)]
mod tests {
    use super::super::tests::marked;
    use super::pieces;

    /// Returns the pieces round `ˇ` in a text that goes on for long on both sides.
    fn shown(language: &str, place: &str, most: usize) -> Vec<String> {
        let (tree, text, at) = marked(language, place);
        let pieces = pieces(&tree, at, text.len_bytes(), most).into_iter();
        pieces
            .map(|piece| text.byte_slice(piece).to_string())
            .collect()
    }

    #[test]
    fn a_place_in_a_long_text_is_tried_in_what_stands_round_it_and_in_less() {
        let text = "fn a() {\n    b();\n    ˇ\n}\n\nfn c() {\n    d();\n}\n";
        let block = "{\n    b();\n    \n}";
        assert_eq!(shown("rust", text, 30), [&format!("fn a() {block}"), block]);
        let class = "class A:\n    def a(self):\n        b()ˇ\n        c()\n\n    def d(self):\n        e()\n";
        let body = "b()\n        c()";
        assert_eq!(
            shown("python", class, 50),
            [&format!("def a(self):\n        {body}"), body]
        );
    }

    #[test]
    fn a_short_text_is_tried_whole_and_first_in_part() {
        let text = "fn a() {\n    ˇ\n}\nfn c() {}\n";
        assert_eq!(
            shown("rust", text, 100),
            ["fn a() {\n    \n}", "fn a() {\n    \n}\nfn c() {}\n"]
        );
    }

    #[test]
    fn a_place_between_others_is_tried_among_its_neighbours() {
        let text = "use a;\nuse b;\nˇ\nuse c;\nuse d;\n".to_owned();
        assert_eq!(shown("rust", &text, 16), ["use b;\n\nuse c;"]);
        assert_eq!(shown("rust", "ˇ", 0), [""]);
    }
}
