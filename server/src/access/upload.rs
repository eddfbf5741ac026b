//! Uploads: those of a user are theirs alone, those of a guest are that guest's alone, though what
//! becomes of them belongs to the creator of the link.

use std::collections::HashSet;
use std::time::Duration;

use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select,
};

use super::{Actor, LinkActor, LockedUser, UserActor, lock};
use crate::database::Transaction;
use crate::entity::asset;
use crate::entity::shared_link::Model as SharedLink;
use crate::entity::upload::{self, Column, Model as Upload, State};
use crate::error::{Error, Result};
use crate::id::{AssetId, UploadId, UserId};
use crate::time::Micros;

/// The caller's upload.
pub async fn upload(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: UploadId,
) -> Result<Upload> {
    let find = upload::Entity::find_by_id(id).filter(own(actor)?);
    find.one(connection).await?.ok_or_else(|| Error::not_found("upload", id))
}

fn own(actor: &Actor) -> Result<Condition> {
    let Actor::Guest(links) = actor else {
        let own = Condition::all().add(Column::OwnerId.eq(actor.user()?.id));
        return Ok(own.add(Column::SharedLinkId.is_null()));
    };
    Ok(links.iter().map(of_guest).fold(Condition::any(), Condition::add))
}

fn of_guest(link: &LinkActor) -> Condition {
    Condition::all()
        .add(Column::SharedLinkId.eq(link.link_id))
        .add(Column::VisitorId.eq(link.visitor_id))
}

/// The caller's upload for a change: locked until the transaction ends.
pub async fn lock_upload(transaction: &Transaction, actor: &Actor, id: UploadId) -> Result<Upload> {
    if let Some(lock) = lock(upload::Entity::find_by_id(id), transaction.get_database_backend()) {
        lock.one(&**transaction).await?;
    }
    upload(&**transaction, actor, id).await
}

/// What a guest has finished uploading with this token, the earliest first.
pub async fn finished_uploads(
    connection: &impl ConnectionTrait,
    link: &LinkActor,
) -> Result<Vec<Upload>> {
    let finished = upload::Entity::find()
        .filter(of_guest(link))
        .filter(Column::State.eq(State::Finished))
        .order_by_asc(Column::FinishTime)
        .order_by_asc(Column::Id);
    Ok(finished.all(connection).await?)
}

/// The asset that the bytes of a guest's finished upload are, whether the guest sees it or not.
pub async fn uploaded_asset(
    connection: &impl ConnectionTrait,
    upload: &Upload,
) -> Result<Option<asset::Model>> {
    let find = match (upload.asset_id, &upload.sha256) {
        (Some(id), _) => asset::Entity::find_by_id(id),
        (None, Some(sha256)) => {
            asset::Entity::find().filter(asset::Column::Sha256.eq(sha256.as_slice()))
        }
        (None, None) => return Ok(None),
    };
    Ok(find.filter(asset::Column::OwnerId.eq(upload.owner_id)).one(connection).await?)
}

/// The other finished uploads that became the same asset as this one, whoever's they are.
pub async fn uploads_of_same(transaction: &Transaction, upload: &Upload) -> Result<Vec<Upload>> {
    let Some(asset_id) = upload.asset_id else { return Ok(Vec::new()) };
    let same = upload::Entity::find()
        .filter(Column::AssetId.eq(asset_id))
        .filter(Column::MotionOfAssetId.is_null())
        .filter(Column::State.eq(State::Finished))
        .filter(Column::Id.ne(upload.id))
        .order_by_asc(Column::FinishTime)
        .order_by_asc(Column::Id);
    Ok(same.all(&**transaction).await?)
}

/// For how long a guest may take an upload back.
pub const UNDO_TIME: Duration = Duration::from_secs(15 * 60);

