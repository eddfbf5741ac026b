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

/// When something happens by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Five fields of a crontab, as in `30 3 * * *`; none: never.
    pub crontab: Option<String>,
    /// The time zone, as in `Europe/Vienna`; none: UTC.
    pub time_zone: Option<String>,
}

impl Schedule {
    /// The schedule that two texts say; an empty one says nothing.
    #[must_use]
    pub fn new(crontab: String, time_zone: String) -> Self {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Self { crontab: some(crontab), time_zone: some(time_zone) }
    }

    /// When it is next due after a moment; `None` for never.
    ///
    /// Fails for the field `schedule` or `time_zone` of `resource`, also if it names a time that
    /// never comes, as on February 30th.
    pub fn next(&self, resource: &str, after: Micros) -> Result<Option<Micros>> {
        let zone = match &self.time_zone {
            None => Tz::UTC,
            Some(name) => name.parse().map_err(|_| {
                let rule = "must be the name of a time zone, as in `Europe/Vienna`";
                Error::invalid(format!("{resource}.time_zone"), rule)
            })?,
        };
        let Some(crontab) = &self.crontab else { return Ok(None) };
        let invalid = |rule: String| Error::invalid(format!("{resource}.schedule"), rule);
        // What the parser says is about itself, and helps nobody.
        let fields = parse(crontab).map_err(|_| invalid(RULE.to_owned()))?;
        let after: DateTime<Utc> = DateTime::from_timestamp_micros(after.0)
            .ok_or_else(|| Error::internal("a time that no calendar has"))?;
        let next = fields.find_next_occurrence(&after.with_timezone(&zone), false);
        let next = next.map_err(|_| invalid("must name a time that comes".to_owned()))?;
        Ok(Some(Micros(next.timestamp_micros())))
    }
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

    fn schedule(crontab: &str, time_zone: &str) -> Schedule {
        Schedule::new(crontab.to_owned(), time_zone.to_owned())
    }

    fn after(crontab: &str, zone: &str, moment: &str) -> Micros {
        schedule(crontab, zone).next("rule", at(moment)).unwrap().unwrap()
    }

    #[test]
    fn the_next_time_is_in_the_zone() {
        let daily = "30 3 * * *";
        assert_eq!(after(daily, "", "2027-01-15T03:30:00Z"), at("2027-01-16T03:30:00Z"));
        let winter = after(daily, "Europe/Vienna", "2027-01-15T00:00:00Z");
        assert_eq!(winter, at("2027-01-15T02:30:00Z"));
        let summer = after(daily, "Europe/Vienna", "2027-07-15T00:00:00Z");
        assert_eq!(summer, at("2027-07-15T01:30:00Z"));
        let quarters = after("*/10 * * * *", "Asia/Kathmandu", "2027-01-15T08:00:00Z");
        assert_eq!(quarters, at("2027-01-15T08:05:00Z"));
        let monday = after("0 8 * * 1", "", "2027-01-15T08:00:00Z");
        assert_eq!(monday, at("2027-01-18T08:00:00Z"));
        assert_eq!(schedule("", "Europe/Vienna").next("rule", Micros(0)).unwrap(), None);
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_due_once_they_have() {
        // In Vienna, 2027-03-28 has no 02:30; the night before it is 01:30Z.
        let before = "2027-03-26T20:26:40Z";
        let next = after("30 2 * * *", "Europe/Vienna", before);
        assert!(next.0 - at(before).0 < 2 * 86_400 * 1_000_000);
    }

    #[test]
    fn what_is_no_schedule_is_refused_by_its_field() {
        for schedule in
            ["x", "61 * * * *", "* * * *", "0 0 3 * * *", "0 0 3 * * * 2030", "0 0 30 2 *"]
        {
            let error = self::schedule(schedule, "").next("rule", Micros(0)).unwrap_err();
            assert!(error.message().starts_with("rule.schedule "), "{schedule}: {error}");
        }
        for schedule in ["", "* * * * *"] {
            let error =
                self::schedule(schedule, "Mars/Olympus").next("rule", Micros(0)).unwrap_err();
            assert!(error.message().starts_with("rule.time_zone "), "{error}");
        }
    }
}
