//! What one file defines and brings in.
//!
//! Entry point: [`FileSymbols::read`]. Of each definition the lines are kept that say what it is: a function's signature, a type's first
//! line, a constant's. They are kept as they stand in the file, but for how deep they stand, so that a model sees the very text.

use std::ops::Range;
use std::sync::Arc;

use ropey::Rope;

use crate::document::floor;
use crate::syntax::{self, Kind, Language, Symbol, SyntaxTree};
use crate::workspace::Marks;

/// A file of the workspace, or an open document.
#[derive(Debug, Clone, PartialEq)]
pub struct FileSymbols {
    /// Its path, or the address of a document that is no file.
    pub path: Arc<str>,
    /// Its language.
    pub language: Language,
    /// What it defines, in the order of the text.
    pub definitions: Box<[Definition]>,
    /// The lines of all definitions.
    pub(super) text: Box<str>,
    /// Where it passes on definitions from, as its imports say: few files do.
    pub passed_on: Box<[Box<str>]>,
    /// A hash of each name that it uses, sorted.
    pub(super) uses: Box<[u32]>,
    /// The names of each of its passages, one behind the other, as their places among `uses`, and where each ends.
    pub(super) passages: Box<[u16]>,
    pub(super) ends: Box<[u32]>,
    /// What stands at its head, of what any rule about files goes by.
    pub marks: Marks,
}

/// A name that many files are asked for, worked out once: two names are hardly ever the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub(super) u32);

impl Name {
    /// Works a name out.
    pub fn of(name: &str) -> Self {
        Self(hash(name))
    }
}

/// The names that stand in [`PASSAGE`] lines of a file, each once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Passage<'a> {
    uses: &'a [u32],
    pub(super) places: &'a [u16],
}

impl<'a> Passage<'a> {
    /// Returns the names.
    pub fn names(self) -> impl Iterator<Item = Name> + 'a {
        let Self { uses, places } = self;
        places.iter().map(|place| Name(uses[usize::from(*place)]))
    }

    /// Returns how many there are.
    pub fn len(self) -> usize {
        self.places.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(self) -> bool {
        self.places.is_empty()
    }
}

/// Something that a file defines.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// What it is called.
    pub name: Arc<str>,
    /// What it is.
    pub kind: Kind,
    /// Its line, counted from 0.
    pub line: u32,
    /// Where its lines are in the file's text.
    pub(super) text: Range<u32>,
    /// The type or module that it belongs to.
    pub owner: Option<Arc<str>>,
    /// Whether it adds to a type that is defined elsewhere.
    pub reopens: bool,
}

/// The most definitions that are kept of a file; generated code has endless ones.
const DEFINITIONS: usize = 2_000;

/// How many lines are a passage, and the most passages that are kept of a file.
pub const PASSAGE: usize = 16;
const PASSAGES: usize = 160;

/// The longest that is kept of a definition's lines, in bytes.
const LINES: usize = 240;

/// A file that defines more than this is no mere collection of what others define.
const COLLECTION: usize = 60;

/// The most imports that are kept of such a file, and how much of it is searched for them.
const PASSED_ON: usize = 60;
const HEAD: usize = 16 * 1024;

/// The longest name that is kept.
const NAME: usize = 80;

impl FileSymbols {
    /// Reads what a text defines; nobody has looked for marks yet. Takes milliseconds for a long file.
    pub fn read(path: &str, tree: &SyntaxTree, text: &Rope) -> Self {
        let mut lines = String::new();
        let mut definitions = Vec::new();
        let mut owners: Vec<(usize, Arc<str>)> = Vec::new();
        for symbol in syntax::outline(tree, text, 0..text.len_bytes()) {
            while owners
                .last()
                .is_some_and(|(end, _)| *end <= symbol.range.start)
            {
                owners.pop();
            }
            let Some(shown) = defining_lines(text, &symbol).filter(|_| is_name(&symbol.name))
            else {
                continue;
            };
            let start = lines.len();
            lines.push_str(&shown);
            let name: Arc<str> = symbol.name.as_str().into();
            let written = symbol.owner.as_deref().map(Into::into);
            definitions.push(Definition {
                kind: symbol.kind,
                line: u32::try_from(text.byte_to_line(symbol.header.start)).unwrap_or(u32::MAX),
                text: offset(start)..offset(lines.len()),
                owner: written.or_else(|| owners.last().map(|(_, owner)| owner.clone())),
                reopens: symbol.reopens,
                name: name.clone(),
            });
            if matches!(symbol.kind, Kind::Type | Kind::Module) {
                owners.push((symbol.range.end, name));
            }
            if definitions.len() == DEFINITIONS {
                break;
            }
        }
        let passed_on = if definitions.len() <= COLLECTION {
            passed_on(tree, text)
        } else {
            Box::default()
        };
        let uses = uses(text);
        let (passages, ends) = passages(text, &uses);
        Self {
            path: path.into(),
            language: tree.language(),
            passed_on,
            definitions: definitions.into(),
            text: lines.into(),
            uses,
            passages,
            ends,
            marks: Marks::default(),
        }
    }

    /// Returns whether a name stands in the file.
    pub fn uses(&self, name: Name) -> bool {
        self.uses.binary_search(&name.0).is_ok()
    }

