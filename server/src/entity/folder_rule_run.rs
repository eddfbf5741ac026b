//! The times that folder rules were followed.

use sea_orm::entity::prelude::*;

use crate::id::{AlbumId, FolderRuleId, FolderRuleRunId, UserId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "folder_rule_run")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FolderRuleRunId,
    /// The rule.
    pub rule_id: FolderRuleId,
    /// The rule's owner.
    pub owner_id: UserId,
    /// How far it is.
    pub state: State,
    /// Whether a call brought its options, and not a rule that its owner sees.
    pub is_ad_hoc: bool,
    /// Whether the schedule started it.
    pub is_scheduled: bool,
    /// The options that it follows, as JSON.
    pub options: String,
    /// The plan that it is to follow, until it has begun; none for any.
    pub plan_token: Option<String>,
    /// Why it failed, as the name of a reason.
    pub failure: Option<String>,
    /// What it did so far, as JSON.
    pub counts: String,
    /// What went wrong or was passed over, as a JSON list.
    pub problems: String,
    /// The albums that it put into the trash, the 16 bytes of each; see [`Model::deleted`].
    pub deleted_albums: Vec<u8>,
    /// When it was asked for.
    pub create_time: Micros,
    /// When it began.
    pub start_time: Option<Micros>,
    /// When the row last changed.
    pub update_time: Micros,
    /// When it ended.
    pub finish_time: Option<Micros>,
    /// When it was undone.
    pub undo_time: Option<Micros>,
    /// Whom it makes members of the albums that it makes, as a JSON list.
    pub shared_with: String,
    /// What undoing it did so far, as JSON.
    pub undone: String,
}

impl Model {
    /// Whether it has not ended.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.state, State::Queued | State::Running)
    }

    /// The albums that it put into the trash.
    #[must_use]
    pub fn deleted(&self) -> Vec<AlbumId> {
        let (ids, _) = self.deleted_albums.as_chunks();
        ids.iter().copied().map(AlbumId::from_bytes).collect()
    }
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// How far a run is. Of each rule, one at most is queued or running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    /// It waits for a worker.
    Queued = 1,
    /// A worker is on it, or was before its server stopped.
    Running = 2,
    /// It did all that it could.
    Succeeded = 3,
    /// It gave up.
    Failed = 4,
}
