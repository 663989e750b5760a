//! Prompts for models that hold conversations rather than fill holes.

use super::Window;

pub(super) const INSTRUCTIONS: &str = "You complete code at a cursor. The user sends a file in which a marker stands for the cursor. \
Reply with exactly the text to insert in place of the marker and nothing else: no explanation, no code fence, no repetition of the text \
around it. Keep the file's style and indentation. Prefer to end where the current statement or block ends. Reply with nothing if nothing \
fits.";

/// What stands before the fragments.
pub(super) const ELSEWHERE: &str = "From other files of the project, for reference:\n\n";

/// Returns a marker that does not occur in the text, so that code about markers is completed like any other.
pub(super) fn marker(window: &Window) -> String {
    let mut marker = "<|cursor|>".to_owned();
    let mut number = 0_usize;
    while window.prefix.contains(&marker) || window.suffix.contains(&marker) {
        number += 1;
        marker = format!("<|cursor-{number}|>");
    }
    marker
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
        assert_eq!(marker(&window), "<|cursor-1|>");
    }
}
