//! A second net: takes what looks like a key out of texts that others wrote, such as a provider's error message or a value in a
//! configuration.
//!
//! The first net is that no text of ours ever holds one ([`crate::credential::Secret`]). Providers do repeat keys, whole or in part, in their errors.

use crate::credential;

/// The shortest run that is taken for a key. Provider keys are 32 and longer; identifiers of this length without a digit stay.
const LEAST: usize = 20;

/// Returns the text with everything that looks like a key replaced by `[redacted]`.
pub fn scrub(text: &str) -> String {
    scrub_words(&credential::redact(text), looks_like_key)
}

/// Returns the text with what begins as a key does replaced by `[redacted]`, and every key that this process has held. Other long words stay,
/// so that it can stand in front of what people read to find a fault: paths, versions, names of calls.
pub fn scrub_keys(text: &str) -> String {
    scrub_words(&credential::redact(text), |word| {
        word.split('=').any(has_key_prefix)
    })
}

fn scrub_words(text: &str, looks_like_key: fn(&str) -> bool) -> String {
    let mut scrubbed = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c| !is_key_char(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(run);
        scrubbed.push_str(if looks_like_key(word) {
            "[redacted]"
        } else {
            word
        });
        let other = after.find(is_key_char).unwrap_or(after.len());
        scrubbed.push_str(&after[..other]);
        rest = &after[other..];
    }
    scrubbed
}

fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '+' | '=')
}

/// How the keys of providers begin.
const PREFIXES: [&str; 17] = [
    "sk-",
    "sk_",
    "gsk_",
    "xai-",
    "AIza",
    "hf_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "csk-",
    "tgp_",
    "pplx-",
    "ya29",
    "AGE-SECRET-KEY-",
];

/// Returns whether a word begins as the keys of a provider do.
pub fn has_key_prefix(word: &str) -> bool {
    PREFIXES
        .iter()
        .any(|prefix| word.starts_with(prefix) && word.len() > prefix.len() + 4)
}

fn looks_like_key(word: &str) -> bool {
    let long = word.len() >= LEAST
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic());
    has_key_prefix(word) || long
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_key_is_taken_out_and_the_rest_stays() {
        assert_eq!(
            scrub("Incorrect API key provided: sk-proj-abcd1234EFGH. See «docs»."),
            "Incorrect API key provided: [redacted]. See «docs»."
        );
        assert_eq!(scrub("sk-ab**********************cdef"), "[redacted]");
        assert_eq!(
            scrub("token 0123456789abcdef0123456789abcdef!"),
            "token [redacted]!"
        );
    }

    #[test]
    fn names_of_models_and_parameters_stay() {
        let text = "max_tokens is not supported by gpt-4.1-mini, use max_completion_tokens";
        assert_eq!(scrub(text), text);
    }
}
