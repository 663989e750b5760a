//! Names that somebody may have meant.
//!
//! Entry point: [`near`].

/// How many names are suggested.
const MOST: usize = 3;

/// Returns those of `names` that differ from `name` least, the nearest first; none if all are quite different.
pub fn near<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let wanted = name.to_lowercase();
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|known| Some((difference(&wanted, &known.to_lowercase())?, known)))
        .collect();
    found.sort_unstable();
    found.truncate(MOST);
    found.into_iter().map(|(_, known)| known).collect()
}

/// Returns how much two names differ; `None` if it is too much to mean the same.
///
/// A maker in front that only one of them has counts little: people leave it out.
fn difference(wanted: &str, known: &str) -> Option<usize> {
    let bare = |name: &str| {
        name.rsplit_once('/')
            .map_or(0, |(maker, _)| maker.len() + 1)
    };
    let (name, other) = (&wanted[bare(wanted)..], &known[bare(known)..]);
    let allowed = 1 + name.chars().count() / 4;
    // A short form of a longer name comes behind every slip of the finger.
    let is_short_form = name.len() >= 3 && other.starts_with(name);
    let short_form = is_short_form.then(|| 1000 + other.len() - name.len());
    let slips = || {
        // A text that is so much longer cannot be near, and need not be compared.
        let is_possible = name.len().abs_diff(other.len()) <= 4 * allowed;
        let slips = is_possible
            .then(|| edits(name, other))
            .filter(|slips| *slips <= allowed)?;
        Some(2 * slips + usize::from(wanted != known))
    };
    slips().or(short_form)
}

/// Returns how many characters must be put in, taken out or exchanged to make one text of the other.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, from) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, to) in to.iter().enumerate() {
            let exchanged = diagonal + usize::from(from != *to);
            diagonal = row[at + 1];
            row[at + 1] = exchanged.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_somebody_may_have_meant_are_found_the_nearest_first() {
        let names = [
            "gpt-4.1",
            "gpt-4.1-mini",
            "gpt-4.1-nano",
            "gpt-5",
            "o3",
            "anthropic/claude-opus-5",
            "qwen2.5-coder:1.5b",
        ];
        let table: [(&str, &[&str]); 8] = [
            ("gpt-4.1-mni", &["gpt-4.1-mini", "gpt-4.1-nano"]),
            ("GPT-4.1-Mini", &["gpt-4.1-mini", "gpt-4.1-nano"]),
            ("claude-opus-5", &["anthropic/claude-opus-5"]),
            ("claude-opus", &["anthropic/claude-opus-5"]),
            ("openai/gpt-5", &["gpt-5"]),
            ("qwen2.5-coder", &["qwen2.5-coder:1.5b"]),
            ("mistral-large", &[]),
            ("", &[]),
        ];
        for (name, expected) in table {
            assert_eq!(near(name, names), expected, "{name}");
        }
    }

    #[test]
    fn edits_are_counted_in_characters() {
        let table = [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("ä", "a", 1),
        ];
        for (from, to, expected) in table {
            assert_eq!(edits(from, to), expected, "{from} {to}");
            assert_eq!(edits(to, from), expected, "{to} {from}");
        }
    }
}
