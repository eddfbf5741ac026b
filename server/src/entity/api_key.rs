//! Keys with which scripts call.

use sea_orm::entity::prelude::*;

use crate::id::{ApiKeyId, UserId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    /// Who calls with it.
    pub user_id: UserId,
    /// What its owner calls it.
    pub display_name: String,
    /// The SHA-256 of the key.
    #[sea_orm(unique)]
    pub key_hash: Vec<u8>,
    /// The names of what it is good for, with spaces between them.
    pub scopes: String,
    /// When it ends.
    pub expire_time: Option<Micros>,
    /// When it was last used, to the minute.
    pub last_use_time: Option<Micros>,
    /// When it was made.
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
