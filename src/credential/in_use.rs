//! The exact texts that must appear nowhere: every key that this process has held, as it is, in base64 and percent-encoded.
//!
//! Entry point: [`redact`]. Shapes that look like keys are the affair of [`crate::scrub`]; this net knows the very keys, so it has no false
//! alarms and can stand in front of every log line and every message to the editor.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem::Finder;
use secrecy::zeroize::Zeroize as _;

/// What stands where a key stood.
const REDACTED: &str = "[redacted]";

/// Shorter texts occur everywhere.
const LEAST: usize = 8;

/// What is shorter than this and has no digit is a word, such as the `lm-studio` that some servers on this machine want for a key, and may be
/// the name of a provider or of this program.
const LEAST_WITHOUT_DIGIT: usize = 20;

/// More keys than this are not remembered once nobody holds them any more; a helper that makes a new token each minute must not fill the memory.
const MOST: usize = 64;

/// The searches for one key's forms.
struct Known {
    raw: String,
    /// How many hold it at this moment.
    holders: usize,
    forms: Vec<Finder<'static>>,
}

impl Drop for Known {
    fn drop(&mut self) {
        self.raw.zeroize();
    }
}

static KNOWN: RwLock<Vec<Known>> = RwLock::new(Vec::new());

/// Remembers a text that somebody holds from now on, for as long as that is, and long after.
pub(super) fn remember(text: &str) {
    if is_word(text) {
        return;
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(at) = known.iter().position(|known| known.raw == text) {
        known[at].holders += 1;
        // The latest stand last.
        known[at..].rotate_left(1);
        return;
    }
    if known.len() >= MOST
        && let Some(at) = known.iter().position(|known| known.holders == 0)
    {
        known.remove(at);
    }
    let forms = forms(text)
        .iter()
        .map(|form| Finder::new(form.as_bytes()).into_owned())
        .collect();
    known.push(Known {
        raw: text.to_owned(),
        holders: 1,
        forms,
    });
}

/// Notes that one holder of a text is gone.
pub(super) fn release(text: &str) {
    if is_word(text) {
        return;
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.iter_mut().find(|known| known.raw == text) {
        known.holders = known.holders.saturating_sub(1);
    }
}

fn is_word(text: &str) -> bool {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    text.len() < LEAST || (!has_digit && text.len() < LEAST_WITHOUT_DIGIT)
}

/// Replaces every key that this process has held by `[redacted]`, whatever stands around it. Text without one is not copied.
pub fn redact(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut redacted = Cow::Borrowed(text);
    for form in known.iter().flat_map(|known| &known.forms) {
        if form.find(redacted.as_bytes()).is_some() {
            let needle = String::from_utf8_lossy(form.needle()).into_owned();
            redacted = Cow::Owned(redacted.replace(&needle, REDACTED));
        }
    }
    redacted
}

/// Redacts a text that comes, and is passed on, in pieces: a key may lie across two of them.
#[derive(Default)]
pub struct Pieces {
    /// What may be the beginning of a key.
    held: String,
}

impl Pieces {
    /// Takes the next piece and returns what can be passed on by now.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let mut clean = redact(&self.held).into_owned();
        self.held = clean.split_off(clean.len() - open_end(&clean));
        clean
    }
}

/// Returns how many bytes at the end of a text may be the beginning of a key's form.
fn open_end(text: &str) -> usize {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let forms = known.iter().flat_map(|known| &known.forms);
    let longest = forms.filter_map(|form| {
        let form = std::str::from_utf8(form.needle()).ok()?;
        let mut beginnings = form.char_indices().rev().map(|(at, _)| &form[..at]);
        let found = beginnings.find(|beginning| text.ends_with(beginning));
        found.map(str::len)
    });
    longest.max().unwrap_or(0)
}

/// Returns the forms in which a key could be met. In base64, the text before it decides which of three it takes, and only what lies wholly
/// inside the key is the same each time.
fn forms(text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned()];
    for shift in 0..3 {
        let mut bytes = vec![0; shift];
        bytes.extend_from_slice(text.as_bytes());
        let whole = STANDARD_NO_PAD.encode(&bytes);
        let start = [0, 2, 3][shift];
        let end = bytes.len() / 3 * 4;
        if let Some(inner) = whole.get(start..end)
            && inner.len() >= LEAST
        {
            forms.push(inner.to_owned());
            if inner.contains(['+', '/']) {
                forms.push(inner.replace('+', "-").replace('/', "_"));
            }
        }
    }
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    if encoded != text {
        forms.push(encoded.replace('+', "%20"));
        forms.push(encoded);
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::super::Secret;
    use super::*;

    #[test]
    fn a_key_that_was_held_is_left_out_in_each_of_its_forms() {
        let key = "canary/in use+4711";
        let _secret = Secret::new(key.into());
        assert_eq!(redact(&format!("a {key} b")), "a [redacted] b");
        for prefix in ["", "x", "Bearer ", "Bearer: "] {
            let encoded = STANDARD_NO_PAD.encode(format!("{prefix}{key}"));
            let told = redact(&encoded);
            assert!(told.contains("[redacted]"), "{prefix}: {told}");
        }
        let told = redact("canary%2Fin%20use%2B4711 canary%2Fin+use%2B4711");
        assert_eq!(told, "[redacted] [redacted]");
    }

    #[test]
    fn a_key_that_comes_in_pieces_is_left_out_however_they_are_cut() {
        let key = "canary/pieces+4711";
        let _secret = Secret::new(key.into());
        let encoded = STANDARD_NO_PAD.encode(format!("x{key}y"));
        let text = format!("é a {key} b {encoded} ca");
        for step in 1..text.len() {
            let mut pieces = Pieces::default();
            let mut passed_on = String::new();
            let mut rest = text.as_str();
            while !rest.is_empty() {
                let cut = (step..=rest.len()).find(|cut| rest.is_char_boundary(*cut));
                let (piece, more) = rest.split_at(cut.unwrap_or(rest.len()));
                passed_on += &pieces.push(piece);
                rest = more;
            }
            assert!(
                passed_on.starts_with("é a [redacted] b "),
                "{step}: {passed_on}"
            );
            assert_eq!(
                passed_on.matches("[redacted]").count(),
                2,
                "{step}: {passed_on}"
            );
        }
    }

    #[test]
    fn a_key_that_is_held_is_left_out_however_many_came_after_it() {
        let _held = Secret::new("canary-held-0815".into());
        for number in 0..2 * MOST {
            drop(Secret::new(format!("canary-token-{number:04}")));
        }
        assert_eq!(redact("a canary-held-0815 b"), "a [redacted] b");
    }

    #[test]
    fn what_holds_no_key_is_not_copied_and_words_stay() {
        let _secrets = ["none", "lm-studio", "sk-1234"].map(|word| Secret::new(word.into()));
        let text = "none of lm-studio, sk-1234";
        assert!(matches!(redact(text), Cow::Borrowed(_)));
    }
}
