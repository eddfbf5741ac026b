//! Stills without some of their metadata, as pieces of the file that was uploaded.

use sea_orm::entity::prelude::*;

use super::shared_link::Metadata;
use crate::id::AssetId;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "asset_variant")]
pub struct Model {
    /// The asset.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset_id: AssetId,
    /// Without what.
    #[sea_orm(primary_key, auto_increment = false)]
    pub variant: Variant,
    /// Whether there is such a file: metadata cannot be taken out of every kind.
    pub is_available: bool,
    /// The size.
    pub size_bytes: i64,
    /// The SHA-256 of the bytes.
    pub sha256: Vec<u8>,
    /// The CRC-32 of the bytes, as zip archives have it.
    pub crc32: i64,
    /// Which pieces of the file it consists of, and which bytes between them, as `media` packs them.
    pub splices: Vec<u8>,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A row without its pieces.
#[derive(Debug, Clone, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Summary {
    /// The asset.
    pub asset_id: AssetId,
    /// Without what.
    pub variant: Variant,
    /// Whether there is such a file.
    pub is_available: bool,
    /// The size.
    pub size_bytes: i64,
    /// The SHA-256 of the bytes.
    pub sha256: Vec<u8>,
    /// The CRC-32 of the bytes, as zip archives have it.
    pub crc32: i64,
}

/// What is left out of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Variant {
    /// Where it was taken.
    WithoutLocation = 2,
    /// All metadata; how it is to be turned and its colours stay.
    WithoutMetadata = 3,
}

impl Variant {
    /// The form of a file that says so much; none if that is the file itself.
    #[must_use]
    pub fn of(metadata: Metadata) -> Option<Self> {
        match metadata {
            Metadata::Full => None,
            Metadata::WithoutLocation => Some(Self::WithoutLocation),
            Metadata::Hidden => Some(Self::WithoutMetadata),
        }
    }

    /// How much a file of this form says.
    #[must_use]
    pub fn metadata(self) -> Metadata {
        match self {
            Self::WithoutLocation => Metadata::WithoutLocation,
            Self::WithoutMetadata => Metadata::Hidden,
        }
    }
}
