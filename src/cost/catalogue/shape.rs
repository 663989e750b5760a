//! A regular expression of the data set as an equivalent rule of the catalogue; only the few forms in use are known.

use serde_json::{Value, json};

/// Returns the rule; `None` for a form that is not known.
pub(super) fn shape(regex: &str) -> Option<Value> {
    if regex == r"^(?!.*-[tT][tT][sS](?:$|-))" {
        return Some(json!({"not": {"or": [{"ends_with": "-tts"}, {"contains": "-tts-"}]}}));
    }
    match alternatives(regex) {
        Some((before, letters, after)) => {
            let one = |letter: char| {
                let escape = if ".-".contains(letter) { "\\" } else { "" };
                shape(&format!("{before}{escape}{letter}{after}"))
            };
            let rules: Vec<Value> = letters.chars().map(one).collect::<Option<_>>()?;
            Some(json!({"or": rules}))
        }
        None => plain(regex),
    }
}

/// Takes the first choice of letters out of an expression: what is before, the letters, what is after.
fn alternatives(regex: &str) -> Option<(&str, &str, &str)> {
    regex.match_indices('[').find_map(|(open, _)| {
        let (letters, after) = regex[open + 1..].split_once(']')?;
        // A dash between two letters is a range.
        let is_range = letters.trim_matches('-').contains('-');
        let is_choice = !letters.is_empty() && !is_range && !letters.contains(['\\', '^']);
        is_choice.then_some((&regex[..open], letters, after))
    })
}

/// Reads an expression of letters, escaped marks and counted digits, from the beginning of the name, to its end or not.
fn plain(regex: &str) -> Option<Value> {
    let mut rest = regex.strip_prefix('^')?;
    let is_whole = rest.ends_with('$');
    rest = rest.strip_suffix('$').unwrap_or(rest);
    let mut body = String::new();
    while let Some(next) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(r"\d") {
            let counted = after.strip_prefix('{').and_then(|it| it.split_once('}'));
            let (count, after) = match counted {
                Some((count, after)) if count.len() == 1 => (count.parse().ok()?, after),
                Some(_) => return None,
                None => (1, after),
            };
            body.extend(std::iter::repeat_n('#', count));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('\\') {
            let mark = after.chars().next().filter(|mark| ".@-".contains(*mark))?;
            body.push(mark);
            rest = &after[1..];
        } else if next.is_ascii_alphanumeric() || "/@:-".contains(next) {
            body.push(next);
            rest = &rest[1..];
        } else {
            return None;
        }
    }
    let kind = if is_whole { "shape" } else { "shape_start" };
    (!body.is_empty()).then(|| json!({kind: body}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_in_use_become_rules_and_others_are_not_guessed() {
        let table = [
            (
                r"^gpt-4o-\d{4}-\d\d$",
                Some(json!({"shape": "gpt-4o-####-##"})),
            ),
            (r"^o1\.5\@x", Some(json!({"shape_start": "o1.5@x"}))),
            (
                r"^claude-[.3]-x$",
                Some(json!({"or": [{"shape": "claude-.-x"}, {"shape": "claude-3-x"}]})),
            ),
            (
                r"^(?!.*-[tT][tT][sS](?:$|-))",
                Some(json!({"not": {"or": [{"ends_with": "-tts"}, {"contains": "-tts-"}]}})),
            ),
            ("gpt", None),
            ("^", None),
            ("^a.*", None),
            ("^a[0-9]$", None),
            (r"^a\d{12}$", None),
            (r"^a\w$", None),
            ("^é$", None),
        ];
        for (regex, expected) in table {
            assert_eq!(shape(regex), expected, "{regex}");
        }
    }
}
