//! Syntax errors that the document did not have: a suggestion that brings some is cut before them, or not shown.
//!
//! Entry point: [`Code::without_new_errors`]. The document with the suggestion in it is parsed from the document's own tree, which takes what
//! the suggestion is long and, measured, more in long documents, which are left alone. Code under way is no error of the suggestion's: what it leaves open at its end is
//! closed for the comparison, a statement's end that is missing there is put, and a last line that goes on with another one is left alone. Where time
//! runs out, so is everything.

use std::time::{Duration, Instant};

use ropey::Rope;

use super::scan;
use crate::document;
use crate::session::Snapshot;
use crate::syntax::{self, SyntaxTree};

/// The time that all of it may take.
pub const LIMIT: Duration = Duration::from_micros(500);

/// The longest document in which it is done, in bytes: in 10,000 lines a parse took more than 3 ms, which every suggestion would wait for.
const LONGEST: usize = 32_768;

/// A text with more errors than this is not written in the language that it is read as, or in a dialect of it.
const ERRORS: usize = 20;

/// The most lines that are taken off one by one.
const LINES: usize = 6;

/// A document in which suggestions can be tried.
#[derive(Clone)]
pub struct Code {
    text: Rope,
    tree: SyntaxTree,
    cursor: usize,
}

impl Code {
    /// Takes a document, if it can be parsed and code is written at the cursor.
    pub fn at(snapshot: &Snapshot, cursor: usize, is_prose: bool) -> Option<Self> {
        if is_prose || snapshot.text.len_bytes() > LONGEST {
            return None;
        }
        let tree = snapshot.tree.clone()?;
        Some(Self {
            cursor: document::floor(&snapshot.text, cursor),
            text: snapshot.text.clone(),
            tree,
        })
    }

    /// Returns as much of a suggestion as brings no new syntax error; `None` if its first line does.
    pub fn without_new_errors(&self, text: String, limit: Duration) -> Option<String> {
        let begin = Instant::now();
        let left = || limit.saturating_sub(begin.elapsed());
        let before = Some(left()).filter(|left| !left.is_zero());
        let Some(before) = before.and_then(|left| self.tree.parsed(&self.text, left)) else {
            return Some(text);
        };
        let known = syntax::errors(&before).count;
        if known > ERRORS {
            return Some(text);
        }
        let ends = text.rmatch_indices('\n').map(|(at, _)| at);
        for end in std::iter::once(text.len()).chain(ends).take(LINES) {
            let kept = text[..end].trim_end();
            if kept.is_empty() {
                break;
            }
            match self.brings(&before, kept, known, &left) {
                Some(false) => return Some(kept.to_owned()),
                Some(true) => {}
                None => return Some(text),
            }
        }
        None
    }

    /// Returns whether a text brings errors beyond those known, or `None` if time ran out.
    fn brings(
        &self,
        before: &SyntaxTree,
        text: &str,
        known: usize,
        left: &impl Fn() -> Duration,
    ) -> Option<bool> {
        if self.errors(before, text, left())? <= known {
            return Some(false);
        }
        let closed = closed(text);
        if closed.len() > text.len() && self.errors(before, &closed, left())? <= known {
            return Some(false);
        }
        // A call before another statement is right but for its end, which the user types, or the model was cut off before.
        let is_open = text.ends_with([')', ']', '"', '\'', '`']);
        if is_open && self.errors(before, &(closed + ";"), left())? <= known {
            return Some(false);
        }
        if !goes_on(text) {
            return Some(true);
        }
        // What its last line begins is not there yet, and so no error; what stands before that line may be one.
        let whole = text.rfind('\n').map_or("", |end| text[..end].trim_end());
        if whole.is_empty() {
            return Some(false);
        }
        Some(self.errors(before, &self::closed(whole), left())? > known)
    }

    /// Counts the errors of the document with a text in it.
    fn errors(&self, before: &SyntaxTree, text: &str, limit: Duration) -> Option<usize> {
        // The parser looks at the clock only after some hundred steps.
        if limit.is_zero() {
            return None;
        }
        let mut after = self.text.clone();
        after.insert(after.byte_to_char(self.cursor), text);
        let mut tree = before.clone();
        tree.edit(&self.text, &after, self.cursor..self.cursor, text.len());
        Some(syntax::errors(&tree.parsed(&after, limit)?).count)
    }
}

/// Closes the brackets that a text leaves open.
fn closed(text: &str) -> String {
    let open = scan::balance(text).open;
    let mut closed = text.to_owned();
    for mark in open.iter().rev() {
        closed.push(match mark.sign {
            '(' => ')',
            '[' => ']',
            _ => '}',
        });
    }
    closed
}

