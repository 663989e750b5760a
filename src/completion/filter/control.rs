//! Control characters: they are no code, and a terminal would obey them. A line break is a line feed, which editors turn into the document's own.

/// Takes them out.
pub fn strip(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\t' | '\n'))
        .collect()
}
