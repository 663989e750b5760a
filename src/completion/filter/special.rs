//! Special tokens: what a model's own text marks, such as the end of it, and what must never leak into a document.

use super::Around;

/// The names between `<|` and `|>`, or between `<` and `>`, with which models of all families mark their text.
const NAMES: [&str; 27] = [
    "endoftext",
    "end_of_text",
    "fim_prefix",
    "fim_suffix",
    "fim_middle",
    "fim_pad",
    "fim-prefix",
    "fim-suffix",
    "fim-middle",
    "repo_name",
    "file_sep",
    "file_separator",
    "im_start",
    "im_end",
    "eot_id",
    "end_of_turn",
    "start_of_turn",
    "code_prefix",
    "code_suffix",
    "code_middle",
    "cursor",
    "user_cursor",
    "editable_region_start",
    "editable_region_end",
    "EOT",
    "PRE",
    "SUF",
];

/// Tokens of another form.
const OTHERS: [&str; 6] = [
    "<MID>",
    "[PREFIX]",
    "[SUFFIX]",
    "[MIDDLE]",
    "<\u{ff5c}",
    "</s>",
];

/// Cuts a text at the first special token, unless the document itself has it, as code about models does.
pub fn cut<'a>(text: &'a str, around: &Around) -> &'a str {
    let is_documents = |token: &str| around.above.contains(token) || around.below.contains(token);
    let mut end = text.len();
    for name in NAMES {
        for (open, close) in [("<|", "|>"), ("<", ">"), ("<[", "]>")] {
            // A type parameter may be called EOT; a lone pair of angles counts for the longer names only.
            if open == "<" && name == "cursor" {
                continue;
            }
            let token = format!("{open}{name}{close}");
            if let Some(at) = text.find(&token).filter(|at| *at < end)
                && !is_documents(&token)
            {
                end = at;
            }
        }
    }
    for token in OTHERS {
        // Markup ends struck text with the one that ends a sentence elsewhere.
        if let Some(at) = text.find(token).filter(|at| *at < end)
            && !is_documents(token)
            && (token != "</s>" || text.trim_end().ends_with(token))
        {
            end = at;
        }
    }
    &text[..end]
}
