//! Photos and videos.

use sea_orm::entity::prelude::*;

use crate::id::{AssetId, UserId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "asset")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AssetId,
    /// Whose asset it is.
    pub owner_id: UserId,
    /// What it is.
    pub kind: Kind,
    /// The SHA-256 of its still, unique among its owner's assets.
    pub sha256: Vec<u8>,
    /// The width in pixels after rotation.
    pub width_px: Option<i32>,
    /// The height in pixels after rotation.
    pub height_px: Option<i32>,
    /// How long it plays, in microseconds.
    pub duration_us: Option<i64>,
    /// When it was taken; the camera's clock where the offset is unknown.
    pub capture_time: Option<Micros>,
    /// The offset from UTC where it was taken, in seconds.
    pub capture_offset_s: Option<i32>,
    /// `capture_time`, else `create_time`.
    pub sort_time: Micros,
    /// When it was uploaded.
    pub create_time: Micros,
    /// When it was last changed.
    pub update_time: Micros,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What an asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// A picture.
    Photo = 1,
    /// A video.
    Video = 2,
}
