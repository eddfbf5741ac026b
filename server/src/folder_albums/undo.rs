//! Taking back what a run did.

use std::collections::BTreeMap;

use sea_orm::sea_query::IntoCondition as _;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, IntoActiveModel as _, Set};

use super::memory::{self, of_assets};
use super::options::CHUNK_SIZE;
use super::runs;
use crate::access::{self, Actor, Granted, LockedUser};
use crate::albums;
use crate::app::App;
use crate::assets;
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::folder_entry::{self, Model as Entry};
use crate::entity::folder_rule_run::Model as FolderRuleRun;
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId, FolderRuleRunId};

/// Takes back what a run of the caller's did, as far as people changed nothing since. Repeating it
/// does nothing more, and goes on where it was cut off.
///
/// Fails with `RULE_RUNNING` while a run of the rule is under way.
pub async fn undo_run(app: &App, actor: &Actor, id: FolderRuleRunId) -> Result<FolderRuleRun> {
    let user = *actor.user()?;
    let run = access::folder_rule_run(app.database.reader(), &user, id).await?;
    if run.undo_time.is_some() {
        return Ok(run);
    }
    let undo = Undo { app: app.clone(), actor: actor.clone(), run: run.clone() };
    for album in access::albums_of_run(app.database.reader(), id).await? {
        while undo.step(album, Undo::unarchive).await? {}
        while undo.step(album, Undo::take_back).await? {}
    }
    for album in run.deleted() {
        undo.step(album, Undo::restore).await?;
    }
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        access::lock_owner(&transaction, user.id).await?;
        let run = access::folder_rule_run(&*transaction, &user, id).await?;
        runs::refuse_active(&app_, &transaction, run.rule_id).await?;
        let mut change = run.into_active_model();
        change.undo_time = Set(Some(app_.now()));
        Ok(change.update(&*transaction).await?)
    })
    .await
}

/// What every transaction of an undoing works with.
#[derive(Debug, Clone)]
struct Undo {
    app: App,
    actor: Actor,
    run: FolderRuleRun,
}

impl Undo {
    /// Does something about an album in a transaction of its own, and tells whether there is more.
    async fn step<F>(
        &self,
        album: AlbumId,
        act: impl FnOnce(Self, Transaction, LockedUser, AlbumId) -> F + Send + 'static,
    ) -> Result<bool>
    where
        F: Future<Output = Result<bool>> + Send,
    {
        let undo = self.clone();
        self.app
            .transact(move |transaction| async move {
                let owner = access::lock_owner(&transaction, undo.run.owner_id).await?;
                runs::refuse_active(&undo.app, &transaction, undo.run.rule_id).await?;
                Box::pin(act(undo, transaction.clone(), owner, album)).await
            })
            .await
    }

    /// Takes out of the archive what the run archived.
    async fn unarchive(self, transaction: Transaction, _: LockedUser, id: AlbumId) -> Result<bool> {
        let own = || folder_entry::Column::RunId.eq(self.run.id).into_condition();
        let limit = u64::from(CHUNK_SIZE);
        let ids = access::archived_assets(&transaction, id, own(), limit).await?;
        if ids.is_empty() {
            return Ok(false);
        }
        access::lock_albums(&transaction, &[id], &ids).await?;
        assets::set_archived(&self.app, &transaction, &ids, false).await?;
        memory::set_archived(&transaction, id, of_assets(&ids).add(own()), false).await?;
        Ok(true)
    }

    /// Puts an album into the trash that the run made and nobody changed since; out of others, takes
    /// what the run added, and puts it back from where it came.
    async fn take_back(
        self,
        transaction: Transaction,
        owner: LockedUser,
        id: AlbumId,
    ) -> Result<bool> {
        let own = || folder_entry::Column::RunId.eq(self.run.id).into_condition();
        let limit = u64::from(CHUNK_SIZE);
        let entries = access::placed_entries(&transaction, id, own(), limit).await?;
        let ids: Vec<_> = entries.iter().map(|entry| entry.asset_id).collect();
        let sources = entries.iter().filter_map(|entry| entry.from_album_id);
        let mut locked: Vec<_> = sources.chain([id]).collect();
        locked.sort_unstable();
        locked.dedup();
        access::lock_albums(&transaction, &locked, &[]).await?;
        let Some(album) = self.album(&transaction, id).await? else { return Ok(false) };
        let has_moves = entries.iter().any(|entry| entry.from_album_id.is_some());
        if !has_moves && self.is_untouched(&transaction, &album).await? {
            albums::set_trashed(&self.app, &transaction, &album, true).await?;
            return Ok(false);
        }
        if entries.is_empty() {
            return Ok(false);
        }
        albums::take_out(&self.app, &transaction, id, ids.clone()).await?;
        memory::forget(&transaction, id, of_assets(&ids).add(own())).await?;
        self.put_back(&transaction, &owner, &entries).await?;
        Ok(true)
    }

    /// Whether the run made an album in which there is nothing but what the run put there, under
    /// the name that the run gave it.
    async fn is_untouched(
        &self,
        transaction: &Transaction,
        album: &Granted<Album>,
    ) -> Result<bool> {
        let folders = access::folders_of_album(transaction, album.id).await?;
        let is_own = folders.iter().any(|folder| {
            folder.is_made
                && folder.run_id == Some(self.run.id)
                && folder.display_name == album.display_name
        });
        if !is_own || !album.description.is_empty() {
            return Ok(false);
        }
        let placed = access::placed_count(transaction, album.id, self.run.id).await?;
        Ok(access::place_count(transaction, album).await? == placed)
    }

    /// Puts assets back into the albums from which the run took them.
    async fn put_back(
        &self,
        transaction: &Transaction,
        owner: &LockedUser,
        entries: &[Entry],
    ) -> Result<()> {
        let mut sources: BTreeMap<AlbumId, Vec<AssetId>> = BTreeMap::new();
        for entry in entries {
            if let Some(source) = entry.from_album_id {
                sources.entry(source).or_default().push(entry.asset_id);
            }
        }
        for (source, ids) in sources {
            let Some(album) = self.album(transaction, source).await? else { continue };
            let assets = access::placeable_assets(transaction, owner, &ids).await?;
            let added = albums::add(&self.app, transaction, album, &assets).await?;
            let Some(time) = added.create_time else { continue };
            let ids = assets.iter().map(|asset| asset.id);
            let new: Vec<_> = ids.filter(|id| !added.existing.contains(id)).collect();
            memory::restore(transaction, self.run.rule_id, source, &new, time).await?;
        }
        Ok(())
    }

    /// Takes an album out of the trash that the run put there.
    async fn restore(self, transaction: Transaction, _: LockedUser, id: AlbumId) -> Result<bool> {
        access::lock_albums(&transaction, &[id], &[]).await?;
        match access::album(&*transaction, &self.actor, id, Role::Owner).await {
            Ok(album) => {
                albums::set_trashed(&self.app, &transaction, &album, false).await?;
                Ok(false)
            }
            Err(Error::NotFound(_) | Error::RoleTooLow(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// An album of the caller's that is not in the trash.
    async fn album(
        &self,
        transaction: &Transaction,
        id: AlbumId,
    ) -> Result<Option<Granted<Album>>> {
        match access::album(&**transaction, &self.actor, id, Role::Owner).await {
            Ok(album) => Ok(Some(album).filter(|album| album.delete_time.is_none())),
            Err(Error::NotFound(_) | Error::RoleTooLow(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
