//! What stands at the cursor: code, a comment or a string, and which brackets are open there.

use std::ops::Range;

use ropey::Rope;
use tree_sitter::{Node, TreeCursor};

use super::{SyntaxTree, query};

/// What a place in the text is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Code, or text of a language that is all text.
    Code,
    /// A comment, also its end if only the line's end ends it.
    Comment,
    /// A string, character or other literal text, except code that is embedded in it.
    String,
}

/// Returns what stands at `offset`: what a letter typed there would become part of.
pub fn place(tree: &SyntaxTree, text: &Rope, offset: usize) -> Place {
    let Some(root) = tree.root() else {
        return Place::Code;
    };
    let offset = offset.min(text.len_bytes());
    let Some(before) = offset.checked_sub(1) else {
        return Place::Code;
    };
    let texts = tree.language().texts();
    let mut place = Place::Code;
    // From the root down to what holds the byte before the cursor; the innermost that has a say decides. Going up instead
    // would take quadratic time in deeply nested text, since nodes do not know their parents.
    let mut cursor = root.walk();
    while cursor.goto_first_child_for_byte(before).is_some() && cursor.node().start_byte() <= before
    {
        let node = cursor.node();
        let is_inside = offset < node.end_byte();
        if texts.comments.contains(&node.kind()) {
            place = if is_inside || goes_on(tree, text, node) {
                Place::Comment
            } else {
                Place::Code
            };
        } else if texts.strings.contains(&node.kind()) && (is_inside || is_unfinished(node)) {
            place = Place::String;
        } else if texts.code_in_strings.contains(&node.kind()) && is_inside {
            place = Place::Code;
        }
    }
    if place != Place::Code {
        return place;
    }
    if is_after_lone_quote(root, text, offset) {
        Place::String
    } else {
        Place::Code
    }
}

/// Whether a comment that ends at the cursor takes in what is typed there: one that runs to its line's end does.
fn goes_on(tree: &SyntaxTree, text: &Rope, comment: Node<'_>) -> bool {
    let Some((_, close)) = tree.language().block_comment() else {
        return true;
    };
    let end = comment.end_byte();
    let tail = query::slice(
        text,
        end.saturating_sub(close.len()).max(comment.start_byte())..end,
    );
    tail.is_none_or(|tail| tail != close)
}

/// Whether a string that ends at the cursor lacks its closing quote, or is the text between the quotes.
fn is_unfinished(string: Node<'_>) -> bool {
    match string
        .child_count()
        .checked_sub(1)
        .and_then(|last| string.child(last))
    {
        Some(last) => last.is_missing() || last.is_error(),
        None => string.kind().ends_with("content") || string.kind().ends_with("fragment"),
    }
}

/// The bytes before the cursor that are looked through for the quote of an unfinished string.
const LINE: usize = 1000;

/// Whether a quote that starts no string of the tree stands before the offset on its line: one that is being typed.
fn is_after_lone_quote(root: Node<'_>, text: &Rope, offset: usize) -> bool {
    if !root.has_error() {
        return false;
    }
    let line = text
        .line_to_byte(text.byte_to_line(offset))
        .max(offset.saturating_sub(LINE));
    let mut cursor = root.walk();
    let mut more = to_leaf(&mut cursor, line);
    while more && cursor.node().start_byte() < offset {
        let leaf = cursor.node();
        let range = leaf.byte_range();
        if line <= range.start && range.end <= offset && range.len() <= QUOTE {
            let last = query::slice(text, range).and_then(|token| token.bytes().last());
            let is_quote = matches!(last, Some(b'"' | b'\'' | b'`'));
            if is_quote && leaf.parent().is_some_and(|parent| parent.is_error()) {
                return true;
            }
        }
        more = next_leaf(&mut cursor);
    }
    false
}

/// The longest token that opens a string: three quotes and a prefix.
const QUOTE: usize = 5;

/// Returns the brackets that are opened and not closed again within `window`, outermost first.
///
/// Only brackets of the code count, not those of strings and comments. A closing bracket without partner is passed over.
pub fn open_brackets(tree: &SyntaxTree, text: &Rope, window: Range<usize>) -> Vec<char> {
    let mut open = Vec::new();
    let Some(root) = tree.root() else { return open };
    let window = query::within(text, window);
    let mut cursor = root.walk();
    let mut more = to_leaf(&mut cursor, window.start);
    while more {
        let leaf = cursor.node();
        if leaf.start_byte() >= window.end {
            break;
        }
        if !leaf.is_named()
            && !leaf.is_missing()
            && window.start <= leaf.start_byte()
            && leaf.end_byte() <= window.end
        {
            count(leaf.kind(), &mut open);
        }
        more = next_leaf(&mut cursor);
    }
    open
}

