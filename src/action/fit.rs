//! Brings a new text into the file's own form: its indentation, its line breaks, its ends.
//!
//! Entry point: [`fit`]. Models dedent what they are shown, change tabs for spaces, and put blank lines around.

use crate::syntax::{Indent, Language};

/// Returns `new` as the file would have it in the place of `old`. Both have `\n` for line breaks; `language` says what to assume.
pub fn fit(new: &str, old: &str, language: Option<Language>) -> String {
    let keeps_ends = language.is_some_and(|language| language.id() == "markdown");
    let old_lines: Vec<&str> = old.split('\n').collect();
    let (front, back) = blank_ends(&old_lines);
    let new_lines: Vec<&str> = new.split('\n').collect();
    let (cut_front, cut_back) = blank_ends(&new_lines);
    let inner = &new_lines[cut_front..new_lines.len() - cut_back];
    let old_inner = &old_lines[front..old_lines.len() - back];
    let lines: Vec<String> = in_style(inner, old_inner, language)
        .into_iter()
        .map(|line| {
            // Spaces at a line's end are somebody's slip, unless they were there before.
            let is_old = old_inner.contains(&line.as_str());
            if is_old || keeps_ends {
                line
            } else {
                line.trim_end().to_owned()
            }
        })
        .collect();
    let lines = placed(&lines, old_inner);
    let kept = |range: &[&str]| {
        range
            .iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<_>>()
    };
    let all = [
        kept(&old_lines[..front]),
        lines,
        kept(&old_lines[old_lines.len() - back..]),
    ];
    all.concat().join("\n")
}

/// Returns how many lines at either end are blank; of a text that is all blank, none at its end.
fn blank_ends(lines: &[&str]) -> (usize, usize) {
    let is_blank = |line: &&&str| line.trim().is_empty();
    let front = lines.iter().take_while(is_blank).count();
    let back = lines[front..].iter().rev().take_while(is_blank).count();
    (front, back)
}

fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

fn filled(lines: &[impl AsRef<str>]) -> impl Iterator<Item = &str> {
    lines
        .iter()
        .map(AsRef::as_ref)
        .filter(|line| !line.trim().is_empty())
}

/// Makes leading tabs spaces or leading spaces tabs, as the old lines have them.
fn in_style(lines: &[&str], old: &[&str], language: Option<Language>) -> Vec<String> {
    let tabs = |lines: &[&str]| filled(lines).any(|line| line.starts_with('\t'));
    let spaces = |lines: &[&str]| filled(lines).any(|line| line.starts_with(' '));
    let own = || lines.iter().map(|line| (*line).to_owned()).collect();
    let unit = |lines: &[&str]| {
        let widths = filled(lines)
            .map(|line| indent(line).len())
            .filter(|width| *width > 1);
        widths.min().unwrap_or(4).min(8)
    };
    let wants_tabs =
        tabs(old) || (!spaces(old) && language.is_some_and(|it| it.indent() == Indent::Tab));
    if wants_tabs && !spaces(old) && spaces(lines) && !tabs(lines) {
        let unit = step(lines).unwrap_or_else(|| unit(lines));
        return lines
            .iter()
            .map(|line| {
                let width = indent(line).len();
                let rest = &line[width..];
                format!(
                    "{}{}{rest}",
                    "\t".repeat(width / unit),
                    " ".repeat(width % unit)
                )
            })
            .collect();
    }
    if spaces(old) && !tabs(old) && tabs(lines) {
        let unit = step(old).unwrap_or(match language.map(Language::indent) {
            Some(Indent::Spaces(width)) => usize::from(width.max(1)),
            _ => 4,
        });
        return lines
            .iter()
            .map(|line| {
                let before = indent(line);
                format!(
                    "{}{}",
                    before.replace('\t', &" ".repeat(unit)),
                    &line[before.len()..]
                )
            })
            .collect();
    }
    own()
}

/// Returns the least step between the indentations of lines that follow each other.
fn step(lines: &[&str]) -> Option<usize> {
    let widths: Vec<usize> = filled(lines).map(|line| indent(line).len()).collect();
    widths
        .windows(2)
        .map(|pair| pair[0].abs_diff(pair[1]))
        .filter(|step| *step > 1)
        .min()
}

/// Moves all lines to where the old ones stood, if they came dedented.
fn placed(lines: &[String], old: &[&str]) -> Vec<String> {
    let old_first = filled(old).next().map(indent).unwrap_or_default();
    let new_first = filled(lines).next().map(indent).unwrap_or_default();
    let old_rest = filled(old).skip(1).map(|line| indent(line).len()).min();
    let new_rest = filled(lines).skip(1).map(|line| indent(line).len()).min();
    let least_old = old_rest.map_or(old_first.len(), |rest| rest.min(old_first.len()));
    let least_new = new_rest.map_or(new_first.len(), |rest| rest.min(new_first.len()));
    if new_first == old_first || (least_new == least_old && least_old > 0) {
        return lines.to_vec();
    }
    // Some take the white space off the whole answer, and so off its first line alone.
    let is_first_alone = new_first.len() < old_first.len()
        && old_rest
            .zip(new_rest)
            .is_some_and(|(old, new)| new >= old && old > 0);
    let mut is_first = true;
    let place = |line: &String| {
        if line.trim().is_empty() {
            return line.clone();
        }
        if is_first_alone && !std::mem::take(&mut is_first) {
            return line.clone();
        }
        match line.strip_prefix(new_first) {
            Some(rest) => format!("{old_first}{rest}"),
            None => format!("{old_first}{}", line.trim_start_matches([' ', '\t'])),
        }
    };
    lines.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(new: &str, old: &str) -> String {
        fit(new, old, Language::from_id("rust"))
    }

    const OLD: &str = "    fn a() {\n        one();\n    }";

    #[test]
    fn a_dedented_text_is_moved_back() {
        assert_eq!(
            rust("fn a() {\n    two();\n}", OLD),
            "    fn a() {\n        two();\n    }"
        );
    }

    #[test]
    fn a_text_whose_first_line_alone_lost_its_indentation_gets_it_back() {
        assert_eq!(
            rust("fn a() {\n        two();\n    }", OLD),
            "    fn a() {\n        two();\n    }"
        );
        let old = "    def f(self):\n        return 1";
        let python = |new| fit(new, old, Language::from_id("python"));
        assert_eq!(
            python("def f(self):\n        return 2"),
            "    def f(self):\n        return 2"
        );
        assert_eq!(
            python("def f(self):\n    return 2"),
            "    def f(self):\n        return 2"
        );
    }

    #[test]
    fn a_text_in_its_place_stays_there() {
        assert_eq!(
            rust("    fn a() {\n        two();\n    }", OLD),
            "    fn a() {\n        two();\n    }"
        );
    }

    #[test]
    fn tabs_and_spaces_are_the_files() {
        assert_eq!(
            rust("\tfn a() {\n\t\ttwo();\n\t}", OLD),
            "    fn a() {\n        two();\n    }"
        );
        let go = |new, old| fit(new, old, Language::from_id("go"));
        assert_eq!(
            go("func a() {\n    two()\n}", "func a() {\n\tone()\n}"),
            "func a() {\n\ttwo()\n}"
        );
    }

    #[test]
    fn blank_ends_and_spaces_at_the_ends_of_lines_are_the_files() {
        assert_eq!(
            rust("\n\nfn a() {  \n}\n\n", "\nfn a() {\n    x();\n}\n"),
            "\nfn a() {\n}\n"
        );
    }
}
