//! Forgetting old events and revocations.

use std::time::Duration;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::entity::{album_event, revocation};
use crate::error::Result;
use crate::jobs::{Context, Job};

/// How long somebody may stay away and still resume where they were.
const MEMORY: Duration = Duration::from_secs(7 * 86_400);
/// Longer than any server takes to notice.
const REVOCATION_MEMORY: Duration = Duration::from_secs(3600);

/// Removes what nobody resumes from any more.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Sweep;

impl Job for Sweep {
    const KIND: &'static str = "sweep-events";

    async fn run(self, app: App, _: Context) -> Result<()> {
        let now = app.now();
        let events = album_event::Entity::delete_many()
            .filter(album_event::Column::CreateTime.lte(now.before(MEMORY)));
        let revocations = revocation::Entity::delete_many()
            .filter(revocation::Column::CreateTime.lte(now.before(REVOCATION_MEMORY)));
        app.transact(move |transaction| async move {
            events.exec(&*transaction).await?;
            revocations.exec(&*transaction).await?;
            Ok(())
        })
        .await
    }
}
