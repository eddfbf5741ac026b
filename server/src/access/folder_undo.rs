//! What a run left behind: for undoing the run.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};

use crate::entity::{folder_album, folder_entry};
use crate::error::Result;
use crate::id::{AlbumId, FolderRuleRunId};

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
