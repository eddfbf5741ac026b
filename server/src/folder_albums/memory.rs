//! What a rule remembers of albums and of what it put into them.

use std::collections::HashSet;

use sea_orm::sea_query::{IntoCondition as _, OnConflict};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, Set};

use super::plan::PlannedAlbum;
use super::step::Step;
use crate::access;
use crate::database::Transaction;
use crate::entity::folder_rename::Model as FolderRename;
use crate::entity::{folder_album, folder_entry, folder_rename};
use crate::error::Result;
use crate::id::{AlbumId, AssetId, FolderRuleId, FolderRuleRunId};
use crate::time::Micros;

/// How many rows one statement writes at most; SQLite's limit of values is 32766.
pub(super) const MAX_ROWS: usize = 4000;

/// Remembers for which folders an album stands, and of one that it did not know whether it made it.
/// Of folders whose albums are lost, the rule forgets what it put into those: they are made by hand
/// from now on.
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
    let (is_made, run_id, cover) = match known {
        Some(row) => (row.is_made, row.run_id, row.cover_asset_id),
        None => (is_made, Some(step.run), None),
    };
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
            run_id: Set(run_id),
            cover_asset_id: Set(cover),
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

/// Remembers which cover a run gave an album, if a rule made that.
pub(super) async fn keep_cover(
    transaction: &Transaction,
    album: AlbumId,
    cover: AssetId,
) -> Result<()> {
    folder_album::Entity::update_many()
        .set(folder_album::ActiveModel { cover_asset_id: Set(Some(cover)), ..Default::default() })
        .filter(folder_album::Column::AlbumId.eq(album))
        .filter(folder_album::Column::IsMade.eq(true))
        .exec(&**transaction)
        .await?;
    Ok(())
}

/// Remembers which name an album had before the run renamed it.
pub(super) async fn keep_rename(
    step: &Step,
    transaction: &Transaction,
    album: AlbumId,
    old_name: &str,
    new_name: &str,
) -> Result<()> {
    let row = folder_rename::ActiveModel {
        run_id: Set(step.run),
        album_id: Set(album),
        old_name: Set(old_name.to_owned()),
        new_name: Set(new_name.to_owned()),
    };
    let columns = [folder_rename::Column::RunId, folder_rename::Column::AlbumId];
    // An attempt that was cut off may have renamed it before.
    let conflict =
        OnConflict::columns(columns).update_column(folder_rename::Column::NewName).to_owned();
    let insert = folder_rename::Entity::insert(row).on_conflict(conflict);
    insert.exec_without_returning(&**transaction).await?;
    Ok(())
}

/// Remembers that an album has the name again that it had before a run of the rule renamed it, and
/// forgets the renaming.
pub(super) async fn take_back_name(
    transaction: &Transaction,
    rule: FolderRuleId,
    rename: &FolderRename,
) -> Result<()> {
    folder_album::Entity::update_many()
        .col_expr(folder_album::Column::DisplayName, rename.old_name.clone().into())
        .filter(folder_album::Column::RuleId.eq(rule))
        .filter(folder_album::Column::AlbumId.eq(rename.album_id))
        .filter(folder_album::Column::DisplayName.eq(&rename.new_name))
        .exec(&**transaction)
        .await?;
    forget_rename(transaction, rename).await
}

/// Forgets that a run renamed an album.
pub(super) async fn forget_rename(transaction: &Transaction, rename: &FolderRename) -> Result<()> {
    folder_rename::Entity::delete_by_id((rename.run_id, rename.album_id))
        .exec(&**transaction)
        .await?;
    Ok(())
}

/// Forgets that it was a run that made or found an album, which is not taken back any more.
pub(super) async fn release_folders(
    transaction: &Transaction,
    album: AlbumId,
    run: FolderRuleRunId,
) -> Result<()> {
    folder_album::Entity::update_many()
        .set(folder_album::ActiveModel { run_id: Set(None), ..Default::default() })
        .filter(folder_album::Column::AlbumId.eq(album))
        .filter(folder_album::Column::RunId.eq(run))
        .exec(&**transaction)
        .await?;
    Ok(())
}

/// The same of what a run put into an album.
pub(super) async fn release_entries(
    transaction: &Transaction,
    album: AlbumId,
    run: FolderRuleRunId,
) -> Result<()> {
    folder_entry::Entity::update_many()
        .set(folder_entry::ActiveModel { run_id: Set(None), ..Default::default() })
        .filter(folder_entry::Column::AlbumId.eq(album))
        .filter(folder_entry::Column::RunId.eq(run))
        .exec(&**transaction)
        .await?;
    Ok(())
}

/// Remembers that the rule put assets into an album, at the time of their places there, and which of
/// them runs archived before.
pub(super) async fn keep_entries(
    step: &Step,
    transaction: &Transaction,
    album: AlbumId,
    assets: &[AssetId],
    time: Micros,
    archived: &HashSet<AssetId>,
) -> Result<()> {
    let rows = assets.iter().map(|asset| folder_entry::ActiveModel {
        rule_id: Set(step.rule),
        album_id: Set(album),
        asset_id: Set(*asset),
        run_id: Set(Some(step.run)),
        is_archived: Set(archived.contains(asset)),
        create_time: Set(time),
    });
    insert_entries(transaction, rows.collect()).await
}

/// Writes entries over those of the same assets.
pub(super) async fn insert_entries(
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
