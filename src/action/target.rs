//! Which lines an action is about.
//!
//! Entry point: [`target`]. Everything here looks at a bounded part of the text, since editors ask after every move of the cursor.

use std::cell::OnceCell;
use std::ops::Range;

use ropey::Rope;

use super::catalogue::{Action, Applies};
use super::other;
use crate::config::{CustomAction, CustomNode, CustomOutput};
use crate::document::floor;
use crate::session::Snapshot;
use crate::syntax::{self, Kind, Language, Layout, Place, Scope};

/// A larger region is not sent to be written anew.
pub const MOST_BYTES: usize = 24 * 1024;

/// How many lines round a diagnostic are shown as the region where no definition encloses it.
const LINES_ROUND: usize = 5;

/// How many lines above a definition are looked through for its comment: attributes stand between.
const LINES_ABOVE: usize = 8;

/// What somebody else complains about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The complaint.
    pub message: String,
    /// Where it was seen.
    pub range: Range<usize>,
}

/// The lines that an action is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The lines, from the start of the first to the end of the last, its line break left out.
    pub lines: Range<usize>,
    /// What the user selected, if that is less than the lines.
    pub selected: Option<Range<usize>>,
    /// What is defined there, in a few words.
    pub name: String,
    /// Where a comment on it belongs, and by what it is indented.
    pub comment: Option<CommentPlace>,
}

/// Where a comment is inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentPlace {
    /// The start of a line.
    pub at: usize,
    /// What its lines begin with.
    pub indent: String,
}

/// A place in a document, looked at once for all actions.
pub struct Site<'a> {
    snapshot: &'a Snapshot,
    diagnostics: &'a [Diagnostic],
    selection: Range<usize>,
    selected: Option<Range<usize>>,
    /// The definition round the selection's start, and that round the first diagnostic; each is looked for when somebody asks.
    definition: OnceCell<Option<Scope>>,
    complained: OnceCell<Option<Scope>>,
}

/// Returns what an action is about at a place, or `None` where it makes no sense.
pub fn target(
    snapshot: &Snapshot,
    action: &Action,
    selection: &Range<usize>,
    diagnostics: &[Diagnostic],
) -> Option<Target> {
    Site::new(snapshot, selection, diagnostics).target(action)
}

impl<'a> Site<'a> {
    /// Looks at a place.
    pub fn new(
        snapshot: &'a Snapshot,
        selection: &Range<usize>,
        diagnostics: &'a [Diagnostic],
    ) -> Self {
        let selection = within(&snapshot.text, selection);
        let selected = is_selection(&snapshot.text, &selection).then(|| selection.clone());
        Self {
            snapshot,
            diagnostics,
            selection,
            selected,
            definition: OnceCell::new(),
            complained: OnceCell::new(),
        }
    }

