//! Where a suggestion ends: decided while it streams in, so that nothing behind its end is paid for.
//!
//! Entry points: [`Stop`] for a stream, [`Extent::visible`] for what is known. A suggestion is whole where the syntax says so (a line, a
//! statement, a block), where a model begins to say again what it said, and where it meets what follows the cursor.

use std::sync::Arc;

use super::filter;
use super::place::Around;

/// How much may be suggested at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The most lines.
    pub max_lines: usize,
    /// The indentation of the cursor's line, in columns as [`indentation`] counts them.
    pub indent: usize,
    /// The most bytes, whatever the lines: what the most tokens could come to.
    pub max_bytes: usize,
    /// After so many bytes the next whole line is the last.
    pub enough: usize,
    /// Whether nothing but blanks stands before the cursor on its line, so that whole statements may follow each other.
    pub at_line_start: bool,
}

/// Watches a suggestion grow and says when it is whole.
#[derive(Debug)]
pub struct Stop {
    extent: Extent,
    around: Arc<Around>,
    /// All that came, words and fences round the code included.
    text: String,
}

/// How far an answer is read that is likely to be followed, in bytes.
const ENOUGH: usize = 160;

impl Stop {
    /// Starts with nothing.
    pub fn new(extent: Extent, around: Arc<Around>) -> Self {
        Self {
            extent,
            around,
            text: String::new(),
        }
    }

    /// Takes more text; returns whether the suggestion is whole, so that no more is needed.
    pub fn push(&mut self, more: &str) -> bool {
        self.text.push_str(more);
        if self.text.len() > self.extent.max_bytes || filter::is_closed(&self.text, &self.around) {
            return true;
        }
        // Lines without content are counted, although they may yet stand before a fence.
        let is_blank = self.text.trim().is_empty();
        let text = if is_blank { &self.text } else { self.text() };
        self.extent.end(text).is_some()
            || more.contains('\n') && filter::overrun(text, &self.around).is_some()
    }

    /// Returns the suggestion as far as it has come.
    pub fn text(&self) -> &str {
        filter::begun(&self.text, &self.around)
    }

    /// Returns the suggestion: up to its end, or all that came.
    pub fn finish(&self) -> &str {
        let text = filter::body(&self.text, &self.around);
        &text[..self.extent.end(text).unwrap_or(text.len())]
    }
}

impl Extent {
    /// Reads on behind what is shown at once, and behind the end of the block: what follows will be wanted next, and a few more tokens of this
    /// answer cost a fraction of another prompt. It ends soon, and after `max_lines`.
    pub fn reading_on(self, max_lines: usize) -> Self {
        Self {
            max_lines,
            indent: 0,
            at_line_start: true,
            enough: ENOUGH,
            ..self
        }
    }

    /// Returns the part of a text that is shown at once, and whether that is whole, whatever may follow.
    pub fn visible(self, text: &str) -> (&str, bool) {
        let end = self.end(text);
        (text[..end.unwrap_or(text.len())].trim_end(), end.is_some())
    }

    /// Finds the end, if the lines that are complete so far tell it.
    fn end(&self, text: &str) -> Option<usize> {
        let mut start = 0;
        let mut last_content = None::<usize>;
        for (count, line) in text.split_inclusive('\n').enumerate() {
            let is_complete = line.ends_with('\n');
            let content = line.trim_end();
            if count > 0 && !content.trim().is_empty() {
                // A line that is still coming in tells its indentation as soon as it has one character of content.
                match self.following(content, last_content.is_some()) {
                    Following::Goes => {}
                    Following::EndsWithIt if is_complete => return Some(start + content.len()),
                    Following::EndsWithIt => return None,
                    Following::EndedBefore => return Some(last_content.unwrap_or(0)),
                }
            }
            if !content.trim().is_empty() {
                last_content = Some(start + content.len());
            }
            start += line.len();
            if is_complete && start > self.enough && last_content.is_some() {
                return last_content;
            }
            if is_complete && count + 1 >= self.max_lines {
                // Lines of nothing count too, but one before the content is common: models begin with a line break.
                if let Some(end) = last_content {
                    return Some(end);
                }
                if count > self.max_lines {
                    return Some(0);
                }
            }
        }
        None
    }

    /// Judges a line behind the first, by its indentation.
    fn following(&self, line: &str, has_content: bool) -> Following {
        let indent = indentation(line);
        let is_closer = line.trim_start().starts_with(['}', ')', ']']);
        // As in `} else {`, which closes one block and opens the next.
        let opens = line.ends_with(['{', '(', '[']);
        if indent > self.indent {
            Following::Goes
        } else if indent < self.indent {
            Following::EndedBefore
        } else if is_closer && opens {
            Following::Goes
        } else if is_closer && !self.at_line_start {
            // What the first line opened is closed.
            Following::EndsWithIt
        } else if self.at_line_start || !has_content {
            Following::Goes
        } else {
            Following::EndedBefore
        }
    }
}

