//! Putting albums into the trash, and letting what runs archived for them show again.

use sea_orm::sea_query::IntoCondition as _;
use sea_orm::{ColumnTrait as _, Condition};

use super::memory;
use super::plan::PlannedAlbum;
use super::step::{Progress, Step};
use crate::access;
use crate::assets;
use crate::entity::folder_entry;
use crate::error::Result;
use crate::id::AlbumId;

/// Puts an album of a plan into the trash. Photos stay where they are.
pub(super) async fn delete(
    step: &Step,
    planned: &PlannedAlbum,
    progress: &mut Progress,
) -> Result<()> {
    if let Some(id) = planned.album_id {
        if step.options.archive {
            unarchive(step, id, progress).await?;
        }
        step.trash(id, progress, |_| true).await?;
        progress.counts.hand_made_albums += u64::from(planned.is_made_by_hand);
    }
    progress.counts.done_albums += 1;
    Ok(())
}

/// Takes out of the archive what runs archived when they put it into an album.
async fn unarchive(step: &Step, id: AlbumId, progress: &mut Progress) -> Result<()> {
    loop {
        let (step_, mut after) = (step.clone(), progress.clone());
        let some = step.app.transact(move |transaction| async move {
            step_.hold(&transaction).await?;
            let whose = if step_.options.all_albums {
                Condition::all()
            } else {
                folder_entry::Column::RuleId.eq(step_.rule).into_condition()
            };
            let limit = u64::from(step_.options.chunk_size);
            let ids = access::archived_assets(&transaction, id, whose.clone(), limit).await?;
            if ids.is_empty() {
                return Ok((after, false));
            }
            access::lock_albums(&transaction, &[id], &ids).await?;
            let count = assets::set_archived(&step_.app, &transaction, &ids, false).await?;
            let which = memory::of_assets(&ids).add(whose);
            memory::set_archived(&transaction, id, which, false).await?;
            after.counts.unarchived_assets += count;
            step_.save(&transaction, &after).await?;
            Ok((after, true))
        });
        let (after, is_more) = some.await?;
        *progress = after;
        if !is_more {
            return Ok(());
        }
    }
}
