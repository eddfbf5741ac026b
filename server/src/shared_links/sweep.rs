//! Forgetting links that were revoked.

use std::time::Duration;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::entity::shared_link::{self, Column};
use crate::error::Result;
use crate::jobs::{Context, Job};

/// How long a revoked link is still listed.
const MEMORY: Duration = Duration::from_secs(30 * 86_400);

/// Removes the rows of links that were revoked long ago, and what guests made through them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Sweep;

impl Job for Sweep {
    const KIND: &'static str = "sweep-shared-links";

    async fn run(self, app: App, _: Context) -> Result<()> {
        let before = app.now().before(MEMORY);
        let revoked = shared_link::Entity::delete_many().filter(Column::DeleteTime.lte(before));
        app.transact(move |transaction| async move {
            revoked.exec(&*transaction).await?;
            Ok(())
        })
        .await
    }
}
