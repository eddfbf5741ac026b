//! What runs took out of albums because it is to be in other ones now.

use sea_orm::entity::prelude::*;

use crate::id::{AlbumId, AssetId, FolderRuleRunId};

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "folder_taken")]
pub struct Model {
    /// The run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: FolderRuleRunId,
    /// The album that the asset left.
    #[sea_orm(primary_key, auto_increment = false)]
    pub album_id: AlbumId,
    /// The asset.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset_id: AssetId,
    /// The run that had put it there, unless that was undone.
    pub placed_run_id: Option<FolderRuleRunId>,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
