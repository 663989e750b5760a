//! Decimal text to whole numbers of a small unit, without a float on the way.
//!
//! Entry point: [`parse`]. Config writes amounts as people do (`2.50`), providers as programs do (`9.6e-06`); both arrive here.

/// What happens to digits that are finer than the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finer {
    /// They are refused: for what users write.
    Refuse,
    /// The nearest whole unit is taken, halves away from zero: for what providers report.
    Round,
}

/// No amount of money needs more; a longer text is an attack or a mistake.
const MAX_LEN: usize = 64;

/// Reads decimal text, with or without an exponent, as a whole number of 10^-`scale`.
///
/// `None` if it is no number, does not fit, or (with [`Finer::Refuse`]) is finer than the unit.
pub(super) fn parse(text: &str, scale: i32, finer: Finer) -> Option<i64> {
    if text.len() > MAX_LEN {
        return None;
    }
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut digits: u128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        digits = digits
            .checked_mul(10)?
            .checked_add(u128::from(byte - b'0'))?;
    }
    let fraction_len = i32::try_from(fraction.len()).ok()?;
    let shift = exponent.checked_sub(fraction_len)?.checked_add(scale)?;
    let units = shifted(digits, shift, finer)?;
    let units = i64::try_from(units).ok()?;
    Some(if negative { -units } else { units })
}

/// Multiplies by 10^`shift`.
fn shifted(digits: u128, shift: i32, finer: Finer) -> Option<u128> {
    if digits == 0 {
        return Some(0);
    }
    let power = 10u128.checked_pow(shift.unsigned_abs());
    if shift >= 0 {
        return digits.checked_mul(power?);
    }
    // A power beyond u128 is larger than twice any digits that fit: the quotient is 0 and the remainder everything.
    let (quotient, up) = match power {
        Some(power) => {
            let remainder = digits % power;
            if finer == Finer::Refuse && remainder != 0 {
                return None;
            }
            (digits / power, remainder >= power - remainder)
        }
        None if finer == Finer::Refuse => return None,
        None => (0, false),
    };
    quotient.checked_add(u128::from(up))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_becomes_whole_nanos() {
        let cases = [
            ("0", Some(0)),
            ("2", Some(2_000_000_000)),
            ("0.000003", Some(3_000)),
            (".5", Some(500_000_000)),
            ("5.", Some(5_000_000_000)),
            ("-1.25", Some(-1_250_000_000)),
            ("+1", Some(1_000_000_000)),
            ("9.6e-06", Some(9_600)),
            ("7.5E-7", Some(750)),
            ("1e2", Some(100_000_000_000)),
            ("0.00000850000000000", Some(8_500)),
            ("", None),
            (".", None),
            ("-", None),
            ("1.2.3", None),
            ("1,5", None),
            ("0x10", None),
            ("NaN", None),
            ("inf", None),
            ("1e", None),
            ("--1", None),
            ("0.0000000001", None),
            ("1e999999999", None),
            ("1e-999999999", None),
            ("99999999999", None),
            ("٣", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, 9, Finer::Refuse), expected, "{text}");
        }
        assert_eq!(parse(&"9".repeat(200), 9, Finer::Round), None);
    }

    #[test]
    fn what_is_finer_than_the_unit_is_rounded_only_when_asked() {
        let cases = [
            ("0.00015780000000000001", 157_800),
            ("0.0000000004", 0),
            ("0.0000000005", 1),
            ("-0.0000000005", -1),
            ("1e-40", 0),
            ("1e-999999999", 0),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, 9, Finer::Round), Some(expected), "{text}");
            assert_eq!(parse(text, 9, Finer::Refuse), None, "{text}");
        }
    }
}