    /// Returns what an action is about here, or `None` where it makes no sense.
    pub fn target(&self, action: &Action) -> Option<Target> {
        let text = &self.snapshot.text;
        match action.applies {
            Applies::Stub => {
                let scope = self.definition()?;
                let is_function = matches!(scope.kind, Kind::Function | Kind::Method);
                (is_function && is_stub(text, scope)).then(|| of_scope(text, scope))?
            }
            Applies::Undocumented => {
                let scope = self.definition()?;
                let mut target = of_scope(text, scope)?;
                target.comment = Some(comment_place(self.snapshot, scope)?);
                Some(target)
            }
            Applies::Diagnostic => {
                let first = self.diagnostics.first()?;
                if let Some(selected) = &self.selected {
                    return of_lines(text, selected, Some(selected.clone()));
                }
                let target = self
                    .complained(first)
                    .and_then(|scope| of_scope(text, scope));
                let holds = |target: &Target| {
                    let lines = &target.lines;
                    let mut all = self.diagnostics.iter().map(|it| &it.range);
                    all.all(|range| lines.start <= range.start && range.end <= lines.end)
                };
                target
                    .filter(holds)
                    .or_else(|| round(text, self.diagnostics))
            }
            Applies::Problems => {
                self.diagnostics.first()?;
                let whole = of_lines(text, &(0..text.len_bytes()), None);
                let mut target = whole.or_else(|| round(text, self.diagnostics))?;
                target.name = "the file".into();
                Some(target)
            }
            Applies::Code | Applies::Anything => self.code(),
            Applies::Untyped => {
                let language = self.snapshot.language?;
                language.has_optional_types().then(|| self.code())?
            }
            Applies::Commented => {
                let language = self.snapshot.tree.as_ref()?.language();
                let target = self.code()?;
                let region = String::from(text.byte_slice(target.lines.clone()));
                let marks = [
                    language.line_comment(),
                    language.block_comment().map(|it| it.0),
                ];
                let mut marks = marks.into_iter().flatten();
                marks.any(|mark| region.contains(mark)).then_some(target)
            }
            Applies::Name => {
                let name =
                    syntax::name_at(self.snapshot.tree.as_ref()?, text, self.selection.start)?;
                if self.selection.end > name.end {
                    return None;
                }
                let scope = self.definition().and_then(|scope| of_scope(text, scope));
                let mut target = scope.or_else(|| of_lines(text, &name, None))?;
                target.name = format!("`{}`", text.byte_slice(name.clone()));
                target.selected = Some(name);
                Some(target)
            }
            Applies::Own => self.own(action.own.as_ref()?),
            Applies::Testable => {
                let scope = self.definition()?;
                let is_function = matches!(scope.kind, Kind::Function | Kind::Method);
                let has_place = !other::test_paths(self.snapshot).is_empty();
                (is_function && has_place).then(|| of_scope(text, scope))?
            }
            Applies::Project => {
                other::relative(self.snapshot)?;
                self.code()
            }
            Applies::Changes => self.changes("the git diff"),
            Applies::Staged if is_message(self.snapshot) => {
                let end = message_end(text);
                let mut target = of_lines(text, &(0..end), None)?;
                target.lines = 0..end;
                target.name = "the staged changes".into();
                Some(target)
            }
            Applies::Staged => self.changes("the staged changes"),
        }
    }

    /// Returns the selected lines, else the definition round the cursor, else the lines round what is complained about.
    fn code(&self) -> Option<Target> {
        let text = &self.snapshot.text;
        if let Some(selected) = &self.selected {
            return of_lines(text, selected, Some(selected.clone()));
        }
        let scope = self.definition().and_then(|scope| of_scope(text, scope));
        scope.or_else(|| round(text, self.diagnostics))
    }

    /// Returns what an action of the user's own is about, by their rules.
    fn own(&self, own: &CustomAction) -> Option<Target> {
        let options = &own.options;
        let language = self.snapshot.language.map(Language::id);
        let is_for_language = options.languages.is_empty()
            || options
                .languages
                .iter()
                .any(|it| Some(it.as_str()) == language);
        let path = other::relative(self.snapshot);
        let path = path.as_deref().unwrap_or(self.snapshot.file_name());
        let mut messages = self.diagnostics.iter().map(|it| it.message.as_str());
        let has_message = options
            .diagnostics
            .as_deref()
            .is_none_or(|text| messages.any(|it| it.contains(text)));
        let needs_folder = options.output == CustomOutput::NewFile;
        if !is_for_language
            || !has_message
            || !own.is_for(path)
            || (needs_folder && self.snapshot.folder.is_none())
        {
            return None;
        }
        let is_in = |node: &CustomNode| {
            let kind = self.definition().map(|scope| scope.kind);
            match node {
                CustomNode::Function => matches!(kind, Some(Kind::Function | Kind::Method)),
                CustomNode::Type => kind == Some(Kind::Type),
                CustomNode::Module => kind == Some(Kind::Module),
            }
        };
        if !options.nodes.is_empty() && !options.nodes.iter().any(is_in) {
            return None;
        }
        self.code()
    }

    /// Returns the cursor's place, for what is not about the text there.
    fn changes(&self, name: &str) -> Option<Target> {
        self.snapshot.folder.as_ref()?;
        let at = self.selection.start;
        Some(Target {
            lines: at..at,
            selected: None,
            name: name.into(),
            comment: None,
        })
    }

