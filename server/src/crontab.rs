//! When things happen by themselves: five fields of a crontab, in a time zone.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};

use crate::error::{Error, Result};
use crate::time::Micros;

const RULE: &str = "must be five fields of a crontab, as in `30 3 * * *` for each day at 3:30: minute, \
                    hour, day of the month, month, day of the week";

/// When a schedule is next due after a moment, as in `30 3 * * *` and `Europe/Vienna`; `None`
/// without a schedule. An empty zone is UTC.
///
/// Fails for the field `schedule` or `time_zone` of `resource`, also if the schedule names a time
/// that never comes, as on February 30th.
pub fn next(
    resource: &str,
    schedule: &str,
    time_zone: &str,
    after: Micros,
) -> Result<Option<Micros>> {
    let zone = match time_zone {
        "" => Tz::UTC,
        name => name.parse().map_err(|_| {
            let rule = "must be the name of a time zone, as in `Europe/Vienna`";
            Error::invalid(format!("{resource}.time_zone"), rule)
        })?,
    };
    if schedule.is_empty() {
        return Ok(None);
    }
    let invalid = |rule: String| Error::invalid(format!("{resource}.schedule"), rule);
    // What the parser says is about itself, and helps nobody.
    let fields = parse(schedule).map_err(|_| invalid(RULE.to_owned()))?;
    let after: DateTime<Utc> = DateTime::from_timestamp_micros(after.0)
        .ok_or_else(|| Error::internal("a time that no calendar has"))?;
    let next = fields.find_next_occurrence(&after.with_timezone(&zone), false);
    let next = next.map_err(|_| invalid("must name a time that comes".to_owned()))?;
    Ok(Some(Micros(next.timestamp_micros())))
}

fn parse(schedule: &str) -> Result<Cron, CronError> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed);
    parser.build().parse(schedule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Micros {
        Micros(text.parse::<DateTime<Utc>>().unwrap().timestamp_micros())
    }

    fn after(schedule: &str, zone: &str, moment: &str) -> Micros {
        next("rule", schedule, zone, at(moment)).unwrap().unwrap()
    }

    #[test]
    fn the_next_time_is_in_the_zone() {
        let daily = "30 3 * * *";
        assert_eq!(after(daily, "", "2027-01-15T03:30:00Z"), at("2027-01-16T03:30:00Z"));
        let winter = after(daily, "Europe/Vienna", "2027-01-15T00:00:00Z");
        assert_eq!(winter, at("2027-01-15T02:30:00Z"));
        let summer = after(daily, "Europe/Vienna", "2027-07-15T00:00:00Z");
        assert_eq!(summer, at("2027-07-15T01:30:00Z"));
        assert_eq!(next("rule", "", "Europe/Vienna", Micros(0)).unwrap(), None);
    }

    #[test]
    fn what_is_no_schedule_is_refused_by_its_field() {
        for schedule in
            ["x", "61 * * * *", "* * * *", "0 0 3 * * *", "0 0 3 * * * 2030", "0 0 30 2 *"]
        {
            let error = next("rule", schedule, "", Micros(0)).unwrap_err();
            assert!(error.message().starts_with("rule.schedule "), "{schedule}: {error}");
        }
        for schedule in ["", "* * * * *"] {
            let error = next("rule", schedule, "Mars/Olympus", Micros(0)).unwrap_err();
            assert!(error.message().starts_with("rule.time_zone "), "{error}");
        }
    }
}
