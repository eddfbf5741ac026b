//! Albums, who is in them and what is in them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, small_integer, text, uuid, uuid_null,
};

use crate::table::{OnDelete, drop_tables, index, reference, unique_index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(album()).await?;
        manager.create_index(index("album", &["cover_asset_id"])).await?;
        manager.create_table(album_member()).await?;
        manager.create_index(index("album_member", &["user_id"])).await?;
        manager.create_index(one_owner()).await?;
        manager.create_table(album_asset()).await?;
        for columns in
            [&["album_id", "sort_time", "asset_id"], &["album_id", "position", "asset_id"]]
        {
            manager.create_index(index("album_asset", columns)).await?;
        }
        manager.create_index(index("album_asset", &["asset_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["album_asset", "album_member", "album"]).await
    }
}

fn album() -> TableCreateStatement {
    Table::create()
        .table("album")
        .col(uuid("id").primary_key())
        .col(text("display_name"))
        .col(text("folded_name"))
        .col(text("description"))
        .col(small_integer("order"))
        .col(uuid_null("cover_asset_id"))
        .col(integer("asset_count"))
        .col(big_integer_null("first_time"))
        .col(big_integer_null("last_time"))
        .col(big_integer("revision"))
        .col(big_integer("create_time"))
        .col(big_integer("update_time"))
        .col(big_integer_null("delete_time"))
        .foreign_key(&mut reference("album", "cover_asset_id", "asset", OnDelete::SetNull))
        .to_owned()
}

fn album_member() -> TableCreateStatement {
    Table::create()
        .table("album_member")
        .col(uuid("album_id"))
        .col(uuid("user_id"))
        .col(small_integer("role"))
        .col(big_integer("create_time"))
        .primary_key(Index::create().col("album_id").col("user_id"))
        .foreign_key(&mut reference("album_member", "album_id", "album", OnDelete::Cascade))
        .foreign_key(&mut reference("album_member", "user_id", "user", OnDelete::Cascade))
        .to_owned()
}

/// Exactly one member of an album has the role 4, owner.
fn one_owner() -> IndexCreateStatement {
    let mut index = unique_index("album_member", &["album_id"]);
    index.name("album_member_owner_idx").and_where(Expr::col("role").eq(4));
    index
}

/// `sort_time` is the asset's, so that one index gives an album in order.
fn album_asset() -> TableCreateStatement {
    Table::create()
        .table("album_asset")
        .col(uuid("album_id"))
        .col(uuid("asset_id"))
        .col(big_integer("sort_time"))
        .col(big_integer("position"))
        .col(big_integer("create_time"))
        .primary_key(Index::create().col("album_id").col("asset_id"))
        .foreign_key(&mut reference("album_asset", "album_id", "album", OnDelete::Cascade))
        .foreign_key(&mut reference("album_asset", "asset_id", "asset", OnDelete::Cascade))
        .to_owned()
}
