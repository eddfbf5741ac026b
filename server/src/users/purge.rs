//! What becomes of deleted accounts once nobody can restore them.

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    ModelTrait as _, QueryFilter as _, Set,
};
use serde::{Deserialize, Serialize};

use crate::access::{self, Actor};
use crate::app::App;
use crate::assets;
use crate::audit;
use crate::entity::album;
use crate::entity::audit_event::Kind;
use crate::error::{Error, Result};
use crate::events;
use crate::id::UserId;
use crate::jobs::{Context, Job};

/// How many assets one transaction deletes.
const BATCH: u64 = 500;

/// Purges the accounts whose time is over.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Purge;

impl Job for Purge {
    const KIND: &'static str = "purge-users";

    async fn run(self, app: App, context: Context) -> Result<()> {
        let mut purged = 0;
        for id in access::purgeable_users(app.database.reader(), app.now()).await? {
            while assets::delete_of_purgeable(&app, id, BATCH).await? > 0 {
                purged += 1;
                context.progress(purged, None).await?;
            }
            forget(&app, id).await?;
        }
        Ok(())
    }
}

/// Deletes an account whose assets are gone, with all else that it owns. Bytes of its unfinished
/// uploads are found by the next sweep.
async fn forget(app: &App, id: UserId) -> Result<()> {
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        let Some(user) = access::lock_purgeable_user(&transaction, id, app_.now()).await? else {
            return Ok(());
        };
        let albums = album::Entity::delete_many()
            .filter(album::Column::Id.in_subquery(access::owned_album_ids(id)));
        albums.exec(&*transaction).await?;
        user.into_row().delete(&*transaction).await?;
        audit::record(&app_, &transaction, &Actor::Operator, Kind::UserPurged, id).await?;
        events::revoke(&app_, &transaction).await
    })
    .await
}

/// Purges a deleted account now, without waiting for its time. For the command line.
pub async fn purge(app: &App, id: UserId) -> Result<()> {
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        let user = access::lock_user(&transaction, id).await?;
        if user.delete_time.is_none() {
            return Err(Error::not_in_trash("user", id));
        }
        let mut user = user.into_row().into_active_model();
        user.purge_time = Set(Some(app_.now()));
        user.update(&*transaction).await?;
        Ok(())
    })
    .await?;
    while assets::delete_of_purgeable(app, id, BATCH).await? > 0 {}
    forget(app, id).await
}
