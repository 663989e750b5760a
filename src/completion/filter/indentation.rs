//! Indentation: in the file's own blanks, and as deep as the place asks.

use super::Around;

/// What a file is indented with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Tabs,
    /// So many blanks a level.
    Blanks(usize),
}

/// Takes off the indentation that stands before the cursor already.
pub fn without_typed<'a>(text: &'a str, around: &Around) -> &'a str {
    if around.line_before.is_empty() || !around.line_before.trim().is_empty() {
        return text;
    }
    text.strip_prefix(around.line_before.as_str())
        .unwrap_or(text)
}

/// Brings a text into the file's form of indentation and to the depth of the cursor's line.
pub fn align(text: &str, around: &Around) -> String {
    let text = restyled(text, around);
    let is_indented = !around.line_before.is_empty() && around.line_before.trim().is_empty();
    let first_blanks = text.len() - text.trim_start_matches([' ', '\t']).len();
    let (text, surplus) = if is_indented && !text.starts_with('\n') {
        let surplus = columns(&text[..first_blanks]) - columns(&around.line_before);
        (
            text[first_blanks..].to_owned(),
            if first_blanks == 0 { 0 } else { surplus },
        )
    } else {
        (text, 0)
    };
    let base = columns(indentation(&around.line_before));
    let shift = if surplus > 0 {
        -surplus
    } else {
        shift(&text, base)
    };
    shifted(&text, shift, around)
}

/// Returns by how much the lines behind the first are off.
///
/// A line that closes what the first line opened stands as deep as the first, so it tells; else nothing is known to be wrong.
fn shift(text: &str, base: isize) -> isize {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let opens = first.trim_end().ends_with(['{', '(', '[']);
    let rest: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    let Some(closing) = rest.last() else {
        return 0;
    };
    let closes = closing.trim_start().starts_with(['}', ')', ']']);
    let depth = columns(indentation(closing));
    let is_outermost = rest.iter().all(|line| columns(indentation(line)) >= depth);
    if opens && closes && is_outermost {
        return base - depth;
    }
    0
}

/// Moves all lines but the first.
fn shifted(text: &str, shift: isize, around: &Around) -> String {
    if shift == 0 {
        return text.to_owned();
    }
    let style = style(around);
    let move_line = |(number, line): (usize, &str)| {
        if number == 0 || line.trim().is_empty() {
            return line.to_owned();
        }
        let blanks = indentation(line);
        let depth = (columns(blanks) + shift).max(0);
        format!("{}{}", written(depth, style), &line[blanks.len()..])
    };
    let lines: Vec<String> = text.split('\n').enumerate().map(move_line).collect();
    lines.join("\n")
}

/// Writes blanks where the file has tabs, or tabs where it has blanks, as the file has them.
fn restyled(text: &str, around: &Around) -> String {
    // What the file is indented with takes a look at all that stands around.
    let is_indented = |line: &str| line.starts_with("  ") || line.starts_with('\t');
    if !text.split('\n').any(is_indented) {
        return text.to_owned();
    }
    let Some(style) = style(around) else {
        return text.to_owned();
    };
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default();
    let rest: Vec<&str> = lines.collect();
    let is_foreign = |line: &&str| match style {
        Style::Tabs => line.starts_with("  "),
        Style::Blanks(_) => line.starts_with('\t'),
    };
    let is_first_foreign = around.line_before.trim().is_empty() && is_foreign(&first);
    if !rest.iter().any(is_foreign) && !is_first_foreign {
        return text.to_owned();
    }
    let unit = match style {
        Style::Tabs => foreign_unit(first, &rest, around),
        Style::Blanks(_) => 4,
    };
    let write = |line: &str| {
        let blanks = indentation(line);
        if line.trim().is_empty() {
            return String::new();
        }
        let tabs = blanks.matches('\t').count();
        let spaces = blanks.len() - tabs;
        let written = match style {
            Style::Tabs => "\t".repeat(tabs + spaces / unit) + &" ".repeat(spaces % unit),
            Style::Blanks(width) => " ".repeat(tabs * width + spaces),
        };
        written + &line[blanks.len()..]
    };
    let first = if is_first_foreign {
        write(first)
    } else {
        first.to_owned()
    };
    std::iter::once(first)
        .chain(rest.into_iter().map(write))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns how many blanks stand for a tab in a text: the line that is least indented stands as deep as the cursor's, as a rule. While a block
/// comes in that the first line opens, no line does so yet: the least is its first.
fn foreign_unit(first: &str, rest: &[&str], around: &Around) -> usize {
    let mut lines = rest
        .iter()
        .filter(|line| line.starts_with(' ') && !line.trim().is_empty());
    let width = |line: &&str| indentation(line).len();
    let least = lines.clone().map(width).min().unwrap_or(0);
    let is_inside = first.trim_end().ends_with(['{', '(', '[', ':'])
        && lines.next().is_some_and(|line| {
            width(line) == least && !line.trim_start().starts_with(['}', ')', ']'])
        });
    let depth = indentation(&around.line_before).matches('\t').count() + usize::from(is_inside);
    if depth > 0 && least.is_multiple_of(depth) && matches!(least / depth, 2 | 3 | 4 | 8) {
        return least / depth;
    }
    unit_of(rest.iter().copied()).unwrap_or(4)
}

/// Returns what the lines around the place are indented with.
fn style(around: &Around) -> Option<Style> {
    let lines = || around.above.lines().chain(around.below.lines());
    let tabs = lines().filter(|line| line.starts_with('\t')).count();
    let blanks = lines().filter(|line| line.starts_with("  ")).count();
    // A file that mixes them has its own reasons.
    if tabs.min(blanks) * 10 > tabs.max(blanks) || tabs == blanks {
        return None;
    }
    Some(if tabs > blanks {
        Style::Tabs
    } else {
        Style::Blanks(unit_of(lines()).unwrap_or(4))
    })
}

/// Returns the least step between the indentations of neighbouring lines that is seen often enough.
fn unit_of<'a>(lines: impl Iterator<Item = &'a str>) -> Option<usize> {
    let depths: Vec<usize> = lines
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .collect();
    let mut counts = [0_usize; 9];
    let first = depths.first().copied();
    for step in depths
        .windows(2)
        .map(|pair| pair[0].abs_diff(pair[1]))
        .chain(first)
        .filter(|step| (2..=8).contains(step))
    {
        counts[step] += 1;
    }
    let most = *counts.iter().max()?;
    (most > 0).then(|| counts.iter().position(|count| *count == most))?
}

fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Counts columns; a tab is as wide as four blanks, which only has to be the same everywhere.
fn columns(blanks: &str) -> isize {
    blanks.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

fn written(columns: isize, style: Option<Style>) -> String {
    let columns = usize::try_from(columns).unwrap_or(0);
    match style {
        Some(Style::Tabs) => "\t".repeat(columns / 4) + &" ".repeat(columns % 4),
        _ => " ".repeat(columns),
    }
}
