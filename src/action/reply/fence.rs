//! Fenced blocks, as Markdown has them.

/// One block.
pub struct Fence {
    /// What follows the opening fence on its line.
    pub info: String,
    /// The line above it that is not blank.
    pub above: String,
    /// Its lines.
    pub lines: Vec<String>,
    /// Whether it has an end.
    pub is_closed: bool,
}

/// Returns the blocks of an answer.
pub fn all(lines: &[&str]) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut above = String::new();
    let mut rest = lines.iter();
    while let Some(line) = rest.next() {
        let Some((indent, mark, length, info)) = opening(line) else {
            if !line.trim().is_empty() {
                (*line).clone_into(&mut above);
            }
            continue;
        };
        let mut fence = Fence {
            info: info.to_owned(),
            above: std::mem::take(&mut above),
            lines: Vec::new(),
            is_closed: false,
        };
        for line in rest.by_ref() {
            let trimmed = line.trim();
            if trimmed.len() >= length && trimmed.chars().all(|c| c == mark) {
                fence.is_closed = true;
                break;
            }
            let blank = line.len() - line.trim_start_matches(' ').len();
            fence.lines.push(line[blank.min(indent)..].to_owned());
        }
        fences.push(fence);
    }
    fences
}

/// Reads an opening fence: its indentation, its character, its length, what follows it.
pub fn opening(line: &str) -> Option<(usize, char, usize, &str)> {
    let trimmed = line.trim_start_matches(' ');
    let mark = trimmed.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = trimmed.trim_start_matches(mark);
    let length = trimmed.len() - info.len();
    (length >= 3 && !info.contains('`'))
        .then(|| (line.len() - trimmed.len(), mark, length, info.trim()))
}

impl Fence {
    /// Returns whether it names another file than the document's.
    pub fn is_foreign(&self, file: &str) -> bool {
        self.info
            .split_whitespace()
            .any(|word| is_other_path(word, file))
            || heading(&self.above).is_some_and(|path| is_other_path(path, file))
    }
}

/// Returns the one word of a line that may be a heading with a path.
pub fn heading(line: &str) -> Option<&str> {
    let line = line.trim().trim_matches(['#', '*', '`', ':', ' ']);
    let lower = line.to_lowercase();
    let after = ["file:", "path:", "filename:", "in", "create", "edit"]
        .into_iter()
        .find_map(|word| lower.starts_with(word).then(|| &line[word.len()..]))
        .unwrap_or(line);
    let path = after.trim().trim_matches(['*', '`', ':', ' ', '"', '\'']);
    // A word such as "and/or" is no path.
    let is_named =
        path.starts_with(['/', '~', '.', '\\']) || path.rsplit('/').next()?.contains(['.', '\\']);
    (is_named && !path.contains(char::is_whitespace)).then_some(path)
}

/// Returns whether a word is a path, and its file name is not the document's.
pub fn is_other_path(word: &str, file: &str) -> bool {
    let word = word.trim_matches(['`', '"', '\'', ',', '(', ')']);
    let word = word.rsplit_once('=').map_or(word, |(_, value)| value);
    let is_path = word.contains(['/', '\\']) || word.starts_with('~');
    let name = word.rsplit(['/', '\\', ':']).next().unwrap_or(word);
    // A comment's or a division's slash is no path.
    let has_name = name.chars().any(char::is_alphanumeric);
    is_path && has_name && (name != file || word.contains("..") || word.starts_with('~'))
}
