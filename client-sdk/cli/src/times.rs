//! Times: shown in the local zone, read as people write them.

use jiff::civil::{Date, DateTime, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use prost_types::Timestamp as ProtoTime;

/// A time in the local zone; empty if it is not set.
pub(crate) fn format(time: Option<ProtoTime>) -> String {
    format_in(time, TimeZone::system())
}

fn format_in(time: Option<ProtoTime>, zone: TimeZone) -> String {
    let Some(time) = time else { return String::new() };
    match Timestamp::new(time.seconds, time.nanos) {
        Ok(instant) => instant.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => time.to_string(),
    }
}

/// Reads when something ends: `30m`, `12h`, `7d`, `2w` from now; `2026-12-31`, the end of that day;
/// `2026-12-31 18:00`, both in the local zone; or an instant as in RFC 3339.
pub(crate) fn parse(text: &str) -> Result<ProtoTime, String> {
    parse_in(text, Timestamp::now(), TimeZone::system())
}

fn parse_in(text: &str, now: Timestamp, zone: TimeZone) -> Result<ProtoTime, String> {
    let text = text.trim();
    let local = |moment: DateTime| moment.to_zoned(zone.clone()).ok().map(|at| at.timestamp());
    let instant = from_now(text, now)
        .or_else(|| text.parse::<Timestamp>().ok())
        .or_else(|| local(last_second(text).or_else(|| text.parse().ok())?));
    let instant = instant.ok_or_else(|| {
        format!("{text:?} is no time: it must be like 7d, 12h, 2026-12-31 or \"2026-12-31 18:00\"")
    })?;
    Ok(ProtoTime { seconds: instant.as_second(), nanos: 0 })
}

/// The end of a day, as in `2026-12-31`; with a time of day it is no day.
fn last_second(text: &str) -> Option<DateTime> {
    let day = text.parse::<Date>().ok().filter(|_| text.len() == "2026-12-31".len());
    day.map(|day| day.to_datetime(time(23, 59, 59, 0)))
}

fn from_now(text: &str, now: Timestamp) -> Option<Timestamp> {
    now.checked_add(span(text)?.seconds()).ok()
}

/// Reads a span of time in seconds: `30m`, `12h`, `7d`, `2w`.
pub(crate) fn span(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|number| (1..1_000_000).contains(number))?;
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => return None,
    };
    Some(number * minutes * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let read = |text| parse_in(text, now, zone.clone()).map(|time| time.to_string());
        assert_eq!(read("7d").unwrap(), "2026-11-29T12:00:00Z");
        assert_eq!(read("30m").unwrap(), "2026-11-22T12:30:00Z");
        assert_eq!(read("2026-12-31").unwrap(), "2026-12-31T21:59:59Z");
        assert_eq!(read("2026-12-31 18:00").unwrap(), "2026-12-31T16:00:00Z");
        assert_eq!(read("2026-12-31T18:00:00Z").unwrap(), "2026-12-31T18:00:00Z");
        for wrong in ["", "soon", "7", "0d", "-1d", "7y", "2026-13-01", "é"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_shown_in_the_local_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let time = ProtoTime { seconds: 1_800_000_000, nanos: 0 };
        assert_eq!(format_in(Some(time), zone.clone()), "2027-01-15 10:00");
        assert_eq!(format_in(None, zone), "");
    }
}
