//! The trash: what is in it is its owner's alone, and is deleted for good in the end.
//!
//! Rows go before bytes. What a transaction deletes is forgotten whole; its bytes follow.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, Set,
};
use serde::{Deserialize, Serialize};

use super::{AssetView, DeleteBlobs, with_files};
use crate::access::{self, Actor, LockedUser, Subject};
use crate::albums::{self, Assets};
use crate::app::App;
use crate::blob::BlobKey;
use crate::database::Transaction;
use crate::entity::asset::{self, Column, Visibility};
use crate::entity::asset_file::{self, Kind, Model as AssetFile};
use crate::entity::{album_asset, upload};
use crate::error::{Error, Result};
use crate::events;
use crate::id::{AssetId, UserId};
use crate::jobs::{self, Context, Job};
use crate::time::Micros;

/// How many assets one transaction deletes.
const BATCH: u64 = 1000;

/// Puts assets of the caller's into the trash and returns them in the order asked.
pub async fn trash(app: &App, actor: &Actor, ids: Vec<AssetId>) -> Result<Vec<AssetView>> {
    let (app_, user) = (app.clone(), *actor.user()?);
    let trashed = app.transact(move |transaction| async move {
        let owner = access::lock_owner(&transaction, user.id).await?;
        let mut fresh = access::own_assets(&transaction, &owner, &ids).await?;
        fresh.retain(|asset| asset.delete_time.is_none());
        let fresh: Vec<_> = fresh.into_iter().map(|asset| asset.id).collect();
        put_away(&app_, &transaction, fresh, false).await?;
        access::own_assets(&transaction, &owner, &ids).await
    });
    with_files(app, actor, trashed.await?).await
}

/// Puts missing assets into the trash, none of which is there, as part of a larger transaction that
/// holds the lock of their owner's row. They come out once they are back.
pub async fn remove_missing(app: &App, transaction: &Transaction, ids: Vec<AssetId>) -> Result<()> {
    put_away(app, transaction, ids, true).await
}

async fn put_away(
    app: &App,
    transaction: &Transaction,
    ids: Vec<AssetId>,
    is_removed: bool,
) -> Result<()> {
    let now = app.now();
    let change = asset::ActiveModel {
        delete_time: Set(Some(now)),
        withdraw_time: Set(Some(now)),
        is_removed: Set(is_removed),
        update_time: Set(now),
        ..Default::default()
    };
    let update = asset::Entity::update_many().set(change);
    update.filter(Column::Id.is_in(ids.iter().copied())).exec(&**transaction).await?;
    albums::set_hidden(app, transaction, &Assets::These(ids), true).await?;
    events::revoke_from(app, transaction, Subject::Assets).await
}

/// Takes assets of the caller's out of the trash, to where they were in their albums, and returns
/// them in the order asked.
pub async fn restore(app: &App, actor: &Actor, ids: Vec<AssetId>) -> Result<Vec<AssetView>> {
    let (app_, user) = (app.clone(), *actor.user()?);
    let restored = app.transact(move |transaction| async move {
        let owner = access::lock_owner(&transaction, user.id).await?;
        let mut trashed = access::own_assets(&transaction, &owner, &ids).await?;
        trashed.retain(|asset| asset.delete_time.is_some());
        let trashed = trashed.into_iter().map(|asset| asset.id).collect();
        take_back(&app_, &transaction, trashed).await?;
        access::own_assets(&transaction, &owner, &ids).await
    });
    with_files(app, actor, restored.await?).await
}

/// Takes assets out of the trash, as part of a larger transaction that holds the lock of their
/// owner's row.
pub async fn take_back(app: &App, transaction: &Transaction, ids: Vec<AssetId>) -> Result<()> {
    let change = asset::ActiveModel {
        delete_time: Set(None),
        is_removed: Set(false),
        update_time: Set(app.now()),
        ..Default::default()
    };
    let still_locked =
        Expr::case(Column::Visibility.eq(Visibility::Locked), app.now()).finally(Expr::null());
    asset::Entity::update_many()
        .set(change)
        .col_expr(Column::WithdrawTime, still_locked.into())
        .filter(Column::Id.is_in(ids.iter().copied()))
        .exec(&**transaction)
        .await?;
    albums::set_hidden(app, transaction, &Assets::These(ids), false).await
}

/// Deletes assets of the caller's for good, all of which must be in the trash.
pub async fn delete(app: &App, actor: &Actor, ids: Vec<AssetId>) -> Result<()> {
    let (app_, user) = (app.clone(), *actor.user()?);
    app.transact(move |transaction| async move {
        let owner = access::lock_owner(&transaction, user.id).await?;
        let assets = access::own_assets(&transaction, &owner, &ids).await?;
        if let Some(kept) = assets.iter().find(|asset| asset.delete_time.is_none()) {
            return Err(Error::not_in_trash("asset", kept.id));
        }
        delete_rows(&app_, &transaction, owner, ids).await
    })
    .await
}

/// Deletes for good what is in the caller's trash by now, and returns how many assets that were.
pub async fn empty_trash(app: &App, actor: &Actor) -> Result<usize> {
    let (owner, now) = (actor.user()?.id, app.now());
    let mut deleted = 0;
    loop {
        let batch = delete_trash(app, owner, now, BATCH).await?;
        if batch == 0 {
            return Ok(deleted);
        }
        deleted += batch;
    }
}

