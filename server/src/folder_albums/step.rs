//! One transaction of a run.
//!
//! Each takes the lock of the owner's row first, checks that the job and the run are still what they
//! were, and writes what the run did so far together with what it does.

use std::sync::Arc;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};
use sha2::{Digest as _, Sha256};

use super::options::Options;
use super::runs::{Counts, Problem};
use super::sharing::Invitee;
use crate::access::{self, Actor, Granted, LockedUser};
use crate::albums;
use crate::app::App;
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::folder_rule_run::{self, Column};
use crate::error::{Error, Result};
use crate::id::{AlbumId, FolderRuleId, FolderRuleRunId, UserId};
use crate::jobs::Context;

/// What every transaction of a run works with.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) app: App,
    pub(super) context: Context,
    pub(super) run: FolderRuleRunId,
    pub(super) rule: FolderRuleId,
    pub(super) owner: UserId,
    /// The owner, in whose name the run acts.
    pub(super) actor: Actor,
    pub(super) options: Arc<Options>,
    /// Who is made a member of new albums.
    pub(super) members: Arc<[Invitee]>,
}

/// What a run did so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    pub(super) counts: Counts,
    pub(super) problems: Vec<Problem>,
    /// The albums that it put into the trash.
    pub(super) deleted: Vec<AlbumId>,
}

/// How many problems are kept.
pub(super) const MAX_PROBLEMS: usize = 100;

impl Progress {
    /// Notes a problem.
    pub(super) fn note(&mut self, problem: Problem) {
        if self.problems.len() < MAX_PROBLEMS && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

impl Step {
    /// Locks the owner's row, and fails with `CONFLICT` if the run is somebody else's by now, or has
    /// ended.
    pub(super) async fn hold(&self, transaction: &Transaction) -> Result<LockedUser> {
        let owner = access::lock_owner(transaction, self.owner).await?;
        self.context.check(transaction).await?;
        let run = access::any_folder_rule_run(&**transaction, self.run).await?;
        if run.is_some_and(|run| run.is_active()) { Ok(owner) } else { Err(Error::Conflict) }
    }

    /// Writes what the run did so far.
    pub(super) async fn save(&self, transaction: &Transaction, progress: &Progress) -> Result<()> {
        self.change(transaction, progress, folder_rule_run::ActiveModel::default()).await
    }

    /// The same, with more to change.
    pub(super) async fn change(
        &self,
        transaction: &Transaction,
        progress: &Progress,
        change: folder_rule_run::ActiveModel,
    ) -> Result<()> {
        let deleted: Vec<_> = progress.deleted.iter().map(|id| *id.as_bytes()).collect();
        let change = folder_rule_run::ActiveModel {
            counts: Set(serde_json::to_string(&progress.counts).map_err(Error::internal)?),
            problems: Set(serde_json::to_string(&progress.problems).map_err(Error::internal)?),
            deleted_albums: Set(deleted.concat()),
            update_time: Set(self.app.now()),
            ..change
        };
        let update = folder_rule_run::Entity::update_many().set(change);
        update.filter(Column::Id.eq(self.run)).exec(&**transaction).await?;
        Ok(())
    }

    /// An album of the owner's that is not in the trash, whose lock the transaction holds.
    pub(super) async fn album(
        &self,
        transaction: &Transaction,
        id: AlbumId,
    ) -> Result<Granted<Album>> {
        let album = access::album(&**transaction, &self.actor, id, Role::Owner).await?;
        if album.delete_time.is_some() { Err(Error::trashed("album", id)) } else { Ok(album) }
    }

    /// Any number below `count`, the same whenever this run asks for this album.
    pub(super) fn any(&self, album: AlbumId, count: u64) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.run.as_bytes());
        hash.update(album.as_bytes());
        let number = hash
            .finalize()
            .iter()
            .take(8)
            .fold(0, |number: u64, byte| (number << 8) | u64::from(*byte));
        number.checked_rem(count).unwrap_or(0)
    }

    /// Puts an album into the trash, as long as it is there and the check holds for it.
    pub(super) async fn trash(
        &self,
        id: AlbumId,
        progress: &mut Progress,
        is_due: fn(&Album) -> bool,
    ) -> Result<()> {
        let (step, mut after) = (self.clone(), progress.clone());
        let trash = self.app.transact(move |transaction| async move {
            step.hold(&transaction).await?;
            access::lock_albums(&transaction, &[id], &[]).await?;
            match step.album(&transaction, id).await {
                Ok(album) if is_due(&album) => {
                    albums::set_trashed(&step.app, &transaction, &album, true).await?;
                    after.counts.deleted_albums += 1;
                    after.deleted.push(id);
                    step.save(&transaction, &after).await?;
                }
                Ok(_) | Err(Error::NotFound(_) | Error::RoleTooLow(_) | Error::Trashed(_)) => {}
                Err(error) => return Err(error),
            }
            Ok(after)
        });
        *progress = trash.await?;
        Ok(())
    }
}
