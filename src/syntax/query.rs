//! Runs a language's queries over a stretch of a document, within bounds.
//!
//! Entry point: [`Query::run`]. It visits nodes that touch a byte window only, and stops at a number of results and of
//! steps, so that no text makes a query slow. `grammars/README.md` lists the capture names that [`Role`] reads.

use std::cmp::Reverse;
use std::ops::{ControlFlow, Range};
use std::sync::{Mutex, PoisonError};

use ropey::Rope;
use streaming_iterator::StreamingIterator;
use tree_sitter::{Node, QueryCursor, QueryCursorOptions, QueryError};

use super::SyntaxTree;
use crate::{document, priority};

/// What a definition or a scope is, in terms that all languages share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    /// A function that stands by itself.
    Function,
    /// A function of a type.
    Method,
    /// A class, structure, enumeration, interface, trait, alias, or what a language calls its types.
    Type,
    /// A constant, static or variable of a module, or a key of a data file.
    Constant,
    /// A member that holds a value: a field, a property, a variant.
    Field,
    /// A module, namespace, package, or a section of a document.
    Module,
    /// What encloses without defining: a loop, a closure, an element, a nested table.
    ///
    /// An outline never shows one; it only says that constants inside are local.
    Block,
}

impl Kind {
    /// Returns the word that queries use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Method => "method",
            Self::Type => "type",
            Self::Constant => "constant",
            Self::Field => "field",
            Self::Module => "module",
            Self::Block => "block",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        use Kind::{Block, Constant, Field, Function, Method, Module, Type};
        [Function, Method, Type, Constant, Field, Module, Block]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// Which of a language's query files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Outline,
    Scopes,
    Imports,
}

impl Topic {
    #[cfg(test)]
    pub(super) const ALL: [Self; 3] = [Self::Outline, Self::Scopes, Self::Imports];
}

/// What a capture means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// `@definition.KIND` or `@scope.KIND`: the whole of it.
    Whole(Kind),
    /// `@import`: the whole statement.
    Import,
    /// `@name`: what it is called, or what it brings in.
    Name,
    /// `@body`: what follows the header.
    Body,
    /// `@path`: where an import comes from.
    Path,
    /// `@owner`: the type that a definition outside it belongs to.
    Owner,
    /// A name with a leading underscore: for predicates only.
    Aside,
}

impl Role {
    pub(super) fn of(capture: &str) -> Option<Self> {
        Some(match capture {
            "import" => Self::Import,
            "name" => Self::Name,
            "body" => Self::Body,
            "path" => Self::Path,
            "owner" => Self::Owner,
            _ if capture.starts_with('_') => Self::Aside,
            _ => {
                let (_, word) = capture
                    .split_once("definition.")
                    .or_else(|| capture.split_once("scope."))?;
                Self::Whole(Kind::from_word(word)?)
            }
        })
    }
}

/// A compiled query file and the meaning of its captures.
pub(super) struct Query {
    compiled: tree_sitter::Query,
    roles: Vec<Option<Role>>,
    /// Which patterns add to something that is defined elsewhere.
    reopening: Vec<bool>,
    /// How deep below the root what is looked for may begin, if that is bounded.
    depth: Option<u32>,
}

/// One match, by the meaning of its captures.
pub(super) struct Found<'tree> {
    /// The pattern's place in its file; of several that match one node, the last counts.
    pub(super) pattern: usize,
    /// Absent for imports.
    pub(super) kind: Option<Kind>,
    pub(super) whole: Node<'tree>,
    pub(super) names: Vec<Node<'tree>>,
    pub(super) body: Option<Node<'tree>>,
    pub(super) path: Option<Node<'tree>>,
    pub(super) owner: Option<Node<'tree>>,
    /// Whether it adds to something that is defined elsewhere.
    pub(super) reopens: bool,
}

/// The results at which a query stops.
const MATCHES: usize = 20_000;
/// The nodes, in hundreds, at which a query stops: some hundred milliseconds of work.
const STEPS: usize = 50_000;
/// The half-finished matches that tree-sitter keeps; beyond, it drops the oldest.
const IN_PROGRESS: u32 = 512;

/// An import stands at the top, in a module, or within the `except` of a method at the deepest. Most nodes are deeper, and
/// need not be looked at.
const IMPORT_DEPTH: u32 = 8;

/// To analyse a query against its grammar takes three megabytes for a few milliseconds, so behind the editor's back one is compiled at a time: the next uses
/// the memory again.
static COMPILING: Mutex<()> = Mutex::new(());

impl Query {
    pub(super) fn compile(
        grammar: &tree_sitter::Language,
        source: &str,
        topic: Topic,
    ) -> Result<Self, QueryError> {
        let query = {
            // Who answers the editor does not wait for those that give way to it.
            let _alone = priority::gives_way()
                .then(|| COMPILING.lock().unwrap_or_else(PoisonError::into_inner));
            tree_sitter::Query::new(grammar, source)?
        };
        let roles = query
            .capture_names()
            .iter()
            .map(|name| Role::of(name))
            .collect();
        let is_reopening = |pattern| {
            let settings = query.property_settings(pattern);
            settings.iter().any(|setting| &*setting.key == "reopens")
        };
        let reopening = (0..query.pattern_count()).map(is_reopening).collect();
        Ok(Self {
            compiled: query,
            roles,
            reopening,
            depth: (topic == Topic::Imports).then_some(IMPORT_DEPTH),
        })
    }

    /// Returns the capture names that mean nothing, of which a correct file has none.
    #[cfg(test)]
    pub(super) fn unknown_captures(&self) -> Vec<&str> {
        let names = self.compiled.capture_names().iter().zip(&self.roles);
        names
            .filter(|(_, role)| role.is_none())
            .map(|(name, _)| *name)
            .collect()
    }

