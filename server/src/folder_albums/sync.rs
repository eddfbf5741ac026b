//! Tidying up after the albums.

use std::collections::HashSet;

use sea_orm::{ColumnTrait as _, QueryFilter as _};

use super::options::Sync;
use super::step::{Progress, Step};
use crate::access;
use crate::entity::album;
use crate::error::Result;

/// Removes missing assets, if the options say so, and empty albums: those that the rule made, or all
/// of the owner's.
pub(super) async fn sync(step: &Step, progress: &mut Progress) -> Result<()> {
    match step.options.sync {
        Sync::Off => Ok(()),
        Sync::EmptyAlbums => trash_empty(step, progress).await,
        Sync::OfflineAssets => {
            remove_offline(step, progress).await?;
            trash_empty(step, progress).await
        }
    }
}

async fn trash_empty(step: &Step, progress: &mut Progress) -> Result<()> {
    let connection = step.app.database.reader();
    let empty = access::live_albums(step.owner).filter(album::Column::AssetCount.eq(0));
    let made = access::made_albums(connection, step.owner, Some(step.rule)).await?;
    let made: HashSet<_> = made.into_iter().collect();
    for album in empty.all(connection).await? {
        if step.options.all_albums || made.contains(&album.id) {
            step.trash(album.id, progress, |album| album.asset_count == 0).await?;
        }
    }
    Ok(())
}

/// The one place that removes missing assets: of an administrator, from all libraries, else from the
/// owner's own.
async fn remove_offline(_step: &Step, _progress: &mut Progress) -> Result<()> {
    // FINISH AFTER `libraries` IS THERE: its operation behind `RemoveOfflineAssets`, library by
    // library, adding to `counts.removed_assets` and noting unreachable import paths.
    Ok(())
}
