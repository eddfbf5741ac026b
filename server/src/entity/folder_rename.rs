//! Which albums runs renamed because their folder has another name now.

use sea_orm::entity::prelude::*;

use crate::id::{AlbumId, FolderRuleRunId};

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "folder_rename")]
pub struct Model {
    /// The run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: FolderRuleRunId,
    /// The album.
    #[sea_orm(primary_key, auto_increment = false)]
    pub album_id: AlbumId,
    /// The name that it had before the run.
    pub old_name: String,
    /// The name that the run gave it.
    pub new_name: String,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
