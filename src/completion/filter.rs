//! What is taken off a suggestion before it is shown, or whether it is shown at all.

use super::Around;

/// Makes a model's text fit the place, or returns `None` if nothing worth showing is left.
pub fn fit(text: &str, around: &Around) -> Option<String> {
    let text = without_echo(text, &around.line_before);
    let text = without_rest_of_line(text, &around.line_after)?;
    let text = without_following_line(text, &around.next_line);
    let text = text.trim_end();
    if text.trim().is_empty() {
        return None;
    }
    // Blanks that stand before the cursor already are not repeated: chat models like to begin with the line's indentation.
    let text = if around.line_before.trim().is_empty() && !around.line_before.is_empty() {
        text.strip_prefix(around.line_before.as_str())
            .unwrap_or(text)
    } else {
        text
    };
    Some(text.to_owned())
}

/// Takes off the text before the cursor, where a model repeats the line it was to continue.
fn without_echo<'a>(text: &'a str, line_before: &str) -> &'a str {
    let before = line_before.trim_start();
    if before.len() < 4 {
        // A few characters may well be meant.
        return text;
    }
    text.trim_start().strip_prefix(before).unwrap_or(text)
}

/// Takes off the text after the cursor, where a model repeats it. A suggestion of several lines in the middle of a line would tear it
/// apart, unless only closing brackets follow, and is not shown.
fn without_rest_of_line<'a>(text: &'a str, line_after: &str) -> Option<&'a str> {
    let after = line_after.trim();
    if after.is_empty() {
        return Some(text);
    }
    let is_closing = after
        .chars()
        .all(|c| matches!(c, ')' | ']' | '}' | '"' | '\'' | '`' | '>' | ';' | ','));
    if text.trim_end().contains('\n') && !is_closing {
        return None;
    }
    let text = text.trim_end();
    Some(text.strip_suffix(after).unwrap_or(text))
}

/// Takes off the last lines where they repeat the line that follows the cursor's, and everything behind them.
fn without_following_line<'a>(text: &'a str, next_line: &str) -> &'a str {
    let next = next_line.trim();
    // A lone closing bracket is as likely the block's own as the next line's.
    if next.len() < 3 {
        return text;
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if start > 0 && line.trim() == next {
            return &text[..start];
        }
        start += line.len();
    }
    if text.trim() == next { "" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, after: &str, next: &str, text: &str, expected: Option<&str>) {
        let around = Around {
            line_before: before.into(),
            line_after: after.into(),
            next_line: next.into(),
        };
        assert_eq!(fit(text, &around).as_deref(), expected, "{text:?}");
    }

    #[test]
    fn the_line_that_was_to_be_continued_is_not_repeated() {
        check(
            "    let total = ",
            "",
            "",
            "let total = a + b;",
            Some("a + b;"),
        );
    }

    #[test]
    fn the_rest_of_the_line_is_not_repeated() {
        check("foo(", ");", "", "a, b);", Some("a, b"));
        check("foo(", ")", "", "a, b", Some("a, b"));
    }

    #[test]
    fn several_lines_do_not_tear_a_line_apart() {
        check("let x = ", " + y;", "", "a\nb", None);
        check("foo(", ")", "", "|x| {\n    x\n}", Some("|x| {\n    x\n}"));
    }

    #[test]
    fn the_line_that_follows_is_not_repeated() {
        check(
            "    a();",
            "",
            "    return b;",
            "\n    c();\n    return b;",
            Some("\n    c();"),
        );
        check("    ", "", "    return b;", "return b;", None);
    }

    #[test]
    fn indentation_that_is_there_already_is_not_doubled() {
        check("    ", "", "", "    call();", Some("call();"));
    }

    #[test]
    fn blanks_alone_are_nothing() {
        check("x", "", "", " \n ", None);
    }
}
