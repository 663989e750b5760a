//! The bytes of a request's body.
//!
//! Entry point: [`write`]. A prompt is some ten kilobytes of source code in one string, and escaping it byte by byte was a quarter of what a
//! completion cost here. Runs without anything to escape, which is most of every line, are found eight bytes at a time; all else is
//! `serde_json`'s.

use serde_json::Value;

/// Writes a body. The bytes are those of `serde_json::to_vec`.
pub(super) fn write(body: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    value(body, &mut bytes);
    bytes
}

fn value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => string(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                self::value(item, out);
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (at, (name, field)) in fields.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                string(name, out);
                out.push(b':');
                self::value(field, out);
            }
            out.push(b'}');
        }
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    // A line break or a quote every ten bytes is more than code has.
    out.reserve(text.len() + text.len() / 10 + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = special(rest) {
        out.extend_from_slice(&rest[..at]);
        escape(rest[at], out);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// What may not stand in a string as it is (RFC 8259, section 7).
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The lowest and the highest bit of each byte of a word.
const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Finds the first byte that has to be escaped.
fn special(bytes: &[u8]) -> Option<usize> {
    let (words, tail) = bytes.as_chunks::<8>();
    // The highest bit of each byte that is zero, or below `limit`; a borrow makes a byte above the first such one wrong, never the first.
    let zero = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    let below_space = |word: u64| word.wrapping_sub(LOW * 0x20) & !word & HIGH;
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = below_space(word)
            | zero(word ^ (LOW * u64::from(b'"')))
            | zero(word ^ (LOW * u64::from(b'\\')));
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let at = tail.iter().position(|byte| is_special(*byte))?;
    Some(words.len() * 8 + at)
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\t' => b't',
        b'\r' => b'r',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_character_is_written_as_the_library_writes_it() {
        for character in (0..=0x2ff)
            .filter_map(char::from_u32)
            .chain(['\u{2028}', '😀'])
        {
            for before in ["", "a", "seven b", "eight by", "é"] {
                let body = json!(format!("{before}{character}after \"it\"\n"));
                assert_eq!(
                    write(&body),
                    serde_json::to_vec(&body).expect("JSON"),
                    "{before:?} {character:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn any_value_is_written_as_the_library_writes_it(body in any_value()) {
            prop_assert_eq!(write(&body), serde_json::to_vec(&body).expect("JSON"));
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![".*", "[\"\\\\\\n\\ta-é]{0,40}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[\\x00-é]{0,9}", inner, 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }
}
