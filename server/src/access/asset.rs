//! Assets as the caller may see and use them.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Expr, ExprTrait as _, IntoCondition as _, Query};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select,
};

use super::album::visible_entries;
use super::sight::sights;
use super::{Actor, Granted, LockedUser, UserActor};
use crate::database::Transaction;
use crate::entity::album_member::Role;
use crate::entity::asset::{Model as Asset, Visibility};
use crate::entity::asset_file::Model as AssetFile;
use crate::entity::{album_asset, asset, asset_file, asset_variant, user};
use crate::error::{Error, Result};
use crate::id::{AssetId, BlobId, UserId};
use crate::time::Micros;

/// An asset that the caller may see: their own, or one of an album that they may see.
pub async fn asset(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: AssetId,
) -> Result<Granted<Asset>> {
    let found = visible_assets(actor).filter(asset::Column::Id.eq(id)).one(connection).await?;
    let row = found.ok_or_else(|| Error::not_found("asset", id))?;
    let sights = sights(connection, actor, std::slice::from_ref(&row)).await?;
    let sight = sights.into_iter().next().ok_or_else(|| Error::not_found("asset", id))?;
    let role = if sight.is_own { Role::Owner } else { Role::Viewer };
    Ok(Granted { row, role, sight })
}

/// The assets that the caller may see.
#[must_use]
pub fn visible_assets(actor: &Actor) -> Select<asset::Entity> {
    let in_album = asset::Column::Id.in_subquery(
        Query::select()
            .column(album_asset::Column::AssetId)
            .from(album_asset::Entity)
            .cond_where(visible_entries(actor))
            .to_owned(),
    );
    let mut visible = Condition::any().add(in_album);
    if let Actor::User(user) = actor {
        visible = visible.add(asset::Column::OwnerId.eq(user.id));
    }
    asset::Entity::find().filter(visible)
}

/// A user's own assets, in the trash or not.
#[must_use]
pub fn own_list(user: &UserActor) -> Select<asset::Entity> {
    asset::Entity::find().filter(asset::Column::OwnerId.eq(user.id))
}

/// A user's own assets for a change, in the order asked. One that is not theirs fails the whole,
/// naming it.
pub async fn own_assets(
    transaction: &Transaction,
    owner: &LockedUser,
    ids: &[AssetId],
) -> Result<Vec<Asset>> {
    let found = asset::Entity::find()
        .filter(asset::Column::OwnerId.eq(owner.id))
        .filter(asset::Column::Id.is_in(ids.iter().copied()))
        .all(&**transaction)
        .await?;
    let mut found: HashMap<_, _> = found.into_iter().map(|asset| (asset.id, asset)).collect();
    ids.iter().map(|id| found.remove(id).ok_or_else(|| Error::not_found("asset", id))).collect()
}

/// The asset of a user's that has this SHA-256, in the trash or not.
pub async fn asset_of_digest(
    transaction: &Transaction,
    owner: &LockedUser,
    sha256: &[u8],
) -> Result<Option<Asset>> {
    let find = asset::Entity::find()
        .filter(asset::Column::OwnerId.eq(owner.id))
        .filter(asset::Column::Sha256.eq(sha256));
    Ok(find.one(&**transaction).await?)
}

/// Assets to put into an album or link: seeing them is not enough, they must be the caller's own,
/// and neither in the trash nor locked.
pub async fn sharable_assets(
    transaction: &Transaction,
    owner: &LockedUser,
    ids: &[AssetId],
) -> Result<Vec<Asset>> {
    let assets = own_assets(transaction, owner, ids).await?;
    for asset in &assets {
        if asset.delete_time.is_some() {
            return Err(Error::trashed("asset", asset.id));
        }
        if asset.visibility == Visibility::Locked {
            return Err(Error::asset_locked(asset.id));
        }
    }
    Ok(assets)
}

