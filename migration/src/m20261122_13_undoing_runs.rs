//! What undoing a run needs to know, and names that tell the rules and libraries of a user apart.

use std::collections::HashSet;

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{text, uuid, uuid_null};
use sea_orm_migration::sea_orm::prelude::Uuid;

use crate::table::{
    OnDelete, add_columns, drop_columns, drop_index, drop_tables, index, reference, unique_index,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COVER: &[&str] = &["cover_asset_id"];
const NAME: &[&str] = &["owner_id", "display_name"];
/// The longest name that the API takes.
const MAX_NAME: usize = 200;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(folder_rename()).await?;
        manager.create_index(index("folder_rename", &["album_id"])).await?;
        manager.create_table(folder_taken()).await?;
        for column in ["album_id", "asset_id", "placed_run_id"] {
            manager.create_index(index("folder_taken", &[column])).await?;
        }
        // `from_album_id`, which holds one album only, stays unused: SQLite drops no column with a
        // foreign key.
        let take_over = "INSERT INTO folder_taken (run_id, album_id, asset_id) \
             SELECT DISTINCT run_id, from_album_id, asset_id FROM folder_entry \
             WHERE run_id IS NOT NULL AND from_album_id IS NOT NULL";
        manager.get_connection().execute_unprepared(take_over).await?;
        // JSON: whom the run made members of its albums, and what undoing it did.
        let columns =
            [text("shared_with").default("[]").take(), text("undone").default("{}").take()];
        add_columns(manager, "folder_rule_run", columns).await?;
        let mut cover = uuid_null("cover_asset_id");
        cover.extra("REFERENCES asset (id) ON DELETE SET NULL");
        add_columns(manager, "folder_album", [cover]).await?;
        manager.create_index(index("folder_album", COVER)).await?;
        make_names_distinct(manager, "folder_rule", Condition::all()).await?;
        manager.create_index(unique_index("folder_rule", NAME)).await?;
        // One that is being taken apart keeps its name from nobody.
        let is_there = || Expr::col("delete_time").is_null();
        make_names_distinct(manager, "library", Condition::all().add(is_there())).await?;
        let mut names = unique_index("library", NAME);
        manager.create_index(names.and_where(is_there()).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, "library", NAME).await?;
        drop_index(manager, "folder_rule", NAME).await?;
        drop_index(manager, "folder_album", COVER).await?;
        drop_columns(manager, "folder_album", COVER).await?;
        drop_columns(manager, "folder_rule_run", &["shared_with", "undone"]).await?;
        drop_tables(manager, &["folder_taken", "folder_rename"]).await
    }
}

/// Which albums a run renamed because their folder has another name now.
fn folder_rename() -> TableCreateStatement {
    Table::create()
        .table("folder_rename")
        .col(uuid("run_id"))
        .col(uuid("album_id"))
        .col(text("old_name"))
        .col(text("new_name"))
        .primary_key(Index::create().col("run_id").col("album_id"))
        .foreign_key(&mut reference(
            "folder_rename",
            "run_id",
            "folder_rule_run",
            OnDelete::Cascade,
        ))
        .foreign_key(&mut reference("folder_rename", "album_id", "album", OnDelete::Cascade))
        .to_owned()
}

/// What a run took out of albums; `placed_run_id` is the run that had put it there.
fn folder_taken() -> TableCreateStatement {
    let key = |column, to| reference("folder_taken", column, to, OnDelete::Cascade);
    let mut placed =
        reference("folder_taken", "placed_run_id", "folder_rule_run", OnDelete::SetNull);
    Table::create()
        .table("folder_taken")
        .col(uuid("run_id"))
        .col(uuid("album_id"))
        .col(uuid("asset_id"))
        .col(uuid_null("placed_run_id"))
        .primary_key(Index::create().col("run_id").col("album_id").col("asset_id"))
        .foreign_key(&mut key("run_id", "folder_rule_run"))
        .foreign_key(&mut key("album_id", "album"))
        .foreign_key(&mut key("asset_id", "asset"))
        .foreign_key(&mut placed)
        .to_owned()
}

/// Gives rows of one owner with the same name numbers, as in `Trips (2)`; the oldest keeps its name.
async fn make_names_distinct(
    manager: &SchemaManager<'_>,
    table: &'static str,
    which: Condition,
) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let find = Query::select()
        .columns(["id", "owner_id", "display_name"])
        .from(table)
        .cond_where(which)
        .order_by("create_time", Order::Asc)
        .order_by("id", Order::Asc)
        .take();
    let mut rows: Vec<(Uuid, Uuid, String)> = Vec::new();
    for row in connection.query_all(&find).await? {
        let name = row.try_get("", "display_name")?;
        rows.push((row.try_get("", "id")?, row.try_get("", "owner_id")?, name));
    }
    let mut taken: HashSet<_> =
        rows.iter().map(|(_, owner, name)| (*owner, name.clone())).collect();
    let mut seen = HashSet::new();
    for (id, owner, name) in rows {
        if seen.insert((owner, name.clone())) {
            continue;
        }
        let mut names = (2..).map(|number| numbered(&name, number));
        let Some(free) = names.find(|name| taken.insert((owner, name.clone()))) else { continue };
        let update = Query::update()
            .table(table)
            .value("display_name", free)
            .and_where(Expr::col("id").eq(id))
            .take();
        connection.execute(&update).await?;
    }
    Ok(())
}

fn numbered(name: &str, number: u32) -> String {
    let end = format!(" ({number})");
    let start: String = name.chars().take(MAX_NAME.saturating_sub(end.len())).collect();
    start + &end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_names_are_not_longer_than_others() {
        assert_eq!(numbered("Trips", 2), "Trips (2)");
        assert_eq!(numbered(&"é".repeat(200), 12).chars().count(), 200);
    }
}
