//! Albums as the caller may see and change them.

use sea_orm::sea_query::{Expr, ExprTrait as _, IntoCondition as _, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select, SelectTwo,
};

use super::{Actor, Granted, LinkActor, Sight, UserActor, lock};
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::asset_variant::Variant;
use crate::entity::{album, album_asset, album_member, asset, asset_file, asset_variant};
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId};
use crate::time::Micros;

/// An album that the caller may see. Requires a role.
///
/// An album in the trash is there for its owner alone.
pub async fn album(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: AlbumId,
    role: Role,
) -> Result<Granted<Album>> {
    let granted = find(connection, actor, id).await?.filter(|album| !album.is_list);
    granted.ok_or_else(|| Error::not_found("album", id))?.at_least(role)
}

/// The same for an album or the list of a link: for what links show, and for what was made of it.
/// To everything else a list is no album.
pub async fn album_or_list(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: AlbumId,
    role: Role,
) -> Result<Granted<Album>> {
    let granted = find(connection, actor, id).await?;
    granted.ok_or_else(|| Error::not_found("album", id))?.at_least(role)
}

async fn find(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: AlbumId,
) -> Result<Option<Granted<Album>>> {
    match actor {
        Actor::Anonymous | Actor::Operator => Ok(None),
        Actor::User(user) => member(connection, user, id).await,
        Actor::Guest(links) => guest(connection, links, id).await,
    }
}

async fn member(
    connection: &impl ConnectionTrait,
    user: &UserActor,
    id: AlbumId,
) -> Result<Option<Granted<Album>>> {
    let found = album::Entity::find_by_id(id)
        .find_also_related(album_member::Entity)
        .filter(album_member::Column::UserId.eq(user.id))
        .filter(not_hidden())
        .one(connection)
        .await?;
    Ok(found.and_then(|(row, member)| {
        Some(Granted { row, role: member?.role, sight: Sight::of_user(false) })
    }))
}

async fn guest(
    connection: &impl ConnectionTrait,
    links: &[LinkActor],
    id: AlbumId,
) -> Result<Option<Granted<Album>>> {
    let links: Vec<_> = links.iter().filter(|link| link.album_id == id).collect();
    if links.is_empty() {
        return Ok(None);
    }
    let album = album::Entity::find_by_id(id)
        .filter(album::Column::DeleteTime.is_null())
        .filter(album::Column::HideTime.is_null());
    let row = album.one(connection).await?;
    let sight = Sight::of_links(links.into_iter());
    Ok(row.map(|row| Granted { row, role: Role::Viewer, sight }))
}

/// What others may see of an album in the trash, and everybody of one whose owner's account is
/// deleted: nothing.
pub(super) fn not_hidden() -> Condition {
    let not_trashed = Condition::any()
        .add(album::Column::DeleteTime.is_null())
        .add(album_member::Column::Role.eq(Role::Owner));
    Condition::all().add(not_trashed).add(album::Column::HideTime.is_null())
}

/// An album for a change: locked until the transaction ends. Requires a role.
///
/// An album in the trash comes along; the operation says what that means for it.
pub async fn lock_album(
    transaction: &Transaction,
    actor: &Actor,
    id: AlbumId,
    role: Role,
) -> Result<Granted<Album>> {
    if let Some(lock) = lock(album::Entity::find_by_id(id), transaction.get_database_backend()) {
        lock.one(&**transaction).await?;
    }
    album(&**transaction, actor, id, role).await
}

/// The albums of which a user is a member, with the membership.
#[must_use]
pub fn albums(user: &UserActor) -> SelectTwo<album_member::Entity, album::Entity> {
    album_member::Entity::find()
        .find_also_related(album::Entity)
        .filter(album_member::Column::UserId.eq(user.id))
        .filter(album::Column::IsList.eq(false))
        .filter(not_hidden())
}

/// Limits [`albums`] to those in which the user has at least a role.
#[must_use]
pub fn with_role(role: Role) -> Condition {
    album_member::Column::Role.gte(role).into_condition()
}

/// The album that the caller creates in this transaction, and thereby owns.
#[must_use]
pub fn created(row: Album) -> Granted<Album> {
    Granted { row, role: Role::Owner, sight: Sight::of_user(false) }
}

/// The assets of an album that the caller may see.
#[must_use]
pub fn album_assets(album: &Granted<Album>) -> SelectTwo<album_asset::Entity, asset::Entity> {
    album_entries(album).find_also_related(asset::Entity)
}

/// The places of assets in an album that the caller may see.
#[must_use]
pub fn album_entries(album: &Granted<Album>) -> Select<album_asset::Entity> {
    let entries = album_places(album).filter(album_asset::Column::IsHidden.eq(false));
    if album.sight().sees_offline { entries } else { entries.filter(online()) }
}

/// The places of assets whose files are not missing.
fn online() -> Condition {
    let offline = Query::select()
        .column(asset::Column::Id)
        .from(asset::Entity)
        .and_where(asset::Column::OfflineTime.is_not_null())
        .to_owned();
    album_asset::Column::AssetId.not_in_subquery(offline).into_condition()
}

