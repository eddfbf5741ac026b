//! What a run left behind, and what people did with it since: for undoing the run.

use sea_orm::sea_query::{IntoCondition as _, Query};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use super::activity::shown_in;
use super::{Granted, activities, album_entries};
use crate::database::Transaction;
use crate::entity::activity::{self, Kind};
use crate::entity::album::Model as Album;
use crate::entity::folder_rename::{self, Model as FolderRename};
use crate::entity::folder_taken::{self, Model as FolderTaken};
use crate::entity::{album_asset, folder_album, folder_entry, shared_link};
use crate::error::Result;
use crate::id::{AlbumId, AssetId, FolderRuleRunId};

/// The albums in which a run left something: those that it made or found, and those into which it
/// put assets.
pub async fn albums_of_run(
    connection: &impl ConnectionTrait,
    run: FolderRuleRunId,
) -> Result<Vec<AlbumId>> {
    let made = folder_album::Entity::find()
        .filter(folder_album::Column::RunId.eq(run))
        .select_only()
        .column(folder_album::Column::AlbumId)
        .distinct()
        .into_tuple::<AlbumId>();
    let filled = folder_entry::Entity::find()
        .filter(folder_entry::Column::RunId.eq(run))
        .select_only()
        .column(folder_entry::Column::AlbumId)
        .distinct()
        .into_tuple::<AlbumId>();
    let mut albums = made.all(connection).await?;
    albums.extend(filled.all(connection).await?);
    albums.sort_unstable();
    albums.dedup();
    Ok(albums)
}

/// The albums that a run renamed.
pub async fn renamed_albums(
    connection: &impl ConnectionTrait,
    run: FolderRuleRunId,
) -> Result<Vec<AlbumId>> {
    let find = folder_rename::Entity::find()
        .filter(folder_rename::Column::RunId.eq(run))
        .select_only()
        .column(folder_rename::Column::AlbumId);
    Ok(find.into_tuple().all(connection).await?)
}

/// The names that a run took from an album and gave it.
pub async fn rename_of(
    transaction: &Transaction,
    run: FolderRuleRunId,
    album: AlbumId,
) -> Result<Option<FolderRename>> {
    Ok(folder_rename::Entity::find_by_id((run, album)).one(&**transaction).await?)
}

/// The albums out of which a run took assets.
pub async fn albums_taken_from(
    connection: &impl ConnectionTrait,
    run: FolderRuleRunId,
) -> Result<Vec<AlbumId>> {
    let find = folder_taken::Entity::find()
        .filter(folder_taken::Column::RunId.eq(run))
        .select_only()
        .column(folder_taken::Column::AlbumId)
        .distinct();
    Ok(find.into_tuple().all(connection).await?)
}

/// What a run took out of an album.
pub async fn taken(
    transaction: &Transaction,
    album: AlbumId,
    run: FolderRuleRunId,
    limit: u64,
) -> Result<Vec<FolderTaken>> {
    let find = folder_taken::Entity::find()
        .filter(folder_taken::Column::RunId.eq(run))
        .filter(folder_taken::Column::AlbumId.eq(album))
        .limit(limit);
    Ok(find.all(&**transaction).await?)
}

/// Limits [`super::placed_entries`] to assets about which nobody said anything in the album.
#[must_use]
pub fn undiscussed(album: AlbumId) -> Condition {
    let discussed = Query::select()
        .column(activity::Column::AssetId)
        .from(activity::Entity)
        .cond_where(shown_in(album))
        .and_where(activity::Column::AssetId.is_not_null())
        .to_owned();
    folder_entry::Column::AssetId.not_in_subquery(discussed).into_condition()
}

/// How many comments and likes show in an album.
pub async fn activity_counts(
    transaction: &Transaction,
    album: &Granted<Album>,
) -> Result<Vec<(Kind, i64)>> {
    let find = activities(album)
        .select_only()
        .column(activity::Column::Kind)
        .column_as(activity::Column::Id.count(), "count")
        .group_by(activity::Column::Kind)
        .order_by_asc(activity::Column::Kind);
    Ok(find.into_tuple().all(&**transaction).await?)
}

/// How many links to an album are not revoked.
pub async fn link_count(transaction: &Transaction, album: &Granted<Album>) -> Result<u64> {
    let find = shared_link::Entity::find()
        .filter(shared_link::Column::AlbumId.eq(album.id))
        .filter(shared_link::Column::DeleteTime.is_null());
    Ok(find.count(&**transaction).await?)
}

/// Whether an asset shows in an album.
pub async fn is_in_album(
    transaction: &Transaction,
    album: &Granted<Album>,
    asset: AssetId,
) -> Result<bool> {
    let find = album_entries(album).filter(album_asset::Column::AssetId.eq(asset));
    Ok(find.one(&**transaction).await?.is_some())
}
