//! Users: as they see themselves, as administrators do, and as others may find them.

use std::collections::HashSet;
use std::ops::Deref;

use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};

use super::{UserActor, lock};
use crate::config::Directory;
use crate::database::Transaction;
use crate::entity::user::{self, Model as User};
use crate::entity::{album, album_member};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::time::Micros;

/// The caller.
pub async fn me(connection: &impl ConnectionTrait, caller: &UserActor) -> Result<User> {
    let user = user::Entity::find_by_id(caller.id).one(connection).await?;
    user.ok_or(Error::CredentialInvalid)
}

/// A user, for what others may know of them through what they share, and for administrators.
pub async fn user(connection: &impl ConnectionTrait, id: UserId) -> Result<User> {
    let user = user::Entity::find_by_id(id).one(connection).await?;
    user.ok_or_else(|| Error::not_found("user", id))
}

/// Every account, deleted ones too, for administrators.
#[must_use]
pub fn users() -> Select<user::Entity> {
    user::Entity::find()
}

/// The users whom a user may find in a list: all who are active, or, where only the exact e-mail
/// finds people, those with whom they share an album, and themselves.
#[must_use]
pub fn directory(caller: &UserActor, policy: Directory) -> Select<user::Entity> {
    let find = user::Entity::find().filter(user::active());
    match policy {
        Directory::Everyone => find,
        Directory::Exact => find.filter(known_to(caller)),
    }
}

/// A user whom the caller may look at.
pub async fn visible_user(
    connection: &impl ConnectionTrait,
    caller: &UserActor,
    policy: Directory,
    id: UserId,
) -> Result<User> {
    let find = if caller.is_admin { users() } else { directory(caller, policy) };
    let user = find.filter(user::Column::Id.eq(id)).one(connection).await?;
    user.ok_or_else(|| Error::not_found("user", id))
}

/// The active user with exactly this e-mail, whom everybody may find who knows it.
#[must_use]
pub fn found_user(email: &str) -> Select<user::Entity> {
    let by_email = user::Column::FoldedEmail.eq(user::fold(email));
    user::Entity::find().filter(user::active()).filter(by_email)
}

/// The active users with some ids whom the caller may find, and those with some whole e-mails, whom
/// everybody may find who knows them.
pub async fn invitable_users(
    connection: &impl ConnectionTrait,
    caller: &UserActor,
    policy: Directory,
    ids: Vec<UserId>,
    emails: Vec<&str>,
) -> Result<Vec<User>> {
    let mut by_id = Condition::all().add(user::Column::Id.is_in(ids));
    if policy == Directory::Exact && !caller.is_admin {
        by_id = by_id.add(known_to(caller));
    }
    let emails = emails.into_iter().map(user::fold);
    let by_email = user::Column::FoldedEmail.is_in(emails);
    let find = user::Entity::find()
        .filter(user::active())
        .filter(Condition::any().add(by_id).add(by_email));
    Ok(find.all(connection).await?)
}

/// The caller, and all who are in an album with them.
fn known_to(caller: &UserActor) -> Condition {
    let own = Query::select()
        .column(album_member::Column::AlbumId)
        .from(album_member::Entity)
        .and_where(album_member::Column::UserId.eq(caller.id))
        .to_owned();
    let hidden = Query::select()
        .column(album::Column::Id)
        .from(album::Entity)
        .and_where(
            album::Column::DeleteTime.is_not_null().or(album::Column::HideTime.is_not_null()),
        )
        .to_owned();
    let members = Query::select()
        .column(album_member::Column::UserId)
        .from(album_member::Entity)
        .and_where(Expr::col(album_member::Column::AlbumId).in_subquery(own))
        .and_where(Expr::col(album_member::Column::AlbumId).not_in_subquery(hidden))
        .to_owned();
    Condition::any().add(user::Column::Id.eq(caller.id)).add(user::Column::Id.in_subquery(members))
}

/// Which of some users are in an album with the caller.
pub async fn known_users(
    connection: &impl ConnectionTrait,
    caller: &UserActor,
    ids: impl IntoIterator<Item = UserId>,
) -> Result<HashSet<UserId>> {
    let known = user::Entity::find()
        .filter(user::Column::Id.is_in(ids))
        .filter(known_to(caller))
        .select_only()
        .column(user::Column::Id)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(known.into_iter().collect())
}

/// The ids of the albums that a user owns, as a subquery.
#[must_use]
pub fn owned_album_ids(user: UserId) -> SelectStatement {
    Query::select()
        .column(album_member::Column::AlbumId)
        .from(album_member::Entity)
        .and_where(album_member::Column::UserId.eq(user))
        .and_where(album_member::Column::Role.eq(album_member::Role::Owner))
        .to_owned()
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

/// [`lock_user`] for who calls, or for whom a guest uploads: their account may have been deleted since
/// the call began, and what it owns was hidden then.
pub async fn lock_owner(transaction: &Transaction, id: UserId) -> Result<LockedUser> {
    let user = lock_user(transaction, id).await?;
    if user.delete_time.is_some() { Err(Error::CredentialInvalid) } else { Ok(user) }
}

/// A deleted account that nobody can restore any more, locked until the transaction ends; `None` if
/// it is none, or gone.
pub async fn lock_purgeable_user(
    transaction: &Transaction,
    id: UserId,
    now: Micros,
) -> Result<Option<LockedUser>> {
    match lock_user(transaction, id).await {
        Ok(user) => Ok(user.purge_time.is_some_and(|time| time <= now).then_some(user)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The deleted accounts that nobody can restore any more.
pub async fn purgeable_users(
    connection: &impl ConnectionTrait,
    now: Micros,
) -> Result<Vec<UserId>> {
    let users = user::Entity::find()
        .filter(user::Column::PurgeTime.lte(now))
        .select_only()
        .column(user::Column::Id);
    Ok(users.into_tuple().all(connection).await?)
}

/// How many administrators could sign in, as the transaction sees it.
pub async fn active_admins(transaction: &Transaction) -> Result<u64> {
    // All who might be the last one are locked, so that two cannot go at once.
    let admins = || {
        user::Entity::find().filter(user::Column::IsAdmin.eq(true)).order_by_asc(user::Column::Id)
    };
    if let Some(lock) = lock(admins(), transaction.get_database_backend()) {
        lock.all(&**transaction).await?;
    }
    Ok(admins().filter(user::active()).count(&**transaction).await?)
}

/// The user with an e-mail, to compare the password.
pub async fn user_by_email(connection: &impl ConnectionTrait, email: &str) -> Result<Option<User>> {
    let email = user::fold(email);
    let find = user::Entity::find().filter(user::Column::FoldedEmail.eq(email));
    Ok(find.one(connection).await?)
}
