//! Forgetting jobs that ended.

use std::time::Duration;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use super::{Context, Job};
use crate::app::App;
use crate::entity::job::{self, Column};
use crate::error::Result;

/// How long a job that ended is still listed.
const MEMORY: Duration = Duration::from_secs(7 * 86_400);

/// Removes the rows of jobs that succeeded or were cancelled long ago. Parked ones wait for
/// somebody.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Sweep;

impl Job for Sweep {
    const KIND: &'static str = "sweep-jobs";

    async fn run(self, app: App, _: Context) -> Result<()> {
        let before = app.now().before(MEMORY);
        let ended = job::Entity::delete_many().filter(Column::FinishTime.lte(before));
        app.transact(move |transaction| async move {
            ended.exec(&*transaction).await?;
            Ok(())
        })
        .await
    }
}
