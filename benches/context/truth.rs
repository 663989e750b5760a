//! What a project defines, read line by line and without the program's own parser, so that the program is not its own judge.

use std::collections::{BTreeMap, BTreeSet};

use super::corpus::Project;

/// Where each name is defined: the file's number and the line.
pub struct Truth {
    pub names: BTreeMap<String, BTreeSet<(usize, String)>>,
}

/// Reads all definitions.
pub fn read(project: &Project) -> Truth {
    let mut names: BTreeMap<String, BTreeSet<(usize, String)>> = BTreeMap::new();
    for (number, (_, text)) in project.files.iter().enumerate() {
        for (name, line) in definitions(project.language.id(), text) {
            names.entry(name).or_default().insert((number, line));
        }
    }
    Truth { names }
}

/// Returns each definition of a text: its name and its line.
fn definitions(language: &str, text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut group = "";
    let prose = prose(language, text);
    for (number, line) in text.lines().enumerate() {
        // Templates of code define nothing themselves.
        if prose.contains(&number) || (language == "rust" && line.contains('#')) {
            continue;
        }
        // A name in a list of imports, and a text that stands alone, define nothing.
        let listed = language == "typescript" && line.ends_with(',');
        if listed || (language == "python" && line.trim_start().starts_with('"')) {
            continue;
        }
        let trimmed = line.trim();
        let indented = line.starts_with([' ', '\t']);
        let mut put = |name: Option<&str>| {
            let name = name.filter(|name| name.len() > 1);
            found.extend(name.map(|name| (name.to_owned(), trimmed.to_owned())));
        };
        match language {
            "rust" => put(after(
                trimmed,
                &[
                    "fn",
                    "struct",
                    "enum",
                    "trait",
                    "type",
                    "const",
                    "static",
                    "mod",
                    "union",
                    "macro_rules!",
                ],
                &[
                    "pub", "async", "unsafe", "default", "extern", "const", "mut",
                ],
            )),
            "python" => {
                put(after(trimmed, &["def", "class"], &["async"]));
                if !indented {
                    put(assigned(trimmed));
                }
            }
            "go" => {
                if group.is_empty() {
                    if let Some(rest) = trimmed.strip_prefix("func (") {
                        put(rest.split_once(')').and_then(|(_, rest)| word(rest.trim())));
                    } else {
                        put(after(line, &["func", "type", "const", "var"], &[]));
                    }
                    let opens = |word: &str| line == format!("{word} (");
                    group = ["const", "var", "type"]
                        .into_iter()
                        .find(|word| opens(word))
                        .unwrap_or("");
                } else if trimmed == ")" && !indented {
                    group = "";
                } else if line.starts_with('\t') && !line[1..].starts_with(['\t', ' ', '/']) {
                    put(word(trimmed));
                }
            }
            _ => {
                let modifiers = ["export", "default", "declare", "abstract", "async"];
                let words = [
                    "function",
                    "function*",
                    "class",
                    "interface",
                    "type",
                    "enum",
                    "namespace",
                ];
                put(after(trimmed, &words, &modifiers));
                if indented {
                    put(method(trimmed));
                } else {
                    put(after(trimmed, &["const", "let", "var"], &modifiers));
                }
            }
        }
    }
    found
}

/// Returns the lines that are within a text of several lines, where a language has such: in Python, its documentation.
pub fn prose(language: &str, text: &str) -> BTreeSet<usize> {
    let mut lines = BTreeSet::new();
    let mut within = false;
    for (number, line) in text.lines().enumerate() {
        let marks = line.matches("\"\"\"").count() + line.matches("'''").count();
        if within || marks > 0 {
            lines.insert(number);
        }
        within ^= marks % 2 == 1;
    }
    if language == "python" {
        lines
    } else {
        BTreeSet::new()
    }
}

/// Returns the name behind one of `words`, where only `modifiers` stand before it.
fn after<'a>(line: &'a str, words: &[&str], modifiers: &[&str]) -> Option<&'a str> {
    let mut rest = line;
    loop {
        let (first, more) = rest.split_once([' ', '\t'])?;
        let bare = first.split('(').next().unwrap_or(first);
        let more = more.trim_start();
        // `const fn` is a function, `const NAME` a constant.
        let is_modifier =
            modifiers.contains(&bare) || first.starts_with('"') || first.ends_with(')');
        let next = more.split([' ', '\t']).next().unwrap_or("");
        if words.contains(&first) && !words.contains(&next) && !modifiers.contains(&next) {
            return word(more);
        }
        if !is_modifier && !words.contains(&first) {
            return None;
        }
        rest = more;
    }
}

fn assigned(line: &str) -> Option<&str> {
    let name = word(line)?;
    let rest = line[name.len()..].trim_start();
    let is_value = rest.starts_with('=') && !rest.starts_with("==");
    let is_typed = rest.starts_with(": ") && rest.contains('=');
    (is_value || is_typed).then_some(name)
}

fn method(line: &str) -> Option<&str> {
    let mut rest = line;
    for modifier in [
        "public ",
        "private ",
        "protected ",
        "static ",
        "override ",
        "async ",
        "get ",
        "set ",
    ] {
        rest = rest.strip_prefix(modifier).unwrap_or(rest);
    }
    let name = word(rest)?;
    let behind = &rest[name.len()..];
    let is_call = [
        "if", "for", "while", "switch", "catch", "return", "function", "super",
    ]
    .contains(&name);
    (!is_call && behind.starts_with(['(', '<']) && line.ends_with('{') && !line.contains("=>"))
        .then_some(name)
}

fn word(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
    let name = &text[..end.unwrap_or(text.len())];
    (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
}
