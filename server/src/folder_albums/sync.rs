//! Tidying up after the albums.

use std::collections::HashSet;

use sea_orm::{ColumnTrait as _, QueryFilter as _};

use super::options::Sync;
use super::runs::Problem;
use super::step::{Progress, Step};
use crate::access;
use crate::entity::album;
use crate::error::{self, Error, Result};
use crate::libraries;

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

/// Removes the assets that are missing from the owner's libraries, of an administrator from all. A
/// library of which that cannot be done is noted, and the rest goes on; what lies below an import
/// path that cannot be reached stays.
async fn remove_offline(step: &Step, progress: &mut Progress) -> Result<()> {
    let libraries = access::libraries(step.actor.user()?);
    for library in libraries.all(step.app.database.reader()).await? {
        match libraries::remove_offline_assets(&step.app, &step.actor, library.id).await {
            Ok(removed) => {
                progress.counts.removed_assets += u64::try_from(removed.count).unwrap_or(0);
                for problem in removed.problems {
                    progress.note(Problem::new(problem.path, problem.message));
                }
            }
            Err(Error::NotFound(_)) => {}
            Err(error @ Error::StorageUnavailable(_)) => return Err(error),
            Err(error) => {
                error::log(&error);
                progress.note(Problem::new(library.display_name, error.message()));
            }
        }
        let (step_, done) = (step.clone(), progress.clone());
        let save = step.app.transact(move |transaction| async move {
            step_.hold(&transaction).await?;
            step_.save(&transaction, &done).await
        });
        save.await?;
    }
    Ok(())
}