/// Returns whether a text ends in the middle of something: what it goes on with is not known.
fn goes_on(text: &str) -> bool {
    !text.ends_with([';', '}', ')', ']', '"', '\'', '`'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;
    use crate::session::Session;

    const LONG: Duration = Duration::from_mins(1);

    /// Returns what is left of a suggestion at `ˇ`.
    fn shown(language: &str, place: &str, suggestion: &str) -> Option<String> {
        let cursor = place.find('ˇ').expect("a cursor");
        let mut session = Session::new(Layers::default());
        session.open("file:///a", language, &place.replace('ˇ', ""));
        let snapshot = session.snapshot("file:///a").expect("it is open");
        let code = Code::at(&snapshot, cursor, false).expect("it has a tree");
        code.without_new_errors(suggestion.to_owned(), LONG)
    }

    #[test]
    fn what_breaks_the_syntax_is_cut_off_or_not_shown() {
        let table = [
            (
                "rust",
                "fn f() {\n    ˇ\n}\n",
                "let x = 1;\n    let = ;",
                Some("let x = 1;"),
            ),
            ("rust", "fn f() {\n    ˇ\n}\n", "let x = (1;", None),
            ("rust", "fn f() {\n    ˇ\n}\n", "a();\n}\n}", Some("a();")),
            (
                "python",
                "def f():\n    ˇ\n",
                "x = 1\n    return x)",
                Some("x = 1"),
            ),
            ("python", "def f():\n    ˇ\n    g()\n", "x = = (1)", None),
            (
                "go",
                "package a\n\nfunc f() {\n\tˇ\n}\n",
                "a := 1\n\tb := := (2)",
                Some("a := 1"),
            ),
            (
                "typescript",
                "function f() {\n  ˇ\n}\n",
                "const a = 1;\n  const = ];",
                Some("const a = 1;"),
            ),
            (
                "c",
                "int f(void) {\n  ˇ\n}\n",
                "int a = 1;\n  int = ;",
                Some("int a = 1;"),
            ),
            (
                "java",
                "class A {\n  void f() {\n    ˇ\n  }\n}\n",
                "int a = 1;\n    int = ;",
                Some("int a = 1;"),
            ),
        ];
        for (language, place, suggestion, expected) in table {
            let shown = shown(language, place, suggestion);
            assert_eq!(shown.as_deref(), expected, "{language} {suggestion:?}");
        }
    }

    #[test]
    fn what_is_right_or_merely_goes_on_is_left_alone() {
        let table = [
            ("rust", "fn f() {\n    ˇ\n}\n", "if a {\n        b();"),
            ("rust", "fn f() {\n    ˇ\n}\n", "let x ="),
            ("rust", "fn f() {\n    ˇ\n}\n", "match x {"),
            ("rust", "fn f() {\n    let x = ˇ\n}\n", "g(1,"),
            ("rust", "fn f() {\n    let x = ˇ\n", "g(1);"),
            ("rust", "fn f( {\n    ˇ\n}\n", "g(1);"),
            ("rust", "fn f() {\n    ˇ\n    let x = 1;\n}\n", "g(1)"),
            (
                "java",
                "class A {\n  void f() {\n    ˇ\n    g();\n  }\n}\n",
                "a[1] = h(\"b\")",
            ),
            ("python", "def f():\n    ˇ\n", "if a:"),
            (
                "python",
                "def f():\n    try:\n        g()\n    ˇ\n",
                "except ValueError:",
            ),
            ("python", "ˇ\n", "@decorated"),
            ("go", "package a\n\nfunc f() {\n\tˇ\n}\n", "if err != nil {"),
            ("go", "package a\n\nˇ\n", "func f() {\n\tg()"),
            ("typescript", "f(ˇ)\n", "(a) => {"),
            (
                "typescript",
                "class A {\n  ˇ\n}\n",
                "get(a: string): void {",
            ),
            ("bash", "ˇ\n", "if [ -f a ]; then"),
            ("c", "ˇ\n", "#ifdef A"),
            ("java", "class A {\n  ˇ\n}\n", "@Override"),
        ];
        for (language, place, suggestion) in table {
            let shown = shown(language, place, suggestion);
            assert_eq!(shown.as_deref(), Some(suggestion), "{language}");
        }
    }

    #[test]
    fn without_time_everything_is_left_alone() {
        let mut session = Session::new(Layers::default());
        session.open("file:///a", "rust", "fn f() {\n    \n}\n");
        let snapshot = session.snapshot("file:///a").expect("it is open");
        let code = Code::at(&snapshot, 13, false).expect("it has a tree");
        let broken = "let = (;".to_owned();
        let shown = code.without_new_errors(broken.clone(), Duration::ZERO);
        assert_eq!(shown, Some(broken));
    }
}
