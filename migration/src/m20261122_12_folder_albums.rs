//! Albums from folders: what rules say, what they did, and what they made.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, boolean, small_integer, text, text_null, uuid, uuid_null,
};

use crate::table::{OnDelete, drop_tables, index, reference, unique_index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(folder_rule()).await?;
        manager.create_index(index("folder_rule", &["owner_id", "create_time", "id"])).await?;
        manager.create_index(index("folder_rule", &["next_run_time"])).await?;
        // What calls without a rule do is done for one rule of their user.
        let mut ad_hoc = unique_index("folder_rule", &["owner_id"]);
        manager.create_index(ad_hoc.and_where(Expr::cust("is_ad_hoc")).take()).await?;
        manager.create_table(folder_rule_run()).await?;
        manager.create_index(index("folder_rule_run", &["rule_id"])).await?;
        manager.create_index(index("folder_rule_run", &["owner_id", "create_time", "id"])).await?;
        // Queued (1) and running (2): one run of a rule at a time, on however many servers.
        let mut active = index("folder_rule_run", &["rule_id"]);
        active.name("folder_rule_run_active_idx").unique();
        manager.create_index(active.and_where(Expr::col("state").lte(2)).take()).await?;
        manager.create_table(folder_album()).await?;
        manager.create_index(index("folder_album", &["album_id"])).await?;
        manager.create_index(index("folder_album", &["run_id"])).await?;
        Box::pin(add_entries(manager)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = ["folder_entry", "folder_album", "folder_rule_run", "folder_rule"];
        drop_tables(manager, &tables).await
    }
}

async fn add_entries(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager.create_table(folder_entry()).await?;
    for column in ["album_id", "asset_id", "run_id", "from_album_id"] {
        manager.create_index(index("folder_entry", &[column])).await?;
    }
    Ok(())
}

/// `options` is JSON.
fn folder_rule() -> TableCreateStatement {
    Table::create()
        .table("folder_rule")
        .col(uuid("id").primary_key())
        .col(uuid("owner_id"))
        .col(boolean("is_ad_hoc"))
        .col(text("display_name"))
        .col(text("options"))
        .col(text_null("schedule"))
        .col(text_null("time_zone"))
        .col(big_integer_null("next_run_time"))
        .col(big_integer("create_time"))
        .col(big_integer("update_time"))
        .foreign_key(&mut reference("folder_rule", "owner_id", "user", OnDelete::Cascade))
        .to_owned()
}

/// `options`, `counts` and `problems` are JSON. `deleted_albums` has the 16 bytes of the id of each
/// album that the run put into the trash. `plan_token` is what the caller asked for, until the run
/// has begun with it.
fn folder_rule_run() -> TableCreateStatement {
    Table::create()
        .table("folder_rule_run")
        .col(uuid("id").primary_key())
        .col(uuid("rule_id"))
        .col(uuid("owner_id"))
        .col(small_integer("state"))
        .col(boolean("is_ad_hoc"))
        .col(boolean("is_scheduled"))
        .col(text("options"))
        .col(text_null("plan_token"))
        .col(text_null("failure"))
        .col(text("counts"))
        .col(text("problems"))
        .col(binary("deleted_albums"))
        .col(big_integer("create_time"))
        .col(big_integer_null("start_time"))
        .col(big_integer("update_time"))
        .col(big_integer_null("finish_time"))
        .col(big_integer_null("undo_time"))
        .foreign_key(&mut reference("folder_rule_run", "rule_id", "folder_rule", OnDelete::Cascade))
        .foreign_key(&mut reference("folder_rule_run", "owner_id", "user", OnDelete::Cascade))
        .to_owned()
}

/// Which albums a rule fills from which folder: with some levels, files of one folder are in
/// different ones. `display_name` is the name that the folder gave it.
fn folder_album() -> TableCreateStatement {
    Table::create()
        .table("folder_album")
        .col(uuid("rule_id"))
        .col(text("folder"))
        .col(uuid("album_id"))
        .col(text("display_name"))
        .col(boolean("is_made"))
        .col(uuid_null("run_id"))
        .primary_key(Index::create().col("rule_id").col("folder").col("album_id"))
        .foreign_key(&mut reference("folder_album", "rule_id", "folder_rule", OnDelete::Cascade))
        .foreign_key(&mut reference("folder_album", "album_id", "album", OnDelete::Cascade))
        .foreign_key(&mut reference("folder_album", "run_id", "folder_rule_run", OnDelete::SetNull))
        .to_owned()
}

/// Which asset a rule put into which album. `create_time` is that of the place in the album: a
/// place of another time is a person's.
fn folder_entry() -> TableCreateStatement {
    Table::create()
        .table("folder_entry")
        .col(uuid("rule_id"))
        .col(uuid("album_id"))
        .col(uuid("asset_id"))
        .col(uuid_null("run_id"))
        .col(uuid_null("from_album_id"))
        .col(boolean("is_archived"))
        .col(big_integer("create_time"))
        .primary_key(Index::create().col("rule_id").col("album_id").col("asset_id"))
        .foreign_key(&mut reference("folder_entry", "rule_id", "folder_rule", OnDelete::Cascade))
        .foreign_key(&mut reference("folder_entry", "album_id", "album", OnDelete::Cascade))
        .foreign_key(&mut reference("folder_entry", "asset_id", "asset", OnDelete::Cascade))
        .foreign_key(&mut reference("folder_entry", "run_id", "folder_rule_run", OnDelete::SetNull))
        .foreign_key(&mut reference("folder_entry", "from_album_id", "album", OnDelete::SetNull))
        .to_owned()
}
