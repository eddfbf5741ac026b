//! Albums that are made from folders: a user's own, and which of them stand for which folders.

use sea_orm::sea_query::{Expr, ExprTrait as _, IntoCondition as _, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};

use super::Granted;
use super::album::lock_album_ids;
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::folder_album::Model as FolderAlbum;
use crate::entity::{album, album_asset, album_member, folder_album};
use crate::error::Result;
use crate::id::{AlbumId, AssetId, FolderRuleId, UserId};

/// The albums that a user owns and that are not in the trash, as a subquery of ids.
pub(super) fn live_album_ids(owner: UserId) -> SelectStatement {
    Query::select()
        .column((album::Entity, album::Column::Id))
        .from(album::Entity)
        .inner_join(
            album_member::Entity,
            Expr::col((album_member::Entity, album_member::Column::AlbumId))
                .equals((album::Entity, album::Column::Id)),
        )
        .and_where(Expr::col((album_member::Entity, album_member::Column::UserId)).eq(owner))
        .and_where(Expr::col((album_member::Entity, album_member::Column::Role)).eq(Role::Owner))
        .and_where(Expr::col((album::Entity, album::Column::DeleteTime)).is_null())
        .and_where(Expr::col((album::Entity, album::Column::HideTime)).is_null())
        .and_where(Expr::col((album::Entity, album::Column::IsList)).eq(false))
        .to_owned()
}

/// The albums that a user owns and that are not in the trash, in the order of their making.
#[must_use]
pub fn live_albums(owner: UserId) -> Select<album::Entity> {
    album::Entity::find()
        .filter(album::Column::Id.in_subquery(live_album_ids(owner)))
        .order_by_asc(album::Column::Id)
}

/// The oldest of a user's albums with some name that is not in the trash and that a rule does not
/// know.
pub async fn free_album_named(
    transaction: &Transaction,
    owner: UserId,
    rule: FolderRuleId,
    name: &str,
) -> Result<Option<AlbumId>> {
    let known = Query::select()
        .column(folder_album::Column::AlbumId)
        .from(folder_album::Entity)
        .and_where(folder_album::Column::RuleId.eq(rule))
        .to_owned();
    let find = live_albums(owner)
        .filter(album::Column::DisplayName.eq(name))
        .filter(album::Column::Id.not_in_subquery(known))
        .select_only()
        .column(album::Column::Id);
    Ok(find.into_tuple().one(&**transaction).await?)
}

/// The folders of a rule with their albums, as far as its owner owns them still and they are not in
/// the trash.
pub async fn rule_albums(
    connection: &impl ConnectionTrait,
    owner: UserId,
    rule: FolderRuleId,
) -> Result<Vec<(FolderAlbum, Album)>> {
    let find = folder_album::Entity::find()
        .find_also_related(album::Entity)
        .filter(folder_album::Column::RuleId.eq(rule))
        .filter(folder_album::Column::AlbumId.in_subquery(live_album_ids(owner)))
        .order_by_asc(folder_album::Column::AlbumId)
        .order_by_asc(folder_album::Column::Folder);
    let rows = find.all(connection).await?;
    Ok(rows.into_iter().filter_map(|(row, album)| Some((row, album?))).collect())
}

/// Those of a user's albums that rules made, one rule's if it is given.
pub async fn made_albums(
    connection: &impl ConnectionTrait,
    owner: UserId,
    rule: Option<FolderRuleId>,
) -> Result<Vec<AlbumId>> {
    let mut find = folder_album::Entity::find()
        .filter(folder_album::Column::IsMade.eq(true))
        .filter(folder_album::Column::AlbumId.in_subquery(live_album_ids(owner)));
    if let Some(rule) = rule {
        find = find.filter(folder_album::Column::RuleId.eq(rule));
    }
    let find = find.select_only().column(folder_album::Column::AlbumId).distinct();
    Ok(find.into_tuple().all(connection).await?)
}

/// The folders that stand for an album, of whatever rule.
pub async fn folders_of_album(
    transaction: &Transaction,
    album: AlbumId,
) -> Result<Vec<FolderAlbum>> {
    let find = folder_album::Entity::find().filter(folder_album::Column::AlbumId.eq(album));
    Ok(find.all(&**transaction).await?)
}

/// The ids of what is in some albums of the caller's, what is hidden too.
pub async fn place_ids(
    connection: &impl ConnectionTrait,
    albums: &[AlbumId],
) -> Result<Vec<(AlbumId, AssetId)>> {
    let find = album_asset::Entity::find()
        .filter(album_asset::Column::AlbumId.is_in(albums.iter().copied()))
        .order_by_asc(album_asset::Column::AlbumId)
        .order_by_asc(album_asset::Column::AssetId)
        .select_only()
        .column(album_asset::Column::AlbumId)
        .column(album_asset::Column::AssetId);
    Ok(find.into_tuple().all(connection).await?)
}

/// The albums of some of a rule's folders that are not its owner's any more, or in the trash, as a
/// subquery of ids.
#[must_use]
pub fn lost_albums(owner: UserId, rule: FolderRuleId, folders: &[String]) -> SelectStatement {
    // Under another name, for statements that change this table.
    let known = |column| Expr::col(("known", column));
    Query::select()
        .column(("known", folder_album::Column::AlbumId))
        .from_as(folder_album::Entity, "known")
        .and_where(known(folder_album::Column::RuleId).eq(rule))
        .and_where(known(folder_album::Column::Folder).is_in(folders.iter().map(String::as_str)))
        .and_where(known(folder_album::Column::AlbumId).not_in_subquery(live_album_ids(owner)))
        .to_owned()
}

/// Locks albums until the transaction ends, in the order of their ids: some, and those that have one
/// of some assets. The transaction holds the lock of their owner's row.
pub async fn lock_albums(
    transaction: &Transaction,
    albums: &[AlbumId],
    having: &[AssetId],
) -> Result<()> {
    let of_assets = Query::select()
        .column(album_asset::Column::AlbumId)
        .from(album_asset::Entity)
        .and_where(album_asset::Column::AssetId.is_in(having.iter().copied()))
        .to_owned();
    let mut which = album::Column::Id.is_in(albums.iter().copied()).into_condition();
    if !having.is_empty() {
        which = Condition::any().add(which).add(album::Column::Id.in_subquery(of_assets));
    }
    lock_album_ids(transaction, which).await?;
    Ok(())
}

/// The asset of an album at a place in the order of capture times and ids, counted from 0; from the
/// end if `is_last`.
pub async fn asset_at(
    transaction: &Transaction,
    album: &Granted<Album>,
    index: u64,
    is_last: bool,
) -> Result<Option<AssetId>> {
    let (time, id) = (album_asset::Column::SortTime, album_asset::Column::AssetId);
    let entries = super::album_entries(album).offset(index).limit(1);
    let entries = if is_last {
        entries.order_by_desc(time).order_by_desc(id)
    } else {
        entries.order_by_asc(time).order_by_asc(id)
    };
    Ok(entries.one(&**transaction).await?.map(|entry| entry.asset_id))
}

/// How many places an album has, those of hidden assets too.
pub async fn place_count(transaction: &Transaction, album: &Granted<Album>) -> Result<u64> {
    Ok(super::album_places(album).count(&**transaction).await?)
}
