//! What is in which album.

use sea_orm::entity::prelude::*;

use crate::id::{AlbumId, AssetId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "album_asset")]
pub struct Model {
    /// The album.
    #[sea_orm(primary_key, auto_increment = false)]
    pub album_id: AlbumId,
    /// The asset.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset_id: AssetId,
    /// The asset's `sort_time`.
    pub sort_time: Micros,
    /// The place in the manual order, in steps of [`POSITION_STEP`].
    pub position: i64,
    /// Since when.
    pub create_time: Micros,
    /// Whether it shows to nobody, because the asset is in the trash.
    pub is_hidden: bool,
    /// The asset's `local_day`.
    pub local_day: i32,
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
    /// The asset that `asset_id` names.
    #[sea_orm(
        belongs_to = "super::asset::Entity",
        from = "Column::AssetId",
        to = "super::asset::Column::Id"
    )]
    Asset,
}

impl ActiveModelBehavior for ActiveModel {}

impl Related<super::asset::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Asset.def()
    }
}

/// The distance between neighbours when they are added: room for 20 insertions at one place
/// before an album is renumbered.
pub const POSITION_STEP: i64 = 1 << 20;
