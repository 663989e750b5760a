//! The places that are measured: stretches of code that use what another file defines, taken out of their file.

use std::collections::BTreeSet;
use std::path::Path;

use super::corpus::{Dice, Project, hash};
use super::meaning::{Defined, Use, can_mean};
use super::truth::{Truth, prose};

/// A stretch that is hidden.
pub struct Place<'a> {
    pub path: &'a Path,
    /// The file without it.
    pub text: String,
    /// Where it was.
    pub cursor: usize,
    /// What it was.
    pub hidden: String,
    /// The names in it that other files define.
    pub symbols: Vec<Symbol>,
}

/// A name that is used, and that other files define.
pub struct Symbol {
    pub name: String,
    /// Its defining lines.
    pub lines: Vec<String>,
    /// Whether it can mean one of them, by the language's rules.
    pub is_meant: bool,
}

/// Names that the languages' own libraries define, and that a project's definition of the same name is rarely meant by.
const COMMON: [&str; 48] = [
    "new", "len", "iter", "str", "bool", "get", "set", "Err", "Ok", "Some", "None", "Error",
    "Result", "Option", "String", "Vec", "Box", "value", "key", "update", "append", "add", "map",
    "filter", "from", "into", "clone", "push", "pop", "next", "list", "dict", "int", "type",
    "name", "index", "append", "join", "format", "parse", "read", "write", "print", "error",
    "string", "object", "as_ref", "is_empty",
];

/// How many places a file gives at most.
const OF_FILE: usize = 4;
/// How many a project gives at most.
const OF_PROJECT: usize = 60;

/// Chooses places of a project, always the same.
pub fn choose<'a>(project: &'a Project, truth: &Truth) -> Vec<Place<'a>> {
    let mut dice = Dice(hash(&project.name) | 1);
    let mut places = Vec::new();
    let mut order: Vec<usize> = (0..project.files.len()).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, dice.below(at + 1));
    }
    for number in order {
        let (path, text) = &project.files[number];
        let starts: Vec<usize> = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        if starts.len() < 20 {
            continue;
        }
        let prose = prose(project.language.id(), text);
        let mut taken = BTreeSet::new();
        for _ in 0..OF_FILE * 6 {
            if taken.len() == OF_FILE {
                break;
            }
            let line = dice.below(starts.len() - 1);
            let last = (line + 1 + dice.below(3)).min(starts.len() - 1);
            let stretch = &text[starts[line]..starts[last]];
            let indent = stretch.len() - stretch.trim_start_matches([' ', '\t']).len();
            let hidden = stretch[indent..].trim_end();
            if (line..last).any(|line| prose.contains(&line)) {
                continue;
            }
            if taken.contains(&line) || hidden.is_empty() || is_import(hidden) {
                continue;
            }
            let hidden_here = without_standard(project.language.id(), text, hidden);
            let cursor = starts[line] + indent;
            let bare: Vec<String> = hidden_here.lines().map(bare).collect();
            let used = Use {
                language: project.language.id(),
                path,
                before: &text[..cursor],
                hidden: &bare.join("\n"),
            };
            let symbols = symbols(project, truth, number, &used);
            if symbols.is_empty() {
                continue;
            }
            taken.insert(line);
            let rest = &text[cursor + hidden.len()..];
            places.push(Place {
                path,
                text: format!("{}{rest}", &text[..cursor]),
                cursor,
                hidden: hidden.to_owned(),
                symbols,
            });
        }
        if places.len() >= OF_PROJECT {
            break;
        }
    }
    places
}

fn is_import(text: &str) -> bool {
    let begins = [
        "use ",
        "pub use ",
        "pub(crate) use ",
        "import ",
        "from ",
        "export {",
        "export *",
        "mod ",
        "package ",
    ];
    text.lines().any(|line| {
        begins
            .iter()
            .any(|begin| line.trim_start().starts_with(begin))
    }) || text.trim_start().starts_with(['"', '`'])
}

/// Takes out what a stretch reaches through a package of the language's own library, where the imports say which those are: in Go.
fn without_standard(language: &str, text: &str, hidden: &str) -> String {
    let mut hidden = hidden.to_owned();
    if language == "go" {
        for line in text.lines().take(80) {
            let path = line.trim().trim_start_matches("import ").trim_matches('"');
            let first = path.split('/').next().unwrap_or(path);
            let is_standard = line.contains('"') && !first.contains('.') && !path.contains(' ');
            let name = path.rsplit('/').next().unwrap_or(path);
            if is_standard && !name.is_empty() {
                while let Some(at) = hidden.find(&format!("{name}.")) {
                    let end = at + name.len() + 1;
                    let rest = hidden[end..].find(|c: char| !c.is_alphanumeric() && c != '_');
                    let end = rest.map_or(hidden.len(), |rest| end + rest);
                    hidden.replace_range(at..end, " ");
                }
            }
        }
    }
    hidden
}

/// Returns the names in a stretch that other files define and its own does not.
fn symbols(project: &Project, truth: &Truth, own: usize, used: &Use<'_>) -> Vec<Symbol> {
    let names: BTreeSet<String> = words(used.hidden).into_iter().collect();
    // What every program of the language has is not meant to be the project's.
    let names = names
        .into_iter()
        .filter(|name| !COMMON.contains(&name.as_str()));
    let names = names.filter_map(|name| {
        let places = truth.names.get(&name)?;
        if places.iter().any(|(file, _)| *file == own) {
            return None;
        }
        let is_meant = places.iter().any(|(file, line)| {
            let (path, text) = &project.files[*file];
            can_mean(&name, used, &Defined { path, text, line })
        });
        Some(Symbol {
            lines: places.iter().map(|(_, line)| line.clone()).collect(),
            is_meant,
            name,
        })
    });
    names.collect()
}

/// Takes strings and comments out of a line, roughly.
fn bare(line: &str) -> String {
    let trimmed = line.trim_start();
    if trimmed.starts_with("//")
        || trimmed.starts_with('#')
        || trimmed.starts_with('*')
        || trimmed.starts_with("/*")
    {
        return String::new();
    }
    let mut out = String::new();
    let mut quote = None;
    let mut last = ' ';
    for c in line.chars() {
        match quote {
            Some(open) if c == open && last != '\\' => quote = None,
            None if c == '"' || c == '`' => quote = Some(c),
            None if c == '/' && last == '/' => break,
            None => out.push(c),
            Some(_) => {}
        }
        last = c;
    }
    out
}

fn words(line: &str) -> Vec<String> {
    let split = line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
    let names =
        split.filter(|name| name.len() > 1 && !name.starts_with(|c: char| c.is_ascii_digit()));
    names.map(str::to_owned).collect()
}
