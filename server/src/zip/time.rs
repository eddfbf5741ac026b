//! The time of an entry, as zip stores it.

const SECONDS_PER_DAY: u64 = 86_400;

/// 1980-01-01 00:00:00, the first time that DOS can tell.
const DOS_FIRST: i64 = 315_532_800;

/// 2107-12-31 23:59:58, the last time that DOS can tell.
const DOS_LAST: i64 = 4_354_819_198;

/// When a file was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntryTime {
    /// Seconds since 1970-01-01 00:00:00 UTC, before it negative.
    pub unix_seconds: i64,
    /// Seconds to add to UTC for the local time at that place; 0 if unknown.
    pub local_offset_seconds: i32,
}

impl EntryTime {
    /// Local time in MS-DOS form: date in the upper 16 bits, time in the lower (APPNOTE 4.4.6).
    ///
    /// Odd seconds are rounded down; times outside 1980 to 2107 become the nearest that fits.
    pub(super) fn dos(self) -> u32 {
        let offset = i64::from(self.local_offset_seconds);
        let local = self.unix_seconds.saturating_add(offset);
        let local = local.clamp(DOS_FIRST, DOS_LAST).unsigned_abs();
        let (year, month, day) = civil_date(local / SECONDS_PER_DAY);
        let second = local % SECONDS_PER_DAY;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let date = (year - 1980) << 9 | month << 5 | day;
        let time = hour << 11 | minute << 5 | (second / 2);
        (date << 16 | time) as u32
    }
}

/// Year, month (1–12) and day (1–31) in the Gregorian calendar, `days` after 1970-01-01.
///
/// Howard Hinnant's `civil_from_days`: years that begin in March put the leap day at their end, see
/// <https://howardhinnant.github.io/date_algorithms.html>.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // from 0000-03-01
    let era = days / 146_097; // 400 years
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dos(unix_seconds: i64, local_offset_seconds: i32) -> (u32, u32, u32, u32, u32, u32) {
        let dos = EntryTime { unix_seconds, local_offset_seconds }.dos();
        let (date, time) = (dos >> 16, dos & 0xFFFF);
        (1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2)
    }

    #[test]
    fn odd_seconds_are_rounded_down() {
        assert_eq!(dos(1_720_009_815, 0), (2024, 7, 3, 12, 30, 14));
    }

    #[test]
    fn local_time_crosses_midnight_and_new_year() {
        assert_eq!(dos(1_704_066_000, 0), (2023, 12, 31, 23, 40, 0));
        assert_eq!(dos(1_704_066_000, 3_600), (2024, 1, 1, 0, 40, 0));
        assert_eq!(dos(1_704_067_200, -3_600), (2023, 12, 31, 23, 0, 0));
    }

    #[test]
    fn leap_days_are_known() {
        assert_eq!(dos(951_782_400, 0), (2000, 2, 29, 0, 0, 0));
        assert_eq!(dos(4_107_542_400, 0), (2100, 3, 1, 0, 0, 0));
        assert_eq!(dos(4_107_542_399, 0), (2100, 2, 28, 23, 59, 58));
    }

    #[test]
    fn times_out_of_range_are_clamped() {
        for early in [i64::MIN, -1, DOS_FIRST - 1, DOS_FIRST] {
            assert_eq!(dos(early, -86_400), (1980, 1, 1, 0, 0, 0));
        }
        for late in [DOS_LAST, DOS_LAST + 1, i64::MAX] {
            assert_eq!(dos(late, 86_400), (2107, 12, 31, 23, 59, 58));
        }
    }

    proptest! {
        #[test]
        fn order_is_kept(early in DOS_FIRST..=DOS_LAST, later in 2..100_000_000_i64) {
            let at = |unix_seconds| EntryTime { unix_seconds, local_offset_seconds: 0 }.dos();
            prop_assert!(at(early) < at(early + later) || early + later > DOS_LAST);
        }

        #[test]
        fn any_time_is_a_real_date(unix_seconds: i64, local_offset_seconds: i32) {
            let (year, month, day, hour, minute, second) = dos(unix_seconds, local_offset_seconds);
            prop_assert!((1980..=2107).contains(&year) && (1..=12).contains(&month));
            prop_assert!((1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60);
        }
    }
}
