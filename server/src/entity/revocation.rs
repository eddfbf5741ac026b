//! That something was revoked, for the open streams of all servers.

use sea_orm::entity::prelude::*;

use crate::id::RevocationId;
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocation")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RevocationId,
    /// Who or what lost something, as `access` writes it.
    pub subject: String,
    /// When.
    pub create_time: Micros,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
