//! Spans of real code to hide.

use std::path::{Path, PathBuf};

use super::corpus::Dice;

/// Where a span lies.
pub const KINDS: [&str; 5] = [
    "a line",
    "several lines",
    "to the line's end",
    "within a line",
    "within brackets",
];

/// A hidden span.
pub struct Span {
    pub file: String,
    pub language: &'static str,
    pub kind: &'static str,
    pub before: String,
    pub hidden: String,
    pub after: String,
}

impl Span {
    /// Returns the beginning of the cursor's line.
    pub fn line_before(&self) -> &str {
        self.before.rsplit('\n').next().unwrap_or_default()
    }

    /// Returns the rest of the cursor's line.
    pub fn line_after(&self) -> &str {
        self.after.split('\n').next().unwrap_or_default()
    }
}

/// Chooses spans, alike on every machine that has the same files.
pub fn spans(count: usize) -> Vec<Span> {
    let files = by_language();
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let mut spans = Vec::new();
    let mut tries = 0;
    while spans.len() < count && tries < count * 40 && !files.is_empty() {
        tries += 1;
        let (language, paths) = &files[dice.below(files.len())];
        let path = &paths[dice.below(paths.len())];
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        if text.contains('\r') || text.len() > 400_000 || !text.is_ascii() {
            continue;
        }
        let kind = KINDS[spans.len() % KINDS.len()];
        let Some((start, end)) = place(&text, kind, &mut dice) else {
            continue;
        };
        spans.push(Span {
            file: path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            language,
            kind,
            before: text[..start].to_owned(),
            hidden: text[start..end].to_owned(),
            after: text[end..].to_owned(),
        });
    }
    spans
}

/// Finds files, some languages more often than others as the machine has them, but each language alike.
fn by_language() -> Vec<(&'static str, Vec<PathBuf>)> {
    const LANGUAGES: [(&str, &[&str]); 11] = [
        ("rust", &["rs"]),
        ("python", &["py"]),
        ("javascript", &["js", "mjs"]),
        ("typescript", &["ts"]),
        ("go", &["go"]),
        ("c", &["c", "h"]),
        ("cpp", &["cpp", "cc", "hpp"]),
        ("java", &["java"]),
        ("lua", &["lua"]),
        ("ruby", &["rb"]),
        ("bash", &["sh"]),
    ];
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let mut roots: Vec<PathBuf> = cargo
        .map(|home| home.join("registry/src"))
        .into_iter()
        .collect();
    for root in ["/usr/lib", "/usr/local/lib", "/usr/share", "/opt"] {
        roots.push(root.into());
    }
    let mut files = Vec::new();
    for root in roots {
        walk(&root, 0, &mut files);
    }
    let with = |endings: &[&str]| {
        let is_one = |path: &&PathBuf| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            extension.is_some_and(|extension| endings.contains(&extension))
        };
        files.iter().filter(is_one).cloned().collect::<Vec<_>>()
    };
    LANGUAGES
        .iter()
        .map(|(language, endings)| (*language, with(endings)))
        .filter(|(_, paths)| !paths.is_empty())
        .collect()
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    const DEEPEST: usize = 9;
    if depth > DEEPEST {
        return;
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            walk(&path, depth + 1, files);
        } else {
            files.push(path);
        }
    }
}

pub fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn place(text: &str, kind: &str, dice: &mut Dice) -> Option<(usize, usize)> {
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    if starts.len() < 40 {
        return None;
    }
    let index = 10 + dice.below(starts.len() - 20);
    let start = starts[index];
    let line = text[start..starts[index + 1] - 1].trim_end();
    let body = line.trim_start();
    let is_prose = ["//", "#", "*", "/*", "\"\"\"", "--"]
        .iter()
        .any(|sign| body.starts_with(sign));
    if !(8..=110).contains(&body.len()) || is_prose {
        return None;
    }
    let (content, end) = (start + indent(line), start + line.len());
    let goes_on = |text: &str| text.ends_with(['{', '(', '[', ':', ',', '\\']);
    let closes = body.starts_with(['}', ')', ']']);
    match kind {
        "a line" => (!goes_on(body) && !closes).then_some((content, end)),
        "several lines" if !closes => several(text, &starts, index, content, dice),
        "to the line's end" => {
            let at = content + 3 + dice.below(body.len() - 5);
            let rest = &text[at..end];
            (rest.trim().len() >= 3 && !goes_on(rest)).then_some((at, end))
        }
        "within a line" => within(text, content, end, dice),
        "within brackets" => {
            let open = line.find('(')?;
            let close = open + line[open..].find(')')?;
            let inner = &line[open + 1..close];
            (!inner.contains('(') && inner.trim().len() >= 3)
                .then_some((start + open + 1, start + close))
        }
        _ => None,
    }
}

/// Takes statements that stand at one depth, with the blocks between them whole.
fn several(
    text: &str,
    starts: &[usize],
    index: usize,
    content: usize,
    dice: &mut Dice,
) -> Option<(usize, usize)> {
    let line = |index: usize| text[starts[index]..starts[index + 1] - 1].trim_end();
    let base = indent(line(index));
    let wanted = 2 + dice.below(4);
    let mut last = index;
    while last + 2 < starts.len() && last - index < wanted {
        let next = line(last + 1);
        if next.trim().is_empty() {
            return None;
        }
        if indent(next) < base {
            break;
        }
        last += 1;
    }
    let end = starts[last] + line(last).len();
    let hidden = &text[content..end];
    let is_balanced = [('(', ')'), ('{', '}'), ('[', ']')]
        .iter()
        .all(|(open, close)| hidden.matches(*open).count() == hidden.matches(*close).count());
    let is_whole = indent(line(last)) == base && !line(last).ends_with(':');
    (last > index && is_balanced && is_whole).then_some((content, end))
}

/// Takes a part out of a line, at the borders of words, with words behind it.
fn within(text: &str, content: usize, end: usize, dice: &mut Dice) -> Option<(usize, usize)> {
    let length = end - content;
    let from = 2 + dice.below(length - 6);
    let start = content + from;
    let stop = start + 3 + dice.below((length - from - 2).min(30));
    if stop >= end {
        return None;
    }
    let (hidden, after) = (&text[start..stop], &text[stop..end]);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let joins = |left: &str, right: &str| left.ends_with(is_word) && right.starts_with(is_word);
    let is_clean = !joins(&text[..start], hidden) && !joins(hidden, after);
    let is_tight = !hidden.starts_with(' ') && !hidden.ends_with(' ');
    (is_clean && is_tight && after.contains(is_word)).then_some((start, stop))
}
