//! The days that a report covers, and the words for them.
//!
//! Entry point: [`Period::parse`]. Days are local days, as the ledger stores them with each call.

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// Days from the first to the last, both included; without one of them, as far as there are any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub since: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
}

impl Period {
    /// Reads the two ends as people say them; today is needed to count back from.
    pub fn parse(since: Option<&str>, until: Option<&str>, today: Date) -> Result<Self, String> {
        let day = |text: &str| day(text, today);
        let period = Self {
            since: since.map(day).transpose()?.flatten(),
            until: until.map(day).transpose()?.flatten(),
        };
        match (period.since, period.until) {
            (Some(since), Some(until)) if since > until => Err(format!(
                "{since} comes after {until}; say the earlier day first"
            )),
            _ => Ok(period),
        }
    }

    /// Returns the first and last day as the ledger stores them.
    pub(super) fn days(self) -> (i64, i64) {
        let stored = |date: Date| crate::cost::ledger::day(date);
        (
            self.since.map_or(i64::MIN, stored),
            self.until.map_or(i64::MAX, stored),
        )
    }
}

/// As `{since, until}`, dates as text, null where there is none.
impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |date: Option<Date>| date.map(|date| date.to_string());
        let mut period = serializer.serialize_struct("Period", 2)?;
        period.serialize_field("since", &text(self.since))?;
        period.serialize_field("until", &text(self.until))?;
        period.end()
    }
}

/// Reads `today`, `yesterday`, `month` (its first day), `7d` (seven days, today included), `2w`, `3m`, `1y`, `2026-11-01`, or `all`.
fn day(text: &str, today: Date) -> Result<Option<Date>, String> {
    let refused = || {
        let text: String = text.chars().take(40).collect();
        format!(
            "\"{text}\" is no day; write 7d, 2w, 3m, 1y, today, yesterday, month, all, or a date such as {today}"
        )
    };
    let back = |span: Span| today.checked_sub(span).map_err(|_| refused());
    match text {
        "all" => return Ok(None),
        "today" => return Ok(Some(today)),
        "yesterday" => return back(1.day()).map(Some),
        "month" => return Ok(Some(today.first_of_month())),
        _ => {}
    }
    if let Ok(date) = text.parse::<Date>() {
        return Ok(Some(date));
    }
    let (number, unit) = text
        .char_indices()
        .last()
        .map(|(end, unit)| (&text[..end], unit))
        .ok_or_else(refused)?;
    let number: i32 = number.parse().map_err(|_| refused())?;
    if !(1..=10_000).contains(&number) {
        return Err(refused());
    }
    let begins = match unit {
        'd' => back((number - 1).days())?,
        'w' => back((7 * number - 1).days())?,
        'm' => back(number.months())?,
        'y' => back(number.years())?,
        _ => return Err(refused()),
    };
    Ok(Some(begins))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_said_as_people_say_them() {
        let today = date(2026, 11, 25);
        let table = [
            ("today", Some(date(2026, 11, 25))),
            ("yesterday", Some(date(2026, 11, 24))),
            ("1d", Some(date(2026, 11, 25))),
            ("7d", Some(date(2026, 11, 19))),
            ("2w", Some(date(2026, 11, 12))),
            ("1m", Some(date(2026, 10, 25))),
            ("1y", Some(date(2025, 11, 25))),
            ("month", Some(date(2026, 11, 1))),
            ("2026-01-31", Some(date(2026, 1, 31))),
            ("all", None),
        ];
        for (text, expected) in table {
            assert_eq!(day(text, today), Ok(expected), "{text}");
        }
        for wrong in [
            "",
            "d",
            "0d",
            "-1d",
            "7",
            "7x",
            "99999d",
            "2026-02-30",
            "ü",
            "1e3d",
        ] {
            assert!(day(wrong, today).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_period_begins_before_it_ends() {
        let today = date(2026, 11, 25);
        assert!(Period::parse(Some("today"), Some("yesterday"), today).is_err());
        let week = Period::parse(Some("7d"), None, today).unwrap();
        assert_eq!(week.days(), (20_261_119, i64::MAX));
    }
}
