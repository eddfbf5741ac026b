//! The files of libraries.

use sea_orm::entity::prelude::*;

use super::asset_file::{Kind, Part};
use crate::id::{AssetId, LibraryFileId, LibraryId, LibraryScanId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "library_file")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LibraryFileId,
    /// The library.
    pub library_id: LibraryId,
    /// The absolute path, once in each library. In the order of bytes.
    pub path: String,
    /// What it is to the library.
    pub state: State,
    /// The size when it was read.
    pub size_bytes: i64,
    /// When it was changed before it was read, in nanoseconds since 1970.
    pub modify_time_ns: i64,
    /// The number under which its file system knew it, bit for bit.
    pub inode: i64,
    /// The SHA-256 of the bytes when they were read; none of what is no photo or video.
    pub sha256: Option<Vec<u8>>,
    /// The asset whose bytes these are; none of what is left alone.
    pub asset_id: Option<AssetId>,
    /// Which of the asset's files it is.
    pub part: Kind,
    /// The running scan that did not find it.
    pub missing_scan_id: Option<LibraryScanId>,
    /// Since when it is missing.
    pub offline_time: Option<Micros>,
    /// When it was found.
    pub create_time: Micros,
    /// When the row was last changed.
    pub update_time: Micros,
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

impl Model {
    /// What it is a location of.
    #[must_use]
    pub fn asset_part(&self) -> Option<Part> {
        Some((self.asset_id?, self.part))
    }
}

impl Related<super::asset::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Asset.def()
    }
}

/// What a walk compares with the files that it finds.
#[derive(Debug, Clone, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Known {
    /// The id.
    pub id: LibraryFileId,
    /// The absolute path.
    pub path: String,
    /// What it is to the library.
    pub state: State,
    /// The size when it was read.
    pub size_bytes: i64,
    /// When it was changed before it was read, in nanoseconds since 1970.
    pub modify_time_ns: i64,
    /// The number under which its file system knew it, bit for bit.
    pub inode: i64,
    /// The running scan that did not find it.
    pub missing_scan_id: Option<LibraryScanId>,
}

/// What a file is to its library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    /// A location of its asset.
    Online = 1,
    /// A location of its asset where it is missing.
    Offline = 2,
    /// No photo or video, or one that could not be read. It is looked at again once it changes.
    Refused = 3,
    /// Its asset was deleted for good. It stays out, and so does every copy of it.
    Excluded = 4,
}
