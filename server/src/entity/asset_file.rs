//! The files that assets are made of.

use sea_orm::entity::prelude::*;

use crate::id::{AssetId, BlobId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "asset_file")]
pub struct Model {
    /// The asset.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset_id: AssetId,
    /// Which of its files.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: Kind,
    /// The bytes: those stored under this id, or these bytes in files of libraries.
    #[sea_orm(unique)]
    pub blob_id: BlobId,
    /// The content type found in the bytes.
    pub content_type: String,
    /// The name as it was given, without folders.
    pub file_name: String,
    /// The size.
    pub size_bytes: i64,
    /// The SHA-256 of the bytes.
    pub sha256: Vec<u8>,
    /// The CRC-32 of the bytes, as zip archives have it.
    pub crc32: i64,
    /// When the stored bytes were found not to match.
    pub damage_time: Option<Micros>,
    /// Whether the bytes are not stored but lie in files of libraries.
    pub is_library: bool,
}

/// What a row refers to.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {
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

/// One of the files of an asset.
pub type Part = (AssetId, Kind);

/// A file of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// The photo or video itself.
    Still = 1,
    /// The moving part of a live photo.
    Motion = 2,
}
