//! What encloses a place in the text: the function, type, module and blocks round the cursor.

use std::ops::Range;

use ropey::Rope;

use super::query::{self, Kind, Topic};
use super::{Layout, SyntaxTree};

/// One enclosing scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// What it is.
    pub kind: Kind,
    /// What it is called, if it has a name.
    pub name: Option<String>,
    /// The whole scope.
    pub range: Range<usize>,
    /// The part before its body, such as a function's signature.
    pub header: Range<usize>,
    /// What follows the header, to the end.
    pub body: Option<Range<usize>>,
}

/// The matches that are looked at, innermost first: generated data may be nested thousands of times.
const DEEPEST: usize = 100;

/// Returns the scopes round `offset`, innermost last.
///
/// Where indentation shows what belongs to what, a line that is blank up to the cursor belongs to the scopes above it
/// that are indented less than the cursor, although the grammar ends them at their last word.
pub fn enclosing_scopes(tree: &SyntaxTree, text: &Rope, offset: usize) -> Vec<Scope> {
    let offset = offset.min(text.len_bytes());
    let cursor = Cursor::at(tree.language().layout(), text, offset);
    let window =
        cursor.probe.saturating_sub(1)..cursor.probe.saturating_add(1).min(text.len_bytes());
    let mut found = tree.language().query(Topic::Scopes).run(tree, text, window);
    found.retain(|found| cursor.is_in(text, &query::within(text, found.whole.byte_range())));
    found.drain(..found.len().saturating_sub(DEEPEST));
    let mut scopes: Vec<Scope> = Vec::new();
    for found in found {
        let Some(kind) = found.kind else { continue };
        let range = query::within(text, found.whole.byte_range());
        if scopes.last().is_some_and(|last| last.range == range) {
            continue;
        }
        let (header, body) = query::header_and_body(text, &found);
        // A variable and the function that it holds are one scope, the outer of which has the name.
        if body.is_some() && scopes.last().is_some_and(|last| last.body == body) {
            continue;
        }
        let in_type = scopes.last().is_some_and(|outer| outer.kind == Kind::Type);
        scopes.push(Scope {
            kind: if kind == Kind::Function && in_type {
                Kind::Method
            } else {
                kind
            },
            name: found.names.first().map(|name| query::name_of(text, *name)),
            header,
            body,
            range,
        });
    }
    scopes
}

/// Where to look for scopes, and which of those found there enclose the cursor.
struct Cursor {
    /// The cursor, or the last word before it if its line is blank so far and indentation counts.
    probe: usize,
    /// The cursor's column, if the probe is not the cursor.
    indentation: Option<usize>,
    /// Whether a scope that ends at the probe may still be going on.
    may_go_on: bool,
}

impl Cursor {
    fn at(layout: Layout, text: &Rope, offset: usize) -> Self {
        let here = Self {
            probe: offset,
            indentation: None,
            may_go_on: offset == text.len_bytes(),
        };
        if layout != Layout::Indentation {
            return here;
        }
        let line = text.line_to_byte(text.byte_to_line(offset));
        let blank = backward(text, offset)
            .take_while(u8::is_ascii_whitespace)
            .take(BLANK)
            .count();
        let probe = offset - blank;
        if probe < line {
            return Self {
                probe,
                indentation: Some(offset - line),
                may_go_on: true,
            };
        }
        Self {
            may_go_on: true,
            ..here
        }
    }

    fn is_in(&self, text: &Rope, scope: &Range<usize>) -> bool {
        let inside = scope.start < self.probe
            && (self.probe < scope.end || (self.may_go_on && self.probe == scope.end));
        inside
            && self
                .indentation
                .is_none_or(|column| indentation(text, scope.start) < column)
    }
}

/// The white space that is looked through for the line a blank line belongs to.
const BLANK: usize = 4096;

/// The bytes before `offset`, last first.
fn backward(text: &Rope, offset: usize) -> impl Iterator<Item = u8> {
    text.bytes_at(offset).reversed()
}

/// The white space that begins the line of `offset`.
fn indentation(text: &Rope, offset: usize) -> usize {
    let line = text.line_to_byte(text.byte_to_line(offset));
    text.bytes_at(line)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .take(BLANK)
        .count()
}

#[cfg(test)]
mod tests {
    use super::super::tests::marked;
    use super::enclosing_scopes;

    fn check(language_id: &str, text: &str, expected: &[&str]) {
        let (tree, text, cursor) = marked(language_id, text);
        let headers = enclosing_scopes(&tree, &text, cursor)
            .into_iter()
            .map(|scope| {
                assert!(scope.body.is_none_or(
                    |body| scope.header.end <= body.start && body.end == scope.range.end
                ));
                text.byte_slice(scope.header).to_string()
            });
        assert_eq!(headers.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn scopes_come_outermost_first_with_their_headers() {
        let expected = ["impl S", "fn f(\n    a: u8,\n)", "if a > 0"];
        check(
            "rust",
            "impl S { fn f(\n    a: u8,\n) { if a > 0 { ˇ } } }",
            &expected,
        );
    }

    #[test]
    fn a_place_just_before_or_after_a_scope_is_outside() {
        check("rust", "fn f() {}ˇ\nfn g() {}", &[]);
        check("rust", "ˇfn f() {}", &[]);
    }

    #[test]
    fn a_blank_line_belongs_to_the_block_it_is_indented_into() {
        let text = "class A:\n    def f(self):\n        return 1\n\n";
        check(
            "python",
            &format!("{text}        ˇ\n\nx = 1\n"),
            &["class A:", "def f(self):"],
        );
        check("python", &format!("{text}    ˇ\n\nx = 1\n"), &["class A:"]);
        check("python", &format!("{text}ˇ\nx = 1\n"), &[]);
        check("python", &format!("{text}    ˇ"), &["class A:"]);
    }

    #[test]
    fn an_empty_text_and_an_offset_beyond_it_have_no_scopes() {
        for language in ["rust", "python", "yaml"] {
            let (tree, text, _) = marked(language, "ˇ");
            assert_eq!(enclosing_scopes(&tree, &text, 0), []);
            assert_eq!(enclosing_scopes(&tree, &text, usize::MAX), []);
        }
    }
}
