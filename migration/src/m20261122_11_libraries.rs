//! Folders whose files are read in place.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary_null, boolean, small_integer, text, text_null, uuid,
    uuid_null,
};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::{
    OnDelete, add_columns, drop_columns, drop_index, drop_tables, index, reference, unique_index,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const OFFLINE: &[&str] = &["offline_time"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(manager, "asset", [big_integer_null("offline_time")]).await?;
        manager
            .create_index(
                index("asset", OFFLINE).and_where(Expr::col("offline_time").is_not_null()).take(),
            )
            .await?;
        add_columns(manager, "asset_file", [boolean("is_library").default(false).take()]).await?;
        manager.create_table(library()).await?;
        manager.create_index(index("library", &["owner_id"])).await?;
        manager.create_index(index("library", &["next_scan_time"])).await?;
        manager.create_table(library_scan()).await?;
        manager.create_index(index("library_scan", &["library_id", "create_time", "id"])).await?;
        // Queued (1) and running (2): one scan of a library at a time, on however many servers.
        let mut active = unique_index("library_scan", &["library_id"]);
        manager.create_index(active.and_where(Expr::col("state").lte(2)).take()).await?;
        manager.create_table(library_file(manager.get_database_backend())).await?;
        manager.create_index(unique_index("library_file", &["library_id", "path"])).await?;
        manager.create_index(index("library_file", &["library_id", "sha256"])).await?;
        manager.create_index(index("library_file", &["library_id", "state"])).await?;
        manager.create_index(index("library_file", &["asset_id"])).await?;
        manager.create_index(index("library_file", &["missing_scan_id", "id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["library_file", "library_scan", "library"]).await?;
        drop_columns(manager, "asset_file", &["is_library"]).await?;
        drop_index(manager, "asset", OFFLINE).await?;
        drop_columns(manager, "asset", OFFLINE).await
    }
}

/// `import_paths` and `exclusions` are JSON lists of text. A library with a `delete_time` is being
/// taken apart.
fn library() -> TableCreateStatement {
    Table::create()
        .table("library")
        .col(uuid("id").primary_key())
        .col(uuid("owner_id"))
        .col(text("display_name"))
        .col(text("import_paths"))
        .col(text("exclusions"))
        .col(text_null("schedule"))
        .col(text_null("time_zone"))
        .col(boolean("is_watched"))
        .col(big_integer_null("next_scan_time"))
        .col(big_integer("create_time"))
        .col(big_integer("update_time"))
        .col(big_integer_null("delete_time"))
        .foreign_key(&mut reference("library", "owner_id", "user", OnDelete::Cascade))
        .to_owned()
}

/// `counts` is JSON: how many files were found, added, changed, moved, missing and so on.
/// `problems` is a JSON list of what could not be read, a hundred at most.
fn library_scan() -> TableCreateStatement {
    Table::create()
        .table("library_scan")
        .col(uuid("id").primary_key())
        .col(uuid("library_id"))
        .col(small_integer("state"))
        .col(small_integer("cause"))
        .col(boolean("restore_excluded"))
        .col(boolean("is_cancel_requested"))
        .col(text("counts"))
        .col(text("problems"))
        .col(text_null("last_path"))
        .col(big_integer("create_time"))
        .col(big_integer_null("start_time"))
        .col(big_integer("update_time"))
        .col(big_integer_null("finish_time"))
        .foreign_key(&mut reference("library_scan", "library_id", "library", OnDelete::Cascade))
        .to_owned()
}

/// A file of a library: one location of an asset, or a file that is left alone. `missing_scan_id`
/// is the scan that did not find it, until that scan has decided what became of it.
fn library_file(backend: DbBackend) -> TableCreateStatement {
    let mut path = text("path");
    if backend == DbBackend::Postgres {
        // In the order of bytes, in which folders are walked, whatever the database's language.
        path.extra("COLLATE \"C\"");
    }
    Table::create()
        .table("library_file")
        .col(uuid("id").primary_key())
        .col(uuid("library_id"))
        .col(path)
        .col(small_integer("state"))
        .col(big_integer("size_bytes"))
        .col(big_integer("modify_time_ns"))
        .col(big_integer("inode"))
        .col(binary_null("sha256"))
        .col(uuid_null("asset_id"))
        .col(uuid_null("missing_scan_id"))
        .col(big_integer_null("offline_time"))
        .col(big_integer("create_time"))
        .col(big_integer("update_time"))
        .foreign_key(&mut reference("library_file", "library_id", "library", OnDelete::Cascade))
        .foreign_key(&mut reference("library_file", "asset_id", "asset", OnDelete::SetNull))
        .foreign_key(&mut reference(
            "library_file",
            "missing_scan_id",
            "library_scan",
            OnDelete::SetNull,
        ))
        .to_owned()
}
