//! Keys for scripts, browsers' cookies, counted attempts, the audit log, and accounts that end.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, integer, small_integer, text, uuid,
    uuid_null,
};

use crate::table::{
    OnDelete, add_columns, drop_columns, drop_tables, index, reference, unique_index,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let ends = ["disabled_time", "delete_time", "purge_time"].map(big_integer_null);
        add_columns(manager, "user", ends).await?;
        manager.create_index(index("user", &["purge_time"])).await?;
        add_columns(manager, "session", [binary_null("cookie_hash")]).await?;
        manager.create_index(unique_index("session", &["cookie_hash"])).await?;
        add_columns(manager, "album", [big_integer_null("hide_time")]).await?;
        add_columns(manager, "shared_link", [big_integer_null("hide_time")]).await?;
        manager.create_table(api_key()).await?;
        manager.create_index(unique_index("api_key", &["key_hash"])).await?;
        manager.create_index(index("api_key", &["user_id"])).await?;
        manager.create_table(attempt()).await?;
        manager.create_index(index("attempt", &["last_time"])).await?;
        manager.create_table(audit_event()).await?;
        manager.create_index(index("audit_event", &["create_time", "id"])).await?;
        manager.create_index(index("audit_event", &["actor_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["audit_event", "attempt", "api_key"]).await?;
        for (name, table) in
            [("user_purge_time_idx", "user"), ("session_cookie_hash_idx", "session")]
        {
            manager.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
        }
        drop_columns(manager, "shared_link", &["hide_time"]).await?;
        drop_columns(manager, "album", &["hide_time"]).await?;
        drop_columns(manager, "session", &["cookie_hash"]).await?;
        drop_columns(manager, "user", &["disabled_time", "delete_time", "purge_time"]).await
    }
}

/// `scopes` are names with spaces between them.
fn api_key() -> TableCreateStatement {
    Table::create()
        .table("api_key")
        .col(uuid("id").primary_key())
        .col(uuid("user_id"))
        .col(text("display_name"))
        .col(binary("key_hash"))
        .col(text("scopes"))
        .col(big_integer_null("expire_time"))
        .col(big_integer_null("last_use_time"))
        .col(big_integer("create_time"))
        .foreign_key(&mut reference("api_key", "user_id", "user", OnDelete::Cascade))
        .to_owned()
}

/// `key` is a keyed hash of what is guessed at: the table names nobody.
fn attempt() -> TableCreateStatement {
    Table::create()
        .table("attempt")
        .col(binary("key").primary_key())
        .col(integer("count"))
        .col(big_integer("first_time"))
        .col(big_integer("last_time"))
        .to_owned()
}

/// `subject` is the id of what `kind` was done to, which may be gone.
fn audit_event() -> TableCreateStatement {
    Table::create()
        .table("audit_event")
        .col(uuid("id").primary_key())
        .col(small_integer("kind"))
        .col(uuid_null("actor_id"))
        .col(text("subject"))
        .col(text("network"))
        .col(big_integer("create_time"))
        .foreign_key(&mut reference("audit_event", "actor_id", "user", OnDelete::SetNull))
        .to_owned()
}
