//! A time as caps count it: the local day, and the hour of the clock.

use super::totals::Day;
use crate::cost::budget::Per;

/// When it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) day: Day,
    /// Hours since 1970.
    pub(super) hour: i64,
}

impl Moment {
    pub(super) fn of(at: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> Self {
        Self {
            day: Day::from(zone.to_datetime(at).date()),
            hour: at.as_microsecond() / MICROS_PER_HOUR,
        }
    }

    /// Returns the numbers of the first and the last span that a cap's time takes.
    pub(super) fn spans(self, per: Per) -> (i64, i64) {
        match per {
            Per::Hour => (self.hour, self.hour),
            Per::Month => {
                let (first, last) = self.day.month();
                (first.0, last.0)
            }
            Per::Day | Per::Request | Per::Session => (self.day.0, self.day.0),
        }
    }
}

const MICROS_PER_HOUR: i64 = 3_600_000_000;
