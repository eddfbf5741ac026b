//! Forgetting links that were revoked.

use std::time::Duration;

use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::entity::album;
use crate::entity::shared_link::{self, Column};
use crate::error::Result;
use crate::jobs::{Context, Job};

/// How long a revoked link is still listed.
const MEMORY: Duration = Duration::from_secs(30 * 86_400);

/// Removes the rows of links that were revoked long ago, their lists, and what guests made through
/// them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Sweep;

impl Job for Sweep {
    const KIND: &'static str = "sweep-shared-links";

    async fn run(self, app: App, _: Context) -> Result<()> {
        let before = app.now().before(MEMORY);
        let of_revoked = Query::select()
            .column(Column::AlbumId)
            .from(shared_link::Entity)
            .and_where(Column::DeleteTime.lte(before))
            .to_owned();
        let lists = album::Entity::delete_many()
            .filter(album::Column::IsList.eq(true))
            .filter(album::Column::Id.in_subquery(of_revoked));
        let revoked = shared_link::Entity::delete_many().filter(Column::DeleteTime.lte(before));
        app.transact(move |transaction| async move {
            lists.exec(&*transaction).await?;
            revoked.exec(&*transaction).await?;
            Ok(())
        })
        .await
    }
}
