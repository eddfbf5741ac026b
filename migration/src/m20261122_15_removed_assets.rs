//! Missing assets that were removed: they wait in the trash.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::boolean;

use crate::table::{add_columns, drop_columns};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(manager, "asset", [boolean("is_removed").default(false).take()]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_columns(manager, "asset", &["is_removed"]).await
    }
}
