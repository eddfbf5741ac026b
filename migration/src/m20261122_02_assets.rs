//! Photos and videos, and the files that they are made of.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, integer_null, small_integer, text, uuid,
};

use crate::table::{OnDelete, drop_tables, index, reference, unique_index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(asset()).await?;
        manager.create_index(unique_index("asset", &["owner_id", "sha256"])).await?;
        manager.create_index(index("asset", &["owner_id", "sort_time", "id"])).await?;
        manager.create_table(asset_file()).await?;
        manager.create_index(unique_index("asset_file", &["blob_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["asset_file", "asset"]).await
    }
}

/// `sha256` is the still's: the same bytes are the same asset. An owner with assets cannot be
/// deleted, so that no row goes before somebody took care of its bytes.
fn asset() -> TableCreateStatement {
    Table::create()
        .table("asset")
        .col(uuid("id").primary_key())
        .col(uuid("owner_id"))
        .col(small_integer("kind"))
        .col(binary("sha256"))
        .col(integer_null("width_px"))
        .col(integer_null("height_px"))
        .col(big_integer_null("duration_us"))
        .col(big_integer_null("capture_time"))
        .col(integer_null("capture_offset_s"))
        .col(big_integer("sort_time"))
        .col(big_integer("create_time"))
        .col(big_integer("update_time"))
        .foreign_key(&mut reference("asset", "owner_id", "user", OnDelete::Restrict))
        .to_owned()
}

fn asset_file() -> TableCreateStatement {
    Table::create()
        .table("asset_file")
        .col(uuid("asset_id"))
        .col(small_integer("kind"))
        .col(uuid("blob_id"))
        .col(text("content_type"))
        .col(text("file_name"))
        .col(big_integer("size_bytes"))
        .col(binary("sha256"))
        .col(big_integer("crc32"))
        .col(big_integer_null("damage_time"))
        .primary_key(Index::create().col("asset_id").col("kind"))
        .foreign_key(&mut reference("asset_file", "asset_id", "asset", OnDelete::Cascade))
        .to_owned()
}
