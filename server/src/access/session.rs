//! The installation and its sessions: rows that prove who calls, before anybody is known.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    Select,
};

use super::{UserActor, lock};
use crate::database::Transaction;
use crate::entity::{installation, session, user};
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::time::Micros;

/// The id of the installation's one row.
const ONLY: i16 = 1;

/// The installation; `None` before the first start has made it.
pub async fn installation(
    connection: &impl ConnectionTrait,
) -> Result<Option<installation::Model>> {
    Ok(installation::Entity::find_by_id(ONLY).one(connection).await?)
}

/// The installation for a change: locked until the transaction ends.
pub async fn lock_installation(transaction: &Transaction) -> Result<installation::Model> {
    let find = installation::Entity::find_by_id(ONLY);
    if let Some(lock) = lock(find, transaction.get_database_backend()) {
        lock.one(&**transaction).await?;
    }
    let row = installation(&**transaction).await?;
    row.ok_or_else(|| Error::internal("the installation has no row"))
}

/// Whether anybody has an account.
pub async fn has_users(connection: &impl ConnectionTrait) -> Result<bool> {
    Ok(user::Entity::find().count(connection).await? > 0)
}

/// The session that a refresh token names, for a change: locked until the transaction ends.
pub async fn lock_session(
    transaction: &Transaction,
    id: SessionId,
) -> Result<Option<session::Model>> {
    let find = || session::Entity::find_by_id(id);
    if let Some(lock) = lock(find(), transaction.get_database_backend()) {
        lock.one(&**transaction).await?;
    }
    Ok(find().one(&**transaction).await?)
}

/// The caller's sessions that have not ended.
#[must_use]
pub fn own_sessions(user: &UserActor, now: Micros) -> Select<session::Entity> {
    session::Entity::find()
        .filter(session::Column::UserId.eq(user.id))
        .filter(session::Column::ExpireTime.gt(now))
}

/// A session of the caller's for a change: locked until the transaction ends.
pub async fn own_session(
    transaction: &Transaction,
    user: &UserActor,
    id: SessionId,
    now: Micros,
) -> Result<session::Model> {
    lock_session(transaction, id).await?;
    let find = own_sessions(user, now).filter(session::Column::Id.eq(id));
    find.one(&**transaction).await?.ok_or_else(|| Error::not_found("session", id))
}
