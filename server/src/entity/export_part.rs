//! The archives of exports.

use sea_orm::entity::prelude::*;

use crate::id::ExportId;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "export_part")]
pub struct Model {
    /// The export.
    #[sea_orm(primary_key, auto_increment = false)]
    pub export_id: ExportId,
    /// The number, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// The name for the file.
    pub file_name: String,
    /// The exact size.
    pub size_bytes: i64,
    /// How many files it has.
    pub entry_count: i32,
    /// The same for the same bytes.
    pub etag: String,
    /// The packed list of its entries.
    pub manifest: Vec<u8>,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A row without its manifest.
#[derive(Debug, Clone, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Summary {
    /// The number, from 1.
    pub number: i32,
    /// The name for the file.
    pub file_name: String,
    /// The exact size.
    pub size_bytes: i64,
    /// How many files it has.
    pub entry_count: i32,
    /// The same for the same bytes.
    pub etag: String,
}