/// Deletes for good what the trash has kept for its time.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct PurgeTrash;

impl Job for PurgeTrash {
    const KIND: &'static str = "purge-assets";

    async fn run(self, app: App, context: Context) -> Result<()> {
        let mut purged = 0;
        loop {
            let batch = purge_expired(&app, BATCH).await?;
            if batch == 0 {
                return Ok(());
            }
            purged += i64::try_from(batch).map_err(Error::internal)?;
            context.progress(purged, None).await?;
        }
    }
}

/// Deletes for good assets that are in the trash longer than they are kept there, `limit` at most,
/// and returns how many: 0 when there are no more.
pub async fn purge_expired(app: &App, limit: u64) -> Result<usize> {
    let before = app.now().before(app.config.trash_ttl);
    match access::owner_of_expired_trash(app.database.reader(), before).await? {
        Some(owner) => delete_trash(app, owner, before, limit).await,
        None => Ok(0),
    }
}

/// Deletes for good assets of a deleted account that nobody can restore any more, `limit` at most,
/// and returns how many: 0 when there are no more.
pub async fn delete_of_purgeable(app: &App, owner: UserId, limit: u64) -> Result<usize> {
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        let owner = access::lock_purgeable_user(&transaction, owner, app_.now()).await?;
        let Some(owner) = owner else { return Ok(0) };
        let assets = access::assets_of(&transaction, &owner, limit).await?;
        let count = assets.len();
        if count > 0 {
            delete_rows(&app_, &transaction, owner, assets).await?;
        }
        Ok(count)
    })
    .await
}

/// Deletes what an owner put into the trash at `before` or earlier, the longest there first.
async fn delete_trash(app: &App, owner: UserId, before: Micros, limit: u64) -> Result<usize> {
    let app_ = app.clone();
    let deleted = app.transact(move |transaction| async move {
        let owner = access::lock_user(&transaction, owner).await?;
        let trash = access::trash(&transaction, &owner, before, limit).await?;
        let count = trash.len();
        if count > 0 {
            delete_rows(&app_, &transaction, owner, trash).await?;
        }
        Ok(count)
    });
    deleted.await
}

/// Deletes an asset for good though it is not in the trash, as part of a larger transaction that
/// holds the lock of its owner's row: whoever sent it takes it back.
pub async fn erase(
    app: &App,
    transaction: &Transaction,
    owner: LockedUser,
    id: AssetId,
) -> Result<()> {
    erase_all(app, transaction, owner, vec![id]).await
}

/// [`erase`] for many assets of one owner.
pub async fn erase_all(
    app: &App,
    transaction: &Transaction,
    owner: LockedUser,
    ids: Vec<AssetId>,
) -> Result<()> {
    albums::remove_everywhere(app, transaction, &Assets::These(ids.clone())).await?;
    delete_rows(app, transaction, owner, ids).await
}

/// The same with the motion part of an asset, if it has one.
pub async fn erase_motion(
    app: &App,
    transaction: &Transaction,
    owner: LockedUser,
    id: AssetId,
) -> Result<()> {
    let files = access::files(&**transaction, [id]).await?;
    let Some(motion) = files.into_iter().find(|file| file.kind == Kind::Motion) else {
        return Ok(());
    };
    asset_file::Entity::delete_by_id((id, Kind::Motion)).exec(&**transaction).await?;
    access::forget_motion_places(transaction, [id]).await?;
    give_back(app, transaction, owner, &[motion]).await
}

/// Deletes assets with all that is theirs, and gives their bytes back to their owner's quota.
async fn delete_rows(
    app: &App,
    transaction: &Transaction,
    owner: LockedUser,
    ids: Vec<AssetId>,
) -> Result<()> {
    let files = access::files(&**transaction, ids.iter().copied()).await?;
    access::exclude_library_files(transaction, &ids).await?;
    // Their places go with them, and those are the albums'.
    let places = album_asset::Column::AssetId.is_in(ids.iter().copied());
    access::lock_albums_having(transaction, Condition::all().add(places)).await?;
    let motions = upload::Entity::update_many()
        .col_expr(upload::Column::State, Expr::val(upload::State::Cancelled))
        .filter(upload::Column::State.eq(upload::State::Active))
        .filter(upload::Column::MotionOfAssetId.is_in(ids.iter().copied()));
    motions.exec(&**transaction).await?;
    asset::Entity::delete_many().filter(Column::Id.is_in(ids)).exec(&**transaction).await?;

    give_back(app, transaction, owner, &files).await
}

/// Gives the bytes of files without a row back to their owner's quota, and has them removed. Those
/// of libraries never counted, and stay where they are.
async fn give_back(
    app: &App,
    transaction: &Transaction,
    owner: LockedUser,
    files: &[AssetFile],
) -> Result<()> {
    let stored = || files.iter().filter(|file| !file.is_library);
    let size_bytes: i64 = stored().map(|file| file.size_bytes).sum();
    let used_bytes = owner.used_bytes - size_bytes;
    let mut owner = owner.into_row().into_active_model();
    owner.used_bytes = Set(used_bytes);
    owner.update(&**transaction).await?;
    let blobs: Vec<_> = stored().map(|file| BlobKey::Original(file.blob_id)).collect();
    if !blobs.is_empty() {
        jobs::enqueue(app, transaction, DeleteBlobs::new(&blobs)).await?;
    }
    events::revoke_from(app, transaction, Subject::Assets).await
}
