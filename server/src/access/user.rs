//! Users as they may see themselves.

use std::ops::Deref;

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

/// A user whose row is locked until the transaction ends. It is the lock of the user's assets and of
/// their quota too, taken before any album's: whoever changes an asset, or puts one into an album
/// or link, shows it.
#[derive(Debug)]
pub struct LockedUser(User);

impl LockedUser {
    /// The row itself.
    #[must_use]
    pub fn into_row(self) -> User {
        self.0
    }
}

impl Deref for LockedUser {
    type Target = User;

    fn deref(&self) -> &User {
        &self.0
    }
}

/// A user for a change of what they own: locked until the transaction ends.
pub async fn lock_user(transaction: &Transaction, id: UserId) -> Result<LockedUser> {
    let find = || user::Entity::find_by_id(id);
    if let Some(lock) = lock(find(), transaction.get_database_backend()) {
        lock.one(&**transaction).await?;
    }
    let user = find().one(&**transaction).await?;
    user.map(LockedUser).ok_or_else(|| Error::not_found("user", id))
}

/// The user with an e-mail, to compare the password.
pub async fn user_by_email(connection: &impl ConnectionTrait, email: &str) -> Result<Option<User>> {
    let email = user::fold(email);
    let find = user::Entity::find().filter(user::Column::FoldedEmail.eq(email));
    Ok(find.one(connection).await?)
}