/// The assets of a user's that guests made and may still take back: they are not safe yet.
pub async fn unsafe_assets(
    connection: &impl ConnectionTrait,
    user: &UserActor,
    now: Micros,
) -> Result<HashSet<AssetId>> {
    let made = upload::Entity::find()
        .filter(Column::OwnerId.eq(user.id))
        .filter(Column::SharedLinkId.is_not_null())
        .filter(Column::State.eq(State::Finished))
        .filter(Column::FinishTime.gt(now.before(UNDO_TIME)))
        .select_only()
        .column(Column::AssetId)
        .into_tuple::<Option<AssetId>>()
        .all(connection)
        .await?;
    Ok(made.into_iter().flatten().collect())
}

/// The sizes of a link's open uploads: what they have reserved of its limits. The transaction holds
/// the link's lock.
pub async fn reserved_of_link(
    transaction: &Transaction,
    link: &SharedLink,
    now: Micros,
) -> Result<Vec<i64>> {
    let sizes = open(now).filter(Column::SharedLinkId.eq(link.id));
    Ok(sizes.select_only().column(Column::SizeBytes).into_tuple().all(&**transaction).await?)
}

/// The open uploads that are past their time, whoever's they are.
pub async fn expired_uploads(
    connection: &impl ConnectionTrait,
    now: Micros,
) -> Result<Vec<UploadId>> {
    let ids = expired(now).select_only().column(Column::Id).into_tuple::<UploadId>();
    Ok(ids.all(connection).await?)
}

/// One of [`expired_uploads`] for a change: locked until the transaction ends.
pub async fn lock_expired_upload(
    transaction: &Transaction,
    id: UploadId,
    now: Micros,
) -> Result<Option<Upload>> {
    if let Some(lock) = lock(upload::Entity::find_by_id(id), transaction.get_database_backend()) {
        lock.one(&**transaction).await?;
    }
    Ok(expired(now).filter(Column::Id.eq(id)).one(&**transaction).await?)
}

fn expired(now: Micros) -> Select<upload::Entity> {
    upload::Entity::find()
        .filter(Column::State.eq(State::Active))
        .filter(Column::ExpireTime.lte(now))
}

fn open(now: Micros) -> Select<upload::Entity> {
    upload::Entity::find()
        .filter(Column::State.eq(State::Active))
        .filter(Column::ExpireTime.gt(now))
}

/// Those of some uploads that take bytes, whoever's they are.
pub async fn active_uploads(
    connection: &impl ConnectionTrait,
    ids: &[UploadId],
) -> Result<HashSet<UploadId>> {
    let active = upload::Entity::find()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .filter(Column::State.eq(State::Active))
        .select_only()
        .column(Column::Id)
        .into_tuple::<UploadId>()
        .all(connection)
        .await?;
    Ok(active.into_iter().collect())
}

/// The size of a user's open uploads together, those of the guests of their links too: what they
/// have reserved.
pub async fn reserved_bytes(
    connection: &impl ConnectionTrait,
    owner_id: UserId,
    now: Micros,
) -> Result<i64> {
    sum(connection, open(now).filter(Column::OwnerId.eq(owner_id))).await
}

/// The size of what guests uploaded lately though its owner had it: to guests it counts as if it had
/// been stored, so that the room that is left does not tell them.
pub async fn duplicate_bytes(transaction: &Transaction, owner: &LockedUser) -> Result<i64> {
    let duplicates = upload::Entity::find()
        .filter(Column::OwnerId.eq(owner.id))
        .filter(Column::SharedLinkId.is_not_null())
        .filter(Column::State.eq(State::Finished))
        .filter(Column::IsDuplicate.eq(true));
    sum(&**transaction, duplicates).await
}

async fn sum(connection: &impl ConnectionTrait, uploads: Select<upload::Entity>) -> Result<i64> {
    let sizes = uploads.select_only().column(Column::SizeBytes).into_tuple::<i64>();
    Ok(sizes.all(connection).await?.into_iter().fold(0, i64::saturating_add))
}