/// A user's assets that went into the trash at `before` or earlier, `limit` at most, the longest
/// there first.
pub async fn trash(
    transaction: &Transaction,
    owner: &LockedUser,
    before: Micros,
    limit: u64,
) -> Result<Vec<AssetId>> {
    Ok(expired_trash(before)
        .filter(asset::Column::OwnerId.eq(owner.id))
        .select_only()
        .column(asset::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(&**transaction)
        .await?)
}

/// Assets of an owner, in the trash or not, `limit` at most.
pub async fn assets_of(
    transaction: &Transaction,
    owner: &LockedUser,
    limit: u64,
) -> Result<Vec<AssetId>> {
    Ok(asset::Entity::find()
        .filter(asset::Column::OwnerId.eq(owner.id))
        .select_only()
        .column(asset::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(&**transaction)
        .await?)
}

/// Somebody who has assets in the trash since `before` or longer.
pub async fn owner_of_expired_trash(
    connection: &impl ConnectionTrait,
    before: Micros,
) -> Result<Option<UserId>> {
    let owner = expired_trash(before).select_only().column(asset::Column::OwnerId);
    Ok(owner.into_tuple().one(connection).await?)
}

/// By `withdraw_time`, which for these is the same as `delete_time` and has an index.
fn expired_trash(before: Micros) -> Select<asset::Entity> {
    asset::Entity::find()
        .filter(asset::Column::WithdrawTime.lte(before))
        .filter(asset::Column::DeleteTime.is_not_null())
        .order_by_asc(asset::Column::WithdrawTime)
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

/// The files of photos that no variants were made of yet and whose bytes are not known to be
/// damaged or missing, the youngest first, those before an asset if it is given.
pub async fn stills_without_variants(
    connection: &impl ConnectionTrait,
    before: Option<AssetId>,
    limit: u64,
) -> Result<Vec<AssetFile>> {
    let done = Query::select()
        .expr(Expr::val(1))
        .from(asset_variant::Entity)
        .and_where(
            Expr::col((asset_variant::Entity, asset_variant::Column::AssetId))
                .equals((asset_file::Entity, asset_file::Column::AssetId)),
        )
        .to_owned();
    let mut find = asset_file::Entity::find()
        .inner_join(asset::Entity)
        .filter(asset::Column::Kind.eq(asset::Kind::Photo))
        .filter(asset_file::Column::Kind.eq(asset_file::Kind::Still))
        .filter(asset_file::Column::DamageTime.is_null())
        .filter(asset::Column::OfflineTime.is_null())
        .filter(Expr::exists(done).not())
        .order_by_desc(asset_file::Column::AssetId)
        .limit(limit);
    if let Some(before) = before {
        find = find.filter(asset_file::Column::AssetId.lt(before));
    }
    Ok(find.all(connection).await?)
}

/// How many rows [`all_files`] gives at once.
const FILES_PER_PAGE: u64 = 1000;

/// The stored files of all assets, a page at a time in the order of their blobs, for backups.
pub async fn all_files(
    connection: &impl ConnectionTrait,
    after: Option<BlobId>,
) -> Result<Vec<AssetFile>> {
    let mut find = asset_file::Entity::find()
        .filter(asset_file::Column::IsLibrary.eq(false))
        .order_by_asc(asset_file::Column::BlobId);
    if let Some(after) = after {
        find = find.filter(asset_file::Column::BlobId.gt(after));
    }
    Ok(find.limit(FILES_PER_PAGE).all(connection).await?)
}

/// How many values one query takes at most; SQLite's limit is 32766.
pub(super) const MAX_VALUES: usize = 30_000;

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

/// Whether the caller may no longer have one of some blobs, not even through an export, because its
/// asset was withdrawn at `since` or later: put into the trash, locked by somebody else, or hidden
/// with its owner's account.
///
/// Unlike [`has_all_blobs`] this costs nothing for what did not change.
pub async fn is_withdrawn(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    blobs: &[BlobId],
    since: Micros,
) -> Result<bool> {
    let withdrawn: HashSet<BlobId> = asset_file::Entity::find()
        .inner_join(asset::Entity)
        .filter(asset::Column::WithdrawTime.gte(since))
        .filter(withdrawn_from(actor))
        .select_only()
        .column(asset_file::Column::BlobId)
        .limit(MAX_VALUES as u64)
        .into_tuple()
        .all(connection)
        .await?
        .into_iter()
        .collect();
    if blobs.iter().any(|blob| withdrawn.contains(blob)) {
        return Ok(true);
    }
    // So many that they are better asked for than held.
    let is_cut = withdrawn.len() == MAX_VALUES;
    for blobs in blobs.chunks(MAX_VALUES).filter(|_| is_cut) {
        let found = asset_file::Entity::find()
            .inner_join(asset::Entity)
            .filter(asset_file::Column::BlobId.is_in(blobs.iter().copied()))
            .filter(asset::Column::WithdrawTime.gte(since))
            .filter(withdrawn_from(actor));
        if found.count(connection).await? > 0 {
            return Ok(true);
        }
    }
    let owners = user::Entity::find().filter(user::Column::DeleteTime.gte(since));
    let owners: Vec<_> = owners.all(connection).await?.into_iter().map(|user| user.id).collect();
    if owners.is_empty() {
        return Ok(false);
    }
    for blobs in blobs.chunks(MAX_VALUES) {
        let hidden = asset_file::Entity::find()
            .inner_join(asset::Entity)
            .filter(asset_file::Column::BlobId.is_in(blobs.iter().copied()))
            .filter(asset::Column::OwnerId.is_in(owners.iter().copied()));
        if hidden.count(connection).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether an asset is gone for the caller whatever they saw of it before: in the trash for all,
/// locked for all but its owner.
fn withdrawn_from(actor: &Actor) -> Condition {
    let locked = asset::Column::Visibility.eq(Visibility::Locked).into_condition();
    let locked = match actor {
        Actor::User(user) => locked.add(asset::Column::OwnerId.ne(user.id)),
        Actor::Guest(_) | Actor::Anonymous | Actor::Operator => locked,
    };
    Condition::any().add(asset::Column::DeleteTime.is_not_null()).add(locked)
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
