//! Sign-ins of users.

use sea_orm::entity::prelude::*;

use crate::id::{SessionId, UserId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    /// Whose session it is.
    pub user_id: UserId,
    /// What the user calls the device.
    pub device_name: String,
    /// The SHA-256 of the refresh token that is good now.
    pub token_hash: Vec<u8>,
    /// The SHA-256 of the refresh token before it.
    pub previous_token_hash: Option<Vec<u8>>,
    /// The SHA-256 of the cookie with which a browser gets pictures.
    #[sea_orm(unique)]
    pub cookie_hash: Option<Vec<u8>>,
    /// When the refresh token was last exchanged.
    pub rotate_time: Micros,
    /// When the session began.
    pub create_time: Micros,
    /// When the refresh token ends.
    pub expire_time: Micros,
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
