//! Time as the server keeps it: microseconds since 1970, UTC.

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

#[cfg(test)]
mod tests {
    use super::*;

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
