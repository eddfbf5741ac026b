//! Users as they may see themselves.

use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};

use super::{UserActor, lock};
use crate::database::Transaction;
use crate::entity::user::{self, Model as User};
use crate::error::{Error, Result};
use crate::id::UserId;

/// The caller.
pub async fn me(connection: &impl ConnectionTrait, caller: &UserActor) -> Result<User> {
    let user = user::Entity::find_by_id(caller.id).one(connection).await?;
    user.ok_or(Error::CredentialInvalid)
}

/// A user, for what others may know of them through what they share.
pub async fn user(connection: &impl ConnectionTrait, id: UserId) -> Result<User> {
    let user = user::Entity::find_by_id(id).one(connection).await?;
    user.ok_or_else(|| Error::not_found("user", id))
}

/// A user for a change of what they own: locked until the transaction ends.
pub async fn lock_user(transaction: &Transaction, id: UserId) -> Result<User> {
    let find = || user::Entity::find_by_id(id);
    if let Some(lock) = lock(find(), transaction.get_database_backend()) {
        lock.one(&**transaction).await?;
    }
    let user = find().one(&**transaction).await?;
    user.ok_or_else(|| Error::not_found("user", id))
}

/// The user with an e-mail, to compare the password.
pub async fn user_by_email(connection: &impl ConnectionTrait, email: &str) -> Result<Option<User>> {
    let email = user::fold(email);
    let find = user::Entity::find().filter(user::Column::FoldedEmail.eq(email));
    Ok(find.one(connection).await?)
}
