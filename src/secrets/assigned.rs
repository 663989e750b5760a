//! What is given to a name that says it is secret: `password = "…"`, `"api_key": "…"`, `SECRET_KEY=…` in a line of its own.
//!
//! A value counts if it looks random. Most of what code gives to such names is read from elsewhere, is another name, or is an example; none of that is
//! random.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{Found, random};

/// How many kinds are found here.
pub(super) const KINDS: usize = 1;

const KIND: &str = "value of a secret's name";

/// Parts of names, in any case, whose values are secret.
const NAMES: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "accesskey",
    "private_key",
    "privatekey",
    "credential",
    "auth_key",
];

static LOOK: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(NAMES)
        .ok()
});

/// What stands between a name and what it gets or is compared with.
const SIGNS: [&str; 6] = ["=>", ":=", "===", "==", "=", ":"];

/// How far the name may go on behind such a part.
const REST_OF_NAME: usize = 32;

/// The lengths of values that are looked at, in bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 12..=512;

/// Least entropy in bits a byte: random hexadecimal digits of this length have some 3.2 to 3.9, words of a language some 3.
const LEAST_ENTROPY: f32 = 3.1;

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    let Some(look) = &*LOOK else { return };
    for hit in look.find_iter(text) {
        if let Some(range) = value(text, hit.end())
            && text.get(range.clone()).is_some_and(is_secret)
        {
            found.push(Found { range, kind: KIND });
        }
    }
}

/// Returns the bytes of the value that the name gets in which a part ends at `at`.
fn value(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let rest = bytes.get(at..)?;
    let mut at = at
        + rest
            .iter()
            .take(REST_OF_NAME)
            .take_while(|byte| is_name(byte))
            .count();
    // The name may be quoted itself, and have a type.
    at += usize::from(matches!(bytes.get(at)?, b'"' | b'\''));
    at += blanks(bytes, at);
    at += SIGNS.iter().find(|sign| starts(bytes, at, sign))?.len();
    at += blanks(bytes, at);
    let first = *bytes.get(at)?;
    if matches!(first, b'"' | b'\'' | b'`') {
        let start = at + 1;
        let length = run(bytes, start, |byte| byte != first && byte != b'\n');
        return (bytes.get(start + length) == Some(&first)).then_some(start..start + length);
    }
    // As in a file of variables: nothing but the value up to the line's end.
    let length = run(bytes, at, |byte| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'(' | b')' | b';' | b',' | b'<' | b'>' | b'"' | b'\'')
    });
    let behind = bytes.get(at + length);
    matches!(behind, None | Some(b'\n' | b'\r')).then_some(at..at + length)
}

/// Returns how many bytes from `at` on are of a kind, up to one more than a value may have.
fn run(bytes: &[u8], at: usize, is_it: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let rest = rest.iter().take(*LENGTHS.end() + 1);
    rest.take_while(|byte| is_it(**byte)).count()
}

fn starts(bytes: &[u8], at: usize, sign: &str) -> bool {
    bytes
        .get(at..)
        .is_some_and(|rest| rest.starts_with(sign.as_bytes()))
}

fn blanks(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

fn is_secret(value: &str) -> bool {
    // A template, an address, a path, a call or a sentence is none.
    let is_plain = !value.contains(['$', '{', '<', '%', ' ', '(', '\\'])
        && !value.contains("://")
        && !value.starts_with(['/', '.']);
    LENGTHS.contains(&value.len())
        && is_plain
        && random::is_mixed(value)
        && random::entropy(value) >= LEAST_ENTROPY
        && !random::is_made_up(value)
}

#[cfg(test)]
mod tests {
    use super::super::find;

    /// Parts of what looks random, so that this file holds nothing that does.
    const A: &str = "f9K2pLx7";
    const B: &str = "Qw1Zt5Rm";

    #[test]
    fn a_random_value_of_a_secrets_name_is_found_in_many_notations() {
        let value = format!("{A}{B}");
        for line in [
            format!("password = \"{value}\""),
            format!("const API_KEY: &str = '{value}';").replace(": &str", ""),
            format!("\"client_secret\": \"{value}\","),
            format!("authToken := `{value}`"),
            format!("DB_PASSWORD={value}\n"),
            format!("  secret_key: {value}"),
            format!("'passwd' => '{value}'"),
        ] {
            let found = find(&line);
            assert_eq!(found.len(), 1, "{line}");
            assert_eq!(&line[found[0].range.clone()], value, "{line}");
        }
    }

    #[test]
    fn names_calls_templates_sentences_and_examples_are_left() {
        for line in [
            "password = \"correct horse battery staple\"",
            "token = os.environ[\"GITHUB_TOKEN\"]",
            "secret = \"${SECRET_FROM_ENV_1}\"",
            "let token = self.next_token_2();",
            "password: \"password123\"",
            "secretName: my-service-secret-2",
            "api_key = \"your-api-key-1234\"",
            "token_url = \"https://auth.example.net/oauth2/token\"",
            "const TOKEN_KIND_V2 = TokenKind::Ident2;",
            "credential = \"/etc/ssl/a1b2c3d4e5f6\"",
        ] {
            assert_eq!(find(line), [], "{line}");
        }
    }
}
