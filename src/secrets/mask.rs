//! Stand-ins for credentials, there and back.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use super::{Found, enclosed, find};

/// What every stand-in begins with.
const MARK: &str = "SECRET_";

/// So much on either side of the cursor is looked through for a credential that the cursor stands in, in bytes: longer than most, and little enough for each suggestion.
const NEAR: usize = 512;

/// How many hexadecimal digits follow.
const DIGITS: usize = 12;

/// Which credentials were replaced in the texts of one request, and by what.
///
/// A credential's stand-in is the same as long as the process lives, so that a prompt begins like the one before, and tells nothing of it: it is made
/// with a key that nobody else has. Only where a text holds that very stand-in already, as when an answer was pasted back, another one is taken: what
/// stands for a credential must stand for nothing else in the request.
#[derive(Clone, Default)]
pub struct Mask {
    /// The credentials by their stand-ins.
    credentials: BTreeMap<String, String>,
    kinds: Vec<&'static str>,
}

impl fmt::Debug for Mask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Mask")
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}

impl Mask {
    /// Puts stand-ins into all texts of a request; a text without credentials is not touched.
    pub fn apply(texts: &mut [&mut String]) -> Self {
        let found = texts.iter().map(|text| find(text)).collect();
        Self::put(texts, found)
    }

    /// The same, where some texts go on in another one, as round a cursor, which is told by the places of both: of a credential that lies across them, each
    /// half gets a stand-in of its own.
    pub fn apply_across(texts: &mut [&mut String], seams: &[(usize, usize)]) -> Self {
        let mut found: Vec<Vec<Found>> = texts.iter().map(|text| find(text)).collect();
        for &(before, after) in seams {
            let (Some(head), Some(tail)) = (texts.get(before), texts.get(after)) else {
                continue;
            };
            let across = halves(head, tail).into_iter();
            let across = across.chain(key_across(head, tail, &found[before], &found[after]));
            for (head, tail) in across.collect::<Vec<_>>() {
                cover(&mut found, before, head);
                cover(&mut found, after, tail);
            }
        }
        Self::put(texts, found)
    }

    fn put(texts: &mut [&mut String], found: Vec<Vec<Found>>) -> Self {
        let mut mask = Self::default();
        // All are chosen before the first is put in, since none may stand in any of the texts as they are.
        let all = texts.iter().map(|text| text.as_str());
        let marked: Vec<&str> = all.filter(|text| text.contains(MARK)).collect();
        let mut stand_ins = BTreeMap::new();
        for (text, found) in texts.iter().zip(&found) {
            for one in found {
                let credential = text.get(one.range.clone()).unwrap_or_default();
                if !stand_ins.contains_key(credential) {
                    let stand_in = mask.free_stand_in(credential, &marked);
                    stand_ins.insert(credential.to_owned(), stand_in.clone());
                    mask.credentials.insert(stand_in, credential.to_owned());
                    mask.kinds.push(one.kind);
                }
            }
        }
        for (text, found) in texts.iter_mut().zip(found) {
            for one in found.into_iter().rev() {
                let stand_in = text.get(one.range.clone()).and_then(|it| stand_ins.get(it));
                text.replace_range(one.range, stand_in.map_or("", String::as_str));
            }
        }
        mask
    }

    /// Returns a stand-in that neither another credential has nor any of the texts holds.
    fn free_stand_in(&self, credential: &str, texts: &[&str]) -> String {
        let is_free = |it: &String| {
            !self.credentials.contains_key(it)
                && !texts.iter().any(|text| text.contains(it.as_str()))
        };
        // A text of n bytes holds fewer than n of them, so that one is found; in truth the first, or the second.
        let mut tries = (0_u32..).map(|attempt| stand_in(credential, attempt));
        tries.find(is_free).unwrap_or_default()
    }

    /// Returns what was replaced, a name for each credential: `GitHub token`.
    pub fn kinds(&self) -> &[&'static str] {
        &self.kinds
    }

    /// Returns whether nothing was replaced.
    pub fn is_empty(&self) -> bool {
        self.credentials.is_empty()
    }

    /// Returns what puts the credentials back into an answer.
    pub fn unmask(self) -> Unmask {
        Unmask {
            mask: self,
            held: String::new(),
        }
    }

    fn restore(&self, mut text: String) -> String {
        for (stand_in, credential) in &self.credentials {
            if text.contains(stand_in.as_str()) {
                text = text.replace(stand_in, credential);
            }
        }
        text
    }
}

