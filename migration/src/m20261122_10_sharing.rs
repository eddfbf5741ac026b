//! What links allow, lists of assets, guests' uploads, activity, events of albums, and files
//! without their metadata.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, boolean, integer, integer_null,
    small_integer, text, text_null, uuid, uuid_null,
};

use crate::table::{
    OnDelete, add_columns, drop_columns, drop_index, drop_tables, index, reference, unique_index,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const ALBUM: [&str; 3] = ["is_activity_enabled", "is_list", "event_sequence"];

const LINK: [&str; 13] = [
    "allow_upload",
    "allow_undo",
    "max_upload_bytes",
    "max_upload_count",
    "uploaded_bytes",
    "uploaded_count",
    "metadata",
    "quality",
    "guest_activity",
    "open_count",
    "visitor_count",
    "download_count",
    "last_use_time",
];

const POLICY: [&str; 3] = ["allow_links", "require_link_password", "max_link_lifetime_s"];

const UPLOAD: [&str; 5] =
    ["shared_link_id", "visitor_id", "guest_name", "finish_time", "is_new_entry"];

/// Nobody is new in an album that was theirs before.
const HAVE_SEEN: &str = "UPDATE album_member SET seen_time = create_time";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Boxed, for the many steps would make one large future.
        Box::pin(add_options(manager)).await?;
        Box::pin(add_tables(manager)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = ["revocation", "asset_variant", "album_event", "activity"];
        drop_tables(manager, &tables).await?;
        drop_index(manager, "upload", &["shared_link_id"]).await?;
        drop_columns(manager, "upload", &UPLOAD).await?;
        drop_columns(manager, "installation", &POLICY).await?;
        drop_columns(manager, "shared_link", &LINK).await?;
        drop_columns(manager, "asset", &["guest_name"]).await?;
        drop_columns(manager, "album_member", &["seen_time"]).await?;
        drop_columns(manager, "album", &ALBUM).await
    }
}

async fn add_options(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = [
        boolean("is_activity_enabled").default(true).take(),
        boolean("is_list").default(false).take(),
        big_integer("event_sequence").default(0).take(),
    ];
    add_columns(manager, "album", columns).await?;
    add_columns(manager, "album_member", [big_integer_null("seen_time")]).await?;
    manager.get_connection().execute_unprepared(HAVE_SEEN).await?;
    add_columns(manager, "asset", [text_null("guest_name")]).await?;
    add_columns(manager, "shared_link", link()).await?;
    add_columns(manager, "installation", policy()).await?;
    add_columns(manager, "upload", upload()).await?;
    manager.create_index(index("upload", &["shared_link_id"])).await
}

async fn add_tables(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager.create_table(activity()).await?;
    manager.create_index(unique_index("activity", &["like_key"])).await?;
    for columns in
        [&["album_id", "create_time", "id"][..], &["asset_id"], &["user_id"], &["shared_link_id"]]
    {
        manager.create_index(index("activity", columns)).await?;
    }
    manager.create_table(album_event()).await?;
    manager.create_index(index("album_event", &["create_time"])).await?;
    manager.create_table(asset_variant()).await?;
    manager.create_table(revocation()).await?;
    manager.create_index(index("revocation", &["create_time"])).await
}

/// The counters live with the link: what they cost, opening a link pays, and nobody else.
fn link() -> Vec<ColumnDef> {
    vec![
        boolean("allow_upload").default(false).take(),
        boolean("allow_undo").default(false).take(),
        big_integer_null("max_upload_bytes"),
        integer_null("max_upload_count"),
        big_integer("uploaded_bytes").default(0).take(),
        integer("uploaded_count").default(0).take(),
        small_integer("metadata").default(1).take(),
        small_integer("quality").default(1).take(),
        small_integer("guest_activity").default(1).take(),
        big_integer("open_count").default(0).take(),
        big_integer("visitor_count").default(0).take(),
        big_integer("download_count").default(0).take(),
        big_integer_null("last_use_time"),
    ]
}

fn policy() -> [ColumnDef; 3] {
    [
        boolean("allow_links").default(true).take(),
        boolean("require_link_password").default(false).take(),
        big_integer_null("max_link_lifetime_s"),
    ]
}

/// A guest's upload goes with its link: without one it would be taken for its owner's own.
fn upload() -> [ColumnDef; 5] {
    let mut link = uuid_null("shared_link_id");
    link.extra("REFERENCES shared_link (id) ON DELETE CASCADE");
    [
        link,
        uuid_null("visitor_id"),
        text_null("guest_name"),
        big_integer_null("finish_time"),
        boolean("is_new_entry").default(false).take(),
    ]
}

/// `like_key` is album, asset and author of a like, so that there is one of each.
fn activity() -> TableCreateStatement {
    Table::create()
        .table("activity")
        .col(uuid("id").primary_key())
        .col(uuid("album_id"))
        .col(uuid_null("asset_id"))
        .col(small_integer("kind"))
        .col(text("text"))
        .col(uuid_null("user_id"))
        .col(uuid_null("shared_link_id"))
        .col(uuid_null("visitor_id"))
        .col(text_null("guest_name"))
        .col(binary_null("like_key"))
        .col(big_integer("create_time"))
        .foreign_key(&mut reference("activity", "album_id", "album", OnDelete::Cascade))
        .foreign_key(&mut reference("activity", "asset_id", "asset", OnDelete::Cascade))
        .foreign_key(&mut reference("activity", "user_id", "user", OnDelete::Cascade))
        .foreign_key(&mut reference("activity", "shared_link_id", "shared_link", OnDelete::SetNull))
        .to_owned()
}

/// `sequence` counts the events of an album, under the album's lock: no event shows up behind a
/// later one.
fn album_event() -> TableCreateStatement {
    Table::create()
        .table("album_event")
        .col(uuid("album_id"))
        .col(big_integer("sequence"))
        .col(binary("payload"))
        .col(big_integer("create_time"))
        .primary_key(Index::create().col("album_id").col("sequence"))
        .foreign_key(&mut reference("album_event", "album_id", "album", OnDelete::Cascade))
        .to_owned()
}

/// A still without some of its metadata: which pieces of the file, and which bytes between them.
fn asset_variant() -> TableCreateStatement {
    Table::create()
        .table("asset_variant")
        .col(uuid("asset_id"))
        .col(small_integer("variant"))
        .col(boolean("is_available"))
        .col(big_integer("size_bytes"))
        .col(binary("sha256"))
        .col(big_integer("crc32"))
        .col(binary("splices"))
        .primary_key(Index::create().col("asset_id").col("variant"))
        .foreign_key(&mut reference("asset_variant", "asset_id", "asset", OnDelete::Cascade))
        .to_owned()
}

/// That something was revoked, for the open streams of all servers.
fn revocation() -> TableCreateStatement {
    Table::create()
        .table("revocation")
        .col(uuid("id").primary_key())
        .col(text("subject"))
        .col(big_integer("create_time"))
        .to_owned()
}
