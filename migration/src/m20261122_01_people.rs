//! The installation itself, its signing keys, users and their sessions.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, boolean, small_integer, text, uuid,
};

use crate::table::{OnDelete, drop_tables, index, reference, unique_index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(installation()).await?;
        manager.create_table(signing_key()).await?;
        manager.create_table(user()).await?;
        manager.create_index(unique_index("user", &["folded_email"])).await?;
        manager.create_table(session()).await?;
        manager.create_index(index("session", &["user_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["session", "user", "signing_key", "installation"]).await
    }
}

/// One row, with the id 1.
fn installation() -> TableCreateStatement {
    Table::create()
        .table("installation")
        .col(small_integer("id").primary_key())
        .col(binary("key_check"))
        .col(binary_null("setup_token_hash"))
        .col(big_integer("create_time"))
        .to_owned()
}

fn signing_key() -> TableCreateStatement {
    Table::create()
        .table("signing_key")
        .col(uuid("id").primary_key())
        .col(binary("sealed_key"))
        .col(big_integer("create_time"))
        .to_owned()
}

fn user() -> TableCreateStatement {
    Table::create()
        .table("user")
        .col(uuid("id").primary_key())
        .col(text("email"))
        .col(text("folded_email"))
        .col(text("display_name"))
        .col(text("password_hash"))
        .col(boolean("is_admin"))
        .col(big_integer_null("quota_bytes"))
        .col(big_integer("used_bytes"))
        .col(big_integer_null("export_part_size_bytes"))
        .col(big_integer("create_time"))
        .col(big_integer("update_time"))
        .to_owned()
}

fn session() -> TableCreateStatement {
    Table::create()
        .table("session")
        .col(uuid("id").primary_key())
        .col(uuid("user_id"))
        .col(text("device_name"))
        .col(binary("token_hash"))
        .col(binary_null("previous_token_hash"))
        .col(big_integer("rotate_time"))
        .col(big_integer("create_time"))
        .col(big_integer("expire_time"))
        .foreign_key(&mut reference("session", "user_id", "user", OnDelete::Cascade))
        .to_owned()
}
