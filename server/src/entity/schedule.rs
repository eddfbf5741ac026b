//! When work that comes back was last due.

use sea_orm::entity::prelude::*;

use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "schedule")]
pub struct Model {
    /// The kind of the jobs.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// When the last one was enqueued.
    pub last_time: Micros,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
