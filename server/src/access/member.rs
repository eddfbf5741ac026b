//! Who is in an album, and with whom it is shared.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait as _, Func, IntoCondition as _, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, SelectTwo,
};

use super::{Actor, Granted, UserActor, lock};
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::album_member::{Model as Member, Role};
use crate::entity::user::Model as User;
use crate::entity::{album_asset, album_member, asset, shared_link, user};
use crate::error::{Error, Result};
use crate::id::{AlbumId, SharedLinkId, UserId};
use crate::time::Micros;

/// With whom an album is shared.
#[derive(Debug, Clone, Copy)]
pub struct Sharing {
    /// Who owns it.
    pub owner_id: UserId,
    /// How many are in it, its owner included, without deleted accounts.
    pub member_count: i64,
    /// Whether it has a link that opens.
    pub has_link: bool,
    /// Whether the caller is in it and has not opened it.
    pub is_unseen: bool,
}

/// With whom albums that the caller was granted are shared.
pub async fn sharing(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    albums: impl IntoIterator<Item = AlbumId>,
    now: Micros,
) -> Result<HashMap<AlbumId, Sharing>> {
    let member = |column| Expr::col((OTHER, column));
    let count = others().expr(Func::count(member(album_member::Column::UserId))).take();
    let unseen = others()
        .expr(Expr::val(1))
        .and_where(member(album_member::Column::UserId).eq(actor.user_id()))
        .and_where(member(album_member::Column::Role).ne(Role::Owner))
        .and_where(member(album_member::Column::SeenTime).is_null())
        .take();
    let rows: Vec<(AlbumId, UserId, i64, bool, bool)> = album_member::Entity::find()
        .filter(album_member::Column::AlbumId.is_in(albums))
        .filter(album_member::Column::Role.eq(Role::Owner))
        .select_only()
        .column(album_member::Column::AlbumId)
        .column(album_member::Column::UserId)
        .expr_as(Expr::from(count), "member_count")
        .expr_as(Expr::exists(live_links(now)), "has_link")
        .expr_as(Expr::exists(unseen), "is_unseen")
        .into_tuple()
        .all(connection)
        .await?;
    let sharing = rows.into_iter().map(|(album, owner_id, member_count, has_link, is_unseen)| {
        (album, Sharing { owner_id, member_count, has_link, is_unseen })
    });
    Ok(sharing.collect())
}

/// Limits [`super::albums`] to those that have another member than the user, or a link that opens.
#[must_use]
pub fn shared(now: Micros) -> Condition {
    let is_other = Expr::col((OTHER, album_member::Column::UserId))
        .ne(Expr::col((album_member::Entity, album_member::Column::UserId)));
    let other = others().expr(Expr::val(1)).and_where(is_other).take();
    Condition::any().add(Expr::exists(other)).add(Expr::exists(live_links(now)))
}

/// The name under which a query looks at the members a second time.
const OTHER: &str = "other";

/// All who are in the album of a row of `album_member`.
fn others() -> SelectStatement {
    let is_user =
        Expr::col((user::Entity, user::Column::Id)).equals((OTHER, album_member::Column::UserId));
    Query::select()
        .from_as(album_member::Entity, OTHER)
        .inner_join(user::Entity, is_user)
        .and_where(
            Expr::col((OTHER, album_member::Column::AlbumId))
                .equals((album_member::Entity, album_member::Column::AlbumId)),
        )
        .and_where(Expr::col((user::Entity, user::Column::DeleteTime)).is_null())
        .take()
}

/// The links that open to the album of a row of `album_member`.
fn live_links(now: Micros) -> SelectStatement {
    use shared_link::Column;
    let column = |column| Expr::col((shared_link::Entity, column));
    Query::select()
        .expr(Expr::val(1))
        .from(shared_link::Entity)
        .and_where(
            column(Column::AlbumId).equals((album_member::Entity, album_member::Column::AlbumId)),
        )
        .and_where(column(Column::DeleteTime).is_null())
        .and_where(column(Column::HideTime).is_null())
        .and_where(column(Column::ExpireTime).is_null().or(column(Column::ExpireTime).gt(now)))
        .take()
}

/// The members of an album that the caller may see, with their accounts. Those whose account is
/// deleted do not show. Guests are not to see any.
#[must_use]
pub fn members(album: &Granted<Album>) -> SelectTwo<album_member::Entity, user::Entity> {
    album_member::Entity::find()
        .find_also_related(user::Entity)
        .filter(album_member::Column::AlbumId.eq(album.id))
        .filter(user::Column::DeleteTime.is_null())
}

/// A member of an album, with their account.
pub async fn member(
    connection: &impl ConnectionTrait,
    album: &Granted<Album>,
    id: UserId,
) -> Result<(Member, User)> {
    let find = members(album).filter(album_member::Column::UserId.eq(id));
    match find.one(connection).await? {
        Some((member, Some(user))) => Ok((member, user)),
        _ => Err(Error::not_found("album_member", id)),
    }
}

/// Everybody in an album but its owner, deleted accounts too, for removing them all.
pub async fn all_members(transaction: &Transaction, album: &Granted<Album>) -> Result<Vec<UserId>> {
    Ok(album_member::Entity::find()
        .filter(album_member::Column::AlbumId.eq(album.id))
        .filter(album_member::Column::Role.ne(Role::Owner))
        .order_by_asc(album_member::Column::UserId)
        .select_only()
        .column(album_member::Column::UserId)
        .into_tuple()
        .all(&**transaction)
        .await?)
}

/// The members of an album with their roles, those whose account is deleted left out.
pub async fn member_roles(
    transaction: &Transaction,
    album: &Granted<Album>,
) -> Result<Vec<(UserId, Role)>> {
    let find = members(album).all(&**transaction).await?;
    Ok(find.into_iter().map(|(member, _)| (member.user_id, member.role)).collect())
}

/// How many of the assets that show in an album are whose.
pub async fn asset_counts(
    connection: &impl ConnectionTrait,
    album: &Granted<Album>,
    owners: impl IntoIterator<Item = UserId>,
) -> Result<HashMap<UserId, i64>> {
    let counts: Vec<(UserId, i64)> = super::album_entries(album)
        .inner_join(asset::Entity)
        .filter(asset::Column::OwnerId.is_in(owners))
        .select_only()
        .column(asset::Column::OwnerId)
        .expr_as(Expr::col((album_asset::Entity, album_asset::Column::AssetId)).count(), "count")
        .group_by(asset::Column::OwnerId)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(counts.into_iter().collect())
}

/// The links to an album that are not revoked, of one who made them or of all: locked in the order
/// of their ids until the transaction ends. The transaction holds the album's lock.
pub async fn lock_links(
    transaction: &Transaction,
    album: &Granted<Album>,
    creator: Option<UserId>,
) -> Result<Vec<SharedLinkId>> {
    let mut condition = shared_link::Column::AlbumId.eq(album.id).into_condition();
    condition = condition.add(shared_link::Column::DeleteTime.is_null());
    if let Some(creator) = creator {
        condition = condition.add(shared_link::Column::CreatorId.eq(creator));
    }
    let find = shared_link::Entity::find()
        .filter(condition)
        .order_by_asc(shared_link::Column::Id)
        .select_only()
        .column(shared_link::Column::Id);
    let find = lock(find.clone(), transaction.get_database_backend()).unwrap_or(find);
    Ok(find.into_tuple().all(&**transaction).await?)
}

/// Checks that an API key is good for making members, too, where that is not what its method is
/// for.
pub fn may_add_members(user: &UserActor) -> Result<()> {
    user.scoped("member.write")
}
