//! Shared links as those who manage them see them, and as their addresses open them.

use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, JoinType, QueryFilter as _,
    QuerySelect as _, RelationTrait as _, SelectTwo,
};

use super::{Actor, UserActor, lock};
use crate::database::Transaction;
use crate::entity::album_member::Role;
use crate::entity::shared_link::Model as SharedLink;
use crate::entity::{album, album_member, shared_link};
use crate::error::{Error, Result};
use crate::id::SharedLinkId;
use crate::keys;
use crate::time::Micros;

/// The links that a user may manage: those to albums in which they are an editor.
#[must_use]
pub fn shared_links(user: &UserActor) -> SelectTwo<shared_link::Entity, album::Entity> {
    shared_link::Entity::find()
        .find_also_related(album::Entity)
        .join(JoinType::InnerJoin, album::Relation::Member.def())
        .filter(album_member::Column::UserId.eq(user.id))
        .filter(album_member::Column::Role.gte(Role::Editor))
        .filter(album::Column::HideTime.is_null())
}

/// A link that the caller may manage, with its album.
pub async fn shared_link(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: SharedLinkId,
) -> Result<(SharedLink, album::Model)> {
    let find = shared_links(actor.user()?).filter(shared_link::Column::Id.eq(id));
    match find.one(connection).await? {
        Some((link, Some(album))) => Ok((link, album)),
        _ => Err(Error::not_found("shared_link", id)),
    }
}

/// A link for a change, with its album: the album is locked until the transaction ends, as for
/// every change of what it has.
pub async fn lock_shared_link(
    transaction: &Transaction,
    actor: &Actor,
    id: SharedLinkId,
) -> Result<(SharedLink, album::Model)> {
    let (link, _) = shared_link(&**transaction, actor, id).await?;
    let find = album::Entity::find_by_id(link.album_id);
    if let Some(lock) = lock(find, transaction.get_database_backend()) {
        lock.one(&**transaction).await?;
    }
    shared_link(&**transaction, actor, id).await
}

/// The link with a key or slug, with its album, if it opens.
pub async fn link_by_address(
    connection: &impl ConnectionTrait,
    key_or_slug: &str,
    now: Micros,
) -> Result<(SharedLink, album::Model)> {
    let by_address = Condition::any()
        .add(shared_link::Column::KeyHash.eq(keys::hash(key_or_slug.as_bytes())))
        .add(shared_link::Column::Slug.eq(key_or_slug));
    let found = shared_link::Entity::find()
        .find_also_related(album::Entity)
        .filter(by_address)
        .filter(is_live(now))
        .one(connection)
        .await?;
    match found {
        Some((link, Some(album))) => Ok((link, album)),
        // What was given is a secret, or was one: it is not repeated.
        _ => Err(Error::not_found("shared_link", "")),
    }
}

/// Whether a link opens: not revoked, not expired, its album not in the trash.
pub(super) fn is_live(now: Micros) -> Condition {
    Condition::all()
        .add(shared_link::Column::DeleteTime.is_null())
        .add(shared_link::Column::HideTime.is_null())
        .add(album::Column::DeleteTime.is_null())
        .add(album::Column::HideTime.is_null())
        .add(
            Condition::any()
                .add(shared_link::Column::ExpireTime.is_null())
                .add(shared_link::Column::ExpireTime.gt(now)),
        )
}
