//! Albums.

use sea_orm::entity::prelude::*;

use super::album_asset;
use crate::id::{AlbumId, AssetId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "album")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AlbumId,
    /// The name.
    pub display_name: String,
    /// The name in the form that is compared and sorted by.
    pub folded_name: String,
    /// What people read below the name.
    pub description: String,
    /// The order in which its assets are shown.
    pub order: Order,
    /// The asset that stands for it; none if it is empty.
    pub cover_asset_id: Option<AssetId>,
    /// How many assets it shows.
    pub asset_count: i32,
    /// The earliest `sort_time` of its assets.
    pub first_time: Option<Micros>,
    /// The latest `sort_time` of its assets.
    pub last_time: Option<Micros>,
    /// Grows with every update; the API's etag.
    pub revision: i64,
    /// When it was made.
    pub create_time: Micros,
    /// When it, or what it contains, was last changed.
    pub update_time: Micros,
    /// When it was put into the trash.
    pub delete_time: Option<Micros>,
    /// Since when its owner's account is deleted: nobody sees it.
    pub hide_time: Option<Micros>,
    /// The asset that stands for it again once that asset is no longer hidden.
    pub hidden_cover_asset_id: Option<AssetId>,
    /// Whether people may write comments and likes.
    pub is_activity_enabled: bool,
    /// Whether it is the content of a link to a list of assets, and shows nowhere else.
    pub is_list: bool,
    /// The number of its last event.
    pub event_sequence: i64,
}

/// What a row refers to.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Who is in the album.
    #[sea_orm(has_many = "super::album_member::Entity")]
    Member,
}

impl ActiveModelBehavior for ActiveModel {}

impl Related<super::album_member::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Member.def()
    }
}

/// The order of an album's assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Order {
    /// Latest first.
    NewestFirst = 1,
    /// Earliest first.
    OldestFirst = 2,
    /// As people put them.
    Manual = 3,
}

impl Order {
    /// What an album in this order is sorted by, and whether descending.
    #[must_use]
    pub fn column(self) -> (album_asset::Column, bool) {
        match self {
            Self::NewestFirst => (album_asset::Column::SortTime, true),
            Self::OldestFirst => (album_asset::Column::SortTime, false),
            Self::Manual => (album_asset::Column::Position, false),
        }
    }
}