    /// Returns the names of each of its passages of [`PASSAGE`] lines, each name once.
    pub fn passages(&self) -> impl Iterator<Item = Passage<'_>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let ranges = starts.zip(self.ends.iter().copied());
        ranges.map(|(start, end)| Passage {
            uses: &self.uses,
            places: &self.passages[start as usize..end as usize],
        })
    }

    /// Returns which part of all names of two files stand in both.
    #[expect(clippy::cast_precision_loss, reason = "a file has far fewer names")]
    pub fn likeness(&self, other: &Self) -> f32 {
        let (mut common, mut at) = (0, 0);
        for name in &self.uses {
            while other.uses.get(at).is_some_and(|other| other < name) {
                at += 1;
            }
            common += usize::from(other.uses.get(at) == Some(name));
        }
        let all = self.uses.len() + other.uses.len() - common;
        common as f32 / all.max(1) as f32
    }

    /// Returns the lines of one of the definitions.
    pub fn lines(&self, definition: &Definition) -> &str {
        self.text
            .get(definition.text.start as usize..definition.text.end as usize)
            .unwrap_or_default()
    }
}

/// Returns the paths of the imports that pass on what they bring in.
fn passed_on(tree: &SyntaxTree, text: &Rope) -> Box<[Box<str>]> {
    let begins = tree.language().passes_on();
    if begins.is_empty() {
        return Box::default();
    }
    let imports = syntax::imports(tree, text, 0..HEAD).into_iter();
    let passing = imports.filter(|import| {
        let longest = begins.iter().map(|begin| begin.len()).max().unwrap_or(0);
        let end = floor(text, (import.range.start + longest).min(text.len_bytes()));
        let begin = text.get_byte_slice(floor(text, import.range.start)..end);
        let begin = begin.map(String::from).unwrap_or_default();
        begins.iter().any(|begins| begin.starts_with(begins))
    });
    let paths = passing.map(|import| import.path.into_boxed_str());
    paths.take(PASSED_ON).collect()
}

fn offset(byte: usize) -> u32 {
    // A file has a bounded number of definitions of bounded length.
    u32::try_from(byte).unwrap_or(u32::MAX)
}

/// Whether a definition's name is one that code can refer to.
fn is_name(name: &str) -> bool {
    (2..=NAME).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

/// Returns the lines that say what a definition is, without a line break at their end: its header from the start of its line to the end of
/// the header's last line, or as much as is kept.
fn defining_lines(text: &Rope, symbol: &Symbol) -> Option<String> {
    let first = text.byte_to_line(symbol.name_range.start);
    let last = text.byte_to_line(symbol.header.end.max(symbol.name_range.start));
    let end_of = |line: usize| text.line_to_byte((line + 1).min(text.len_lines()));
    let start = text.line_to_byte(first);
    let whole = start..end_of(last);
    let range = if whole.len() <= LINES {
        whole
    } else {
        start..end_of(first).min(start + LINES)
    };
    let slice = text.get_byte_slice(floor(text, range.start)..floor(text, range.end))?;
    let lines = String::from(slice);
    (!lines.trim().is_empty()).then(|| outdented(lines.trim_end()))
}

/// Takes from each line the blanks that the first begins with: how deep a definition stands says little, and costs tokens.
fn outdented(lines: &str) -> String {
    let blanks = &lines[..lines.len() - lines.trim_start_matches([' ', '\t']).len()];
    let mut out = String::with_capacity(lines.len());
    for (number, line) in lines.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        out.push_str(line.strip_prefix(blanks).unwrap_or(line));
    }
    out
}

/// Returns the names of each stretch of [`PASSAGE`] lines, as their places among those of the whole text, and where each stretch's end.
fn passages(text: &Rope, uses: &[u32]) -> (Box<[u16]>, Box<[u32]>) {
    let (mut all, mut ends) = (Vec::new(), Vec::new());
    for first in (0..text.len_lines()).step_by(PASSAGE).take(PASSAGES) {
        let last = (first + PASSAGE).min(text.len_lines());
        let lines = text.byte_slice(text.line_to_byte(first)..text.line_to_byte(last));
        let lines = String::from(lines);
        let place = |name: &str| {
            let place = uses.binary_search(&hash(name)).ok()?;
            // Nobody writes files with more names than that; the rest would not be found.
            u16::try_from(place).ok()
        };
        let names = super::table::names(&lines);
        let mut places: Vec<u16> = names.filter_map(|(_, name)| place(name)).collect();
        places.sort_unstable();
        places.dedup();
        all.extend(places);
        ends.push(offset(all.len()));
    }
    (all.into(), ends.into())
}

/// Returns a hash of each name in a text, sorted and without doubles.
fn uses(text: &Rope) -> Box<[u32]> {
    let mut hashes = Vec::new();
    let whole;
    let mut names =
        |part: &str| hashes.extend(super::table::names(part).map(|(_, name)| hash(name)));
    // Most files are one or two chunks, whose names a chunk's end may cut; the whole is a copy of half a megabyte at most.
    if text.chunks().nth(1).is_none() {
        text.chunks().for_each(&mut names);
    } else {
        whole = text.to_string();
        names(&whole);
    }
    hashes.sort_unstable();
    hashes.dedup();
    hashes.into()
}

/// Returns the hash of a name.
pub(super) fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
