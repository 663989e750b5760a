//! What the lines of a text end with.

/// Returns the line break of a text: what most of its lines end with.
pub fn line_break(lines: impl Iterator<Item = char>) -> &'static str {
    let (mut feeds, mut pairs, mut returns) = (0_usize, 0_usize, 0_usize);
    let mut before = ' ';
    for c in lines {
        match (before, c) {
            ('\r', '\n') => {
                pairs += 1;
                returns -= 1;
            }
            (_, '\n') => feeds += 1,
            (_, '\r') => returns += 1,
            _ => {}
        }
        before = c;
    }
    if pairs > 0 && pairs >= feeds && pairs >= returns {
        "\r\n"
    } else if returns > feeds {
        "\r"
    } else {
        "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_break_is_that_of_most_lines() {
        assert_eq!(line_break("a\r\nb\r\nc\n".chars()), "\r\n");
        assert_eq!(line_break("a\nb".chars()), "\n");
        assert_eq!(line_break("a\rb\r".chars()), "\r");
        assert_eq!(line_break("a".chars()), "\n");
    }
}
