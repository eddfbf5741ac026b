//! Making and filling one album of a plan.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sea_orm::ColumnTrait as _;

use super::memory;
use super::options::Thumbnail;
use super::plan::PlannedAlbum;
use super::sharing::Invitee;
use super::step::{Progress, Step};
use super::taken;
use super::thumbnails;
use super::work::Work;
use crate::access::{self, Granted, LockedUser};
use crate::albums;
use crate::app::App;
use crate::assets;
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::asset::{Model as Asset, Visibility};
use crate::entity::folder_entry;
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId};

/// Brings an album to what the plan says: makes it with its members, gives it its name, adds and
/// moves assets, archives, sets the cover. Albums with more assets than the options say take several
/// transactions; each leaves everything as it should be, and the next run goes on.
pub(super) async fn fill(
    step: &Step,
    planned: Arc<PlannedAlbum>,
    progress: &mut Progress,
) -> Result<()> {
    let work = Work::of(&planned);
    if work.assets.is_empty() && !planned.is_new && !planned.is_renamed {
        progress.counts.done_albums += 1;
        return Ok(());
    }
    let size = usize::try_from(step.options.chunk_size).unwrap_or(1).max(1);
    let mut chunks: Vec<Vec<AssetId>> = work.assets.chunks(size).map(<[_]>::to_vec).collect();
    if chunks.is_empty() {
        chunks.push(Vec::new());
    }
    let (mut id, count) = (planned.album_id, chunks.len());
    for (number, chunk) in chunks.into_iter().enumerate() {
        let part = Part {
            step: step.clone(),
            planned: Arc::clone(&planned),
            id,
            sources: work.sources_of(&chunk),
            assets: chunk,
            is_first: number == 0,
            is_last: number + 1 == count,
        };
        let before = progress.clone();
        let app: &App = &step.app;
        let done = app.transact(move |transaction| async move {
            Box::pin(part.run(&transaction, before)).await
        });
        let (album, after) = done.await?;
        (id, *progress) = (Some(album), after);
    }
    Ok(())
}

/// What one transaction does of an album.
struct Part {
    step: Step,
    planned: Arc<PlannedAlbum>,
    /// The album; none until it is made.
    id: Option<AlbumId>,
    assets: Vec<AssetId>,
    /// The albums that some of the assets are to leave.
    sources: BTreeMap<AlbumId, Vec<AssetId>>,
    is_first: bool,
    is_last: bool,
}

impl Part {
    async fn run(
        self,
        transaction: &Transaction,
        mut progress: Progress,
    ) -> Result<(AlbumId, Progress)> {
        let step = &self.step;
        let owner = step.hold(transaction).await?;
        let known = self.known(transaction).await?;
        let having = if step.options.archive { self.assets.as_slice() } else { &[] };
        let locked: BTreeSet<_> = self.sources.keys().copied().chain(known).collect();
        let locked: Vec<_> = locked.into_iter().collect();
        access::lock_albums(transaction, &locked, having).await?;
        let album = match known {
            Some(id) => step.album(transaction, id).await?,
            None => self.make(transaction, &mut progress).await?,
        };
        let id = album.id;
        let is_made = known.is_none();
        let album = self.begin(transaction, album, is_made, &mut progress).await?;
        let assets = self.add(transaction, &owner, album, &mut progress).await?;
        if is_made && let Some(first) = assets.first() {
            memory::keep_cover(transaction, id, first.id).await?;
        }
        if step.options.archive {
            self.archive(transaction, id, &assets, &mut progress).await?;
        }
        if self.is_last {
            self.set_cover(transaction, id, &mut progress).await?;
            progress.counts.done_albums += 1;
        }
        step.save(transaction, &progress).await?;
        Ok((id, progress))
    }

    /// The album, if it is there. One that is to be made may have been since the plan was: another
    /// rule's of the same name is filled, as it would have been found.
    async fn known(&self, transaction: &Transaction) -> Result<Option<AlbumId>> {
        let step = &self.step;
        if self.id.is_some() || !step.options.merge_same_name {
            return Ok(self.id);
        }
        access::free_album_named(transaction, step.owner, step.rule, &self.planned.name).await
    }

    async fn make(
        &self,
        transaction: &Transaction,
        progress: &mut Progress,
    ) -> Result<Granted<Album>> {
        let step = &self.step;
        let values = albums::Values {
            display_name: self.planned.name.clone(),
            description: String::new(),
            order: step.options.album_order.of_album(),
            cover_asset_id: None,
            is_activity_enabled: step.options.comments_and_likes,
            etag: String::new(),
        };
        let members: Vec<_> = step.members.iter().map(Invitee::member).collect();
        let album = albums::make(&step.app, transaction, &step.actor, values, &members).await?;
        progress.counts.created_albums += 1;
        progress.counts.added_members += members.len() as u64;
        Ok(album)
    }

