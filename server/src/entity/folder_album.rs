//! Which albums rules fill from which folders.

use sea_orm::entity::prelude::*;

use crate::id::{AlbumId, AssetId, FolderRuleId, FolderRuleRunId};

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "folder_album")]
pub struct Model {
    /// The rule.
    #[sea_orm(primary_key, auto_increment = false)]
    pub rule_id: FolderRuleId,
    /// The folder, as the planner names it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub folder: String,
    /// The album.
    #[sea_orm(primary_key, auto_increment = false)]
    pub album_id: AlbumId,
    /// The name that the folder gave it. If it has another one, people renamed it.
    pub display_name: String,
    /// Whether the rule made the album, and did not find it.
    pub is_made: bool,
    /// The run that made it, or found it; none once that is undone.
    pub run_id: Option<FolderRuleRunId>,
    /// The cover that a run gave it, if one did.
    pub cover_asset_id: Option<AssetId>,
}

/// What a row refers to.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The album that `album_id` names.
    #[sea_orm(
        belongs_to = "super::album::Entity",
        from = "Column::AlbumId",
        to = "super::album::Column::Id"
    )]
    Album,
}

impl ActiveModelBehavior for ActiveModel {}

impl Related<super::album::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Album.def()
    }
}