enum Following {
    Goes,
    EndsWithIt,
    EndedBefore,
}

/// Counts the columns of a line's indentation; a tab is four, which only has to be the same everywhere.
pub fn indentation(line: &str) -> usize {
    line.chars()
        .map_while(|c| match c {
            ' ' => Some(1),
            '\t' => Some(4),
            _ => None,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the text byte by byte and returns the suggestion, and whether the stream could be stopped.
    fn run(extent: Extent, text: &str) -> (String, bool) {
        run_at(extent, Around::default(), text)
    }

    fn run_at(extent: Extent, around: Around, text: &str) -> (String, bool) {
        let mut stop = Stop::new(extent, Arc::new(around));
        let stopped = text.chars().any(|c| stop.push(&c.to_string()));
        (stop.finish().to_owned(), stopped)
    }

    fn after_code(max_lines: usize) -> Extent {
        Extent {
            max_lines,
            indent: 4,
            max_bytes: 2048,
            enough: usize::MAX,
            at_line_start: false,
        }
    }

    #[test]
    fn a_single_line_ends_at_its_line_break() {
        assert_eq!(run(after_code(1), "x + 1;\n    y"), ("x + 1;".into(), true));
    }

    #[test]
    fn a_statement_ends_before_the_next_one() {
        assert_eq!(
            run(after_code(12), "x + 1;\n    let y"),
            ("x + 1;".into(), true)
        );
    }

    #[test]
    fn a_fence_round_the_answer_is_no_part_of_it() {
        let expected = ("a + b;".to_owned(), true);
        assert_eq!(
            run(after_code(12), "```rust\na + b;\n```\nThis adds."),
            expected
        );
        assert_eq!(run(after_code(12), "\n```\na + b;\n```"), expected);
        assert!(!run(after_code(12), "```rust").1);
    }

    #[test]
    fn a_block_goes_on_to_its_closing_bracket() {
        let text = "if a {\n        b();\n    }\n    c();";
        assert_eq!(
            run(after_code(12), text),
            ("if a {\n        b();\n    }".into(), true)
        );
    }

    #[test]
    fn a_closing_line_that_opens_again_goes_on() {
        let text = "if a {\n        b();\n    } else {\n        c();\n    }\n    d();";
        let expected = "if a {\n        b();\n    } else {\n        c();\n    }";
        assert_eq!(run(after_code(12), text), (expected.into(), true));
    }

    #[test]
    fn text_without_end_and_lines_without_content_are_stopped() {
        assert!(run(after_code(12), &"x".repeat(5000)).1);
        assert_eq!(run(after_code(3), &"\n".repeat(50)), (String::new(), true));
    }

    #[test]
    fn a_fence_in_a_text_that_has_fences_stays() {
        let extent = Extent {
            at_line_start: true,
            indent: 0,
            ..after_code(12)
        };
        let around = Around {
            writing: crate::completion::place::Writing::Document,
            ..Around::default()
        };
        assert_eq!(
            run_at(extent, around, "```sh\ncargo run\n```").0,
            "```sh\ncargo run\n```"
        );
    }

    #[test]
    fn at_a_lines_start_statements_follow_each_other_until_the_block_ends() {
        let extent = Extent {
            max_lines: 12,
            indent: 4,
            max_bytes: 2048,
            enough: usize::MAX,
            at_line_start: true,
        };
        let text = "a();\n    b();\n}\n\nfn next";
        assert_eq!(run(extent, text), ("a();\n    b();".into(), true));
    }

    #[test]
    fn it_ends_where_it_goes_round_in_circles_or_meets_what_follows() {
        let extent = Extent {
            at_line_start: true,
            ..after_code(12)
        };
        assert!(run(extent, "again();\n    again();\n    again();\n").1);
        let around = Around {
            above: "fn f() {\n    ".into(),
            line_before: "    ".into(),
            below: "\n    total\n}".into(),
            ..Around::default()
        };
        assert!(run_at(extent, around, "add();\n    total\n").1);
    }

    #[test]
    fn what_is_shown_is_a_statement_of_what_was_read_past_its_block() {
        let extent = after_code(12).reading_on(12);
        let text = "x + 1;\n    let y = 2;\n}";
        assert_eq!(run(extent, text).0, text);
        assert_eq!(after_code(12).visible(text), ("x + 1;", true));
    }

    #[test]
    fn the_limit_of_lines_holds() {
        let extent = Extent {
            max_lines: 2,
            indent: 0,
            max_bytes: 2048,
            enough: usize::MAX,
            at_line_start: true,
        };
        assert_eq!(run(extent, "a\nb\nc\n"), ("a\nb".into(), true));
    }

    #[test]
    fn text_that_never_ends_is_kept_as_far_as_it_came() {
        assert_eq!(run(after_code(3), "x + "), ("x + ".into(), false));
    }
}
