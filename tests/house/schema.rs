//! The database schema.

use albumen_server::database::Database;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

use crate::support::database::TestDatabase;

/// Columns that name something outside the database.
const NOT_ROWS: [&str; 2] = ["blob_id", "visitor_id"];

pub(super) async fn open() -> (tempfile::TempDir, TestDatabase, Database) {
    let folder = tempfile::tempdir().unwrap();
    let test = TestDatabase::create(folder.path()).await;
    let mut config =
        albumen_server::config::Config::read(&Default::default(), &Default::default()).unwrap();
    config.database_url = test.url();
    let database = Database::open(&config, Default::default()).await.unwrap();
    (folder, test, database)
}

pub(super) async fn close(test: TestDatabase, database: Database) {
    database.close().await.unwrap();
    test.drop().await;
}

pub(super) async fn rows(
    connection: &DatabaseConnection,
    sql: &str,
    columns: &[&str],
) -> Vec<Vec<String>> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    let text = |row: &sea_orm::QueryResult, column: &str| row.try_get("", column).unwrap();
    rows.iter().map(|row| columns.iter().map(|column| text(row, column)).collect()).collect()
}

/// Table, column and what happens to the row, of every foreign key.
async fn foreign_keys(connection: &DatabaseConnection) -> Vec<Vec<String>> {
    let sql = if connection.get_database_backend() == DbBackend::Sqlite {
        "SELECT m.name AS t, f.\"from\" AS c, f.on_delete AS d \
         FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"
    } else {
        "SELECT cl.relname::text AS t, a.attname::text AS c, \
         CASE con.confdeltype WHEN 'a' THEN 'NO ACTION' ELSE con.confdeltype::text END AS d \
         FROM pg_constraint con JOIN pg_class cl ON cl.oid = con.conrelid \
         JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = con.conkey[1] \
         WHERE con.contype = 'f'"
    };
    rows(connection, sql, &["t", "c", "d"]).await
}

/// Table and column of every column.
pub(super) async fn columns(connection: &DatabaseConnection) -> Vec<Vec<String>> {
    let sql = if connection.get_database_backend() == DbBackend::Sqlite {
        "SELECT m.name AS t, c.name AS c FROM sqlite_master m, pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
    } else {
        "SELECT table_name::text AS t, column_name::text AS c FROM information_schema.columns \
         WHERE table_schema = 'public'"
    };
    rows(connection, sql, &["t", "c"]).await
}

/// Table and first column of every index.
async fn indexes(connection: &DatabaseConnection) -> Vec<Vec<String>> {
    let sql = if connection.get_database_backend() == DbBackend::Sqlite {
        "SELECT m.name AS t, i.name AS c FROM sqlite_master m, pragma_index_list(m.name) l, \
         pragma_index_info(l.name) i WHERE m.type = 'table' AND i.seqno = 0"
    } else {
        "SELECT cl.relname::text AS t, a.attname::text AS c FROM pg_index i \
         JOIN pg_class cl ON cl.oid = i.indrelid \
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
         JOIN pg_namespace n ON n.oid = cl.relnamespace WHERE n.nspname = 'public'"
    };
    rows(connection, sql, &["t", "c"]).await
}

#[tokio::test]
async fn every_reference_is_a_foreign_key_with_an_index_and_a_chosen_end() {
    let (_folder, test, database) = open().await;
    let keys = foreign_keys(database.reader()).await;
    let indexes = indexes(database.reader()).await;
    let columns = columns(database.reader()).await;
    assert!(columns.len() > 50, "the schema is there");
    for column in columns.iter().filter(|column| column[1].ends_with("_id")) {
        if NOT_ROWS.contains(&column[1].as_str()) {
            continue;
        }
        let key = keys.iter().find(|key| key[..2] == column[..]);
        let key = key.unwrap_or_else(|| panic!("{column:?} has no foreign key"));
        assert_ne!(key[2], "NO ACTION", "{column:?} says nothing about deletion");
        assert!(indexes.contains(column), "{column:?} has no index");
    }
    close(test, database).await;
}

#[tokio::test]
async fn the_schema_goes_down_and_up_again() {
    let (_folder, test, database) = open().await;
    let before = columns(database.reader()).await;
    Migrator::down(database.reader(), None).await.unwrap();
    let down = columns(database.reader()).await;
    assert!(down.iter().all(|column| column[0] == "seaql_migrations"), "{down:?}");
    database.migrate().await.unwrap();
    let mut after = columns(database.reader()).await;
    let mut before = before;
    before.sort();
    after.sort();
    assert_eq!(before, after);
    close(test, database).await;
}
