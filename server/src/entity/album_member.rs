//! Who is in which album.

use sea_orm::entity::prelude::*;

use crate::id::{AlbumId, UserId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "album_member")]
pub struct Model {
    /// The album.
    #[sea_orm(primary_key, auto_increment = false)]
    pub album_id: AlbumId,
    /// The member.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// What the member may do.
    pub role: Role,
    /// Since when.
    pub create_time: Micros,
    /// When the member first opened it; never for whoever made it.
    pub seen_time: Option<Micros>,
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
    /// The user that `user_id` names.
    #[sea_orm(
        belongs_to = "super::user::Entity",
        from = "Column::UserId",
        to = "super::user::Column::Id"
    )]
    User,
}

impl ActiveModelBehavior for ActiveModel {}

impl Related<super::album::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Album.def()
    }
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

/// What somebody may do with an album. The order is the meaning: each role may do what those
/// before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Role {
    /// Sees and downloads.
    Viewer = 1,
    /// Adds own assets and takes them out.
    Contributor = 2,
    /// Changes the album, takes out any asset, manages its links.
    Editor = 3,
    /// Deletes and restores the album.
    Owner = 4,
}

impl Role {
    /// The role's name for people and for error metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Contributor => "contributor",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }
}
