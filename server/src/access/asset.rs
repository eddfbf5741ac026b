//! Assets as the caller may see and use them.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select,
};

use super::album::visible_album_ids;
use super::{Actor, Granted, UserActor};
use crate::database::Transaction;
use crate::entity::album_member::Role;
use crate::entity::asset::Model as Asset;
use crate::entity::asset_file::Model as AssetFile;
use crate::entity::{album_asset, asset, asset_file};
use crate::error::{Error, Result};
use crate::id::{AssetId, BlobId};
use crate::time::Micros;

/// An asset that the caller may see: their own, or one of an album that they may see.
pub async fn asset(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: AssetId,
) -> Result<Granted<Asset>> {
    let found = visible_assets(actor).filter(asset::Column::Id.eq(id)).one(connection).await?;
    let row = found.ok_or_else(|| Error::not_found("asset", id))?;
    let (role, may_download) = match actor {
        Actor::User(user) if user.id == row.owner_id => (Role::Owner, true),
        Actor::User(_) | Actor::Anonymous | Actor::Operator => (Role::Viewer, true),
        Actor::Guest(links) => (Role::Viewer, links.iter().any(|link| link.allow_download)),
    };
    Ok(Granted { row, role, may_download })
}

/// The assets that the caller may see.
#[must_use]
pub fn visible_assets(actor: &Actor) -> Select<asset::Entity> {
    let in_album = asset::Column::Id.in_subquery(
        Query::select()
            .column(album_asset::Column::AssetId)
            .from(album_asset::Entity)
            .cond_where(visible_album_ids(actor))
            .to_owned(),
    );
    let mut visible = Condition::any().add(in_album);
    if let Actor::User(user) = actor {
        visible = visible.add(asset::Column::OwnerId.eq(user.id));
    }
    asset::Entity::find().filter(visible)
}

/// A user's own assets.
#[must_use]
pub fn own_list(user: &UserActor) -> Select<asset::Entity> {
    asset::Entity::find().filter(asset::Column::OwnerId.eq(user.id))
}

/// Assets to put into an album or link, in the order asked: seeing them is not enough, they must be
/// the caller's own. One that is not fails the whole, naming it.
pub async fn own_assets(
    connection: &impl ConnectionTrait,
    user: &UserActor,
    ids: &[AssetId],
) -> Result<Vec<Asset>> {
    let found = own_list(user).filter(asset::Column::Id.is_in(ids.iter().copied()));
    let found = found.all(connection).await?;
    let mut found: HashMap<_, _> = found.into_iter().map(|asset| (asset.id, asset)).collect();
    ids.iter().map(|id| found.remove(id).ok_or_else(|| Error::not_found("asset", id))).collect()
}

/// Which of some assets are the caller's own.
pub async fn own_asset_ids(
    connection: &impl ConnectionTrait,
    user: &UserActor,
    ids: &[AssetId],
) -> Result<HashSet<AssetId>> {
    let own = own_list(user)
        .filter(asset::Column::Id.is_in(ids.iter().copied()))
        .select_only()
        .column(asset::Column::Id)
        .into_tuple::<AssetId>()
        .all(connection)
        .await?;
    Ok(own.into_iter().collect())
}

/// The motion part of the caller's asset, if it has one.
pub async fn own_motion(
    connection: &impl ConnectionTrait,
    asset: &Asset,
) -> Result<Option<AssetFile>> {
    let key = (asset.id, asset_file::Kind::Motion);
    Ok(asset_file::Entity::find_by_id(key).one(connection).await?)
}

/// The file whose bytes a blob holds, for the server's own bookkeeping.
pub async fn asset_of_blob(
    connection: &impl ConnectionTrait,
    blob_id: BlobId,
) -> Result<Option<AssetFile>> {
    let find = asset_file::Entity::find().filter(asset_file::Column::BlobId.eq(blob_id));
    Ok(find.one(connection).await?)
}

/// How many rows [`all_files`] gives at once.
const FILES_PER_PAGE: u64 = 1000;

/// The files of all assets, a page at a time in the order of their blobs, for backups.
pub async fn all_files(
    connection: &impl ConnectionTrait,
    after: Option<BlobId>,
) -> Result<Vec<AssetFile>> {
    let mut find = asset_file::Entity::find().order_by_asc(asset_file::Column::BlobId);
    if let Some(after) = after {
        find = find.filter(asset_file::Column::BlobId.gt(after));
    }
    Ok(find.limit(FILES_PER_PAGE).all(connection).await?)
}

/// How many values one query takes at most; SQLite's limit is 32766.
const MAX_VALUES: usize = 30_000;

/// Whether all of some blobs are still files of assets, and, if `visible_to` is given, of assets
/// that this caller may see.
pub async fn has_all_blobs(
    connection: &impl ConnectionTrait,
    blobs: &[BlobId],
    visible_to: Option<&Actor>,
) -> Result<bool> {
    for blobs in blobs.chunks(MAX_VALUES) {
        let mut find = asset_file::Entity::find()
            .filter(asset_file::Column::BlobId.is_in(blobs.iter().copied()));
        if let Some(actor) = visible_to {
            let visible = visible_assets(actor).select_only().column(asset::Column::Id);
            find = find.filter(asset_file::Column::AssetId.in_subquery(visible.into_query()));
        }
        if find.count(connection).await? < blobs.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The files of assets that the caller was granted.
pub async fn files(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = AssetId>,
) -> Result<Vec<AssetFile>> {
    let files = asset_file::Entity::find().filter(asset_file::Column::AssetId.is_in(ids));
    Ok(files.all(connection).await?)
}

/// Remembers that the stored bytes of a file do not match their checksum. The first time counts.
pub async fn mark_damaged(
    transaction: &Transaction,
    key: (AssetId, asset_file::Kind),
    now: Micros,
) -> Result<()> {
    asset_file::Entity::update_many()
        .col_expr(asset_file::Column::DamageTime, now.0.into())
        .filter(asset_file::Column::AssetId.eq(key.0))
        .filter(asset_file::Column::Kind.eq(key.1))
        .filter(asset_file::Column::DamageTime.is_null())
        .exec(&**transaction)
        .await?;
    Ok(())
}
