//! How often somebody guessed.

use sea_orm::entity::prelude::*;

use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempt")]
pub struct Model {
    /// A keyed hash of what is guessed at and from where.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Vec<u8>,
    /// How many attempts failed, or are under way.
    pub count: i32,
    /// When the first of them was made.
    pub first_time: Micros,
    /// When the last of them was made.
    pub last_time: Micros,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
