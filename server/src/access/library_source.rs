//! Where in libraries the bytes of assets lie, for callers who were granted the assets.

use std::collections::HashMap;

use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};

use super::asset::MAX_VALUES;
use crate::blob::{LibraryFile, Place, Stamp};
use crate::database::Transaction;
use crate::entity::asset_file::Part;
use crate::entity::library_file::{Column, Entity, State};
use crate::entity::{asset, asset_file, library_file};
use crate::error::Result;
use crate::id::{AssetId, BlobId};

/// The files under some names that lie in libraries, each with the places where the last scan found
/// it. One that is missing everywhere, or that lies in no library, is left out.
pub async fn library_sources(
    connection: &impl ConnectionTrait,
    blobs: &[BlobId],
) -> Result<Vec<LibraryFile>> {
    let mut found = HashMap::new();
    for blobs in blobs.chunks(MAX_VALUES) {
        let files = asset_file::Entity::find()
            .filter(asset_file::Column::BlobId.is_in(blobs.iter().copied()))
            .filter(asset_file::Column::IsLibrary.eq(true))
            .all(connection)
            .await?;
        let files: HashMap<_, _> =
            files.iter().map(|file| ((file.asset_id, file.kind), file)).collect();
        let rows = Entity::find()
            .filter(Column::AssetId.is_in(files.keys().map(|(asset, _)| *asset)))
            .filter(Column::State.eq(State::Online))
            .all(connection)
            .await?;
        for row in rows {
            let file = row.asset_part().and_then(|part| files.get(&part));
            let Some(file) = file.filter(|file| row.sha256.as_ref() == Some(&file.sha256)) else {
                continue;
            };
            found
                .entry(file.blob_id)
                .or_insert_with(|| LibraryFile { blob_id: file.blob_id, places: Vec::new() })
                .places
                .push(place(row));
        }
    }
    Ok(found.into_values().collect())
}

fn place(row: library_file::Model) -> Place {
    let stamp =
        Stamp { size_bytes: row.size_bytes, modify_time_ns: row.modify_time_ns, inode: row.inode };
    Place { path: row.path.into(), stamp }
}

/// Has the next scan read the places of a part of an asset again, though they look as they did.
pub async fn doubt_library_files(transaction: &Transaction, (id, kind): Part) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::Inode, 0.into())
        .filter(Column::AssetId.eq(id))
        .filter(Column::Part.eq(kind))
        .filter(Column::State.eq(State::Online))
        .exec(&**transaction)
        .await?;
    Ok(())
}

/// Leaves the files of assets that are deleted for good out of their libraries from now on. Those
/// that were removed because they were missing are only forgotten: nobody said that they were to
/// stay out.
pub async fn exclude_library_files(transaction: &Transaction, ids: &[AssetId]) -> Result<()> {
    let removed = Query::select()
        .column(asset::Column::Id)
        .from(asset::Entity)
        .and_where(asset::Column::Id.is_in(ids.iter().copied()))
        .and_where(asset::Column::IsRemoved.eq(true))
        .to_owned();
    Entity::delete_many().filter(Column::AssetId.in_subquery(removed)).exec(&**transaction).await?;
    Entity::update_many()
        .col_expr(Column::State, State::Excluded.into())
        .filter(Column::AssetId.is_in(ids.iter().copied()))
        .exec(&**transaction)
        .await?;
    Ok(())
}

/// Whether the bytes of a file of an asset are in the store, not in a library only.
pub async fn is_stored(
    transaction: &Transaction,
    id: AssetId,
    kind: asset_file::Kind,
) -> Result<bool> {
    let file = asset_file::Entity::find_by_id((id, kind)).one(&**transaction).await?;
    Ok(file.is_some_and(|file| !file.is_library))
}

/// Notes that the file of an asset is there, if it was missing.
pub async fn set_online(transaction: &Transaction, id: AssetId) -> Result<()> {
    asset::Entity::update_many()
        .col_expr(asset::Column::OfflineTime, Option::<i64>::None.into())
        .filter(asset::Column::Id.eq(id))
        .filter(asset::Column::OfflineTime.is_not_null())
        .exec(&**transaction)
        .await?;
    Ok(())
}
