//! Prompts for models that hold conversations rather than fill holes.

pub(super) const INSTRUCTIONS: &str = "You complete code at a cursor. The user sends a file in which a marker stands for the cursor. \
Reply with exactly the text to insert in place of the marker and nothing else: no explanation, no code fence, no repetition of the text \
around it. Keep the file's style and indentation. Prefer to end where the current statement or block ends. Reply with nothing if nothing \
fits.";

/// What stands before the fragments.
pub(super) const ELSEWHERE: &str = "From other files of the project, for reference:\n\n";