/// All places in an album, for giving out new ones: what is hidden keeps its own. Nobody gets to
/// see them.
#[must_use]
pub fn album_places(album: &Granted<Album>) -> Select<album_asset::Entity> {
    album_asset::Entity::find().filter(album_asset::Column::AlbumId.eq(album.id))
}

/// The files of an album that the caller may see.
#[must_use]
pub fn album_files(album: &Granted<Album>) -> Select<asset_file::Entity> {
    asset_file::Entity::find().filter(asset_file::Column::AssetId.in_subquery(asset_ids(album)))
}

/// One variant of the assets of an album that the caller may see.
#[must_use]
pub fn album_variants(album: &Granted<Album>, variant: Variant) -> Select<asset_variant::Entity> {
    asset_variant::Entity::find()
        .filter(asset_variant::Column::AssetId.in_subquery(asset_ids(album)))
        .filter(asset_variant::Column::Variant.eq(variant))
}

fn asset_ids(album: &Granted<Album>) -> SelectStatement {
    Query::select()
        .column(album_asset::Column::AssetId)
        .from(album_asset::Entity)
        .and_where(album_asset::Column::AlbumId.eq(album.id))
        .and_where(album_asset::Column::IsHidden.eq(false))
        .to_owned()
}

/// The albums with a place for which `entries` holds, in the order of their ids: locked in that
/// order until the transaction ends, so that no two calls wait for each other.
///
/// Who has an asset in albums holds the lock of its owner's row already, so that nobody adds it to
/// another one.
pub async fn lock_albums_having(
    transaction: &Transaction,
    entries: Condition,
) -> Result<Vec<AlbumId>> {
    let having = Query::select()
        .column(album_asset::Column::AlbumId)
        .from(album_asset::Entity)
        .cond_where(entries)
        .to_owned();
    lock_album_ids(transaction, album::Column::Id.in_subquery(having).into_condition()).await
}

/// The album and the asset of each place for which `entries` holds, in albums that the transaction
/// holds the locks of.
pub async fn places(
    transaction: &Transaction,
    entries: Condition,
) -> Result<Vec<(AlbumId, AssetId)>> {
    let places = album_asset::Entity::find()
        .filter(entries)
        .select_only()
        .column(album_asset::Column::AlbumId)
        .column(album_asset::Column::AssetId);
    Ok(places.into_tuple().all(&**transaction).await?)
}

/// Albums that are in the trash since `before` or longer, `limit` at most.
pub async fn expired_albums(
    connection: &impl ConnectionTrait,
    before: Micros,
    limit: u64,
) -> Result<Vec<AlbumId>> {
    Ok(album::Entity::find()
        .filter(album::Column::DeleteTime.lte(before))
        .select_only()
        .column(album::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?)
}

/// Those of some albums that are still in the trash since `before` or longer: locked until the
/// transaction ends.
pub async fn lock_expired_albums(
    transaction: &Transaction,
    albums: Vec<AlbumId>,
    before: Micros,
) -> Result<Vec<AlbumId>> {
    let albums = album::Column::Id.is_in(albums).into_condition();
    lock_album_ids(transaction, albums.add(album::Column::DeleteTime.lte(before))).await
}

pub(super) async fn lock_album_ids(
    transaction: &Transaction,
    albums: Condition,
) -> Result<Vec<AlbumId>> {
    let find = album::Entity::find()
        .filter(albums)
        .order_by_asc(album::Column::Id)
        .select_only()
        .column(album::Column::Id);
    let find = lock(find.clone(), transaction.get_database_backend()).unwrap_or(find);
    Ok(find.into_tuple().all(&**transaction).await?)
}

/// The places that a user or guest may see, in whatever album.
pub(super) fn visible_entries(actor: &Actor) -> Condition {
    let entries = in_visible_album(actor).add(album_asset::Column::IsHidden.eq(false));
    match actor {
        Actor::Guest(_) => entries.add(online()),
        Actor::User(_) | Actor::Anonymous | Actor::Operator => entries,
    }
}

fn in_visible_album(actor: &Actor) -> Condition {
    let in_album = match actor {
        Actor::Anonymous | Actor::Operator => album_asset::Column::AlbumId.is_null(),
        Actor::User(user) => album_asset::Column::AlbumId.in_subquery(
            Query::select()
                .column((album_member::Entity, album_member::Column::AlbumId))
                .from(album_member::Entity)
                .inner_join(
                    album::Entity,
                    Expr::col((album::Entity, album::Column::Id))
                        .equals((album_member::Entity, album_member::Column::AlbumId)),
                )
                .and_where(album_member::Column::UserId.eq(user.id))
                .cond_where(not_hidden())
                .to_owned(),
        ),
        Actor::Guest(links) => {
            album_asset::Column::AlbumId.is_in(links.iter().map(|link| link.album_id))
        }
    };
    in_album.into_condition()
}