    /// What comes before the assets, once for each album: its name and its folders.
    async fn begin(
        &self,
        transaction: &Transaction,
        album: Granted<Album>,
        is_made: bool,
        progress: &mut Progress,
    ) -> Result<Granted<Album>> {
        let (step, planned, id) = (&self.step, &*self.planned, album.id);
        if !self.is_first {
            return Ok(album);
        }
        if planned.is_new || planned.is_renamed {
            memory::keep_folders(step, transaction, id, planned, is_made).await?;
        }
        // Unless people renamed it since the plan was made.
        if planned.is_renamed && planned.current_name.as_ref() == Some(&album.display_name) {
            let (old, new) = (&album.display_name, &planned.name);
            memory::keep_rename(step, transaction, id, old, new).await?;
            albums::rename(&step.app, transaction, &album, new).await?;
            progress.counts.renamed_albums += 1;
            return step.album(transaction, id).await;
        }
        Ok(album)
    }

    /// Adds the assets and takes those that move out of where they were. Returns those that are new
    /// in the album.
    async fn add(
        &self,
        transaction: &Transaction,
        owner: &LockedUser,
        album: Granted<Album>,
        progress: &mut Progress,
    ) -> Result<Vec<Asset>> {
        let (step, id) = (&self.step, album.id);
        let found = access::placeable_assets(transaction, owner, &self.assets).await?;
        let mut found: HashMap<_, _> = found.into_iter().map(|asset| (asset.id, asset)).collect();
        // In the order of their paths.
        let assets: Vec<_> = self.assets.iter().filter_map(|asset| found.remove(asset)).collect();
        let added = albums::add(&step.app, transaction, album, &assets).await?;
        let there: HashSet<_> = assets.iter().map(|asset| asset.id).collect();
        let archived = self.leave(transaction, &there, progress).await?;
        let existing: HashSet<_> = added.existing.into_iter().collect();
        let mut new = assets;
        new.retain(|asset| !existing.contains(&asset.id));
        if let Some(time) = added.create_time {
            let ids: Vec<_> = new.iter().map(|asset| asset.id).collect();
            memory::keep_entries(step, transaction, id, &ids, time, &archived).await?;
        }
        progress.counts.added_assets += new.len() as u64;
        Ok(new)
    }

    /// Takes assets that are in this album now out of those where the rule had put them. What
    /// people put there stays. Returns those that runs archived there.
    async fn leave(
        &self,
        transaction: &Transaction,
        there: &HashSet<AssetId>,
        progress: &mut Progress,
    ) -> Result<HashSet<AssetId>> {
        let (step, mut archived) = (&self.step, HashSet::new());
        for (source, assets) in &self.sources {
            match step.album(transaction, *source).await {
                Ok(_) => {}
                Err(Error::NotFound(_) | Error::RoleTooLow(_) | Error::Trashed(_)) => continue,
                Err(error) => return Err(error),
            }
            let own = folder_entry::Column::RuleId.eq(step.rule);
            let which = memory::of_assets(assets).add(own);
            let entries =
                access::placed_entries(transaction, *source, which, assets.len() as u64).await?;
            let entries: Vec<_> =
                entries.into_iter().filter(|entry| there.contains(&entry.asset_id)).collect();
            if entries.is_empty() {
                continue;
            }
            let here = entries.iter().filter(|entry| entry.is_archived);
            archived.extend(here.map(|entry| entry.asset_id));
            taken::keep(step, transaction, *source, &entries).await?;
            let ids: Vec<_> = entries.iter().map(|entry| entry.asset_id).collect();
            progress.counts.moved_assets += ids.len() as u64;
            albums::take_out(&step.app, transaction, *source, ids).await?;
        }
        Ok(archived)
    }

    async fn archive(
        &self,
        transaction: &Transaction,
        album: AlbumId,
        new: &[Asset],
        progress: &mut Progress,
    ) -> Result<()> {
        let step = &self.step;
        let shown = new.iter().filter(|asset| asset.visibility == Visibility::Timeline);
        let ids: Vec<_> = shown.map(|asset| asset.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let count = assets::set_archived(&step.app, transaction, &ids, true).await?;
        let own = folder_entry::Column::RuleId.eq(step.rule);
        memory::set_archived(transaction, album, memory::of_assets(&ids).add(own), true).await?;
        progress.counts.archived_assets += count;
        Ok(())
    }

    /// The cover of an album to which this run added something.
    async fn set_cover(
        &self,
        transaction: &Transaction,
        id: AlbumId,
        progress: &mut Progress,
    ) -> Result<()> {
        let step = &self.step;
        let Some(which) = step.options.set_album_thumbnail else { return Ok(()) };
        let is_of_every_run = matches!(which, Thumbnail::RandomFiltered | Thumbnail::RandomAll);
        if is_of_every_run || access::placed_count(transaction, id, step.run).await? == 0 {
            return Ok(());
        }
        let album = step.album(transaction, id).await?;
        thumbnails::choose(step, transaction, &album, which, progress).await
    }
}
