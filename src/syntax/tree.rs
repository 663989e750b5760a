//! A document's syntax tree: edited in microseconds as the text changes, parsed again when somebody needs it.
//!
//! Entry point: [`SyntaxTree`]. `edit` belongs on the path of every keystroke; `parsed` belongs off it, on a snapshot, and
//! `adopt` brings its result back, also when the text has changed meanwhile.
//!
//! Invariant: where the text has no syntax error, a tree that went through edits and parses equals one parsed afresh.
//! (Where it has, the parser may recover in another way than from scratch; that is so within tree-sitter.)

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ropey::Rope;
use tree_sitter::{InputEdit, Node, ParseOptions, Parser, Point, Tree};

use super::Language;
use super::rows::Rows;

/// The syntax tree of one document, perhaps older than the text.
///
/// Cloning it costs well under a microsecond, so a snapshot may keep one.
#[derive(Clone)]
pub struct SyntaxTree {
    language: Language,
    /// What clones of one document's tree share, to tell them from those of another.
    document: Arc<()>,
    tree: Option<Tree>,
    rows: Option<Rows>,
    /// How many edits the document has seen, and how many when `tree` was parsed.
    revision: u64,
    parsed: u64,
    /// The last edits, for trees that were parsed before them.
    recent: VecDeque<InputEdit>,
}

/// The work that a parse in the background may take: so many steps, and one more for so many bytes. The parser counts a hundred operations as
/// a step; real code takes one step for some forty to two hundred bytes.
const STEPS: usize = 1_000;
const BYTES_PER_STEP: usize = 8;

/// The edits that may happen during one parse without its result being lost.
const RECENT: usize = 64;

impl SyntaxTree {
    /// Creates the tree of a document that has not been parsed yet.
    pub fn new(language: Language) -> Self {
        let document = Arc::new(());
        Self {
            language,
            document,
            tree: None,
            rows: None,
            revision: 0,
            parsed: 0,
            recent: VecDeque::new(),
        }
    }

    /// Returns the language that the document is parsed as.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Returns whether the tree is that of the present text.
    pub fn is_current(&self) -> bool {
        self.tree.is_some() && self.parsed == self.revision
    }

    /// Follows one replacement of `bytes` in `before` by `new_len` bytes, which gave `after`.
    ///
    /// Nodes keep their places in the new text, but their structure stays that of the last parse.
    pub fn edit(&mut self, before: &Rope, after: &Rope, bytes: Range<usize>, new_len: usize) {
        let start = bytes.start.min(before.len_bytes()).min(after.len_bytes());
        let old_end = bytes.end.clamp(start, before.len_bytes());
        let new_end = start.saturating_add(new_len).min(after.len_bytes());
        let rows = self.rows.unwrap_or_else(|| Rows::of(before));
        let rows_after = rows.edited(before, after, start..old_end, start..new_end);
        let edit = InputEdit {
            start_byte: start,
            old_end_byte: old_end,
            new_end_byte: new_end,
            start_position: rows.point(before, start),
            old_end_position: rows.point(before, old_end),
            new_end_position: rows_after.point(after, new_end),
        };
        if let Some(tree) = &mut self.tree {
            tree.edit(&edit);
        }
        self.rows = Some(rows_after);
        self.revision += 1;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(edit);
    }

    /// Parses the text, reusing what the edits left whole; `None` when `deadline` passes first.
    ///
    /// `text` must be the text after the last edit. The parser is the thread's own, so any thread may call this.
    pub fn parsed(&self, text: &Rope, deadline: Duration) -> Option<Self> {
        let begin = Instant::now();
        self.parsed_while(text, || begin.elapsed() < deadline)
    }

    /// Parses the text with as much work as a text of its length may take, however long the machine needs for it; `None` for one that
    /// takes far more, which are those that the parser finds no way through.
    ///
    /// For readers in the background: on a machine with much else to do, a deadline would leave out what is merely next in line.
    pub fn parsed_patiently(&self, text: &Rope) -> Option<Self> {
        let mut left = STEPS + text.len_bytes() / BYTES_PER_STEP;
        self.parsed_while(text, || {
            left = left.saturating_sub(1);
            left > 0
        })
    }

    fn parsed_while(&self, text: &Rope, may_go_on: impl FnMut() -> bool) -> Option<Self> {
        if self.is_current() {
            return Some(self.clone());
        }
        let tree = parse(self.language, text, self.tree.as_ref(), may_go_on)?;
        Some(Self {
            language: self.language,
            document: Arc::clone(&self.document),
            tree: Some(tree),
            rows: Some(self.rows.unwrap_or_else(|| Rows::of(text))),
            revision: self.revision,
            parsed: self.revision,
            recent: VecDeque::new(),
        })
    }

    /// Takes over a tree that `parsed` made from a clone of this one, following the edits since then.
    ///
    /// Returns false, and changes nothing, if that tree is of another document, no newer than this one's, or older than
    /// the edits that are remembered.
    pub fn adopt(&mut self, parsed: &Self) -> bool {
        let is_newer = self.tree.is_none() || parsed.parsed > self.parsed;
        let is_ours = Arc::ptr_eq(&self.document, &parsed.document);
        let Some(mut tree) = parsed.tree.clone().filter(|_| is_newer && is_ours) else {
            return false;
        };
        let missed = self
            .revision
            .checked_sub(parsed.revision)
            .and_then(|missed| usize::try_from(missed).ok());
        let Some(first) = missed.and_then(|missed| self.recent.len().checked_sub(missed)) else {
            return false;
        };
        for edit in self.recent.range(first..) {
            tree.edit(edit);
        }
        self.tree = Some(tree);
        self.rows = self.rows.or(parsed.rows);
        self.parsed = parsed.parsed;
        true
    }

