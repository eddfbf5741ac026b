//! What a rule remembers of albums and of what it put into them.

use std::collections::HashMap;

use sea_orm::sea_query::{IntoCondition as _, OnConflict};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, Set};

use super::plan::PlannedAlbum;
use super::step::Step;
use crate::access;
use crate::database::Transaction;
use crate::entity::{folder_album, folder_entry};
use crate::error::Result;
use crate::id::{AlbumId, AssetId, FolderRuleId};
use crate::time::Micros;

/// How many rows one statement writes at most; SQLite's limit of values is 32766.
const MAX_ROWS: usize = 4000;

/// What is remembered of an asset that a rule put into an album.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Origin {
    /// The album from which it was taken.
    pub(super) from: Option<AlbumId>,
    /// Whether a run archived it.
    pub(super) is_archived: bool,
}

/// Remembers for which folders an album stands, and of one that it did not know whether it made it. Of folders whose albums are lost, the rule forgets
/// what it put into those: they are made by hand from now on.
pub(super) async fn keep_folders(
    step: &Step,
    transaction: &Transaction,
    album: AlbumId,
    planned: &PlannedAlbum,
    is_made: bool,
) -> Result<()> {
    let of_album = Condition::all()
        .add(folder_album::Column::RuleId.eq(step.rule))
        .add(folder_album::Column::AlbumId.eq(album));
    let known = access::folders_of_album(transaction, album).await?;
    let known = known.into_iter().find(|row| row.rule_id == step.rule);
    let is_made = known.as_ref().map_or(is_made, |row| row.is_made);
    let run_id = known.and_then(|row| row.run_id).unwrap_or(step.run);
    for folders in planned.folders.chunks(MAX_ROWS) {
        let lost = access::lost_albums(step.owner, step.rule, folders);
        let entries = folder_entry::Column::AlbumId.in_subquery(lost.clone());
        folder_entry::Entity::delete_many()
            .filter(folder_entry::Column::RuleId.eq(step.rule))
            .filter(entries)
            .exec(&**transaction)
            .await?;
        folder_album::Entity::delete_many()
            .filter(folder_album::Column::RuleId.eq(step.rule))
            .filter(folder_album::Column::AlbumId.in_subquery(lost))
            .exec(&**transaction)
            .await?;
    }
    if planned.is_followed {
        let old = folder_album::Entity::delete_many().filter(of_album);
        old.exec(&**transaction).await?;
    }
    let rows: Vec<_> = planned
        .folders
        .iter()
        .map(|folder| folder_album::ActiveModel {
            rule_id: Set(step.rule),
            folder: Set(folder.clone()),
            album_id: Set(album),
            display_name: Set(planned.name.clone()),
            is_made: Set(is_made),
            run_id: Set(Some(run_id)),
        })
        .collect();
    let columns =
        [folder_album::Column::RuleId, folder_album::Column::Folder, folder_album::Column::AlbumId];
    let conflict =
        OnConflict::columns(columns).update_column(folder_album::Column::DisplayName).to_owned();
    for rows in rows.chunks(MAX_ROWS) {
        let insert = folder_album::Entity::insert_many(rows.iter().cloned());
        insert.on_conflict(conflict.clone()).exec_without_returning(&**transaction).await?;
    }
    Ok(())
}

/// Remembers that the rule put assets into an album, at the time of their places there.
pub(super) async fn keep_entries(
    step: &Step,
    transaction: &Transaction,
    album: AlbumId,
    assets: &[AssetId],
    time: Micros,
    origins: &HashMap<AssetId, Origin>,
) -> Result<()> {
    let rows = assets.iter().map(|asset| {
        let origin = origins.get(asset).copied().unwrap_or_default();
        folder_entry::ActiveModel {
            rule_id: Set(step.rule),
            album_id: Set(album),
            asset_id: Set(*asset),
            run_id: Set(Some(step.run)),
            from_album_id: Set(origin.from),
            is_archived: Set(origin.is_archived),
            create_time: Set(time),
        }
    });
    insert_entries(transaction, rows.collect()).await
}

/// Remembers that assets are back in an album where a rule had put them.
pub(super) async fn restore(
    transaction: &Transaction,
    rule: FolderRuleId,
    album: AlbumId,
    assets: &[AssetId],
    time: Micros,
) -> Result<()> {
    let rows = assets.iter().map(|asset| folder_entry::ActiveModel {
        rule_id: Set(rule),
        album_id: Set(album),
        asset_id: Set(*asset),
        run_id: Set(None),
        from_album_id: Set(None),
        is_archived: Set(false),
        create_time: Set(time),
    });
    insert_entries(transaction, rows.collect()).await
}

async fn insert_entries(
    transaction: &Transaction,
    rows: Vec<folder_entry::ActiveModel>,
) -> Result<()> {
    let columns = [
        folder_entry::Column::RuleId,
        folder_entry::Column::AlbumId,
        folder_entry::Column::AssetId,
    ];
    let conflict = OnConflict::columns(columns)
        .update_columns([
            folder_entry::Column::RunId,
            folder_entry::Column::FromAlbumId,
            folder_entry::Column::IsArchived,
            folder_entry::Column::CreateTime,
        ])
        .to_owned();
    for rows in rows.chunks(MAX_ROWS) {
        let insert = folder_entry::Entity::insert_many(rows.iter().cloned());
        insert.on_conflict(conflict.clone()).exec_without_returning(&**transaction).await?;
    }
    Ok(())
}

/// The entries of some assets in an album.
pub(super) fn of_assets(assets: &[AssetId]) -> Condition {
    folder_entry::Column::AssetId.is_in(assets.iter().copied()).into_condition()
}

/// Forgets what the entries of an album say that hold a condition.
pub(super) async fn forget(
    transaction: &Transaction,
    album: AlbumId,
    which: Condition,
) -> Result<()> {
    folder_entry::Entity::delete_many()
        .filter(folder_entry::Column::AlbumId.eq(album))
        .filter(which)
        .exec(&**transaction)
        .await?;
    Ok(())
}

/// Notes of some assets whether it was a run that archived them.
pub(super) async fn set_archived(
    transaction: &Transaction,
    album: AlbumId,
    which: Condition,
    is_archived: bool,
) -> Result<()> {
    folder_entry::Entity::update_many()
        .col_expr(folder_entry::Column::IsArchived, is_archived.into())
        .filter(folder_entry::Column::AlbumId.eq(album))
        .filter(which)
        .exec(&**transaction)
        .await?;
    Ok(())
}