/// Puts credentials back into an answer that comes in pieces.
pub struct Unmask {
    mask: Mask,
    /// The end of what came, while it may be the beginning of a stand-in.
    held: String,
}

impl Unmask {
    /// Takes the next piece and returns as much of the answer as is certain.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let certain = self.held.len() - uncertain(&self.held);
        let rest = self.held.split_off(certain);
        self.mask.restore(std::mem::replace(&mut self.held, rest))
    }

    /// Returns what was held back, once the answer has ended.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// Returns the two halves of the credential that ends one text and begins the next, if there is one.
fn halves(before: &str, after: &str) -> Option<(Found, Found)> {
    let from = before.ceil_char_boundary(before.len().saturating_sub(NEAR));
    let (head, tail) = (
        before.get(from..)?,
        after.get(..after.floor_char_boundary(NEAR))?,
    );
    let joined = [head, tail].concat();
    let cut = head.len();
    let is_cut = |one: &Found| one.range.start < cut && cut < one.range.end;
    let Found { range, kind } = find(&joined).into_iter().find(is_cut)?;
    let half = |range| Found { range, kind };
    Some((
        half(from + range.start..before.len()),
        half(0..range.end - cut),
    ))
}

/// Returns the halves of a private key of which only the one on this side of the cursor was found, since the other one's mark is not in the texts.
fn key_across(
    before: &str,
    after: &str,
    in_before: &[Found],
    in_after: &[Found],
) -> Option<(Found, Found)> {
    let is_key = |one: &&Found| one.kind == enclosed::PRIVATE_KEY;
    let reaches_end = |one: &&Found| one.range.end >= before.trim_end().len();
    let head = in_before.last().filter(is_key).filter(reaches_end);
    let begins = |one: &&Found| one.range.start <= after.len() - after.trim_start().len();
    let tail = in_after.first().filter(is_key).filter(begins);
    let of = |range| Found {
        range,
        kind: enclosed::PRIVATE_KEY,
    };
    match (head, tail) {
        (Some(head), None) => {
            let end = enclosed::end_of_start(after);
            (end > 0).then(|| (head.clone(), of(0..end)))
        }
        (None, Some(tail)) => {
            let start = enclosed::start_of_end(before, before.len())?;
            Some((of(start..before.len()), tail.clone()))
        }
        _ => None,
    }
}

/// Adds a place to what was found in a text, in one with what it touches.
fn cover(found: &mut [Vec<Found>], text: usize, mut place: Found) {
    let Some(found) = found.get_mut(text) else {
        return;
    };
    found.retain(|one| {
        let is_apart = one.range.end <= place.range.start || one.range.start >= place.range.end;
        if !is_apart {
            place.range.start = place.range.start.min(one.range.start);
            place.range.end = place.range.end.max(one.range.end);
        }
        is_apart
    });
    found.push(place);
    found.sort_by_key(|one| one.range.start);
}

/// Returns how long the end of a text is that a stand-in may begin with, in bytes.
fn uncertain(text: &str) -> usize {
    let bytes = text.as_bytes();
    let longest = (MARK.len() + DIGITS - 1).min(bytes.len());
    let may_begin = |end: &[u8]| {
        let (mark, digits) = end.split_at(end.len().min(MARK.len()));
        MARK.as_bytes().starts_with(mark) && digits.iter().all(u8::is_ascii_hexdigit)
    };
    let end = (1..=longest)
        .rev()
        .find(|length| may_begin(&bytes[bytes.len() - length..]));
    end.unwrap_or(0)
}

fn stand_in(credential: &str, attempt: u32) -> String {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    let hash = KEY.hash_one((credential, attempt));
    format!("{MARK}{:0DIGITS$x}", hash >> (64 - 4 * DIGITS))
}

#[cfg(test)]
mod tests {
    use super::Mask;

    fn token() -> String {
        format!("ghp{}{}", "_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")
    }

    /// Returns a text as it is sent, and what puts its credentials back.
    fn masked(text: &str) -> (String, Mask) {
        let mut sent = text.to_owned();
        let mask = Mask::apply(&mut [&mut sent]);
        (sent, mask)
    }

    /// Returns what becomes of an answer that comes in two pieces.
    fn unmasked(mask: &Mask, (a, b): (&str, &str)) -> String {
        let mut unmask = mask.clone().unmask();
        unmask.push(a) + &unmask.push(b) + &unmask.finish()
    }

