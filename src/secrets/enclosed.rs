//! Credentials between marks: private keys in their lines, passwords in addresses.

use memchr::memmem;

use super::Found;

/// How many kinds are found here.
pub(super) const KINDS: usize = 3;

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    private_keys(text, found);
    putty_keys(text, found);
    addresses(text, found);
}

/// What a key in PEM form begins and ends with ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)).
const BEGIN: &str = "-----BEGIN ";
const PRIVATE: &str = "PRIVATE KEY";
const END: &str = "-----END ";

/// The longest line with which such a key begins.
const LABEL: usize = 64;

/// The least length of the first line of a key.
const LEAST_LINE: usize = 32;

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Finds private keys, also one whose end or beginning is not in the text.
fn private_keys(text: &str, found: &mut Vec<Found>) {
    let mut from = 0;
    for begin in memmem::find_iter(text.as_bytes(), BEGIN) {
        if begin < from {
            continue;
        }
        let rest = text.get(begin + BEGIN.len()..).unwrap_or_default();
        let label = rest.split("-----").next().unwrap_or_default();
        if label.len() > LABEL || !label.contains(PRIVATE) {
            continue;
        }
        let body = begin + BEGIN.len() + label.len() + "-----".len();
        let Some(inside) = text.get(body..) else {
            continue;
        };
        let end = memmem::find(inside.as_bytes(), END.as_bytes()).unwrap_or(inside.len());
        let inside = inside.get(..end).unwrap_or_default();
        // In code it may be a string over several lines; a text about keys has no such line.
        let is_around = |c: char| {
            c.is_whitespace() || matches!(c, '\\' | 'n' | 'r' | '"' | '\'' | '`' | '+' | ',')
        };
        let skipped = inside.len() - inside.trim_start_matches(is_around).len();
        let line: usize = inside
            .bytes()
            .skip(skipped)
            .take_while(|byte| is_key(*byte))
            .count();
        let is_locked = inside
            .get(skipped..)
            .is_some_and(|rest| rest.starts_with("Proc-Type"));
        if line < LEAST_LINE && !is_locked {
            continue;
        }
        let secret = inside.get(skipped..).unwrap_or_default().trim_end();
        if super::random::is_made_up(secret) {
            continue;
        }
        let start = body + skipped;
        from = start + secret.len();
        found.push(Found {
            range: start..from,
            kind: "private key",
        });
    }
}

const PUTTY: &str = "Private-Lines: ";

/// Finds the private lines of a key file of `PuTTY`.
fn putty_keys(text: &str, found: &mut Vec<Found>) {
    for begin in memmem::find_iter(text.as_bytes(), PUTTY) {
        let rest = text.get(begin + PUTTY.len()..).unwrap_or_default();
        let Some((count, lines)) = rest.split_once('\n') else {
            continue;
        };
        let Ok(count) = count.trim().parse::<usize>() else {
            continue;
        };
        let length: usize = lines
            .split_inclusive('\n')
            .take(count.min(200))
            .map(str::len)
            .sum();
        let start = begin + PUTTY.len() + (rest.len() - lines.len());
        let secret = lines.get(..length).unwrap_or_default().trim_end();
        if !secret.is_empty() {
            found.push(Found {
                range: start..start + secret.len(),
                kind: "private key",
            });
        }
    }
}

/// Passwords that nobody means to keep secret.
const WELL_KNOWN: [&str; 20] = [
    "password", "passwd", "pass", "pwd", "pw", "secret", "root", "admin", "postgres", "mysql",
    "mongo", "redis", "rabbitmq", "guest", "test", "user", "username", "token", "hunter2",
    "letmein",
];

/// The longest user's name and password in an address.
const LONGEST: usize = 256;

/// Finds passwords in addresses: `scheme://user:password@host`.
fn addresses(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    for mark in memmem::find_iter(bytes, "://") {
        let start = mark + "://".len();
        let rest = bytes.get(start..).unwrap_or_default();
        let is_inside = |byte: &u8| {
            byte.is_ascii_graphic()
                && !matches!(
                    byte,
                    b'/' | b'"' | b'\'' | b'`' | b'@' | b'?' | b'#' | b'<' | b'>' | b'(' | b')'
                )
        };
        let length = rest
            .iter()
            .take(LONGEST)
            .take_while(|byte| is_inside(byte))
            .count();
        if rest.get(length) != Some(&b'@') {
            continue;
        }
        let Some(inside) = text.get(start..start + length) else {
            continue;
        };
        let Some((user, password)) = inside.split_once(':') else {
            continue;
        };
        let is_template = password.contains(['$', '{', '%', '*', '[']);
        let lower = password.to_ascii_lowercase();
        let is_known =
            WELL_KNOWN.iter().any(|known| *known == lower) || user.eq_ignore_ascii_case(password);
        if password.len() < 4 || is_template || is_known || super::random::is_made_up(password) {
            continue;
        }
        let start = start + user.len() + 1;
        found.push(Found {
            range: start..start + password.len(),
            kind: "password in an address",
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::find;

    #[test]
    fn a_private_key_is_found_between_its_lines_and_where_it_is_cut() {
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n".repeat(3);
        let whole = format!(
            "KEY = \"\"\"-----BEGIN RSA {} -----\n{body}-----END RSA {}-----\"\"\"",
            super::PRIVATE,
            super::PRIVATE
        )
        .replace(" -----\n", "-----\n");
        let found = find(&whole);
        assert_eq!(found.len(), 1);
        assert_eq!(&whole[found[0].range.clone()], body.trim());
        let cut = &whole[..whole.len() - 60];
        assert_eq!(find(cut)[0].range.end, cut.trim_end().len());
    }

    #[test]
    fn talk_of_private_keys_is_left() {
        for text in [
            "if line.startswith('-----BEGIN PRIVATE KEY-----'):",
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo\n-----END PUBLIC KEY-----",
        ] {
            assert_eq!(find(text), [], "{text}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_found_and_an_examples_is_left() {
        let address = format!("postgres://app:{}{}@db.internal:5432/app", "tr0ub4", "dor3");
        let found = find(&address);
        assert_eq!(&address[found[0].range.clone()], "tr0ub4dor3");
        for left in [
            "postgres://postgres:postgres@localhost/app",
            "https://user:password@host/",
            "https://{user}:{password}@host/",
            "https://host:8080/a@b",
            "git+ssh://git@host:22/x",
        ] {
            assert_eq!(find(left), [], "{left}");
        }
    }
}
