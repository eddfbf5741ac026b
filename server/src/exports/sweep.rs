//! Forgetting exports that are over.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::entity::export::{self, Column};
use crate::error::Result;
use crate::jobs::{Context, Job};

/// Removes the rows of expired exports, which are no longer found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Sweep;

impl Job for Sweep {
    const KIND: &'static str = "sweep-exports";

    async fn run(self, app: App, _: Context) -> Result<()> {
        let expired = export::Entity::delete_many().filter(Column::ExpireTime.lte(app.now()));
        app.transact(move |transaction| async move {
            expired.exec(&*transaction).await?;
            Ok(())
        })
        .await
    }
}
