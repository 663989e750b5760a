//! A document's syntax tree: edited in microseconds as the text changes, parsed again when somebody needs it.
//!
//! Entry point: [`SyntaxTree`]. `edit` belongs on the path of every keystroke; `parsed` belongs off it, on a snapshot.
//!
//! Invariant: a tree that went through edits and a re-parse equals one parsed afresh. Tree-sitter counts rows by `\n`
//! alone and columns in bytes since then, whereas the rope's lines also end at a lone `\r`; [`Rows`] keeps the two apart.

use std::cell::RefCell;
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use ropey::Rope;
use tree_sitter::{InputEdit, Node, ParseOptions, Parser, Point, Tree};

use super::Language;

/// The syntax tree of one document, perhaps older than the text.
///
/// Cloning costs nanoseconds, so a snapshot may keep one.
#[derive(Clone)]
pub struct SyntaxTree {
    language: Language,
    last: Option<Parsed>,
    current: bool,
}

#[derive(Clone)]
struct Parsed {
    tree: Tree,
    rows: Rows,
}

impl SyntaxTree {
    /// Creates the tree of a document that has not been parsed yet.
    pub fn new(language: Language) -> Self {
        Self {
            language,
            last: None,
            current: false,
        }
    }

    /// Returns the language that the document is parsed as.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Returns whether the tree is that of the present text.
    pub fn is_current(&self) -> bool {
        self.current
    }

    /// Follows one replacement of `bytes` in `before` by `new_len` bytes, which gave `after`.
    ///
    /// Nodes keep their places in the new text, but their structure stays that of the last parse.
    pub fn edit(&mut self, before: &Rope, after: &Rope, bytes: Range<usize>, new_len: usize) {
        self.current = false;
        let Some(Parsed { tree, rows }) = &mut self.last else {
            return;
        };
        let start = bytes.start.min(before.len_bytes()).min(after.len_bytes());
        let old_end = bytes.end.clamp(start, before.len_bytes());
        let new_end = start.saturating_add(new_len).min(after.len_bytes());
        let rows_after = rows.edited(before, after, start..old_end, start..new_end);
        tree.edit(&InputEdit {
            start_byte: start,
            old_end_byte: old_end,
            new_end_byte: new_end,
            start_position: rows.point(before, start),
            old_end_position: rows.point(before, old_end),
            new_end_position: rows_after.point(after, new_end),
        });
        *rows = rows_after;
    }

    /// Parses the text, reusing what the edits left whole; `None` when `deadline` passes first.
    ///
    /// `text` must be the text after the last edit. The parser is the thread's own, so any thread may call this.
    pub fn parsed(&self, text: &Rope, deadline: Duration) -> Option<Self> {
        if self.current {
            return Some(self.clone());
        }
        let last = self.last.as_ref();
        let tree = parse(self.language, text, last.map(|last| &last.tree), deadline)?;
        let rows = last.map_or_else(|| Rows::of(text), |last| last.rows);
        Some(Self {
            language: self.language,
            last: Some(Parsed { tree, rows }),
            current: true,
        })
    }

    /// Returns the root node, if the document has been parsed at all.
    pub fn root(&self) -> Option<Node<'_>> {
        self.last.as_ref().map(|last| last.tree.root_node())
    }
}

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

fn parse(language: Language, text: &Rope, old: Option<&Tree>, deadline: Duration) -> Option<Tree> {
    let begin = Instant::now();
    let mut progress = |_: &_| {
        if begin.elapsed() >= deadline {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let mut read = |byte: usize, _: Point| -> &[u8] {
        let (chunk, start, _, _) = text.get_chunk_at_byte(byte).unwrap_or_default();
        chunk.as_bytes().get(byte - start..).unwrap_or_default()
    };
    PARSER.with_borrow_mut(|parser| {
        parser
            .set_language(language.grammar())
            .expect("a test loads every grammar of the registry");
        let options = ParseOptions::new().progress_callback(&mut progress);
        let tree = parser.parse_with_options(&mut read, old, Some(options));
        if tree.is_none() {
            // Otherwise the next parse on this thread would resume this one, with another document's text.
            parser.reset();
        }
        tree
    })
}

/// How tree-sitter's rows relate to the rope's lines: equal, unless some lines end at a lone `\r`.
///
/// The number of lone `\r` is counted once and then kept through edits, so that the ordinary document's points come
/// from the rope's index in logarithmic time.
#[derive(Clone, Copy)]
struct Rows {
    lone_returns: usize,
}

impl Rows {
    fn of(text: &Rope) -> Self {
        Self {
            lone_returns: lone_returns(text, 0..text.len_bytes()),
        }
    }

    /// The rows after a replacement. The byte before it counts too: a new or removed `\n` decides whether a `\r` is alone.
    fn edited(self, before: &Rope, after: &Rope, old: Range<usize>, new: Range<usize>) -> Self {
        let gone = lone_returns(before, old.start.saturating_sub(1)..old.end);
        let come = lone_returns(after, new.start.saturating_sub(1)..new.end);
        Self {
            lone_returns: (self.lone_returns + come).saturating_sub(gone),
        }
    }

    fn point(self, text: &Rope, byte: usize) -> Point {
        if self.lone_returns == 0 {
            let row = text.byte_to_line(byte);
            return Point {
                row,
                column: byte - text.line_to_byte(row),
            };
        }
        let mut point = Point {
            row: 0,
            column: byte,
        };
        let mut at = 0;
        for chunk in text.chunks() {
            let part = &chunk.as_bytes()[..chunk.len().min(byte - at)];
            if let Some(last) = memchr::memrchr(b'\n', part) {
                point.row += memchr::memchr_iter(b'\n', part).count();
                point.column = byte - (at + last + 1);
            }
            at += part.len();
            if at == byte {
                break;
            }
        }
        point
    }
}

/// Counts the `\r` within `range` that no `\n` follows.
fn lone_returns(text: &Rope, range: Range<usize>) -> usize {
    let Some((chunks, mut at, _, _)) = text.get_chunks_at_byte(range.start) else {
        return 0;
    };
    let mut count = 0;
    for chunk in chunks {
        if at >= range.end {
            break;
        }
        // A rope never splits `\r\n` over two chunks, so what follows a `\r` is in its chunk.
        let is_lone = |place: &usize| {
            range.contains(&(at + place)) && chunk.as_bytes().get(place + 1) != Some(&b'\n')
        };
        count += memchr::memchr_iter(b'\r', chunk.as_bytes())
            .filter(is_lone)
            .count();
        at += chunk.len();
    }
    count
}
