//! Photos and videos.

use sea_orm::entity::prelude::*;

use crate::id::{AssetId, UserId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
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
    /// Where it was taken, in degrees north; there with `longitude` or not at all.
    pub latitude: Option<f64>,
    /// Where it was taken, in degrees east.
    pub longitude: Option<f64>,
    /// What its owner says about it.
    pub description: String,
    /// What its owner thinks of it, 1 to 5.
    pub rating: Option<i16>,
    /// Where it shows.
    pub visibility: Visibility,
    /// When it was put into the trash.
    pub delete_time: Option<Micros>,
    /// When it was last put into the trash or locked; none while it is neither. Since then it is
    /// its owner's alone.
    pub withdraw_time: Option<Micros>,
    /// The local date of `sort_time` in days since 1970. The database computes it.
    pub local_day: i32,
    /// The name that the guest gave who uploaded it.
    pub guest_name: Option<String>,
    /// Since when none of its files is where it was found; none while one is, or while its bytes
    /// are stored. Guests do not see it then.
    pub offline_time: Option<Micros>,
    /// Whether it was put into the trash because it was missing. It comes out once it is back.
    pub is_removed: bool,
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

/// Where an asset shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Visibility {
    /// In the timeline and in albums.
    Timeline = 1,
    /// In albums only.
    Archived = 2,
    /// To its owner alone, in no album.
    Locked = 3,
}
