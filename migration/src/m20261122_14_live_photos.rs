//! Live photos in libraries.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::small_integer;

use crate::table::{add_columns, drop_columns};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Every file was an asset's own (1) until here.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(manager, "library_file", [small_integer("part").default(1).take()]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_columns(manager, "library_file", &["part"]).await
    }
}