    fn complained(&self, first: &Diagnostic) -> Option<&Scope> {
        // Most often the cursor is where the complaint begins.
        if first.range.start == self.selection.start {
            return self.definition();
        }
        let found = || definition(self.snapshot, first.range.start);
        self.complained.get_or_init(found).as_ref()
    }

    fn definition(&self) -> Option<&Scope> {
        let found = || definition(self.snapshot, self.selection.start);
        self.definition.get_or_init(found).as_ref()
    }
}

/// Returns whether a document is the text of a commit's message, which git has the user edit.
pub fn is_message(snapshot: &Snapshot) -> bool {
    snapshot.file_name() == "COMMIT_EDITMSG"
}

/// How many lines of a commit's message are looked through for git's own words below it.
const MESSAGE_LINES: usize = 1000;

/// Returns where a commit's message ends and git's own words begin.
fn message_end(text: &Rope) -> usize {
    let mut lines = (0..text.len_lines().min(MESSAGE_LINES)).map(|line| text.line_to_byte(line));
    lines
        .find(|start| text.bytes_at(*start).next() == Some(b'#'))
        .unwrap_or(text.len_bytes())
}

/// Returns whether something is selected, rather than the character under a block cursor or white space.
fn is_selection(text: &Rope, selection: &Range<usize>) -> bool {
    let chars = text.byte_to_char(selection.end) - text.byte_to_char(selection.start);
    chars > 1
        && text
            .byte_slice(selection.clone())
            .chars()
            .any(|c| !c.is_whitespace())
}

/// Returns the innermost function round a place, else the innermost type or other definition.
fn definition(snapshot: &Snapshot, at: usize) -> Option<Scope> {
    let tree = snapshot.tree.as_ref()?;
    let text = &snapshot.text;
    let at = floor(text, at);
    let line = text.line_to_byte(text.byte_to_line(at));
    let blank: usize = text
        .bytes_at(line)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .take(200)
        .count();
    // A cursor before the first word of a definition's line means the definition.
    let word = (line + blank + 1).min(text.len_bytes());
    let mut found: Vec<Scope> = [at, word]
        .into_iter()
        .flat_map(|place| syntax::enclosing_scopes(tree, text, place))
        .filter(|scope| scope.kind != Kind::Block && scope.range.start <= at.max(word))
        .collect();
    found.sort_by_key(|scope| {
        let is_function = matches!(scope.kind, Kind::Function | Kind::Method);
        (!is_function, scope.range.len())
    });
    found.into_iter().next()
}

/// What stands for code that is still to be written, in lower case.
const STUBS: [&str; 7] = [
    "todo",
    "fixme",
    "unimplemented",
    "notimplemented",
    "not implemented",
    "unsupportedoperationexception",
    "xxx:",
];

fn is_stub(text: &Rope, scope: &Scope) -> bool {
    let Some(body) = &scope.body else {
        return false;
    };
    if body.len() > MOST_BYTES {
        return false;
    }
    let body = String::from(text.byte_slice(within(text, body))).to_lowercase();
    let bare = body.trim_matches(|c: char| c.is_whitespace() || "{}:;".contains(c));
    bare.is_empty()
        || matches!(bare, "pass" | "..." | "end")
        || STUBS.iter().any(|stub| body.contains(stub))
}

/// Returns where the comment of a definition belongs, or `None` if it has one.
fn comment_place(snapshot: &Snapshot, scope: &Scope) -> Option<CommentPlace> {
    let text = &snapshot.text;
    let tree = snapshot.tree.as_ref()?;
    let is_inside = tree.language().layout() == Layout::Indentation;
    if is_inside {
        // The first statement of the body, if that is on a line of its own.
        let first = first_line(text, scope.body.as_ref()?, scope.header.end)?;
        if syntax::place(tree, text, first.code + 1) == Place::String {
            return None;
        }
        return Some(first.place);
    }
    let line = text.byte_to_line(scope.range.start);
    let above = (line.saturating_sub(LINES_ABOVE)..line).rev();
    for above in above {
        let start = text.line_to_byte(above);
        let end = text.line_to_byte(above + 1).min(start + 400);
        let shown = String::from(text.byte_slice(floor(text, start)..floor(text, end)));
        let trimmed = shown.trim_start();
        if trimmed.starts_with("#[") || trimmed.starts_with('@') {
            continue;
        }
        let first = start + shown.len() - trimmed.len();
        if !trimmed.is_empty() && syntax::place(tree, text, first + 1) == Place::Comment {
            return None;
        }
        break;
    }
    let start = text.line_to_byte(line);
    Some(CommentPlace {
        at: start,
        indent: indent_at(text, start),
    })
}

