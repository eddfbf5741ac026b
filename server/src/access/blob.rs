//! Stored bytes, for the server's own bookkeeping.

use std::collections::HashSet;

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};

use crate::blob::BlobKey;
use crate::entity::upload::State;
use crate::entity::{asset_file, upload};
use crate::error::Result;
use crate::id::BlobId;

/// Those of some blobs that a row names: a file of an asset, or an upload that takes bytes.
///
/// Blob ids are never used again. What no row names has none for good.
pub async fn named_blobs(
    connection: &impl ConnectionTrait,
    keys: &[BlobKey],
) -> Result<HashSet<BlobKey>> {
    let ids = || keys.iter().map(BlobKey::id);
    let uploads = upload::Entity::find()
        .filter(upload::Column::State.eq(State::Active))
        .filter(upload::Column::BlobId.is_in(ids()))
        .select_only()
        .column(upload::Column::BlobId)
        .into_tuple::<BlobId>()
        .all(connection)
        .await?;
    // Asked second: an upload that was finished before the first query has its file by now.
    let files = asset_file::Entity::find()
        .filter(asset_file::Column::BlobId.is_in(ids()))
        .filter(asset_file::Column::IsLibrary.eq(false))
        .select_only()
        .column(asset_file::Column::BlobId)
        .into_tuple::<BlobId>()
        .all(connection)
        .await?;
    Ok(uploads.into_iter().chain(files).map(BlobKey::Original).collect())
}
