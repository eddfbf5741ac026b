//! Uploads: their owner's alone.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _, Select,
};

use super::{Actor, UserActor, lock};
use crate::database::Transaction;
use crate::entity::upload::{self, Model as Upload, State};
use crate::error::{Error, Result};
use crate::id::UploadId;
use crate::time::Micros;

/// The caller's upload.
pub async fn upload(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: UploadId,
) -> Result<Upload> {
    let user = actor.user()?;
    let find = upload::Entity::find_by_id(id).filter(upload::Column::OwnerId.eq(user.id));
    find.one(connection).await?.ok_or_else(|| Error::not_found("upload", id))
}

/// The caller's upload for a change: locked until the transaction ends.
pub async fn lock_upload(transaction: &Transaction, actor: &Actor, id: UploadId) -> Result<Upload> {
    if let Some(lock) = lock(upload::Entity::find_by_id(id), transaction.get_database_backend()) {
        lock.one(&**transaction).await?;
    }
    upload(&**transaction, actor, id).await
}

/// The open uploads that are past their time, whoever's they are.
pub async fn expired_uploads(
    connection: &impl ConnectionTrait,
    now: Micros,
) -> Result<Vec<UploadId>> {
    let ids = expired(now).select_only().column(upload::Column::Id).into_tuple::<UploadId>();
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
    Ok(expired(now).filter(upload::Column::Id.eq(id)).one(&**transaction).await?)
}

fn expired(now: Micros) -> Select<upload::Entity> {
    upload::Entity::find()
        .filter(upload::Column::State.eq(State::Active))
        .filter(upload::Column::ExpireTime.lte(now))
}

/// Whether an upload takes bytes, whoever's it is.
pub async fn takes_bytes(connection: &impl ConnectionTrait, id: UploadId) -> Result<bool> {
    let upload = upload::Entity::find_by_id(id).one(connection).await?;
    Ok(upload.is_some_and(|upload| upload.state == State::Active))
}

/// The size of a user's open uploads together: what they have reserved.
pub async fn reserved_bytes(
    connection: &impl ConnectionTrait,
    user: &UserActor,
    now: Micros,
) -> Result<i64> {
    let sizes = upload::Entity::find()
        .filter(upload::Column::OwnerId.eq(user.id))
        .filter(upload::Column::State.eq(State::Active))
        .filter(upload::Column::ExpireTime.gt(now))
        .select_only()
        .column(upload::Column::SizeBytes)
        .into_tuple::<i64>()
        .all(connection)
        .await?;
    Ok(sizes.into_iter().fold(0, i64::saturating_add))
}
