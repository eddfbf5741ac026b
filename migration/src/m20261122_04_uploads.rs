//! Files on their way in.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, boolean, small_integer, text, uuid,
    uuid_null,
};

use crate::table::{OnDelete, drop_tables, index, reference};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(upload()).await?;
        manager.create_index(index("upload", &["owner_id", "state"])).await?;
        for column in ["album_id", "motion_of_asset_id", "asset_id", "expire_time"] {
            manager.create_index(index("upload", &[column])).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["upload"]).await
    }
}

/// `blob_id` names the bytes from the start, so that a finish that was cut off finds them again.
/// `digest_state` is the running SHA-256 and CRC-32 of the first `committed_size_bytes`.
fn upload() -> TableCreateStatement {
    Table::create()
        .table("upload")
        .col(uuid("id").primary_key())
        .col(uuid("owner_id"))
        .col(text("file_name"))
        .col(big_integer("size_bytes"))
        .col(binary_null("sha256"))
        .col(uuid_null("album_id"))
        .col(uuid_null("motion_of_asset_id"))
        .col(big_integer_null("capture_time_hint"))
        .col(small_integer("state"))
        .col(uuid("blob_id"))
        .col(big_integer("committed_size_bytes"))
        .col(binary("digest_state"))
        .col(uuid_null("asset_id"))
        .col(boolean("is_duplicate"))
        .col(big_integer("create_time"))
        .col(big_integer("expire_time"))
        .foreign_key(&mut reference("upload", "owner_id", "user", OnDelete::Cascade))
        .foreign_key(&mut reference("upload", "album_id", "album", OnDelete::SetNull))
        .foreign_key(&mut reference("upload", "motion_of_asset_id", "asset", OnDelete::SetNull))
        .foreign_key(&mut reference("upload", "asset_id", "asset", OnDelete::SetNull))
        .to_owned()
}