    /// Returns the root node, if the document has been parsed at all.
    pub fn root(&self) -> Option<Node<'_>> {
        self.tree.as_ref().map(Tree::root_node)
    }
}

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

fn parse(
    language: Language,
    text: &Rope,
    old: Option<&Tree>,
    mut may_go_on: impl FnMut() -> bool,
) -> Option<Tree> {
    let mut progress = |_: &_| {
        if may_go_on() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ropey::Rope;

    use super::super::{Language, SyntaxTree};
    use crate::thorough;

    const LONG: Duration = Duration::from_mins(1);

    fn unparsed() -> SyntaxTree {
        SyntaxTree::new(Language::from_id("rust").expect("it is in the registry"))
    }

    fn parsed(tree: &SyntaxTree, text: &Rope) -> SyntaxTree {
        tree.parsed(text, LONG).expect("a minute is enough")
    }

    fn shown(tree: &SyntaxTree) -> String {
        tree.root().expect("it was parsed").to_sexp()
    }

    fn insert(tree: &mut SyntaxTree, text: &mut Rope, at: usize, new: &str) {
        let before = text.clone();
        text.insert(text.byte_to_char(at), new);
        tree.edit(&before, text, at..at, new.len());
    }

    #[test]
    fn a_deadline_gives_none_and_leaves_the_parser_usable() {
        let long = Rope::from_str(&"fn f() { g(1, \"a\"); }\n".repeat(20_000));
        assert!(unparsed().parsed(&long, Duration::ZERO).is_none());
        let tree = parsed(&unparsed(), &Rope::from_str("struct S;"));
        assert_eq!(
            shown(&tree),
            "(source_file (struct_item name: (type_identifier)))"
        );
        assert!(tree.is_current());
    }

    #[test]
    fn patience_counts_work_and_has_enough_for_real_code_and_an_end_for_the_rest() {
        for language in Language::all() {
            let path = format!(
                "{}/grammars/{}/fixture.{}",
                env!("CARGO_MANIFEST_DIR"),
                language.id(),
                language.extensions()[0]
            );
            let Ok(text) = std::fs::read_to_string(path) else {
                continue;
            };
            // Long enough at the desk, too, that a parse has more than ten steps.
            let long = thorough::part(200_000).max(50_000).div_ceil(text.len());
            let text = Rope::from_str(&text.repeat(long));
            let tree = SyntaxTree::new(language);
            let mut steps = 0;
            tree.parsed_while(&text, || {
                steps += 1;
                true
            });
            // What is odd may take thrice what is usual.
            let allowed = super::STEPS + text.len_bytes() / super::BYTES_PER_STEP;
            assert!(
                steps * 3 < allowed,
                "{}: {steps} steps for {} bytes",
                language.id(),
                text.len_bytes()
            );
            let mut left = 10;
            let stopped = tree.parsed_while(&text, || {
                left -= 1;
                left > 0
            });
            assert!(stopped.is_none());
            assert!(tree.parsed_patiently(&text).is_some());
        }
    }

    #[test]
    fn a_parse_that_edits_overtook_is_adopted_and_follows_them() {
        let mut text = Rope::from_str("fn a() {}\r");
        let mut tree = unparsed();
        let snapshot = (tree.clone(), text.clone());
        insert(&mut tree, &mut text, 0, "\nfn b() {}\r\n");
        insert(&mut tree, &mut text, 3, " ");
        assert!(tree.adopt(&parsed(&snapshot.0, &snapshot.1)));
        assert!(!tree.is_current());
        let function = tree
            .root()
            .and_then(|root| root.named_child(0))
            .expect("it was parsed");
        assert_eq!(text.byte_slice(function.byte_range()), "fn a() {}");
        assert_eq!(
            shown(&parsed(&tree, &text)),
            shown(&parsed(&unparsed(), &text))
        );
    }

    #[test]
    fn trees_of_other_documents_and_older_ones_are_not_adopted() {
        let original = Rope::from_str("fn a() {}");
        let mut text = original.clone();
        let mut tree = unparsed();
        let old = parsed(&tree, &text);
        assert!(!tree.adopt(&parsed(&unparsed(), &text)));
        insert(&mut tree, &mut text, 0, " ");
        tree = parsed(&tree, &text);
        assert!(!tree.adopt(&old));
        assert!(tree.is_current());
    }

    #[test]
    fn a_tree_older_than_the_remembered_edits_is_not_adopted() {
        let mut text = Rope::from_str("fn a() {}");
        let mut tree = unparsed();
        let old = parsed(&tree, &text);
        for _ in 0..=super::RECENT {
            insert(&mut tree, &mut text, 0, " ");
        }
        assert!(!tree.adopt(&old));
    }

    #[test]
    fn edits_beyond_the_text_are_clamped() {
        let text = Rope::from_str("fn a() {}");
        let mut tree = parsed(&unparsed(), &text);
        tree.edit(&text, &text, 100..200, 300);
        tree.edit(&text, &text, 5..usize::MAX, usize::MAX);
        assert!(tree.parsed(&text, LONG).is_some());
    }
}
