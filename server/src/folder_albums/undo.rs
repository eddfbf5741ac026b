//! Taking back what a run did.

use std::collections::BTreeMap;

use sea_orm::sea_query::IntoCondition as _;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, Condition, IntoActiveModel as _, Set};
use serde::{Deserialize, Serialize};

use super::memory::{self, of_assets};
use super::options::CHUNK_SIZE;
use super::runs::{self, Problem};
use super::since;
use super::step::MAX_PROBLEMS;
use crate::access::{self, Actor, Granted, LockedUser, UserActor};
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

/// What undoing a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each is documented in the proto")]
pub struct Undone {
    pub trashed_albums: u64,
    pub kept_albums: u64,
    pub restored_albums: u64,
    pub renamed_albums: u64,
    pub removed_assets: u64,
    pub returned_assets: u64,
    pub kept_assets: u64,
    pub unarchived_assets: u64,
    pub kept: Vec<Problem>,
}

impl Undone {
    /// What undoing a run did so far.
    pub fn read(run: &FolderRuleRun) -> Result<Self> {
        serde_json::from_str(&run.undone).map_err(Error::internal)
    }
}

/// Takes back what a run of the caller's did, as far as people changed nothing since, and tells
/// whether an earlier call had done that. Repeating it does nothing more, and goes on where it was
/// cut off.
///
/// Fails with `RULE_RUNNING` while a run of the rule is under way.
pub async fn undo_run(
    app: &App,
    actor: &Actor,
    id: FolderRuleRunId,
) -> Result<(FolderRuleRun, bool)> {
    let user = *actor.user()?;
    let reader = app.database.reader();
    let run = access::folder_rule_run(reader, &user, id).await?;
    if run.undo_time.is_some() {
        return Ok((run, true));
    }
    let undo = Undo { app: app.clone(), actor: actor.clone(), user, run: id };
    for album in access::renamed_albums(reader, id).await? {
        undo.step(album, Act::Rename).await?;
    }
    for album in access::albums_of_run(reader, id).await? {
        while undo.step(album, Act::Unarchive).await? {}
        while undo.step(album, Act::TakeBack).await? {}
    }
    for album in run.deleted() {
        undo.step(album, Act::Restore).await?;
    }
    let end = app.transact(move |transaction| async move {
        let step = undo.begin(&transaction).await?;
        if step.run.undo_time.is_some() {
            return Ok(step.run);
        }
        let now = undo.app.now();
        let mut change = step.run.into_active_model();
        change.undo_time = Set(Some(now));
        Ok(change.update(&*transaction).await?)
    });
    Ok((end.await?, false))
}

/// An undoing, which takes many transactions.
#[derive(Debug, Clone)]
struct Undo {
    app: App,
    actor: Actor,
    user: UserActor,
    run: FolderRuleRunId,
}

/// What is done about one album.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Gives it its old name, if it still has the one that the run gave it.
    Rename,
    /// Takes out of the archive what the run archived.
    Unarchive,
    /// Puts it into the trash if the run made it and only the run touched it. Else takes out of it
    /// what the run added.
    TakeBack,
    /// Takes it out of the trash.
    Restore,
}

impl Undo {
    /// Does something about an album in a transaction of its own, and tells whether there is more.
    /// What was done is noted with the run.
    async fn step(&self, album: AlbumId, act: Act) -> Result<bool> {
        let undo = self.clone();
        let step = self.app.transact(move |transaction| async move {
            let mut step = undo.begin(&transaction).await?;
            let is_more = match act {
                Act::Rename => step.rename(album).await?,
                Act::Unarchive => step.unarchive(album).await?,
                Act::TakeBack => Box::pin(step.take_back(album)).await?,
                Act::Restore => step.restore(album).await?,
            };
            let undone = serde_json::to_string(&step.undone).map_err(Error::internal)?;
            let mut change = step.run.into_active_model();
            change.undone = Set(undone);
            change.update(&*transaction).await?;
            Ok(is_more)
        });
        step.await
    }

    async fn begin(&self, transaction: &Transaction) -> Result<Step> {
        let owner = access::lock_owner(transaction, self.user.id).await?;
        let run = access::folder_rule_run(&**transaction, &self.user, self.run).await?;
        runs::refuse_active(&self.app, transaction, run.rule_id).await?;
        let (app, actor) = (self.app.clone(), self.actor.clone());
        let undone = Undone::read(&run)?;
        Ok(Step { app, actor, transaction: transaction.clone(), owner, run, undone })
    }
}

/// One transaction of an undoing, which holds the lock of the owner's row.
struct Step {
    app: App,
    actor: Actor,
    transaction: Transaction,
    owner: LockedUser,
    run: FolderRuleRun,
    undone: Undone,
}

impl Step {
    async fn rename(&mut self, id: AlbumId) -> Result<bool> {
        let transaction = &self.transaction;
        access::lock_albums(transaction, &[id], &[]).await?;
        let Some(album) = self.album(id).await? else { return Ok(false) };
        let Some(names) = access::rename_of(transaction, self.run.id, id).await? else {
            return Ok(false);
        };
        if album.display_name != names.new_name {
            memory::forget_rename(transaction, &names).await?;
            return Ok(false);
        }
        albums::rename(&self.app, transaction, &album, &names.old_name).await?;
        memory::take_back_name(transaction, self.run.rule_id, &names).await?;
        self.undone.renamed_albums += 1;
        Ok(false)
    }

