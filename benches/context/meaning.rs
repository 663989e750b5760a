//! Whether a name in a hidden stretch can mean a definition of the same name elsewhere, by its language's own rules of what is seen where.
//!
//! A definition's name is often also that of a local variable, of a field, or of something in a package that is not imported; no prompt should
//! show those. Like the truth itself this is read line by line, without the program's own parser.

use std::path::Path;

/// How many lines before the cursor are searched for local names.
const LINES: usize = 80;

/// Where a name is used.
pub struct Use<'a> {
    pub language: &'a str,
    /// The file, and what stands in it before the stretch.
    pub path: &'a Path,
    pub before: &'a str,
    /// The stretch, without strings and comments.
    pub hidden: &'a str,
}

/// Where a name is defined.
pub struct Defined<'a> {
    pub path: &'a Path,
    /// The whole file, and the line.
    pub text: &'a str,
    pub line: &'a str,
}

/// Returns whether a name means a definition, at least at one of the places where it stands in the stretch.
pub fn can_mean(name: &str, used: &Use<'_>, defined: &Defined<'_>) -> bool {
    let is_package = used.language == "go";
    let is_same_package = used.path.parent() == defined.path.parent();
    if is_package && !is_same_package && !name.starts_with(char::is_uppercase) {
        return false;
    }
    let is_test = |path: &Path| path.to_string_lossy().ends_with("_test.go");
    if is_package && is_test(defined.path) && !is_test(used.path) {
        return false;
    }
    words(used.hidden, name).any(|at| {
        let (before, behind) = (&used.hidden[..at], &used.hidden[at + name.len()..]);
        let line = before.rsplit('\n').next().unwrap_or_default();
        if is_key(used.language, line, behind) {
            return false;
        }
        let trimmed = before.trim_end();
        let through = trimmed.ends_with("::") || trimmed.ends_with("->");
        let dotted = trimmed.ends_with('.');
        if is_member(used.language, defined.line) {
            let package = dotted && is_package && imports_as(used, qualifier(trimmed), defined);
            let again = ["fn", "def"].iter().any(|word| trimmed.ends_with(word));
            return (dotted && !package) || through || again;
        }
        if through {
            return true;
        }
        if dotted {
            let qualifier = qualifier(trimmed);
            return match used.language {
                "rust" => false,
                "go" => imports_as(used, qualifier, defined),
                _ => imported(used.before, qualifier),
            };
        }
        let earlier = format!("{}{before}", last_lines(used.before));
        (!is_package || is_same_package) && !is_local(used.language, name, &earlier)
    })
}

/// Whether a name is the key of a value: a field in a literal, an argument by name.
fn is_key(language: &str, line: &str, behind: &str) -> bool {
    let is_case = line.trim_start().starts_with("case") || line.contains('?');
    match language {
        "python" => {
            behind.starts_with('=')
                && !behind.starts_with("==")
                && line.trim_end().ends_with(['(', ','])
        }
        _ => {
            behind.starts_with(':')
                && !behind.starts_with("::")
                && !behind.starts_with(":=")
                && !is_case
        }
    }
}

/// Whether a definition belongs to a type, so that it is reached through a value.
fn is_member(language: &str, line: &str) -> bool {
    match language {
        "go" => line.starts_with("func ("),
        "rust" => line.contains("fn ") && (line.contains("self,") || line.contains("self)")),
        "python" => line.contains("(self") || line.contains("(cls"),
        _ => {
            let words = [
                "export",
                "function",
                "const",
                "let",
                "var",
                "class",
                "interface",
                "type",
                "enum",
                "abstract",
                "declare",
                "async function",
                "namespace",
            ];
            !words.iter().any(|word| line.starts_with(word))
        }
    }
}

/// Whether a name before a dot is that of the definition's package, which the file imports.
fn imports_as(used: &Use<'_>, name: &str, defined: &Defined<'_>) -> bool {
    let clause = defined
        .text
        .lines()
        .find_map(|line| line.strip_prefix("package "));
    let package = clause.unwrap_or_default().trim();
    let folder = defined.path.parent().and_then(Path::file_name);
    let folder = folder
        .and_then(|folder| folder.to_str())
        .unwrap_or_default();
    let alias = used.before.lines().take(80).any(|line| {
        let line = line.trim().trim_start_matches("import ");
        line.starts_with(&format!("{name} \"")) && line.contains(folder)
    });
    alias || (name == package && imported(used.before, folder))
}

/// Whether an import near the beginning of a file names something.
fn imported(text: &str, name: &str) -> bool {
    let lines = text.lines().take(120);
    let mut imports = lines.filter(|line| line.contains("import") || line.contains('"'));
    !name.is_empty() && imports.any(|line| words(line, name).next().is_some())
}

/// Whether a name is bound in these lines: as a variable or a parameter.
fn is_local(language: &str, name: &str, lines: &str) -> bool {
    lines.lines().any(|line| {
        words(line, name).any(|at| {
            let (before, behind) = (line[..at].trim_end(), &line[at + name.len()..]);
            let first = before.rsplit([' ', '\t', '(']).next().unwrap_or_default();
            let indented = line.starts_with([' ', '\t']);
            let next = behind.trim_start();
            let binds = ["let", "mut", "const", "var", "for", "ref", "as"].contains(&first);
            let assigned = match language {
                "go" => behind.contains(":=") && !before.contains(":=") && !before.contains('.'),
                "python" => next.starts_with('=') && !next.starts_with("==") && before.is_empty(),
                _ => false,
            };
            if (binds || assigned) && indented {
                return true;
            }
            let makes = [
                "fn ",
                "func",
                "def ",
                "function",
                "=>",
                "lambda",
                "constructor",
                "|",
            ];
            let begins = before.ends_with(['(', ',', '|']) || before.is_empty();
            let ends = match language {
                "go" => behind.starts_with([' ', ',']),
                _ => next.starts_with([':', ',', ')', '=', '?', '|']) && !next.starts_with("::"),
            };
            begins && ends && makes.iter().any(|word| line.contains(word))
        })
    })
}

fn qualifier(before: &str) -> &str {
    let rest = before.trim_end_matches('.').trim_end();
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    &rest[rest.trim_end_matches(is_part).len()..]
}

fn last_lines(text: &str) -> &str {
    let starts = text.rmatch_indices('\n').nth(LINES);
    &text[starts.map_or(0, |(at, _)| at)..]
}

/// Returns where a word stands in a text.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            let before = text[..*at].chars().next_back();
            let behind = text[at + word.len()..].chars().next();
            !before.is_some_and(is_part) && !behind.is_some_and(is_part)
        })
}
