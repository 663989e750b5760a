//! Where a suggestion ends: decided while it streams in, so that nothing behind its end is paid for.

/// How much may be suggested at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The most lines.
    pub max_lines: usize,
    /// The indentation of the cursor's line, in columns as [`indentation`] counts them.
    pub indent: usize,
    /// The most bytes, whatever the lines: what the most tokens could come to.
    pub max_bytes: usize,
    /// Whether the model may fence its answer, as chat models do against all instructions.
    pub may_fence: bool,
    /// Whether nothing but blanks stands before the cursor on its line, so that whole statements may follow each other.
    pub at_line_start: bool,
}

/// Watches a suggestion grow and says when it is whole.
#[derive(Debug)]
pub struct Stop {
    extent: Extent,
    text: String,
    /// Whether the model fenced its answer; the fence is no part of the text.
    is_fenced: bool,
}

impl Stop {
    /// Starts with nothing.
    pub fn new(extent: Extent) -> Self {
        Self {
            extent,
            text: String::new(),
            is_fenced: false,
        }
    }

    /// Takes more text; returns whether the suggestion is whole, so that no more is needed.
    pub fn push(&mut self, more: &str) -> bool {
        self.text.push_str(more);
        self.take_fence_off();
        if self.text.len() > self.extent.max_bytes {
            return true;
        }
        let may_become_fence =
            self.extent.may_fence && !self.is_fenced && FENCE.starts_with(self.text.trim());
        let is_blank = self.text.trim().is_empty();
        (is_blank || !may_become_fence) && self.end().is_some()
    }

    /// Returns the suggestion: up to its end, or all that came.
    pub fn finish(mut self) -> String {
        if let Some(end) = self.end() {
            self.text.truncate(end);
        }
        if self.extent.may_fence && self.text.trim_start().starts_with(FENCE) {
            // The fence's own line is all there is.
            self.text.clear();
        }
        self.text
    }

    /// Takes the opening line of a fence off, once it is complete.
    fn take_fence_off(&mut self) {
        let begins = self.extent.may_fence && self.text.trim_start().starts_with(FENCE);
        if self.is_fenced || !begins {
            return;
        }
        let blank = self.text.len() - self.text.trim_start().len();
        if let Some(end) = self.text[blank..].find('\n') {
            self.text.drain(..=blank + end);
            self.is_fenced = true;
        }
    }

    /// Finds the end, if the lines that are complete so far tell it.
    fn end(&self) -> Option<usize> {
        let mut start = 0;
        let mut last_content = None::<usize>;
        for (count, line) in self.text.split_inclusive('\n').enumerate() {
            let is_complete = line.ends_with('\n');
            let content = line.trim_end();
            if content.trim() == FENCE && self.is_fenced {
                return Some(last_content.unwrap_or(start));
            }
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
            if is_complete && count + 1 >= self.extent.max_lines {
                // Lines of nothing count too, but one before the content is common: models begin with a line break.
                if let Some(end) = last_content {
                    return Some(end);
                }
                if count > self.extent.max_lines {
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
        if indent > self.extent.indent {
            Following::Goes
        } else if indent < self.extent.indent {
            Following::EndedBefore
        } else if is_closer && opens {
            Following::Goes
        } else if is_closer && !self.extent.at_line_start {
            // What the first line opened is closed.
            Following::EndsWithIt
        } else if self.extent.at_line_start || !has_content {
            Following::Goes
        } else {
            Following::EndedBefore
        }
    }
}

/// What Markdown begins and ends a block of code with.
const FENCE: &str = "```";

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
        let mut stop = Stop::new(extent);
        let stopped = text.chars().any(|c| stop.push(&c.to_string()));
        (stop.finish(), stopped)
    }

    fn after_code(max_lines: usize) -> Extent {
        Extent {
            max_lines,
            indent: 4,
            max_bytes: 2048,
            may_fence: true,
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
        assert_eq!(run(after_code(12), "```rust"), (String::new(), false));
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
            may_fence: false,
            at_line_start: true,
            indent: 0,
            ..after_code(12)
        };
        assert_eq!(
            run(extent, "```sh\ncargo run\n```").0,
            "```sh\ncargo run\n```"
        );
    }

    #[test]
    fn at_a_lines_start_statements_follow_each_other_until_the_block_ends() {
        let extent = Extent {
            max_lines: 12,
            indent: 4,
            max_bytes: 2048,
            may_fence: true,
            at_line_start: true,
        };
        let text = "a();\n    b();\n}\n\nfn next";
        assert_eq!(run(extent, text), ("a();\n    b();".into(), true));
    }

    #[test]
    fn the_limit_of_lines_holds() {
        let extent = Extent {
            max_lines: 2,
            indent: 0,
            max_bytes: 2048,
            may_fence: true,
            at_line_start: true,
        };
        assert_eq!(run(extent, "a\nb\nc\n"), ("a\nb".into(), true));
    }

    #[test]
    fn text_that_never_ends_is_kept_as_far_as_it_came() {
        assert_eq!(run(after_code(3), "x + "), ("x + ".into(), false));
    }
}
