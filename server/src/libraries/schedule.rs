//! Scans that come back by themselves.

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};
use serde::{Deserialize, Serialize};

use super::scans;
use crate::access;
use crate::app::App;
use crate::crontab;
use crate::entity::library_scan::Cause;
use crate::error::Result;
use crate::id::LibraryId;
use crate::jobs::{Context, Job};
use crate::time::Micros;

/// When a schedule is next due after a moment; none without a schedule.
///
/// Fails with `library.schedule` unless it is five fields of a crontab that ever come true, and with
/// `library.time_zone` unless that is empty or a name of the IANA database.
pub(super) fn next(schedule: &str, time_zone: &str, after: Micros) -> Result<Option<Micros>> {
    crontab::next("library", schedule, time_zone, after)
}

/// Starts the scans that are due by the schedules of their libraries.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct StartDueScans;

impl Job for StartDueScans {
    const KIND: &'static str = "start-due-library-scans";

    async fn run(self, app: App, context: Context) -> Result<()> {
        for id in access::due_libraries(app.database.reader(), app.now()).await? {
            start_due(&app, &context, id).await?;
        }
        Ok(())
    }
}

/// One that somebody else has started meanwhile is left alone. What was due while no server ran is
/// done once.
async fn start_due(app: &App, context: &Context, id: LibraryId) -> Result<()> {
    let (app_, context) = (app.clone(), context.clone());
    app.transact(move |transaction| async move {
        context.check(&transaction).await?;
        let now = app_.now();
        let Some(library) = access::lock_any_library(&transaction, id).await? else {
            return Ok(());
        };
        if library.next_scan_time.is_none_or(|time| time > now) {
            return Ok(());
        }
        scans::begin(&app_, &transaction, &library, Cause::Schedule, false).await?;
        let schedule = library.schedule.clone().unwrap_or_default();
        let time_zone = library.time_zone.clone().unwrap_or_default();
        let mut change = library.into_active_model();
        change.next_scan_time = Set(next(&schedule, &time_zone, now)?);
        change.update(&*transaction).await?;
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    /// 2027-01-15T08:00:00Z, a Friday.
    const FRIDAY: Micros = Micros(1_800_000_000_000_000);

    fn seconds_later(schedule: &str, time_zone: &str) -> i64 {
        (next(schedule, time_zone, FRIDAY).unwrap().unwrap().0 - FRIDAY.0) / 1_000_000
    }

    #[test]
    fn schedules_are_due_in_their_time_zone() {
        assert_eq!(seconds_later("30 3 * * *", ""), 19 * 3600 + 1800);
        assert_eq!(seconds_later("30 3 * * *", "Europe/Vienna"), 18 * 3600 + 1800);
        assert_eq!(seconds_later("*/10 * * * *", "Asia/Kathmandu"), 300);
        assert_eq!(seconds_later("0 8 * * 1", ""), 3 * 86_400);
        assert!(next("", "", FRIDAY).unwrap().is_none());
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_due_once_they_have() {
        // In Vienna, 2027-03-28 has no 02:30; the night before it is 01:30Z.
        let before = Micros(1_806_100_000_000_000);
        let next = next("30 2 * * *", "Europe/Vienna", before).unwrap().unwrap();
        assert!(next.0 - before.0 < 2 * 86_400 * 1_000_000);
    }

    #[test]
    fn what_is_no_schedule_is_refused_by_field() {
        let field = |schedule: &str, time_zone: &str| {
            let Err(Error::InvalidRequest(violations)) = next(schedule, time_zone, FRIDAY) else {
                panic!("{schedule} {time_zone} was taken")
            };
            violations[0].field.clone()
        };
        for schedule in ["x", "* * * *", "0 0 3 * * *", "61 * * * *", "0 0 30 2 *"] {
            assert_eq!(field(schedule, ""), "library.schedule", "{schedule}");
        }
        assert_eq!(field("* * * * *", "Mars/Olympus"), "library.time_zone");
        assert_eq!(field("", "Mars/Olympus"), "library.time_zone");
    }
}
