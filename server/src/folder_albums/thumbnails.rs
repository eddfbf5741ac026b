//! Which assets become covers.

use std::collections::HashSet;

use albumen_folder_plan::{Planner, Skip};

use super::options::Thumbnail;
use super::step::{Progress, Step};
use super::{memory, scan};
use crate::access::{self, Granted, Located};
use crate::albums;
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId};

/// Sets the cover of an album whose lock the transaction holds, from all its assets by capture time.
pub(super) async fn choose(
    step: &Step,
    transaction: &Transaction,
    album: &Granted<Album>,
    which: Thumbnail,
    progress: &mut Progress,
) -> Result<()> {
    let count = u64::try_from(album.asset_count).unwrap_or(0);
    let index = match which {
        Thumbnail::First | Thumbnail::Last => 0,
        Thumbnail::Random | Thumbnail::RandomFiltered | Thumbnail::RandomAll => {
            step.any(album.id, count)
        }
    };
    let is_last = which == Thumbnail::Last;
    if let Some(cover) = access::asset_at(transaction, album, index, is_last).await? {
        set(step, transaction, album, cover, progress).await?;
    }
    Ok(())
}

async fn set(
    step: &Step,
    transaction: &Transaction,
    album: &Granted<Album>,
    cover: AssetId,
    progress: &mut Progress,
) -> Result<()> {
    let is_changed = albums::set_cover(&step.app, transaction, album, cover).await?;
    progress.counts.set_thumbnails += u64::from(is_changed);
    memory::keep_cover(transaction, album.id, cover).await
}

/// Sets the covers that every run sets: of all albums of the owner's, or of those that have an asset
/// that passes the filters.
pub(super) async fn set_all(step: &Step, planner: &Planner, progress: &mut Progress) -> Result<()> {
    let passing = match step.options.set_album_thumbnail {
        Some(Thumbnail::RandomAll) => None,
        Some(Thumbnail::RandomFiltered) => Some(passing(step, planner).await?),
        _ => return Ok(()),
    };
    let albums = access::live_albums(step.owner).all(step.app.database.reader()).await?;
    for album in albums.into_iter().filter(|album| album.asset_count > 0) {
        set_one(step, album.id, passing.as_ref(), progress).await?;
    }
    Ok(())
}

/// The owner's assets that lie below a root and pass the filters, in albums or not, whether or not
/// they have a folder to name an album after.
async fn passing(step: &Step, planner: &Planner) -> Result<HashSet<AssetId>> {
    let which = Located { rule: Some(step.rule), in_albums: true, archived: true };
    let mut passing = HashSet::new();
    let size = step.options.fetch_chunk_size;
    scan::walk(&step.app, step.owner, which, size, |file| {
        let is_passing = match planner.place(&file.path) {
            Err(Skip::NotBelowRoot | Skip::FilteredOut | Skip::Ignored) => false,
            // The planner asks no filters about these.
            Err(Skip::DirectlyInRoot) => !step.options.has_filters(),
            Ok(_) | Err(_) => true,
        };
        if is_passing {
            passing.insert(file.asset_id);
        }
    })
    .await?;
    Ok(passing)
}

async fn set_one(
    step: &Step,
    id: AlbumId,
    passing: Option<&HashSet<AssetId>>,
    progress: &mut Progress,
) -> Result<()> {
    let mut cover = None;
    if let Some(passing) = passing {
        let places = access::place_ids(step.app.database.reader(), &[id]).await?;
        let places = places.into_iter().map(|(_, asset)| asset);
        let candidates: Vec<_> = places.filter(|asset| passing.contains(asset)).collect();
        let index = step.any(id, candidates.len() as u64);
        cover = candidates.get(usize::try_from(index).unwrap_or(0)).copied();
        if cover.is_none() {
            return Ok(());
        }
    }
    let (step_, mut after) = (step.clone(), progress.clone());
    let set = step.app.transact(move |transaction| async move {
        step_.hold(&transaction).await?;
        access::lock_albums(&transaction, &[id], &[]).await?;
        let album = match step_.album(&transaction, id).await {
            Ok(album) => album,
            Err(Error::NotFound(_) | Error::RoleTooLow(_) | Error::Trashed(_)) => return Ok(after),
            Err(error) => return Err(error),
        };
        match cover {
            None => {
                let which = Thumbnail::RandomAll;
                choose(&step_, &transaction, &album, which, &mut after).await?;
            }
            Some(cover) => {
                if access::is_in_album(&transaction, &album, cover).await? {
                    set(&step_, &transaction, &album, cover, &mut after).await?;
                }
            }
        }
        step_.save(&transaction, &after).await?;
        Ok(after)
    });
    *progress = set.await?;
    Ok(())
}
