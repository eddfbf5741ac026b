//! What people say about their assets, which they hide, and which are in the trash.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer_null, boolean, double_null, integer, integer_null, small_integer,
    small_integer_null, text, uuid_null,
};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::{add_columns, drop_columns, drop_index, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The local date in days since 1970, by the stored offset or else UTC: the database computes it,
/// so that nobody can forget to. Division in SQL rounds towards zero, so the days are counted from
/// before the year 1800, where times begin.
const LOCAL_DAY: &str = "(sort_time + CAST(COALESCE(capture_offset_s, 0) AS BIGINT) * 1000000 \
     + 100000 * 86400000000) / 86400000000 - 100000";

/// Like `sort_time`, so that one index counts the days of an album.
const COPY_LOCAL_DAY: &str = "UPDATE album_asset SET local_day = \
     (SELECT asset.local_day FROM asset WHERE asset.id = album_asset.asset_id)";

const ASSET: [&str; 7] = [
    "latitude",
    "longitude",
    "description",
    "rating",
    "visibility",
    "delete_time",
    "withdraw_time",
];

/// A timeline in its order.
const TIMELINE: &[&str] = &["owner_id", "visibility", "sort_time", "id"];
const DAYS: &[&str] = &["owner_id", "visibility", "local_day", "kind"];
const WITHDRAWN: &[&str] = &["withdraw_time"];
const HIDDEN_COVER: &[&str] = &["hidden_cover_asset_id"];
/// How many assets others see of an album on each day.
const ALBUM_DAYS: &[&str] = &["album_id", "is_hidden", "local_day"];
/// What others see of an album, in its order.
const ALBUM_ORDER: &[&str] = &["album_id", "is_hidden", "sort_time", "asset_id"];

/// The orders of before, when nothing was hidden.
const OLD_INDEXES: [(&str, &[&str]); 2] = [
    ("asset", &["owner_id", "sort_time", "id"]),
    ("album_asset", &["album_id", "sort_time", "asset_id"]),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite cannot add a stored one to a table that is there.
        let is_stored = manager.get_database_backend() != DbBackend::Sqlite;
        let mut local_day = integer_null("local_day");
        local_day.generated(Expr::cust(LOCAL_DAY), is_stored);
        let columns = [
            double_null("latitude"),
            double_null("longitude"),
            text("description").default("").take(),
            small_integer_null("rating"),
            small_integer("visibility").default(1).take(),
            big_integer_null("delete_time"),
            big_integer_null("withdraw_time"),
            local_day,
        ];
        add_columns(manager, "asset", columns).await?;
        let columns =
            [boolean("is_hidden").default(false).take(), integer("local_day").default(0).take()];
        add_columns(manager, "album_asset", columns).await?;
        manager.get_connection().execute_unprepared(COPY_LOCAL_DAY).await?;
        let mut cover = uuid_null("hidden_cover_asset_id");
        cover.extra("REFERENCES asset (id) ON DELETE SET NULL");
        add_columns(manager, "album", [cover]).await?;
        for (table, columns) in OLD_INDEXES {
            drop_index(manager, table, columns).await?;
        }
        manager.create_index(index("asset", TIMELINE)).await?;
        manager.create_index(days()).await?;
        manager.create_index(withdrawn()).await?;
        manager.create_index(index("album", HIDDEN_COVER)).await?;
        manager.create_index(index("album_asset", ALBUM_DAYS)).await?;
        manager.create_index(index("album_asset", ALBUM_ORDER)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for columns in [TIMELINE, DAYS, WITHDRAWN] {
            drop_index(manager, "asset", columns).await?;
        }
        drop_index(manager, "album", HIDDEN_COVER).await?;
        for columns in [ALBUM_DAYS, ALBUM_ORDER] {
            drop_index(manager, "album_asset", columns).await?;
        }
        for (table, columns) in OLD_INDEXES {
            manager.create_index(index(table, columns)).await?;
        }
        drop_columns(manager, "album", HIDDEN_COVER).await?;
        drop_columns(manager, "album_asset", &["is_hidden", "local_day"]).await?;
        drop_columns(manager, "asset", &["local_day"]).await?;
        drop_columns(manager, "asset", &ASSET).await
    }
}

/// How many assets a timeline has on each day.
fn days() -> IndexCreateStatement {
    index("asset", DAYS).and_where(Expr::col("delete_time").is_null()).take()
}

/// What went into the trash or was locked, by when it did.
fn withdrawn() -> IndexCreateStatement {
    index("asset", WITHDRAWN).and_where(Expr::col("withdraw_time").is_not_null()).take()
}
