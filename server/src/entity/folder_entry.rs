//! Which assets rules put into which albums.

use sea_orm::entity::prelude::*;

use super::album_asset;
use crate::id::{AlbumId, AssetId, FolderRuleId, FolderRuleRunId};
use crate::time::Micros;

/// A row. It stays when a person takes the asset out of the album, so that the rule does not put it
/// back.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "folder_entry")]
pub struct Model {
    /// The rule.
    #[sea_orm(primary_key, auto_increment = false)]
    pub rule_id: FolderRuleId,
    /// The album.
    #[sea_orm(primary_key, auto_increment = false)]
    pub album_id: AlbumId,
    /// The asset.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset_id: AssetId,
    /// The run.
    pub run_id: Option<FolderRuleRunId>,
    /// Whether the run archived the asset.
    pub is_archived: bool,
    /// The `create_time` of the place in the album. A place of another time is a person's.
    pub create_time: Micros,
}

/// What a row refers to.
#[derive(Debug, Clone, Copy, EnumIter)]
pub enum Relation {
    /// The place in the album, of whatever time.
    Place,
}

impl RelationTrait for Relation {
    fn def(&self) -> RelationDef {
        match self {
            Self::Place => Entity::belongs_to(album_asset::Entity)
                .from((Column::AlbumId, Column::AssetId))
                .to((album_asset::Column::AlbumId, album_asset::Column::AssetId))
                .into(),
        }
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Related<album_asset::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Place.def()
    }
}
