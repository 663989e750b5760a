//! Whether a text looks random, as credentials do, or made up, as examples are.

/// Texts by which people say that something is no credential.
const SAYS_SO: [&str; 14] = [
    "example",
    "xxxx",
    "****",
    "....",
    "your",
    "changeme",
    "placeholder",
    "redacted",
    "dummy",
    "sample",
    "insert",
    "replace",
    "1234567890",
    "abcdefgh",
];

/// Returns whether what a credential consists of is plainly made up: it says so, or repeats few characters.
pub(super) fn is_made_up(own: &str) -> bool {
    let lower = own.to_ascii_lowercase();
    let distinct = distinct(own.as_bytes());
    SAYS_SO.iter().any(|says| lower.contains(says)) || distinct < 6.min(own.len() / 2)
}

/// Returns the entropy of the text's bytes, in bits a byte (Shannon's).
#[expect(clippy::cast_precision_loss, reason = "texts of hundreds of bytes")]
pub(super) fn entropy(text: &str) -> f32 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = text.len().max(1) as f32;
    let parts = counts.iter().filter(|count| **count > 0).map(|count| {
        let part = *count as f32 / length;
        -part * part.log2()
    });
    parts.sum()
}

/// Returns whether a text has letters and digits in such a mixture that it is no name, with or without humps or a number.
pub(super) fn is_mixed(text: &str) -> bool {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => Some(0),
        b'A'..=b'Z' => Some(1),
        b'0'..=b'9' => Some(2),
        // What separates words says nothing.
        _ => None,
    };
    let kinds: Vec<u8> = text.bytes().filter_map(kind).collect();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let has_cases = kinds.contains(&0) && kinds.contains(&1);
    // Of random letters of both cases and digits, 62 in 100 differ in kind from the one before, of hexadecimal digits 47; a name with humps has 40.
    let least = if has_cases { 45 } else { 25 };
    kinds.contains(&2)
        && kinds.iter().any(|kind| *kind != 2)
        && changes * 100 >= kinds.len() * least
}

fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in bytes {
        seen[usize::from(*byte)] = true;
    }
    seen.iter().filter(|seen| **seen).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_so_or_repeats_itself_is_made_up() {
        for made_up in [
            "IOSFODNN7EXAMPLE",
            "xxxxxxxxxxxxxxxx",
            "abababababababab",
            "your_key_goes_here_0",
        ] {
            assert!(is_made_up(made_up), "{made_up}");
        }
        for real in ["Q3ZV7T2KPLM8WXYA", "a81fc02be9d4"] {
            assert!(!is_made_up(real), "{real}");
        }
    }

    #[test]
    fn a_name_with_a_number_is_not_mixed() {
        for name in [
            "connection_string_2",
            "serviceAccount1",
            "sha256",
            "test-secret-key",
        ] {
            assert!(!is_mixed(name), "{name}");
        }
        assert!(is_mixed("9fK2pLx7Qw1Zt5") && is_mixed("4f1c09ab7d22e6"));
    }
}
