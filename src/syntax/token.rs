//! What of a text is code: its tokens without comments and without the strings that some languages document by.

use std::ops::Range;

use ropey::Rope;
use tree_sitter::Node;

use super::SyntaxTree;
use super::query;

/// Returns where the tokens of the code are, in their order. Comments are none, and neither is a string that is a statement of its own,
/// which is how some languages document.
///
/// It walks the whole tree: milliseconds at 10,000 lines.
pub fn code_tokens(tree: &SyntaxTree, text: &Rope) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let Some(root) = tree.root() else {
        return tokens;
    };
    let texts = tree.language().texts();
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        let is_text = texts.comments.contains(&node.kind())
            || (texts.strings.contains(&node.kind()) && is_statement(node));
        if !is_text {
            if cursor.goto_first_child() {
                continue;
            }
            let range = query::within(text, node.byte_range());
            if !range.is_empty() {
                tokens.push(range);
            }
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return tokens;
            }
        }
    }
}

fn is_statement(string: Node<'_>) -> bool {
    let is_alone = |parent: Node<'_>| {
        parent.kind() == "expression_statement" && parent.named_child_count() == 1
    };
    string.parent().is_some_and(is_alone)
}

#[cfg(test)]
mod tests {
    use ropey::Rope;

    use super::super::tests::parsed;
    use super::code_tokens;

    #[test]
    fn comments_and_documenting_strings_are_no_code() {
        for (language, with, without) in [
            (
                "rust",
                "/// a\nfn f() { /* b */ x(\"c\"); } // d\n",
                "fn f() { x(\"c\"); }",
            ),
            (
                "python",
                "def f():\n    \"\"\"a\"\"\"\n    x(\"c\") # d\n",
                "def f():\n    x(\"c\")\n",
            ),
        ] {
            let tokens = |text: &str| -> Vec<String> {
                let text = Rope::from_str(text);
                let all = code_tokens(&parsed(language, &text), &text);
                all.into_iter()
                    .map(|range| text.byte_slice(range).to_string())
                    .collect()
            };
            // Python's grammar has tokens without text for indentation, which are left out.
            let filled = |tokens: Vec<String>| -> Vec<String> {
                tokens
                    .into_iter()
                    .filter(|token| !token.trim().is_empty())
                    .collect()
            };
            assert_eq!(filled(tokens(with)), filled(tokens(without)), "{language}");
        }
    }
}
