//! Comments and likes.

use sea_orm::entity::prelude::*;

use crate::id::{ActivityId, AlbumId, AssetId, SharedLinkId, UserId, VisitorId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "activity")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ActivityId,
    /// The album.
    pub album_id: AlbumId,
    /// The asset that it is about; none for the album itself.
    pub asset_id: Option<AssetId>,
    /// What it is.
    pub kind: Kind,
    /// What a comment says; empty for a like.
    pub text: String,
    /// The user who wrote it; none for a guest.
    pub user_id: Option<UserId>,
    /// The link through which a guest wrote it.
    pub shared_link_id: Option<SharedLinkId>,
    /// The guest who wrote it.
    pub visitor_id: Option<VisitorId>,
    /// The name that the guest gave.
    pub guest_name: Option<String>,
    /// Of a like: album, asset and author, so that there is one of each.
    pub like_key: Option<Vec<u8>>,
    /// When it was written.
    pub create_time: Micros,
}

/// What a row refers to.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The user that `user_id` names.
    #[sea_orm(
        belongs_to = "super::user::Entity",
        from = "Column::UserId",
        to = "super::user::Column::Id"
    )]
    User,
}

impl ActiveModelBehavior for ActiveModel {}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

/// What an activity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// Words.
    Comment = 1,
    /// A like.
    Like = 2,
}
