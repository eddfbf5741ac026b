//! Scans that come back by themselves.

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};
use serde::{Deserialize, Serialize};

use super::scans;
use crate::access;
use crate::app::App;
use crate::entity::library_scan::Cause;
use crate::error::Result;
use crate::id::LibraryId;
use crate::jobs::{Context, Job};

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
        let next = library.schedule().next("library", now)?;
        let mut change = library.into_active_model();
        change.next_scan_time = Set(next);
        change.update(&*transaction).await?;
        Ok(())
    })
    .await
}