    /// Returns the matches that touch `window`, in the order of the text, outer before inner; of several that match one
    /// node and name, the one of the last pattern comes first.
    pub(super) fn run<'tree>(
        &self,
        tree: &'tree SyntaxTree,
        text: &Rope,
        window: Range<usize>,
    ) -> Vec<Found<'tree>> {
        let mut found = self.matches(tree, text, window);
        found.sort_by_key(|one| {
            let range = one.whole.byte_range();
            let name = one.names.first().map_or(usize::MAX, Node::start_byte);
            (
                range.start,
                Reverse(range.end),
                one.whole.id(),
                name,
                Reverse(one.pattern),
                one.body.is_none(),
            )
        });
        found
    }

    fn matches<'tree>(
        &self,
        tree: &'tree SyntaxTree,
        text: &Rope,
        window: Range<usize>,
    ) -> Vec<Found<'tree>> {
        let Some(root) = tree.root() else {
            return Vec::new();
        };
        if self.compiled.pattern_count() == 0 || window.start >= window.end {
            return Vec::new();
        }
        let mut steps = 0;
        let mut progress = |_: &_| {
            steps += 1;
            if steps > STEPS {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let mut cursor = QueryCursor::new();
        cursor.set_match_limit(IN_PROGRESS);
        cursor.set_byte_range(window);
        cursor.set_max_start_depth(self.depth);
        let options = QueryCursorOptions::new().progress_callback(&mut progress);
        let words = |node: Node<'_>| {
            slice(text, node.byte_range())
                .into_iter()
                .flat_map(|slice| slice.chunks())
        };
        let mut matches = cursor.matches_with_options(&self.compiled, root, words, options);
        let mut found = Vec::new();
        while let Some(one) = matches.next() {
            found.extend(self.found(one));
            if found.len() == MATCHES {
                break;
            }
        }
        found
    }

    fn found<'tree>(&self, one: &tree_sitter::QueryMatch<'_, 'tree>) -> Option<Found<'tree>> {
        let (mut kind, mut whole, mut names, mut body, mut path, mut owner) =
            (None, None, Vec::new(), None, None, None);
        for capture in one.captures() {
            match self.roles[capture.index as usize] {
                Some(Role::Whole(role)) => (kind, whole) = (Some(role), Some(capture.node)),
                Some(Role::Import) => whole = Some(capture.node),
                Some(Role::Name) => names.push(capture.node),
                Some(Role::Body) => body = Some(capture.node),
                Some(Role::Path) => path = Some(capture.node),
                Some(Role::Owner) => owner = Some(capture.node),
                Some(Role::Aside) | None => {}
            }
        }
        Some(Found {
            pattern: one.pattern_index,
            kind,
            whole: whole?,
            names,
            body,
            path,
            owner,
            reopens: self.reopening[one.pattern_index],
        })
    }
}

/// The bytes of a name that are kept; minified and generated code has endless ones.
const NAME: usize = 200;

/// Returns a stretch of the text, unless a stale tree's range is no longer in it or splits a character.
pub(super) fn slice(text: &Rope, range: Range<usize>) -> Option<ropey::RopeSlice<'_>> {
    if range.start > range.end {
        return None;
    }
    text.get_byte_slice(range)
}

/// Returns a name's text: one line, and of bounded length.
pub(super) fn name_of(text: &Rope, node: Node<'_>) -> String {
    let Some(slice) = slice(text, node.byte_range()) else {
        return String::new();
    };
    let mut name = String::new();
    for word in slice.chunks().flat_map(str::chars) {
        if name.len() >= NAME {
            break;
        }
        name.push(if word.is_control() { ' ' } else { word });
    }
    name.truncate(name.trim_end().len());
    name
}

/// The bytes of a header's line that are looked at: a whole program may be one line.
const LINE: usize = 400;

/// The bytes from `start` to its line's end, or `most`.
fn line_length(text: &Rope, start: usize, most: usize) -> usize {
    let (chunks, mut at, _, _) = text.chunks_at_byte(start);
    for chunk in chunks {
        let skip = start.saturating_sub(at);
        if let Some(end) = memchr::memchr2(b'\n', b'\r', &chunk.as_bytes()[skip..]) {
            return (at + skip + end - start).min(most);
        }
        at += chunk.len();
        if at >= start + most {
            break;
        }
    }
    most
}

/// Clamps a range to the text.
pub(super) fn within(text: &Rope, range: Range<usize>) -> Range<usize> {
    let end = range.end.min(text.len_bytes());
    range.start.min(end)..end
}

/// Splits a definition or a scope before its body: into the header, which ends before the white space, and the rest.
///
/// Without a body, what is declared is all header, and of anything else the first line is.
pub(super) fn header_and_body(
    text: &Rope,
    found: &Found<'_>,
) -> (Range<usize>, Option<Range<usize>>) {
    let whole = within(text, found.whole.byte_range());
    let body = found
        .body
        .map(|body| body.start_byte().clamp(whole.start, whole.end)..whole.end);
    let mut end = body.as_ref().map_or(whole.end, |body| body.start);
    if body.is_none() && !matches!(found.kind, Some(Kind::Function | Kind::Method | Kind::Type)) {
        let length = line_length(text, whole.start, whole.len().min(LINE));
        // A line that is cut may be cut within a character.
        end = document::floor(text, whole.start + length);
    }
    let mut bytes = text.bytes_at(end);
    while end > whole.start && bytes.prev().is_some_and(|byte| byte.is_ascii_whitespace()) {
        end -= 1;
    }
    (whole.start..end, body)
}
