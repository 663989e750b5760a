//! What stands for the cursor in a prompt for a model that holds conversations.

use super::Window;

const START: &str = "<|cursor";
const END: &str = "|>";

/// Returns a marker that does not occur in the text, so that code about markers is completed like any other.
pub(super) fn of(window: &Window) -> String {
    let mut marker = format!("{START}{END}");
    let mut number = 0_usize;
    while window.prefix.contains(&marker) || window.suffix.contains(&marker) {
        number += 1;
        marker = format!("{START}-{number}{END}");
    }
    marker
}

/// Cuts a text at whatever looks like a marker: what is between two of them, and the markers, in turns. Put together they are the text.
pub fn split(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((at, length)) = find(rest) {
        let (before, from) = rest.split_at(at);
        let (marker, after) = from.split_at(length);
        pieces.extend([before, marker]);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// Returns where the first marker begins, and its length, in bytes.
fn find(text: &str) -> Option<(usize, usize)> {
    text.match_indices(START).find_map(|(at, _)| {
        let behind = text.get(at + START.len()..)?;
        let digits = match behind.strip_prefix('-') {
            Some(number) => 1 + number.bytes().take_while(u8::is_ascii_digit).count(),
            None => 0,
        };
        let is_whole = behind.get(digits..)?.starts_with(END);
        is_whole.then_some((at, START.len() + digits + END.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_in_the_users_own_code_is_not_taken_for_the_cursor() {
        let window = Window {
            prefix: "let a = \"<|cursor|>\";".into(),
            suffix: String::new(),
        };
        assert_eq!(of(&window), "<|cursor-1|>");
    }

    #[test]
    fn a_text_is_cut_at_every_marker_and_at_nothing_else() {
        for (text, pieces) in [
            ("", vec![""]),
            ("é", vec!["é"]),
            ("a<|cursor|>b", vec!["a", "<|cursor|>", "b"]),
            ("<|cursor-12|>", vec!["", "<|cursor-12|>", ""]),
            (
                "<|cursor <|cursor-1|>é<|cursor|>",
                vec!["<|cursor ", "<|cursor-1|>", "é", "<|cursor|>", ""],
            ),
            ("<|cursor-x|><|curs", vec!["<|cursor-x|><|curs"]),
            ("<|cursor-é", vec!["<|cursor-é"]),
        ] {
            assert_eq!(split(text), pieces);
        }
    }
}