/// Adds a token's brackets; `${` and `#[` are tokens too.
fn count(token: &str, open: &mut Vec<char>) {
    if token.chars().any(char::is_alphanumeric) {
        return;
    }
    for bracket in token.chars() {
        let partner = match bracket {
            '(' | '[' | '{' => {
                open.push(bracket);
                continue;
            }
            ')' => '(',
            ']' => '[',
            '}' => '{',
            _ => continue,
        };
        if open.last() == Some(&partner) {
            open.pop();
        }
    }
}

/// Goes down to the first leaf that ends after `byte`.
fn to_leaf(cursor: &mut TreeCursor<'_>, byte: usize) -> bool {
    while cursor.goto_first_child_for_byte(byte).is_some() {}
    cursor.node().child_count() == 0 || next_leaf(cursor)
}

/// Goes to the leaf after the present node.
fn next_leaf(cursor: &mut TreeCursor<'_>) -> bool {
    while !cursor.goto_next_sibling() {
        if !cursor.goto_parent() {
            return false;
        }
    }
    while cursor.goto_first_child() {}
    true
}

#[cfg(test)]
mod tests {
    use super::super::tests::marked;
    use super::{Place, SyntaxTree, open_brackets, place};

    fn check(language_id: &str, text: &str, expected: Place) {
        let (tree, rope, cursor) = marked(language_id, text);
        assert_eq!(
            place(&tree, &rope, cursor),
            expected,
            "{language_id}: {text}"
        );
    }

    #[test]
    fn the_end_of_a_line_comment_is_in_it_and_that_of_a_block_comment_is_not() {
        check("rust", "let a = 1; // noteˇ\nlet b;", Place::Comment);
        check("rust", "let a = 1; // noteˇ", Place::Comment);
        check("rust", "/* note ˇ*/", Place::Comment);
        check("rust", "/* note */ˇ", Place::Code);
        check("rust", "let a = 1;ˇ // note", Place::Code);
        check("python", "x = 1  # noteˇ\n", Place::Comment);
        check("html", "<p><!-- ˇ --></p>", Place::Comment);
    }

    #[test]
    fn a_string_is_what_stands_between_its_quotes() {
        check("rust", "fn f() { g(\"aˇb\"); }", Place::String);
        check("rust", "fn f() { g(\"abˇ\"); }", Place::String);
        check("rust", "fn f() { g(\"ab\"ˇ); }", Place::Code);
        check("rust", "fn f() { g(ˇ\"ab\"); }", Place::Code);
        check("go", "var a = `xˇ`", Place::String);
        check("css", "a { content: \"ˇ\"; }", Place::String);
    }

    #[test]
    fn a_string_without_its_end_is_still_one() {
        check("python", "x = \"abˇ", Place::String);
        check("rust", "fn f() { g(\"abˇ", Place::String);
        check("javascript", "f('abˇ\n", Place::String);
    }

    #[test]
    fn code_inside_a_string_is_code() {
        check("javascript", "const a = `x${bˇ}y`;", Place::Code);
        check("javascript", "const a = `x${b}yˇ`;", Place::String);
        check("python", "x = f\"{aˇ}b\"", Place::Code);
        check("ruby", "x = \"#{aˇ} b\"", Place::Code);
    }

    #[test]
    fn places_outside_the_text_and_texts_without_tree_are_code() {
        let (tree, text, _) = marked("rust", "\"ˇ\"");
        assert_eq!(place(&tree, &text, usize::MAX), Place::Code);
        assert_eq!(
            place(&SyntaxTree::new(tree.language()), &text, 1),
            Place::Code
        );
    }

    fn check_open(language_id: &str, text: &str, expected: &str) {
        let (tree, rope, cursor) = marked(language_id, text);
        let open = open_brackets(&tree, &rope, 0..cursor);
        assert_eq!(
            open.into_iter().collect::<String>(),
            expected,
            "{language_id}: {text}"
        );
    }

    #[test]
    fn brackets_of_code_count_and_those_of_strings_and_comments_do_not() {
        check_open("rust", "fn f() { g(\"(\", /* [ */ [1, ˇ", "{([");
        check_open("rust", "#[testˇ", "[");
        check_open("javascript", "const a = `( ${f(ˇ", "{(");
        check_open("json", "{\"a\": [1, 2], \"b\": [{ˇ}]}", "{[{");
        check_open("bash", "case a in b) echo $(c ˇ", "(");
        check_open("python", "x = [1, 2]ˇ", "");
    }
}
