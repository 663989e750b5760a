//! What is taken off a suggestion before it is shown, or whether it is shown at all.

use super::Around;

/// Makes a model's text fit the place, or returns `None` if nothing worth showing is left.
pub fn fit(text: &str, around: &Around) -> Option<String> {
    // Control characters are no code, and a terminal would obey them.
    let text: String = text
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r'))
        .collect();
    let text = without_echo(&text, &around.line_before);
    let text = without_rest_of_line(text, &around.line_after)?;
    let text = without_following_line(text, around);
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
    let is_closing = after.chars().all(|c| CLOSING.contains(c));
    if text.trim_end().contains('\n') && !is_closing {
        return None;
    }
    let text = text.trim_end();
    // The longest end of the text with which what follows begins, if it is a repetition rather than the text's own.
    let repeated = (1..=after.len())
        .rev()
        .filter(|length| after.is_char_boundary(*length))
        .find(|length| {
            text.ends_with(&after[..*length])
                && is_repetition(text, &after[..*length], *length == after.len())
        });
    Some(&text[..text.len() - repeated.unwrap_or(0)])
}

/// What closes something, or ends a statement.
const CLOSING: &str = ")]}\"'`>;,";

/// Returns whether the end of a text repeats what follows it: the whole rest of the line, or brackets and quotes that the text never opened.
fn is_repetition(text: &str, end: &str, is_whole_rest: bool) -> bool {
    let closers = end
        .chars()
        .filter(|c| CLOSING.contains(*c) && !matches!(c, ';' | ','));
    let mut has_closers = false;
    for closer in closers {
        has_closers = true;
        let count = |wanted: char| text.matches(wanted).count();
        let is_own = match closer {
            ')' => count('(') >= count(')'),
            ']' => count('[') >= count(']'),
            '}' => count('{') >= count('}'),
            '>' => count('<') >= count('>'),
            quote => count(quote).is_multiple_of(2),
        };
        if is_own {
            return false;
        }
    }
    has_closers || is_whole_rest
}

/// Takes off the last lines where they repeat the line that follows the cursor's, and everything behind them.
///
/// Behind the first line the indentation has to agree too: a block's own `end` is not the one that closes what is around it.
fn without_following_line<'a>(text: &'a str, around: &Around) -> &'a str {
    let next = around.next_line.trim_end();
    // A lone closing bracket is as likely the block's own as the next line's.
    if next.trim().len() < 3 {
        return text;
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if start > 0 && line.trim_end() == next {
            return &text[..start];
        }
        start += line.len();
    }
    let is_next = around.line_before.trim().is_empty() && text.trim() == next.trim();
    if is_next { "" } else { text }
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
    fn brackets_of_the_texts_own_stay() {
        check("foo(", ")", "", "bar()", Some("bar()"));
        check("x[", "]", "", "a[0]", Some("a[0]"));
        check("foo(", ");", "", "a, b)", Some("a, b"));
        check("say(\"", "\")", "", "hello\")", Some("hello"));
        check("say(", ")", "", "\"hello\"", Some("\"hello\""));
    }

    #[test]
    fn what_a_terminal_would_obey_is_taken_out() {
        check("x = ", "", "", "\u{1b}[31m1\u{0}", Some("[31m1"));
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
        check(
            "    ",
            "",
            "end",
            "if x\n      y\n    end",
            Some("if x\n      y\n    end"),
        );
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
