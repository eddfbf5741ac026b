//! Taking back what a run did.

use std::collections::HashSet;

use sea_orm::sea_query::IntoCondition as _;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, Condition, IntoActiveModel as _, Set};
use serde::{Deserialize, Serialize};

use super::memory::{self, of_assets};
use super::options::CHUNK_SIZE;
use super::runs::{self, Problem};
use super::since;
use super::step::MAX_PROBLEMS;
use super::taken;
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
use crate::id::{AlbumId, FolderRuleRunId};

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
    for album in run.deleted() {
        undo.step(album, Act::Restore).await?;
    }
    for album in access::renamed_albums(reader, id).await? {
        undo.step(album, Act::Rename).await?;
    }
    for album in access::albums_of_run(reader, id).await? {
        while undo.step(album, Act::Unarchive).await? {}
        while undo.step(album, Act::TakeBack).await? {}
    }
    for album in access::albums_taken_from(reader, id).await? {
        while undo.step(album, Act::PutBack).await? {}
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
    /// Takes it out of the trash, first of all, since the rest leaves alone what is there.
    Restore,
    /// Gives it its old name, if it still has the one that the run gave it.
    Rename,
    /// Takes out of the archive what the run archived.
    Unarchive,
    /// If the run made it: puts it into the trash if only the run touched it, else leaves it as it
    /// is, since those who see it would see nothing. If it did not: takes out what the run added.
    TakeBack,
    /// Puts into it what the run took out of it.
    PutBack,
}

impl Undo {
    /// Does something about an album in a transaction of its own, and tells whether there is more.
    /// What was done is noted with the run.
    async fn step(&self, album: AlbumId, act: Act) -> Result<bool> {
        let undo = self.clone();
        let step = self.app.transact(move |transaction| async move {
            let mut step = undo.begin(&transaction).await?;
            let is_more = match act {
                Act::Restore => step.restore(album).await?,
                Act::Rename => step.rename(album).await?,
                Act::Unarchive => step.unarchive(album).await?,
                Act::TakeBack => Box::pin(step.take_back(album)).await?,
                Act::PutBack => Box::pin(step.put_back(album)).await?,
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
        let (transaction, run) = (&self.transaction, self.run.id);
        access::lock_albums(transaction, &[id], &[]).await?;
        let Some(album) = self.album(id).await? else { return Ok(false) };
        match since::changes(transaction, &self.run, &album).await? {
            Some(changes) if changes.is_empty() => {
                albums::set_trashed(&self.app, transaction, &album, true).await?;
                self.undone.trashed_albums += 1;
                return Ok(false);
            }
            Some(changes) => {
                self.undone.kept_albums += 1;
                if self.undone.kept.len() < MAX_PROBLEMS {
                    let kept = Problem::new(&album.display_name, changes.join(", "));
                    self.undone.kept.push(kept);
                }
                memory::release_folders(transaction, id, run).await?;
            }
            None => {
                let which = self.own().add(access::undiscussed(id));
                let limit = u64::from(CHUNK_SIZE);
                let entries = access::placed_entries(transaction, id, which, limit).await?;
                if !entries.is_empty() {
                    self.take_out(id, &entries).await?;
                    return Ok(true);
                }
            }
        }
        self.undone.kept_assets += access::placed_count(transaction, id, run).await?;
        memory::release_entries(transaction, id, run).await?;
        Ok(false)
    }

    /// Takes out of an album what the run put there.
    async fn take_out(&mut self, id: AlbumId, entries: &[Entry]) -> Result<()> {
        let ids: Vec<_> = entries.iter().map(|entry| entry.asset_id).collect();
        let which = of_assets(&ids).add(self.own());
        memory::forget(&self.transaction, id, which).await?;
        self.undone.removed_assets += ids.len() as u64;
        albums::take_out(&self.app, &self.transaction, id, ids).await?;
        Ok(())
    }

    async fn put_back(&mut self, id: AlbumId) -> Result<bool> {
        let (transaction, limit) = (&self.transaction, u64::from(CHUNK_SIZE));
        access::lock_albums(transaction, &[id], &[]).await?;
        let Some(album) = self.album(id).await? else { return Ok(false) };
        let mut places = access::taken(transaction, id, self.run.id, limit).await?;
        if places.is_empty() {
            return Ok(false);
        }
        let ids: Vec<_> = places.iter().map(|place| place.asset_id).collect();
        taken::forget(transaction, id, self.run.id, &ids).await?;
        let assets = access::placeable_assets(transaction, &self.owner, &ids).await?;
        let added = albums::add(&self.app, transaction, album, &assets).await?;
        let Some(time) = added.create_time else { return Ok(true) };
        let existing: HashSet<_> = added.existing.into_iter().collect();
        let ids = assets.iter().map(|asset| asset.id);
        let new: HashSet<_> = ids.filter(|id| !existing.contains(id)).collect();
        places.retain(|place| new.contains(&place.asset_id));
        taken::restore(transaction, self.run.rule_id, &places, time).await?;
        self.undone.returned_assets += places.len() as u64;
        Ok(true)
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
