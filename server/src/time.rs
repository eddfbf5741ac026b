//! Time as the server keeps it: microseconds since 1970, UTC.

use std::fmt;
use std::time::Duration;

use prost_types::Timestamp;
use sea_orm::DeriveValueType;

use crate::error::{Error, Result};

const MICROS_PER_SECOND: i64 = 1_000_000;
/// 1800-01-01T00:00:00Z, in seconds since 1970.
const EARLIEST_SECOND: i64 = -5_364_662_400;
/// 2200-01-01T00:00:00Z, in seconds since 1970.
const LATEST_SECOND: i64 = 7_258_118_400;

/// A moment: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct Micros(pub i64);

impl Micros {
    /// Reads a client's timestamp, cut to microseconds.
    ///
    /// Fails for times outside 1800 to 2200 and malformed ones, naming `field`.
    pub fn parse(timestamp: &Timestamp, field: &str) -> Result<Self> {
        let is_in_range = (EARLIEST_SECOND..LATEST_SECOND).contains(&timestamp.seconds);
        if !is_in_range || !(0..1_000_000_000).contains(&timestamp.nanos) {
            return Err(Error::invalid(field, "must be a time between 1800 and 2200"));
        }
        Ok(Self(timestamp.seconds * MICROS_PER_SECOND + i64::from(timestamp.nanos / 1000)))
    }

    /// The same moment as the API says it.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        let nanos = self.0.rem_euclid(MICROS_PER_SECOND) * 1000;
        Timestamp { seconds: self.seconds(), nanos: i32::try_from(nanos).unwrap_or(0) }
    }

    /// Whole seconds since 1970, rounded towards the past.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// The UTC date, in days since 1970.
    #[must_use]
    pub fn day_number(self) -> i32 {
        i32::try_from(self.seconds().div_euclid(86_400)).unwrap_or(i32::MAX)
    }

    /// The moment `duration` later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The moment `duration` earlier.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// A date of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// The year, from 1.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: i32,
    /// The day of the month, from 1.
    pub day: i32,
}

/// Days from the first of March of the year 0, where the calendar's formulas begin, to 1970.
const DAYS_TO_1970: i32 = 719_468;

impl Date {
    /// The first date that a client can name.
    pub const FIRST: Self = Self { year: 1, month: 1, day: 1 };
    /// The last date that a client can name.
    pub const LAST: Self = Self { year: 9999, month: 12, day: 31 };

    /// The date so many days after 1970-01-01, by Howard Hinnant's `civil_from_days`
    /// (<https://howardhinnant.github.io/date_algorithms.html>).
    #[must_use]
    pub fn of_day(day: i32) -> Self {
        let shifted = day + DAYS_TO_1970;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self {
            year: year_of_era + era * 400 + i32::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        }
    }

    /// How many days the date lies after 1970-01-01, by `days_from_civil` of the same place. The
    /// fields are taken as they are: day 32 is the first of the next month or later.
    #[must_use]
    pub fn day_number(self) -> i32 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - DAYS_TO_1970
    }

    /// The first and the last day of the date's month, in days since 1970.
    #[must_use]
    pub fn month_days(self) -> (i32, i32) {
        let first = Self { day: 1, ..self };
        let next = match self.month {
            12 => Self { year: self.year + 1, month: 1, day: 1 },
            month => Self { month: month + 1, ..first },
        };
        (first.day_number(), next.day_number() - 1)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        let date = |seconds: i64| {
            Date::of_day(i32::try_from(seconds.div_euclid(86_400)).unwrap()).to_string()
        };
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(-1), "1969-12-31");
        assert_eq!(date(1_709_164_799), "2024-02-28");
        assert_eq!(date(1_709_164_799 + 3600), "2024-02-29");
        assert_eq!(date(-2_208_988_800), "1900-01-01");
    }

    #[test]
    fn dates_are_days_again() {
        for day in -62_091..84_006 {
            let date = Date::of_day(day);
            assert_eq!(date.day_number(), day, "{date}");
            let (first, last) = date.month_days();
            assert!((first..=last).contains(&day), "{date}");
            assert!(Date::of_day(first).day == 1 && Date::of_day(last + 1).day == 1, "{date}");
        }
    }

    #[test]
    fn timestamps_are_cut_to_microseconds() {
        let timestamp = Timestamp { seconds: -2, nanos: 999_999_999 };
        let micros = Micros::parse(&timestamp, "at").unwrap();
        assert_eq!(micros, Micros(-1_000_001));
        assert_eq!(micros.timestamp(), Timestamp { seconds: -2, nanos: 999_999_000 });
    }

    #[test]
    fn times_outside_1800_to_2200_are_refused() {
        for seconds in [EARLIEST_SECOND - 1, LATEST_SECOND, i64::MAX, i64::MIN] {
            assert!(Micros::parse(&Timestamp { seconds, nanos: 0 }, "at").is_err());
        }
        assert!(Micros::parse(&Timestamp { seconds: 0, nanos: -1 }, "at").is_err());
        assert!(Micros::parse(&Timestamp { seconds: EARLIEST_SECOND, nanos: 0 }, "at").is_ok());
    }
}
