//! When a photo or video was taken.

const SECOND_US: i64 = 1_000_000;
const MINUTE_S: i64 = 60;
const DAY_S: i64 = 24 * 60 * MINUTE_S;

/// The times that the API knows: from the start of 1800 to that of 2200.
const EARLIEST_US: i64 = days_since_1970(1800, 1, 1) * DAY_S * SECOND_US;
const END_US: i64 = days_since_1970(2200, 1, 1) * DAY_S * SECOND_US;

/// The instant a photo or video was taken, between 1800 and 2200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureTime {
    /// Microseconds since 1970, UTC. A camera that does not say its offset is
    /// taken to run on UTC, so that its clock is shown as it was set.
    pub unix_us: i64,
    /// Seconds the camera's clock was ahead of UTC, if the file says so.
    pub utc_offset_s: Option<i32>,
}

impl CaptureTime {
    /// A time known in UTC only.
    pub(super) fn from_unix_us(unix_us: i64) -> Option<Self> {
        Self::new(unix_us, None)
    }

    /// A camera's clock: `YYYY:MM:DD HH:MM:SS` with any separators, the digits
    /// that follow the decimal point, and an offset such as `+02:00`, `-0330`
    /// or `Z`. A fraction or offset that makes no sense is ignored.
    pub(super) fn parse(clock: &str, fraction: &str, offset: &str) -> Option<Self> {
        let days = days_since_1970_checked(
            digits(clock.get(0..4)?)?,
            digits(clock.get(5..7)?)?,
            digits(clock.get(8..10)?)?,
        )?;
        let hour = digits(clock.get(11..13)?).filter(|n| *n < 24)?;
        let minute = digits(clock.get(14..16)?).filter(|n| *n < 60)?;
        let second = digits(clock.get(17..19)?).filter(|n| *n < 60)?;
        let local_s = days * DAY_S + (hour * 60 + minute) * MINUTE_S + second;
        let offset_s = offset_s(offset);
        let unix_s = local_s - i64::from(offset_s.unwrap_or(0));
        Self::new(unix_s * SECOND_US + fraction_us(fraction), offset_s)
    }

    fn new(unix_us: i64, utc_offset_s: Option<i32>) -> Option<Self> {
        (EARLIEST_US..END_US).contains(&unix_us).then_some(Self { unix_us, utc_offset_s })
    }
}

fn digits(text: &str) -> Option<i64> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { text.parse().ok() } else { None }
}

/// The microseconds in the digits after a decimal point: `25` is a quarter.
fn fraction_us(fraction: &str) -> i64 {
    let fraction = fraction.trim();
    let six = format!("{:0<6}", fraction.get(..6).unwrap_or(fraction));
    digits(&six).unwrap_or(0)
}

fn offset_s(offset: &str) -> Option<i32> {
    let offset = offset.trim();
    if offset == "Z" {
        return Some(0);
    }
    let sign = match offset.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let hours = digits(offset.get(1..3)?).filter(|n| *n < 24)?;
    let rest = offset.get(3..)?;
    let minutes = digits(rest.strip_prefix(':').unwrap_or(rest)).filter(|n| *n < 60)?;
    i32::try_from(sign * (hours * 60 + minutes) * MINUTE_S).ok()
}

fn days_since_1970_checked(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) {
        return None;
    }
    let first = days_since_1970(year, month, 1);
    let next = match month {
        12 => days_since_1970(year + 1, 1, 1),
        _ => days_since_1970(year, month + 1, 1),
    };
    (1..=next - first).contains(&day).then_some(first + day - 1)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar with `year` ≥ 0.
///
/// Years are counted from March, which puts the leap day at their end and makes
/// the days before a month a straight line: Howard Hinnant's `days_from_civil`,
/// <https://howardhinnant.github.io/date_algorithms.html>.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(clock: &str, fraction: &str, offset: &str) -> Option<(i64, Option<i32>)> {
        CaptureTime::parse(clock, fraction, offset).map(|time| (time.unix_us, time.utc_offset_s))
    }

    #[test]
    fn clocks_become_instants() {
        assert_eq!(parse("1970:01:01 00:00:00", "", ""), Some((0, None)));
        assert_eq!(
            parse("2024:06:15 20:41:07", "25", "+02:00"),
            Some((1_718_476_867_250_000, Some(7200)))
        );
        assert_eq!(
            parse("2024-02-11T22:14:05+0100", "", "+0100"),
            Some((1_707_686_045_000_000, Some(3600)))
        );
        assert_eq!(
            parse("2000:02:29 12:00:00", "0000019", "-03:30"),
            Some((951_838_200_000_001, Some(-12_600)))
        );
        assert_eq!(parse("2024:06:15 18:41:07", "", "Z"), Some((1_718_476_867_000_000, Some(0))));
    }

    #[test]
    fn impossible_clocks_are_absent() {
        for clock in [
            "",
            "0000:00:00 00:00:00",
            "    :  :     :  :  ",
            "2023:02:29 00:00:00",
            "2023:13:01 00:00:00",
            "2023:01:01 24:00:00",
            "2023:01:01 00:00:60",
            "2023:01:01 00:00",
            "+023:01:01 00:00:00",
            "2023:01:é1 00:00:00",
        ] {
            assert_eq!(parse(clock, "", ""), None, "{clock:?}");
        }
    }

    #[test]
    fn times_are_between_1800_and_2200() {
        assert_eq!(parse("1799:12:31 23:59:59", "", ""), None);
        assert!(parse("1800:01:01 00:00:00", "", "").is_some());
        assert!(parse("2199:12:31 23:59:59", "999999", "").is_some());
        assert_eq!(parse("2200:01:01 00:00:00", "", ""), None);
        assert_eq!(CaptureTime::from_unix_us(i64::MIN), None);
    }

    #[test]
    fn nonsense_beside_the_clock_is_ignored() {
        for odd in ["   :  ", "+", "02:00", "+2:00", "+24:00", "+02:60", "é2:00"] {
            assert_eq!(parse("1970:01:01 00:00:00", odd, odd), Some((0, None)));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_safe(clock: String, fraction: String, offset: String) {
            CaptureTime::parse(&clock, &fraction, &offset);
        }

        #[test]
        fn days_count_up(day in -60_000_i64..90_000) {
            let year = 1970 + day.div_euclid(366);
            let new_year = days_since_1970(year, 1, 1);
            prop_assert_eq!(days_since_1970_checked(year, 12, 31), Some(days_since_1970(year + 1, 1, 1) - 1));
            prop_assert!((365..=366).contains(&(days_since_1970(year + 1, 1, 1) - new_year)));
        }
    }
}