    #[test]
    fn a_credential_is_not_in_what_is_sent_and_stands_in_what_comes_wherever_it_is_cut() {
        let token = token();
        let (sent, mask) = masked(&format!("let token = \"{token}\"; send(\"{token}\");"));
        assert!(!sent.contains(&token), "{sent}");
        assert_eq!(mask.kinds(), ["GitHub token"]);
        let answer = sent.replace("send", "SECRET_ SECRET_12 resend");
        for cut in 0..=answer.len() {
            assert_eq!(
                unmasked(&mask, answer.split_at(cut)),
                format!("let token = \"{token}\"; SECRET_ SECRET_12 resend(\"{token}\");"),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_credential_has_one_stand_in_and_another_has_another() {
        let (one, other) = (token(), token().replace("a1B2", "z9Y8"));
        let (mut a, mut b) = (one.clone(), format!("{one} {other}"));
        let mask = Mask::apply(&mut [&mut a, &mut b]);
        assert!(b.starts_with(&a) && b.len() == 2 * a.len() + 1);
        assert_eq!(mask.kinds().len(), 2);
        assert!(!format!("{mask:?}").contains(&one));
        assert_eq!(masked(&one).0, a, "in the next request it is the same");
    }

    #[test]
    fn a_stand_in_that_a_text_holds_already_stays_what_it_is() {
        let token = token();
        let (pasted, _) = masked(&token);
        let (mut prefix, mut suffix) = (token.clone(), format!("see {pasted}"));
        let mask = Mask::apply(&mut [&mut prefix, &mut suffix]);
        assert_eq!(suffix, format!("see {pasted}"));
        assert_ne!(prefix, pasted);
        let answer = format!("{prefix} {suffix}");
        let expected = format!("{token} see {pasted}");
        assert_eq!(unmasked(&mask, (&answer, "")), expected);
        // And so does the next one, where both are there.
        let text = format!("{token} {pasted} {prefix}");
        let (sent, mask) = masked(&text);
        assert!(!sent.contains(&token));
        assert_eq!(unmasked(&mask, (&sent, "")), text);
    }

    #[test]
    fn of_a_credential_that_the_cursor_stands_in_neither_half_is_sent() {
        let token = token();
        for cut in 1..token.len() {
            let (head, tail) = token.split_at(cut);
            let (mut before, mut after) =
                (format!("é let a = \"{head}"), format!("{tail}\"; // é"));
            let mask = Mask::apply_across(&mut [&mut before, &mut after], &[(0, 1)]);
            assert_eq!(mask.kinds()[0], "GitHub token", "cut at {cut}");
            assert!(before.starts_with("é let a = \"SECRET_") && after.ends_with("\"; // é"));
            assert!(after.starts_with("SECRET_"), "{after}");
            assert_eq!(
                unmasked(&mask, (&before, &after)),
                format!("é let a = \"{token}\"; // é")
            );
        }
        let (mut before, mut after) = (format!("{token}\n"), "fn a() {}".to_owned());
        let mask = Mask::apply_across(&mut [&mut before, &mut after], &[(0, 1)]);
        assert_eq!((mask.kinds().len(), &*after), (1, "fn a() {}"));
    }

    #[test]
    fn of_a_private_key_of_which_one_mark_is_far_away_neither_half_is_sent() {
        let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
        let private = ["PRIVATE", "KEY"].join(" ");
        let lines = |count: usize| format!("{line}\n").repeat(count);
        let begin = format!("-----BEGIN {private}-----\n");
        let end = format!("-----END {private}-----\nfn a() {{}}\n");
        for (head, tail) in [
            // The window ends before the key does, or begins after it.
            (format!("{begin}{}", lines(20)), lines(10)),
            (lines(30), format!("{}{end}", lines(20))),
            (
                format!("{begin}{}MIIE", lines(1)),
                format!("vQIB\n{}", lines(9)),
            ),
        ] {
            let (mut before, mut after) = (head.clone(), tail.clone());
            let mask = Mask::apply_across(&mut [&mut before, &mut after], &[(0, 1)]);
            assert!(!before.contains(&line[..24]), "{before}");
            assert!(!after.contains(&line[..24]), "{after}");
            assert_eq!(unmasked(&mask, (&before, &after)), head + &tail);
        }
    }

    #[test]
    fn text_without_credentials_is_let_through_at_once_but_for_what_may_begin_a_stand_in() {
        let mut unmask = Mask::default().unmask();
        assert_eq!(unmask.push("fn main() {}\n"), "fn main() {}\n");
        assert_eq!(unmask.push("A SECR"), "A ");
        assert_eq!(unmask.push("ECY"), "SECRECY");
        assert_eq!(unmask.finish(), "");
    }
}
