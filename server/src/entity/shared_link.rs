//! Links for people without an account.

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
