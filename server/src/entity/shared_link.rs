//! Links for people without an account.

use std::cmp::Ordering;

use sea_orm::entity::prelude::*;

use crate::id::{AlbumId, SharedLinkId, UserId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shared_link")]
pub struct Model {
    /// The id; it opens nothing.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SharedLinkId,
    /// The album that it shows.
    pub album_id: AlbumId,
    /// Who made it.
    pub creator_id: UserId,
    /// The SHA-256 of the key.
    pub key_hash: Vec<u8>,
    /// The key, sealed.
    pub sealed_key: Vec<u8>,
    /// The readable address.
    pub slug: Option<String>,
    /// What guests read below the title.
    pub description: String,
    /// The password's argon2id hash in PHC form.
    pub password_hash: Option<String>,
    /// Grows with every change of the password.
    pub password_version: i32,
    /// When it stops.
    pub expire_time: Option<Micros>,
    /// Whether guests may download and export.
    pub allow_download: bool,
    /// When it was made.
    pub create_time: Micros,
    /// When it was last changed.
    pub update_time: Micros,
    /// When it was revoked.
    pub delete_time: Option<Micros>,
    /// Since when its creator's account is deleted: it does not open.
    pub hide_time: Option<Micros>,
    /// Whether guests may add photos.
    pub allow_upload: bool,
    /// Whether guests may take back what they have just added.
    pub allow_undo: bool,
    /// How many bytes guests may add in all.
    pub max_upload_bytes: Option<i64>,
    /// How many photos guests may add in all.
    pub max_upload_count: Option<i32>,
    /// How many bytes guests have added.
    pub uploaded_bytes: i64,
    /// How many photos guests have added.
    pub uploaded_count: i32,
    /// What guests get to know of a photo.
    pub metadata: Metadata,
    /// Which bytes guests may download.
    pub quality: Quality,
    /// What guests may do with comments and likes.
    pub guest_activity: GuestActivity,
    /// How often it was opened.
    pub open_count: i64,
    /// How many guests opened it.
    pub visitor_count: i64,
    /// How many files and archives guests began to download.
    pub download_count: i64,
    /// When a guest last opened it or downloaded.
    pub last_use_time: Option<Micros>,
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

/// What guests get to know of a photo, beside its picture and the time when it was taken. The
/// greater, the more it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Metadata {
    /// Nothing more.
    Hidden = 3,
    /// Everything but the place.
    WithoutLocation = 2,
    /// Everything.
    Full = 1,
}

/// What is stored counts the other way round.
impl Ord for Metadata {
    fn cmp(&self, other: &Self) -> Ordering {
        (*other as i16).cmp(&(*self as i16))
    }
}

impl PartialOrd for Metadata {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Which bytes guests may download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Quality {
    /// The files as they were uploaded, as far as `metadata` allows.
    Originals = 1,
    /// Smaller pictures only.
    Previews = 2,
}

/// What guests may do with comments and likes. The order is the meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum GuestActivity {
    /// Nothing.
    Off = 1,
    /// Read them.
    Read = 2,
    /// Write them, too.
    Write = 3,
}
