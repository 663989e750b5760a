//! Prompts for models that hold conversations rather than fill holes.

use crate::provider::{Message, Role};

use super::Window;

const INSTRUCTIONS: &str = "You complete code at a cursor. The user sends a file in which a marker stands for the cursor. \
Reply with exactly the text to insert in place of the marker and nothing else: no explanation, no code fence, no repetition of the text \
around it. Keep the file's style and indentation. Prefer to end where the current statement or block ends. Reply with nothing if nothing \
fits.";

/// Makes a conversation whose answer is the text for the window's hole. `language` and `path` may be empty.
pub fn fill_by_chat(window: &Window, language: &str, path: &str) -> Vec<Message> {
    let marker = marker(window);
    let text = format!(
        "File: {path}\nLanguage: {language}\nMarker: {marker}\n\n{}{marker}{}",
        window.prefix, window.suffix
    );
    vec![
        Message {
            role: Role::System,
            text: INSTRUCTIONS.into(),
            cacheable: false,
        },
        Message {
            role: Role::User,
            text,
            cacheable: false,
        },
    ]
}

/// Returns a marker that does not occur in the text, so that code about markers is completed like any other.
fn marker(window: &Window) -> String {
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
        let messages = fill_by_chat(&window, "rust", "a.rs");
        assert!(messages[1].text.ends_with("<|cursor-1|>"));
    }
}
