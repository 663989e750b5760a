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
    STRUCK,
];

/// The end of a sentence for some models, and of struck text in markup.
const STRUCK: &str = "</s>";

/// What may stand before and behind a name.
const BRACKETS: [(&str, &str); 3] = [("<|", "|>"), ("<", ">"), ("<[", "]>")];

/// Cuts a text at the first special token, unless the document itself has it, as code about models does.
pub fn cut<'a>(text: &'a str, around: &Around) -> &'a str {
    let is_documents = |token: &str| around.above.contains(token) || around.below.contains(token);
    // Markup ends struck text with the one that ends a sentence elsewhere.
    let is_markup = |token: &str| token == STRUCK && !text.trim_end().ends_with(token);
    let is_leaked = |at: usize| {
        begun_with(&text[at..]).is_some_and(|token| !is_documents(token) && !is_markup(token))
    };
    let mut places = text.match_indices(['<', '[']);
    let first = places.find(|(at, _)| is_leaked(*at));
    first.map_or(text, |(at, _)| &text[..at])
}

/// Returns the special token that a text begins with.
fn begun_with(text: &str) -> Option<&str> {
    let other = OTHERS.into_iter().find(|token| text.starts_with(token));
    other.or_else(|| {
        BRACKETS.iter().find_map(|(open, close)| {
            let inner = text.strip_prefix(open)?;
            let is_it = |name: &&str| {
                let rest = inner.strip_prefix(*name);
                rest.is_some_and(|rest| rest.starts_with(close))
            };
            let name = NAMES.into_iter().find(is_it)?;
            // A type parameter may be called so; a lone pair of angles counts for the longer names only.
            let is_token = (*open, name) != ("<", "cursor");
            is_token.then(|| &text[..open.len() + name.len() + close.len()])
        })
    })
}
