//! Exports and the manifests of their archives.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary, integer, text, uuid, uuid_null};

use crate::table::{OnDelete, drop_tables, index, reference};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(export()).await?;
        for column in ["user_id", "shared_link_id", "album_id", "expire_time"] {
            manager.create_index(index("export", &[column])).await?;
        }
        manager.create_table(export_part()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["export_part", "export"]).await
    }
}

/// Made by a user or through a link; of an album or, without one, of a selection.
fn export() -> TableCreateStatement {
    Table::create()
        .table("export")
        .col(uuid("id").primary_key())
        .col(uuid_null("user_id"))
        .col(uuid_null("shared_link_id"))
        .col(uuid_null("album_id"))
        .col(text("display_name"))
        .col(binary("skipped"))
        .col(big_integer("create_time"))
        .col(big_integer("expire_time"))
        .foreign_key(&mut reference("export", "user_id", "user", OnDelete::Cascade))
        .foreign_key(&mut reference("export", "shared_link_id", "shared_link", OnDelete::Cascade))
        .foreign_key(&mut reference("export", "album_id", "album", OnDelete::Cascade))
        .to_owned()
}

fn export_part() -> TableCreateStatement {
    Table::create()
        .table("export_part")
        .col(uuid("export_id"))
        .col(integer("number"))
        .col(text("file_name"))
        .col(big_integer("size_bytes"))
        .col(integer("entry_count"))
        .col(text("etag"))
        .col(binary("manifest"))
        .primary_key(Index::create().col("export_id").col("number"))
        .foreign_key(&mut reference("export_part", "export_id", "export", OnDelete::Cascade))
        .to_owned()
}
