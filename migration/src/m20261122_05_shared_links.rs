//! Links for people without an account.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, boolean, integer, text, text_null, uuid,
};

use crate::table::{OnDelete, drop_tables, index, reference, unique_index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(shared_link()).await?;
        manager.create_index(unique_index("shared_link", &["key_hash"])).await?;
        manager.create_index(unique_index("shared_link", &["slug"])).await?;
        manager.create_index(index("shared_link", &["album_id"])).await?;
        manager.create_index(index("shared_link", &["creator_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["shared_link"]).await
    }
}

/// The key is found by its hash and shown again from `sealed_key`; the table alone opens nothing.
fn shared_link() -> TableCreateStatement {
    Table::create()
        .table("shared_link")
        .col(uuid("id").primary_key())
        .col(uuid("album_id"))
        .col(uuid("creator_id"))
        .col(binary("key_hash"))
        .col(binary("sealed_key"))
        .col(text_null("slug"))
        .col(text("description"))
        .col(text_null("password_hash"))
        .col(integer("password_version"))
        .col(big_integer_null("expire_time"))
        .col(boolean("allow_download"))
        .col(big_integer("create_time"))
        .col(big_integer("update_time"))
        .col(big_integer_null("delete_time"))
        .foreign_key(&mut reference("shared_link", "album_id", "album", OnDelete::Cascade))
        .foreign_key(&mut reference("shared_link", "creator_id", "user", OnDelete::Cascade))
        .to_owned()
}