    async fn unarchive(&mut self, id: AlbumId) -> Result<bool> {
        let (transaction, limit) = (&self.transaction, u64::from(CHUNK_SIZE));
        let ids = access::archived_assets(transaction, id, self.own(), limit).await?;
        if ids.is_empty() {
            return Ok(false);
        }
        access::lock_albums(transaction, &[id], &ids).await?;
        let count = assets::set_archived(&self.app, transaction, &ids, false).await?;
        memory::set_archived(transaction, id, of_assets(&ids).add(self.own()), false).await?;
        self.undone.unarchived_assets += count;
        Ok(true)
    }

    async fn take_back(&mut self, id: AlbumId) -> Result<bool> {
        let (transaction, limit) = (&self.transaction, u64::from(CHUNK_SIZE));
        let mut locked = access::sources_of_run(transaction, id, self.run.id).await?;
        locked.push(id);
        access::lock_albums(transaction, &locked, &[]).await?;
        let Some(album) = self.album(id).await? else { return Ok(false) };
        let changes = since::changes(transaction, &self.run, &album).await?;
        let is_untouched = changes.as_ref().is_some_and(Vec::is_empty);
        let mut which = self.own().add(access::undiscussed(id));
        if is_untouched {
            // The rest goes to the trash with the album.
            which = which.add(folder_entry::Column::FromAlbumId.is_not_null());
        }
        let entries = access::placed_entries(transaction, id, which, limit).await?;
        if is_untouched && entries.is_empty() {
            albums::set_trashed(&self.app, transaction, &album, true).await?;
            self.undone.trashed_albums += 1;
            return Ok(false);
        }
        if let Some(changes) = changes.filter(|changes| !changes.is_empty()) {
            self.keep(&album, &changes).await?;
        }
        if !entries.is_empty() {
            self.take_out(id, &entries).await?;
            return Ok(true);
        }
        let (transaction, run) = (&self.transaction, self.run.id);
        self.undone.kept_assets += access::placed_count(transaction, id, run).await?;
        memory::release_entries(transaction, id, run).await?;
        Ok(false)
    }

    /// Takes out of an album what the run put there, and puts it back from where it came.
    async fn take_out(&mut self, id: AlbumId, entries: &[Entry]) -> Result<()> {
        let ids: Vec<_> = entries.iter().map(|entry| entry.asset_id).collect();
        let which = of_assets(&ids).add(self.own());
        memory::forget(&self.transaction, id, which).await?;
        self.undone.removed_assets += ids.len() as u64;
        albums::take_out(&self.app, &self.transaction, id, ids).await?;
        let mut sources: BTreeMap<AlbumId, Vec<AssetId>> = BTreeMap::new();
        for entry in entries {
            if let Some(source) = entry.from_album_id {
                sources.entry(source).or_default().push(entry.asset_id);
            }
        }
        for (source, ids) in sources {
            self.put_back(source, &ids).await?;
        }
        Ok(())
    }

    async fn put_back(&mut self, source: AlbumId, ids: &[AssetId]) -> Result<()> {
        let transaction = &self.transaction;
        let Some(album) = self.album(source).await? else { return Ok(()) };
        let assets = access::placeable_assets(transaction, &self.owner, ids).await?;
        let added = albums::add(&self.app, transaction, album, &assets).await?;
        let Some(time) = added.create_time else { return Ok(()) };
        let ids = assets.iter().map(|asset| asset.id);
        let new: Vec<_> = ids.filter(|id| !added.existing.contains(id)).collect();
        memory::restore(transaction, self.run.rule_id, source, &new, time).await?;
        self.undone.returned_assets += new.len() as u64;
        Ok(())
    }

    /// Decides once and for all that an album stays, before anything leaves it.
    async fn keep(&mut self, album: &Granted<Album>, changes: &[String]) -> Result<()> {
        self.undone.kept_albums += 1;
        if self.undone.kept.len() < MAX_PROBLEMS {
            self.undone.kept.push(Problem::new(&album.display_name, changes.join(", ")));
        }
        memory::release_folders(&self.transaction, album.id, self.run.id).await
    }

    async fn restore(&mut self, id: AlbumId) -> Result<bool> {
        let transaction = &self.transaction;
        access::lock_albums(transaction, &[id], &[]).await?;
        if let Some(album) = self.any_album(id).await? {
            let is_back = albums::set_trashed(&self.app, transaction, &album, false).await?;
            self.undone.restored_albums += u64::from(is_back);
        }
        Ok(false)
    }

    /// What the run put into albums.
    fn own(&self) -> Condition {
        folder_entry::Column::RunId.eq(self.run.id).into_condition()
    }

    /// An album of the caller's that is not in the trash.
    async fn album(&self, id: AlbumId) -> Result<Option<Granted<Album>>> {
        Ok(self.any_album(id).await?.filter(|album| album.delete_time.is_none()))
    }

    /// An album of the caller's.
    async fn any_album(&self, id: AlbumId) -> Result<Option<Granted<Album>>> {
        match access::album(&*self.transaction, &self.actor, id, Role::Owner).await {
            Ok(album) => Ok(Some(album)),
            Err(Error::NotFound(_) | Error::RoleTooLow(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
