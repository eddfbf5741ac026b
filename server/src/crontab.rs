//! When things happen by themselves: five fields of a crontab, in a time zone.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::error::{Error, Result};
use crate::time::Micros;

/// A schedule.
#[derive(Debug, Clone)]
pub struct Crontab {
    fields: Cron,
    zone: Tz,
}

/// Reads a schedule, as in `30 3 * * *` and `Europe/Vienna`; an empty zone is UTC.
///
/// Fails with `INVALID_REQUEST` for the field `schedule` or `time_zone` of `resource`.
pub fn parse(resource: &str, schedule: &str, time_zone: &str) -> Result<Crontab> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let fields = parser.parse(schedule).map_err(|error| {
        let rule = format!("must be five fields of a crontab, as in `30 3 * * *`: {error}");
        Error::invalid(format!("{resource}.schedule"), rule)
    })?;
    let zone = if time_zone.is_empty() { "UTC" } else { time_zone };
    let zone = zone.parse().map_err(|_| {
        let rule = "must be the name of a time zone, as in `Europe/Vienna`";
        Error::invalid(format!("{resource}.time_zone"), rule)
    })?;
    Ok(Crontab { fields, zone })
}

impl Crontab {
    /// The first time after a moment; `None` if there is none, as on February 30th.
    #[must_use]
    pub fn next(&self, after: Micros) -> Option<Micros> {
        let after: DateTime<Utc> = DateTime::from_timestamp_micros(after.0)?;
        let next = self.fields.find_next_occurrence(&after.with_timezone(&self.zone), false);
        next.ok().map(|next| Micros(next.timestamp_micros()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Micros {
        Micros(text.parse::<DateTime<Utc>>().unwrap().timestamp_micros())
    }

    fn next(schedule: &str, zone: &str, after: &str) -> Option<Micros> {
        parse("rule", schedule, zone).unwrap().next(at(after))
    }

    #[test]
    fn the_next_time_is_in_the_zone() {
        let daily = "30 3 * * *";
        assert_eq!(next(daily, "", "2027-01-15T03:30:00Z"), Some(at("2027-01-16T03:30:00Z")));
        let vienna = next(daily, "Europe/Vienna", "2027-01-15T00:00:00Z");
        assert_eq!(vienna, Some(at("2027-01-15T02:30:00Z")));
        let summer = next(daily, "Europe/Vienna", "2027-07-15T00:00:00Z");
        assert_eq!(summer, Some(at("2027-07-15T01:30:00Z")));
    }

    #[test]
    fn what_is_no_schedule_is_refused_by_its_field() {
        for schedule in ["", "x", "61 * * * *", "* * * *", "0 0 3 * * *", "0 0 3 * * * 2030"] {
            let error = parse("rule", schedule, "").unwrap_err();
            assert!(error.message().starts_with("rule.schedule "), "{schedule}: {error}");
        }
        let error = parse("rule", "* * * * *", "Mars/Olympus").unwrap_err();
        assert!(error.message().starts_with("rule.time_zone "), "{error}");
    }

    #[test]
    fn a_day_that_never_comes_has_no_next_time() {
        assert_eq!(next("0 0 30 2 *", "", "2027-01-15T00:00:00Z"), None);
    }
}
