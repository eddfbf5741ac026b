//! Shared links as those who manage them see them, and as their addresses open them.

use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, JoinType, QueryFilter as _,
    QuerySelect as _, RelationTrait as _, SelectTwo,
};

use super::album::not_hidden;
use super::{Actor, Granted, LinkActor, UserActor, album_or_list, lock};
use crate::database::Transaction;
use crate::entity::album_member::Role;
use crate::entity::shared_link::Model as SharedLink;
use crate::entity::{album, album_asset, album_member, shared_link};
use crate::error::{Error, Result};
use crate::id::{AssetId, SharedLinkId, VisitorId};
use crate::keys;
use crate::time::Micros;

/// The links that a user sees: those that they made, and those to albums in which they are an
/// editor. Whoever made one and left its album sees it no more.
#[must_use]
pub fn shared_links(user: &UserActor) -> SelectTwo<shared_link::Entity, album::Entity> {
    shared_link::Entity::find()
        .find_also_related(album::Entity)
        .join(JoinType::InnerJoin, album::Relation::Member.def())
        .filter(album_member::Column::UserId.eq(user.id))
        .filter(
            Condition::any()
                .add(album_member::Column::Role.gte(Role::Editor))
                .add(shared_link::Column::CreatorId.eq(user.id)),
        )
        .filter(not_hidden())
}

/// The links of all users, for administrators, who get to know that they are there and no more.
#[must_use]
pub fn all_shared_links() -> SelectTwo<shared_link::Entity, album::Entity> {
    shared_link::Entity::find().find_also_related(album::Entity)
}

/// A link that the caller sees, with its album.
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

/// A link to be revoked, locked like [`lock_shared_link`]: one that the caller sees, or, for an
/// administrator, any other. Tells whether they see it.
pub async fn lock_revocable_link(
    transaction: &Transaction,
    actor: &Actor,
    id: SharedLinkId,
) -> Result<(SharedLink, album::Model, bool)> {
    match lock_shared_link(transaction, actor, id).await {
        Ok((link, album)) => return Ok((link, album, true)),
        Err(Error::NotFound(_)) if actor.user()?.is_admin => {}
        Err(error) => return Err(error),
    }
    let any = || all_shared_links().filter(shared_link::Column::Id.eq(id));
    if let Some((link, _)) = any().one(&**transaction).await? {
        let find = album::Entity::find_by_id(link.album_id);
        if let Some(lock) = lock(find, transaction.get_database_backend()) {
            lock.one(&**transaction).await?;
        }
    }
    match any().one(&**transaction).await? {
        Some((link, Some(album))) => Ok((link, album, false)),
        _ => Err(Error::not_found("shared_link", id)),
    }
}

/// A link with what it shows, for a guest who has opened it and for a user who sees it.
pub async fn opened_link(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: SharedLinkId,
) -> Result<(SharedLink, Granted<album::Model>)> {
    let actor = actor.through(id)?;
    let link = match &actor {
        Actor::Guest(_) => shared_link::Entity::find_by_id(id).one(connection).await?,
        Actor::User(_) => Some(shared_link(connection, &actor, id).await?.0),
        Actor::Anonymous | Actor::Operator => None,
    };
    let link = link.ok_or_else(|| Error::not_found("shared_link", id))?;
    let album = album_or_list(connection, &actor, link.album_id, Role::Viewer).await?;
    Ok((link, album))
}

/// Somebody who sees what a link without a password shows to everybody, before they open it.
#[must_use]
pub fn guest_of(link: &SharedLink) -> Actor {
    Actor::Guest(vec![LinkActor::new(link, VisitorId::NIL)])
}

/// The link through which a guest sees an asset; none for anybody else.
pub async fn link_of_asset(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: AssetId,
) -> Result<Option<SharedLinkId>> {
    let links = match actor.links() {
        [] => return Ok(None),
        [link] => return Ok(Some(link.link_id)),
        links => links,
    };
    let albums = links.iter().filter(|link| link.allow_download).map(|link| link.album_id);
    let place = album_asset::Entity::find()
        .filter(album_asset::Column::AssetId.eq(id))
        .filter(album_asset::Column::AlbumId.is_in(albums))
        .filter(album_asset::Column::IsHidden.eq(false))
        .one(connection)
        .await?;
    let link = place.and_then(|place| {
        links.iter().find(|link| link.allow_download && link.album_id == place.album_id)
    });
    Ok(link.map(|link| link.link_id))
}

/// The link with a key or slug, with its album, if it opens.
pub async fn link_by_address(
    connection: &impl ConnectionTrait,
    key_or_slug: &str,
    now: Micros,
) -> Result<(SharedLink, album::Model)> {
    // Neither has anything else, and PostgreSQL takes no text with a zero byte.
    let is_possible = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !key_or_slug.bytes().all(is_possible) {
        return Err(Error::not_found("shared_link", ""));
    }
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