struct FirstLine {
    place: CommentPlace,
    code: usize,
}

fn first_line(text: &Rope, body: &Range<usize>, header_end: usize) -> Option<FirstLine> {
    let header_line = text.byte_to_line(header_end.min(text.len_bytes()));
    let last = text.byte_to_line(body.end.min(text.len_bytes()));
    let line = (header_line + 1..=last).find(|line| {
        let line = text.line(*line);
        line.chars().take(400).any(|c| !c.is_whitespace())
    })?;
    let at = text.line_to_byte(line);
    let indent = indent_at(text, at);
    Some(FirstLine {
        code: at + indent.len(),
        place: CommentPlace { at, indent },
    })
}

fn indent_at(text: &Rope, line: usize) -> String {
    text.bytes_at(line)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .take(200)
        .map(char::from)
        .collect()
}

/// Returns the lines of a range as what an action is about.
pub fn of_range(text: &Rope, range: &Range<usize>) -> Option<Target> {
    of_lines(text, range, None)
}

fn of_scope(text: &Rope, scope: &Scope) -> Option<Target> {
    let mut target = of_lines(text, &scope.range, None)?;
    if let Some(name) = &scope.name {
        target.name = format!("{} {name}", scope.kind.word());
    }
    Some(target)
}

fn of_lines(text: &Rope, range: &Range<usize>, selected: Option<Range<usize>>) -> Option<Target> {
    let range = within(text, range);
    let first = text.byte_to_line(range.start);
    let mut last = text.byte_to_line(range.end);
    // A selection that ends at a line's start does not take that line in.
    if last > first && text.line_to_byte(last) == range.end {
        last -= 1;
    }
    let lines = text.line_to_byte(first)..line_end(text, last);
    let name = if first == last {
        format!("line {}", first + 1)
    } else {
        format!("lines {} to {}", first + 1, last + 1)
    };
    (lines.len() <= MOST_BYTES).then(|| Target {
        selected: selected.filter(|selected| *selected != lines),
        lines,
        name,
        comment: None,
    })
}

fn round(text: &Rope, diagnostics: &[Diagnostic]) -> Option<Target> {
    let first = diagnostics.iter().map(|it| it.range.start).min()?;
    let last = diagnostics.iter().map(|it| it.range.end).max()?;
    let all = within(text, &(first..last));
    let first = text.byte_to_line(all.start).saturating_sub(LINES_ROUND);
    let last = (text.byte_to_line(all.end) + LINES_ROUND).min(text.len_lines() - 1);
    let range = text.line_to_byte(first)..line_end(text, last);
    of_lines(text, &range, None)
}

/// Returns where a line ends, before its line break.
fn line_end(text: &Rope, line: usize) -> usize {
    if line + 1 >= text.len_lines() {
        return text.len_bytes();
    }
    let start = text.line_to_byte(line);
    let next = text.line_to_byte(line + 1);
    let breaks = text
        .bytes_at(next)
        .reversed()
        .take(2)
        .take_while(|byte| matches!(byte, b'\n' | b'\r'));
    let mut length = 0;
    for (index, byte) in breaks.enumerate() {
        // Only `\r\n` is two bytes; `\n\n` would be another line's.
        if index == 1 && byte != b'\r' {
            break;
        }
        length += 1;
        if byte == b'\r' {
            break;
        }
    }
    (next - length).max(start)
}

fn within(text: &Rope, range: &Range<usize>) -> Range<usize> {
    let start = floor(text, range.start);
    start..floor(text, range.end).max(start)
}
