//! Commit messages under way, in which git shows the diff that they are about (`git commit -v`).
//!
//! Nobody wrote that diff into the document, and it may be of files that must not leave the machine: no model is shown it.

use ropey::Rope;

/// What git's files for messages are called.
const FILES: [&str; 4] = ["COMMIT_EDITMSG", "MERGE_MSG", "SQUASH_MSG", "TAG_EDITMSG"];

/// The line behind which nothing is part of the message begins with the character for comments, and goes on so.
const SCISSORS: &str = "------------------------ >8 ------------------------";

/// Returns a message as far as it is one, if what is below it is not.
pub(super) fn without_diff(file: &str, text: &Rope) -> Option<Rope> {
    let name = file.rsplit('/').next().unwrap_or(file);
    if !FILES.contains(&name) {
        return None;
    }
    let line = text.lines().position(|line| {
        let is_short = line.len_bytes() < SCISSORS.len() + 8;
        is_short && String::from(line).contains(SCISSORS)
    })?;
    let end = text.line_to_byte(line);
    Some(text.byte_slice(..end).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diff_below_a_message_is_not_of_it_and_elsewhere_the_line_means_nothing() {
        let text = Rope::from_str(&format!(
            "gateway: retry\n\n# Please enter\n# {SCISSORS}\ndiff --git a/.env b/.env\n+KEY=1\n"
        ));
        let message = without_diff(".git/COMMIT_EDITMSG", &text).expect("it is cut");
        assert_eq!(message, "gateway: retry\n\n# Please enter\n");
        assert!(without_diff("src/main.rs", &text).is_none());
        assert!(without_diff("COMMIT_EDITMSG", &message).is_none());
    }
}
