//! Syntax errors that the document did not have: a suggestion that brings some is cut before them, or not shown.
//!
//! Entry point: [`Code::without_new_errors`]. What stands round the cursor, the function for example, is parsed by itself with the suggestion in it, so
//! that it takes no longer in a long document than in a short one; a part that is no text by itself, as a method of some languages is not outside
//! its class, has errors without the suggestion too. Code under way is no error of the suggestion's: what it leaves open at its end is
//! closed for the comparison, a statement's end that is missing there is put, and a last line that goes on with another one is left alone. Where time
//! runs out, so is everything.

use std::ops::Range;
use std::time::{Duration, Instant};

use ropey::Rope;

use super::{Writing, scan};
use crate::document;
use crate::session::Snapshot;
use crate::syntax::{self, SyntaxTree};

/// The time that all of it may take. A suggestion that is right takes one parse of a part, which is most often a tenth of it.
pub const LIMIT: Duration = Duration::from_millis(1);

/// The longest part that is parsed, in bytes.
const LONGEST: usize = 4_096;

/// A part with more errors than this is not written in the language that it is read as, or in a dialect of it.
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
    pub fn at(snapshot: &Snapshot, cursor: usize, writing: Writing) -> Option<Self> {
        if writing != Writing::Code {
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
        let mut parts = self.parts();
        if parts.is_empty() {
            // A long text that was not parsed yet.
            return Some(text);
        }
        let ends = text.rmatch_indices('\n').map(|(at, _)| at);
        for end in std::iter::once(text.len()).chain(ends).take(LINES) {
            let kept = text[..end].trim_end();
            if kept.is_empty() {
                break;
            }
            let left = || limit.saturating_sub(begin.elapsed());
            match brings(&mut parts, kept, &left) {
                Some(false) => return Some(kept.to_owned()),
                Some(true) => {}
                None => return Some(text),
            }
        }
        None
    }

    /// The parts in which a suggestion is tried.
    fn parts(&self) -> Vec<Part<'_>> {
        let len = self.text.len_bytes();
        let pieces = syntax::pieces(&self.tree, self.cursor, len, LONGEST).into_iter();
        pieces.map(|piece| Part::of(self, &piece)).collect()
    }
}

/// A part of a document round the cursor.
struct Part<'a> {
    code: &'a Code,
    before: String,
    behind: String,
    /// How many errors it has without a suggestion, once that is asked for.
    known: Option<usize>,
}

impl<'a> Part<'a> {
    /// Takes what a tree, perhaps an older one, says is round the cursor.
    fn of(code: &'a Code, piece: &Range<usize>) -> Self {
        let (text, cursor) = (&code.text, code.cursor);
        let start = document::floor(text, piece.start.min(cursor));
        let end = document::floor(text, piece.end.clamp(cursor, text.len_bytes()));
        Self {
            code,
            before: text.byte_slice(start..cursor).into(),
            behind: text.byte_slice(cursor..end).into(),
            known: None,
        }
    }

    /// Returns whether a text brings no errors beyond those that the part has, or `None` if time ran out.
    fn takes(&mut self, text: &str, left: &impl Fn() -> Duration) -> Option<bool> {
        let errors = self.errors(text, left())?;
        if errors == 0 {
            return Some(true);
        }
        let known = match self.known {
            Some(known) => known,
            None => *self.known.insert(self.errors("", left())?),
        };
        Some(errors <= known || known > ERRORS)
    }

    /// Counts the errors of the part with a text in it.
    fn errors(&self, text: &str, limit: Duration) -> Option<usize> {
        // The parser looks at the clock only after some hundred steps.
        if limit.is_zero() {
            return None;
        }
        let text = [self.before.as_str(), text, self.behind.as_str()].concat();
        let errors = syntax::errors_in(self.code.tree.language(), &text, limit)?;
        Some(errors.count)
    }
}

/// Returns whether a text brings errors wherever it is tried, or `None` if time ran out.
fn brings(parts: &mut [Part<'_>], text: &str, left: &impl Fn() -> Duration) -> Option<bool> {
    let ways = Ways::of(text);
    for part in parts {
        for way in &ways.0 {
            if part.takes(way, left)? {
                return Some(false);
            }
        }
    }
    Some(true)
}

/// What a suggestion may be read as, the plainest first: each is right where the suggestion is.
struct Ways(Vec<String>);

impl Ways {
    fn of(text: &str) -> Self {
        let mut ways = vec![text.to_owned()];
        let closed = closed(text);
        // A call before another statement is right but for its end, which the user types, or the model was cut off before.
        let ended = text.ends_with([')', ']', '"', '\'', '`']);
        let ended = ended.then(|| format!("{closed};"));
        if closed.len() > text.len() {
            ways.push(closed);
        }
        ways.extend(ended);
        if goes_on(text) {
            // What its last line begins is not there yet, and so no error; what stands before that line may be one.
            let whole = text.rfind('\n').map_or("", |end| text[..end].trim_end());
            ways.push(self::closed(whole));
        }
        Self(ways)
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
        let code = Code::at(&snapshot, cursor, Writing::Code).expect("it has a tree");
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
        let code = Code::at(&snapshot, 13, Writing::Code).expect("it has a tree");
        let broken = "let = (;".to_owned();
        let shown = code.without_new_errors(broken.clone(), Duration::ZERO);
        assert_eq!(shown, Some(broken));
    }
}
