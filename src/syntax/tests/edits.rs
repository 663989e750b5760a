//! Trees that go through edits equal trees parsed afresh.
//!
//! `BYOK_SYNTAX_EDITS=100000 cargo test --lib syntax::tests::edits` tries that many edits instead of some hundreds.

use std::fmt::Write as _;
use std::ops::Range;

use ropey::Rope;
use tree_sitter::{Node, Point};

use super::super::SyntaxTree;
use super::parsed;

/// What gets typed and pasted: brackets, quotes, the three line breaks and their halves, characters of each width.
#[rustfmt::skip]
const SCRAPS: [&str; 28] = [
    "a", " ", "\n", "\r\n", "\r", "\t", "(", ")", "{", "}", "\"", "'", "0", ";", ":", "é", "中", "😀", "e\u{301}", "\u{2028}",
    "// x\r\n", "# y\n", "/*", "*/", "  if a:\n    b\n", "x = [1, 2]\n", "fn f() {}\r", "\n\n",
];

/// Short, so that many edits hit what matters; with each line break, tabs and characters of each width.
const SAMPLES: [(&str, &str); 6] = [
    (
        "rust",
        "fn f(a: u8) -> u8 {\r\n\t// 😀\r\n\ta + 1\r\n}\r\nstruct S;\n",
    ),
    (
        "python",
        "def f(a):\n    \"\"\"中\"\"\"\n    if a:\r        return 1\n    return [a, 2]\n",
    ),
    (
        "javascript",
        "const a = `x${b}`;\r\nfunction f(x) {\r  return x => x + 1;\r}\n",
    ),
    ("yaml", "a:\n  b: 1\n  c:\n    - d\r\n    - \"e\"\r\n"),
    ("bash", "f() {\n  echo \"$1\" # é\n}\r\ncat <<E\nx\nE\n"),
    (
        "markdown",
        "# A\n\n- b\r\n  - 😀\r\n\n> c\r\n\n```rust\rfn f() {}\n```\n",
    ),
];

/// The edits that are made, and then undone, on each text in turn.
const ROUND: usize = 12;

#[test]
fn a_tree_after_random_edits_equals_a_fresh_one() {
    let edits = std::env::var("BYOK_SYNTAX_EDITS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(720);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut compared = 0;
    for round in 0..edits / ROUND {
        let (id, sample) = SAMPLES[round % SAMPLES.len()];
        let mut text = Rope::from_str(sample);
        let untouched = parsed(id, &text);
        let mut tree = untouched.clone();
        let mut undo = Vec::new();
        for _ in 0..ROUND {
            undo.push(random_edit(&mut random, &mut text, &mut tree));
            compared += usize::from(random.below(3) > 0 && check(id, &text, &mut tree));
        }
        for edit in undo.into_iter().rev() {
            apply(&edit, &mut text, &mut tree);
            compared += usize::from(random.below(3) > 0 && check(id, &text, &mut tree));
        }
        check(id, &text, &mut tree);
        assert_eq!(
            drawn(&tree),
            drawn(&untouched),
            "{id}, round {round}: edits undone"
        );
    }
    assert!(
        compared > edits / 20,
        "only {compared} texts had no syntax error"
    );
}

/// Parses again, checks every node's points, and compares with a fresh tree, if the text has no syntax error: where it
/// has, the parser may recover in another way than from scratch. Returns whether it compared.
fn check(id: &str, text: &Rope, tree: &mut SyntaxTree) -> bool {
    *tree = tree
        .parsed(text, std::time::Duration::from_mins(1))
        .expect("a minute is enough");
    assert_points(tree, text);
    let fresh = parsed(id, text);
    let is_whole = !fresh.root().expect("it was parsed").has_error();
    if is_whole {
        assert_eq!(drawn(tree), drawn(&fresh), "{id}: {text:?}");
    }
    is_whole
}

/// A replacement of characters.
struct Edit {
    chars: Range<usize>,
    new: String,
}

fn random_edit(random: &mut Random, text: &mut Rope, tree: &mut SyntaxTree) -> Edit {
    let start = random.below(text.len_chars() + 1);
    let end = (start + random.below(4)).min(text.len_chars());
    let new = SCRAPS[random.below(SCRAPS.len())].to_owned();
    apply(
        &Edit {
            chars: start..end,
            new,
        },
        text,
        tree,
    )
}

/// Makes an edit in the text and its tree, and returns the one that undoes it.
fn apply(edit: &Edit, text: &mut Rope, tree: &mut SyntaxTree) -> Edit {
    let Edit { chars, new } = edit;
    let before = text.clone();
    let bytes = before.char_to_byte(chars.start)..before.char_to_byte(chars.end);
    text.remove(chars.clone());
    text.insert(chars.start, new);
    tree.edit(&before, text, bytes, new.len());
    Edit {
        chars: chars.start..chars.start + new.chars().count(),
        new: before.slice(chars.clone()).to_string(),
    }
}

/// Every node's points are what counting `\n` gives, also those that the parser took over from the old tree.
fn assert_points(tree: &SyntaxTree, text: &Rope) {
    let text = text.to_string();
    visit(tree.root().expect("it was parsed"), &mut |node| {
        let expected = (
            counted(&text, node.start_byte()),
            counted(&text, node.end_byte()),
        );
        assert_eq!(
            (node.start_position(), node.end_position()),
            expected,
            "{node:?} of {text:?}"
        );
    });
}

fn counted(text: &str, byte: usize) -> Point {
    let before = &text.as_bytes()[..byte];
    let line = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    Point {
        row: before.split(|byte| *byte == b'\n').count() - 1,
        column: byte - line,
    }
}

/// The tree with its byte ranges, one node a line.
fn drawn(tree: &SyntaxTree) -> String {
    let mut lines = String::new();
    visit(tree.root().expect("it was parsed"), &mut |node| {
        let Range { start, end } = node.byte_range();
        let _ = writeln!(
            lines,
            "{} {start}..{end} {}",
            node.kind(),
            node.child_count()
        );
    });
    lines
}

fn visit(node: Node<'_>, each: &mut impl FnMut(Node<'_>)) {
    each(node);
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        visit(child, each);
    }
}

/// A xorshift generator: the same edits in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }
}
