//! The shape of a credential: text, and stretches of characters of a class between lengths.

use std::ops::RangeInclusive;

/// What stands in a credential, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// The text it begins with.
    pub(super) begins: String,
    rest: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Of(Class, RangeInclusive<usize>),
}

/// The characters that a stretch is made of; all of them ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Digit,
    Hex,
    /// Hexadecimal digits and `-`, as in a UUID.
    HexDash,
    /// Capital letters and digits.
    Upper,
    /// Small letters and digits.
    Lower,
    Alnum,
    /// Letters, digits, `_` and `-`.
    Word,
    /// Letters, digits, `+`, `/` and `=`.
    Base64,
    /// The same for web addresses: letters, digits, `_`, `-` and `=`.
    Base64Url,
}

/// The longest stretch, where a shape names no end.
const LONGEST: usize = 4096;

/// The least text at the beginning, so that few places have to be looked at.
const LEAST_TEXT: usize = 3;

impl Class {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "digit" => Self::Digit,
            "hex" => Self::Hex,
            "hexdash" => Self::HexDash,
            "upper" => Self::Upper,
            "lower" => Self::Lower,
            "alnum" => Self::Alnum,
            "word" => Self::Word,
            "base64" => Self::Base64,
            "base64url" => Self::Base64Url,
            _ => return None,
        })
    }

    fn has(self, byte: u8) -> bool {
        match self {
            Self::Digit => byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::HexDash => byte.is_ascii_hexdigit() || byte == b'-',
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Lower => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
            Self::Base64Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'='),
        }
    }
}

impl Shape {
    /// Reads a shape as `detectors.toml` has it; `None` if it is none.
    pub(super) fn read(written: &str) -> Option<Self> {
        let (begins, mut rest) = written.split_at(written.find('{').unwrap_or(written.len()));
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let (part, behind) = if let Some(inner) = rest.strip_prefix('{') {
                let (inner, behind) = inner.split_once('}')?;
                let (class, lengths) = inner.split_once(' ')?;
                let part = Part::Of(Class::named(class)?, self::lengths(lengths)?);
                (part, behind)
            } else {
                let (text, behind) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
                (Part::Text(text.to_owned()), behind)
            };
            parts.push(part);
            rest = behind;
        }
        (begins.len() >= LEAST_TEXT && !parts.is_empty()).then(|| Self {
            begins: begins.to_owned(),
            rest: parts,
        })
    }

    /// Returns how long the match is, in bytes, with which a text begins.
    pub(super) fn length(&self, text: &str) -> Option<usize> {
        let bytes = text.as_bytes();
        let mut at = bytes
            .starts_with(self.begins.as_bytes())
            .then_some(self.begins.len())?;
        let mut last: Option<Class> = None;
        for part in &self.rest {
            match part {
                Part::Text(text) => {
                    at += bytes
                        .get(at..)?
                        .starts_with(text.as_bytes())
                        .then_some(text.len())?;
                    last = None;
                }
                Part::Of(class, lengths) => {
                    let here = bytes.get(at..)?.iter().take(*lengths.end());
                    let run = here.take_while(|byte| class.has(**byte)).count();
                    at += lengths.contains(&run).then_some(run)?;
                    last = Some(*class);
                }
            }
        }
        // What goes on is something else, which only begins like it.
        let goes_on = bytes.get(at).is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || last.is_some_and(|class| class.has(*byte))
        });
        (!goes_on).then_some(at)
    }

    /// Returns the parts of a match that are not the same in every credential of this shape.
    pub(super) fn own<'a>(&self, matched: &'a str) -> &'a str {
        matched.get(self.begins.len()..).unwrap_or_default()
    }
}

fn lengths(written: &str) -> Option<RangeInclusive<usize>> {
    let Some((least, most)) = written.split_once("..") else {
        let exactly = written.parse().ok()?;
        return Some(exactly..=exactly);
    };
    let most = if most.is_empty() {
        LONGEST
    } else {
        most.parse().ok()?
    };
    Some(least.parse().ok()?..=most)
}

#[cfg(test)]
impl Shape {
    /// Makes a text of this shape, as short as it may be; `byte` gives a number for each place.
    pub(super) fn sample(&self, mut byte: impl FnMut() -> u8) -> String {
        let mut sample = self.begins.clone();
        for part in &self.rest {
            match part {
                Part::Text(text) => sample.push_str(text),
                Part::Of(class, lengths) => {
                    for _ in 0..*lengths.start() {
                        // The rarer characters of a class are not at its ends, where they may belong to what stands around.
                        let fit = (0..=127)
                            .filter(|byte| class.has(*byte) && byte.is_ascii_alphanumeric());
                        let fit: Vec<u8> = fit.collect();
                        sample.push(char::from(fit[usize::from(byte()) % fit.len()]));
                    }
                }
            }
        }
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::Shape;

    #[test]
    fn a_match_is_as_long_as_its_classes_go_and_no_longer() {
        let shape = Shape::read("tok_{hex 4..6}.{digit 2}").expect("a shape");
        let table = [
            ("tok_abcd.12", Some(11)),
            ("tok_abcdef.12;", Some(13)),
            ("tok_abcd.123", None),
            ("tok_abc.12", None),
            ("tok_abcdef0.12", None),
            ("tok_abcd-12", None),
            ("tok_", None),
            ("top_abcd.12", None),
        ];
        for (text, expected) in table {
            assert_eq!(shape.length(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_shape_is_none() {
        for written in [
            "",
            "abc",
            "ab{hex 2}",
            "abc{hex}",
            "abc{none 2}",
            "abc{hex 2",
            "abc{hex x}",
        ] {
            assert_eq!(Shape::read(written), None, "{written}");
        }
    }
}
