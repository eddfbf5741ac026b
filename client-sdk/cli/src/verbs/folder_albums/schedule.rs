//! Running again and again, as in a container.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::log::Log;
use crate::failure::{Failure, Result};

/// Longest sleep: the clock may be set meanwhile.
const NAP: Duration = Duration::from_secs(30);

/// When to run.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    fields: Cron,
    zone: Tz,
}

impl Schedule {
    /// Reads `CRON_EXPRESSION` and `TZ`; without a zone it is UTC.
    pub(super) fn parse(expression: &str, zone: Option<&str>) -> Result<Self> {
        let parser =
            CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let fields = parser.parse(expression).map_err(|_| {
            let rule = "must be five fields of a crontab, as in 30 3 * * * for each day at 3:30: \
                        minute, hour, day of the month, month, day of the week";
            Failure::Usage(format!("CRON_EXPRESSION: {rule}"))
        })?;
        let zone = zone.unwrap_or("UTC").parse().map_err(|_| {
            let rule = "must be the name of a time zone, as in Europe/Vienna";
            Failure::Usage(format!("TZ: {rule}"))
        })?;
        let schedule = Self { fields, zone };
        match schedule.next(Utc::now()) {
            Some(_) => Ok(schedule),
            None => Err(Failure::Usage("CRON_EXPRESSION: such a time never comes".to_owned())),
        }
    }

    /// The first time after a moment.
    fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Tz>> {
        self.fields.find_next_occurrence(&after.with_timezone(&self.zone), false).ok()
    }

    /// Does something at each time, until the process is told to end.
    pub(super) async fn run<F: Future<Output = ()>>(
        &self,
        log: Log,
        immediately: bool,
        work: impl Fn() -> F,
    ) -> Result<()> {
        let forever = async {
            if immediately {
                work().await;
            }
            while let Some(time) = self.next(Utc::now()) {
                log.info(&format!("the next run is at {}", time.format("%Y-%m-%d %H:%M %Z")));
                wait_until(time).await;
                work().await;
            }
            Ok(())
        };
        tokio::select! {
            done = forever => done,
            told = ended() => {
                told?;
                log.info("told to end");
                Ok(())
            }
        }
    }
}

async fn wait_until(time: DateTime<Tz>) {
    let rest = || (time.to_utc() - Utc::now()).to_std();
    while let Ok(rest) = rest()
        && !rest.is_zero()
    {
        tokio::time::sleep(rest.min(NAP)).await;
    }
}

/// Returns when the process is told to end. The first process of a container has to listen for it.
async fn ended() -> Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminated.recv() => Ok(()),
            pressed = tokio::signal::ctrl_c() => Ok(pressed?),
        }
    }
    #[cfg(not(unix))]
    Ok(tokio::signal::ctrl_c().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, zone: Option<&str>) -> String {
        let schedule = Schedule::parse(expression, zone).unwrap();
        let after = "2027-01-15T12:00:00Z".parse().unwrap();
        schedule.next(after).unwrap().to_utc().to_rfc3339()
    }

    #[test]
    fn times_are_in_the_zone() {
        assert_eq!(next("30 3 * * *", None), "2027-01-16T03:30:00+00:00");
        assert_eq!(next("30 3 * * *", Some("Europe/Vienna")), "2027-01-16T02:30:00+00:00");
        assert_eq!(next("*/5 * * * *", None), "2027-01-15T12:05:00+00:00");
    }

    #[test]
    fn what_is_no_schedule_is_refused_by_its_variable() {
        for (expression, zone, name) in [
            ("", None, "CRON_EXPRESSION"),
            ("0 0 3 * * *", None, "CRON_EXPRESSION"),
            ("0 0 30 2 *", None, "CRON_EXPRESSION"),
            ("0 * * * *", Some("Mars/Olympus"), "TZ"),
        ] {
            let Err(Failure::Usage(message)) = Schedule::parse(expression, zone) else {
                panic!("{expression}");
            };
            assert!(message.starts_with(name), "{message}");
        }
    }
}
