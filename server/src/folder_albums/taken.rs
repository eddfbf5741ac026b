//! What runs took out of albums, so that undoing them brings it back.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};

use super::memory;
use super::step::Step;
use crate::database::Transaction;
use crate::entity::folder_entry::{self, Model as FolderEntry};
use crate::entity::folder_taken::{self, Model as FolderTaken};
use crate::error::Result;
use crate::id::{AlbumId, AssetId, FolderRuleId, FolderRuleRunId};
use crate::time::Micros;

/// Remembers what the run took out of an album where the rule had put it, and not that it was there.
pub(super) async fn keep(
    step: &Step,
    transaction: &Transaction,
    album: AlbumId,
    entries: &[FolderEntry],
) -> Result<()> {
    let rows = entries.iter().map(|entry| folder_taken::ActiveModel {
        run_id: Set(step.run),
        album_id: Set(album),
        asset_id: Set(entry.asset_id),
        placed_run_id: Set(entry.run_id),
    });
    let columns =
        [folder_taken::Column::RunId, folder_taken::Column::AlbumId, folder_taken::Column::AssetId];
    // An attempt that was cut off may have taken it before.
    let conflict =
        OnConflict::columns(columns).update_column(folder_taken::Column::PlacedRunId).to_owned();
    let rows: Vec<_> = rows.collect();
    for rows in rows.chunks(memory::MAX_ROWS) {
        let insert = folder_taken::Entity::insert_many(rows.iter().cloned());
        insert.on_conflict(conflict.clone()).exec_without_returning(&**transaction).await?;
    }
    let ids: Vec<_> = entries.iter().map(|entry| entry.asset_id).collect();
    let own = folder_entry::Column::RuleId.eq(step.rule);
    memory::forget(transaction, album, memory::of_assets(&ids).add(own)).await
}

/// Forgets that a run took assets out of an album.
pub(super) async fn forget(
    transaction: &Transaction,
    album: AlbumId,
    run: FolderRuleRunId,
    assets: &[AssetId],
) -> Result<()> {
    folder_taken::Entity::delete_many()
        .filter(folder_taken::Column::RunId.eq(run))
        .filter(folder_taken::Column::AlbumId.eq(album))
        .filter(folder_taken::Column::AssetId.is_in(assets.iter().copied()))
        .exec(&**transaction)
        .await?;
    Ok(())
}

/// Remembers that assets are back in an album where a rule had put them.
pub(super) async fn restore(
    transaction: &Transaction,
    rule: FolderRuleId,
    taken: &[FolderTaken],
    time: Micros,
) -> Result<()> {
    let rows = taken.iter().map(|taken| folder_entry::ActiveModel {
        rule_id: Set(rule),
        album_id: Set(taken.album_id),
        asset_id: Set(taken.asset_id),
        run_id: Set(taken.placed_run_id),
        is_archived: Set(false),
        create_time: Set(time),
    });
    memory::insert_entries(transaction, rows.collect()).await
}
