//! Credentials between marks: private keys in their lines, passwords in addresses.

use memchr::memmem;

use super::Found;

/// How many kinds are found here.
pub(super) const KINDS: usize = 3;

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    private_keys(text, found);
    putty_keys(text, found);
    ends_of_keys(text, found);
    addresses(text, found);
}

/// The kind of what stands in a private key's lines.
pub(super) const PRIVATE_KEY: &str = "private key";

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

/// Finds private keys, also one whose end is not in the text.
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
        if is_made_up(secret) {
            continue;
        }
        let start = body + skipped;
        from = start + secret.len();
        found.push(Found {
            range: start..from,
            kind: PRIVATE_KEY,
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
                kind: PRIVATE_KEY,
            });
        }
    }
}

/// Returns whether a key is an example's, by its first whole line: in all of a key some word stands by chance.
fn is_made_up(secret: &str) -> bool {
    let mut lines = secret.split(|c: char| !c.is_ascii() || !is_key(c as u8));
    let whole = lines.find(|line| line.len() >= LEAST_LINE);
    super::random::is_made_up(whole.unwrap_or(secret))
}

/// What stands behind the private lines of a key file of `PuTTY`, by its version.
const PUTTY_ENDS: [&str; 2] = ["Private-MAC: ", "Private-Hash: "];

/// More of a key whose beginning is not in the text is not looked for, in bytes.
const LONGEST_KEY: usize = 16 * 1024;

/// Finds the ends of private keys whose beginnings are not in the text: it begins within one, as what stands behind a cursor does.
fn ends_of_keys(text: &str, found: &mut Vec<Found>) {
    let of_pem = memmem::find_iter(text.as_bytes(), END).filter(|end| {
        let rest = text.get(end + END.len()..).unwrap_or_default();
        let label = rest.split("-----").next().unwrap_or_default();
        label.len() <= LABEL && label.contains(PRIVATE)
    });
    let of_putty = PUTTY_ENDS
        .iter()
        .flat_map(|mark| memmem::find_iter(text.as_bytes(), mark));
    for end in of_pem.chain(of_putty) {
        let Some(start) = start_of_end(text, end) else {
            continue;
        };
        let is_known = found
            .iter()
            .any(|one| one.range.start < end && start < one.range.end);
        let secret = text.get(start..end).unwrap_or_default().trim_end();
        if !is_known && !is_made_up(secret) {
            found.push(Found {
                range: start..start + secret.len(),
                kind: PRIVATE_KEY,
            });
        }
    }
}

/// Returns how far a text that begins within a key goes on with it, in bytes.
pub(super) fn end_of_start(text: &str) -> usize {
    let part = text
        .bytes()
        .take(LONGEST_KEY)
        .take_while(|byte| is_part(*byte));
    let length = part.count();
    text.get(..length).unwrap_or_default().trim_end().len()
}

/// Returns whether a byte may stand in a key's lines, or between them where they are a string in code.
fn is_part(byte: u8) -> bool {
    is_key(byte) || byte.is_ascii_whitespace() || b"\\\"'`,".contains(&byte)
}

/// Returns where the lines of a key begin that ends here: with the first that is long enough for one, or with the text itself.
pub(super) fn start_of_end(text: &str, end: usize) -> Option<usize> {
    let bytes = text.as_bytes().get(..end)?;
    let part = bytes.iter().rev().take(LONGEST_KEY);
    let length = part.take_while(|byte| is_part(**byte)).count();
    let from = end - length;
    let mut start = None;
    let mut run = 0;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        run = if is_key(*byte) { run + 1 } else { 0 };
        let is_line = run >= LEAST_LINE || (from == 0 && run > 0);
        if is_line && start.is_none() {
            start = Some(at + 1 - run);
        }
    }
    start
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
    #![allow(clippy::unwrap_used)]
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
    fn wherever_a_text_begins_or_ends_within_a_private_key_nothing_of_the_key_is_left() {
        let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
        let begin = format!("-----BEGIN RSA {}-----", super::PRIVATE);
        let end = format!("-----END RSA {}-----", super::PRIVATE);
        let pem = |between: &str| [begin.as_str(), &[line; 30].join(between), &end].join(between);
        let putty = format!(
            "{}30\n{}\n{}1f2e",
            super::PUTTY,
            [line; 30].join("\n"),
            super::PUTTY_ENDS[0]
        );
        for whole in [pem("\n"), pem("\\n"), pem("\\n\" +\n    \""), putty] {
            let (from, to) = (
                whole.find(line).unwrap(),
                whole.rfind(line).unwrap() + line.len(),
            );
            // No part of a line's length, so that lines are cut anywhere.
            for cut in (from..to).step_by(13) {
                let (head, tail) = whole.split_at(cut);
                let covered: usize = find(tail).iter().map(|one| one.range.len()).sum();
                let range = find(tail).first().map(|one| one.range.clone()).unwrap();
                // Between two lines it begins with the next line.
                assert!(
                    range.start < 12 && covered == range.len(),
                    "{cut}: {range:?}"
                );
                assert!(range.end >= to - cut, "{cut}: {range:?}");
                if cut > from + super::LEAST_LINE {
                    let range = find(head).first().map(|one| one.range.clone()).unwrap();
                    assert_eq!(range.start, from);
                    assert!(range.end >= head.trim_end().len() - 12, "{cut}: {range:?}");
                }
            }
        }
    }

    #[test]
    fn the_rest_of_a_line_that_looks_made_up_does_not_make_an_example_of_the_key() {
        let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n";
        for rest in ["AAAA", "EXAMPLE", "xxxxxxxx"] {
            let tail = format!("{rest}\n{line}{line}-----END RSA {}-----", super::PRIVATE);
            assert_eq!(find(&tail).len(), 1, "{rest}");
        }
    }

    #[test]
    fn talk_of_private_keys_is_left() {
        for text in [
            "if line.startswith('-----BEGIN PRIVATE KEY-----'):",
            "if line.startswith('-----END PRIVATE KEY-----'):",
            "fn a() { what it ends with is -----END PRIVATE KEY-----",
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
