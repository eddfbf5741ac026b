//! Databases that other versions made.

use albumen_server::app::Clock;
use albumen_server::config::Config;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend};

use super::schema::{close, columns, open, rows};

/// The steps of the first release.
const FIRST_STEPS: u32 = 6;

/// A row in every table of the first release. `{1}` is an id, `{x}` some bytes.
const ROWS: &[&str] = &[
    "INSERT INTO installation VALUES (1, {x}, {x}, 10)",
    "INSERT INTO signing_key VALUES ({1}, {x}, 10)",
    "INSERT INTO \"user\" VALUES \
     ({2}, 'Ann@example.org', 'ann@example.org', 'Ann', 'hash', TRUE, 1000, 20, NULL, 10, 11)",
    "INSERT INTO session VALUES ({3}, {2}, 'phone', {x}, NULL, 10, 10, 99)",
    "INSERT INTO asset VALUES ({4}, {2}, 1, {x}, 40, 30, NULL, 9, 3600, 9, 10, 11)",
    "INSERT INTO asset_file VALUES ({4}, 1, {5}, 'image/jpeg', 'a.jpg', 20, {x}, 7, NULL)",
    "INSERT INTO album VALUES ({6}, 'Summer', 'summer', '', 1, {4}, 1, 9, 9, 3, 10, 11, NULL)",
    "INSERT INTO album_member VALUES ({6}, {2}, 4, 10)",
    "INSERT INTO album_asset VALUES ({6}, {4}, 9, 1048576, 10)",
    "INSERT INTO upload VALUES \
     ({7}, {2}, 'b.jpg', 30, {x}, {6}, NULL, 9, 1, {8}, 10, {x}, NULL, FALSE, 10, 99)",
    "INSERT INTO shared_link VALUES \
     ({9}, {6}, {2}, {x}, {x}, 'summer', 'for all', 'hash', 2, 99, TRUE, 10, 11, NULL)",
    "INSERT INTO export VALUES ({1}, {2}, NULL, {6}, 'Summer', {x}, 10, 99)",
    "INSERT INTO export_part VALUES ({1}, 1, 'Summer.zip', 200, 1, 'etag', {x})",
];

fn filled(sql: &str, backend: DbBackend) -> String {
    let is_sqlite = backend == DbBackend::Sqlite;
    let mut sql = sql.replace("{x}", if is_sqlite { "X'00ff10'" } else { "'\\x00ff10'" });
    for number in 1..10 {
        let id = match is_sqlite {
            true => format!("X'0192d3a000007000800000000000000{number}'"),
            false => format!("'0192d3a0-0000-7000-8000-00000000000{number}'"),
        };
        sql = sql.replace(&format!("{{{number}}}"), &id);
    }
    sql
}

/// Every value of some columns, in a form that tells any two apart.
async fn contents(connection: &DatabaseConnection, columns: &[Vec<String>]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for column in columns {
        let (table, name) = (&column[0], &column[1]);
        let value = match connection.get_database_backend() {
            DbBackend::Sqlite => format!("quote(\"{name}\")"),
            _ => format!("coalesce(\"{name}\"::text, 'NULL')"),
        };
        let sql = format!("SELECT '{table}.{name}' AS n, {value} AS v FROM \"{table}\"");
        found.extend(rows(connection, &sql, &["n", "v"]).await);
    }
    found.sort();
    found
}

#[tokio::test]
async fn the_first_release_goes_up_without_loss() {
    let (_folder, test, database) = open().await;
    let connection = database.reader();
    Migrator::down(connection, None).await.unwrap();
    Migrator::up(connection, Some(FIRST_STEPS)).await.unwrap();
    for row in ROWS {
        let row = filled(row, connection.get_database_backend());
        connection.execute_unprepared(&row).await.unwrap();
    }
    let mut columns = columns(connection).await;
    columns.retain(|column| column[0] != "seaql_migrations");
    let before = contents(connection, &columns).await;
    assert_eq!(before.len(), columns.len(), "a table is empty");

    let pending = Migrator::migrations().len() - FIRST_STEPS as usize;
    assert_eq!(database.migrate().await.unwrap().len(), pending);
    assert_eq!(contents(connection, &columns).await, before);
    // Nobody is new in an album that was theirs before.
    let unseen = "SELECT CAST(count(*) AS TEXT) AS n FROM album_member WHERE seen_time IS NULL";
    assert_eq!(rows(connection, unseen, &["n"]).await, [["0"]]);
    close(test, database).await;
}

/// The steps after which rules and libraries could have the same name.
const STEPS_WITH_TWINS: u32 = 12;

/// `{n}` is an id of three, `{2}` their owner.
const TWINS: [&str; 2] = [
    "INSERT INTO folder_rule VALUES \
     ({n}, {2}, FALSE, 'Trips', '{}', NULL, NULL, NULL, 10, 11)",
    "INSERT INTO library VALUES \
     ({n}, {2}, 'Trips', '[]', '[]', NULL, NULL, FALSE, NULL, 10, 11, NULL)",
];

#[tokio::test]
async fn rules_and_libraries_of_one_name_get_numbers() {
    let (_folder, test, database) = open().await;
    let connection = database.reader();
    Migrator::down(connection, None).await.unwrap();
    Migrator::up(connection, Some(FIRST_STEPS)).await.unwrap();
    let execute = async |sql: &str| {
        let sql = filled(sql, connection.get_database_backend());
        connection.execute_unprepared(&sql).await.unwrap();
    };
    execute(ROWS.iter().find(|row| row.contains("\"user\"")).unwrap()).await;
    Migrator::up(connection, Some(STEPS_WITH_TWINS - FIRST_STEPS)).await.unwrap();
    for twin in TWINS {
        for id in ["{3}", "{4}", "{5}"] {
            execute(&twin.replace("{n}", id)).await;
        }
    }
    execute("UPDATE folder_rule SET display_name = 'Trips (2)' WHERE id = {5}").await;
    database.migrate().await.unwrap();
    for (table, expected) in [
        ("folder_rule", [["Trips"], ["Trips (3)"], ["Trips (2)"]]),
        ("library", [["Trips"], ["Trips (2)"], ["Trips (3)"]]),
    ] {
        let sql = format!("SELECT display_name AS n FROM {table} ORDER BY id");
        assert_eq!(rows(connection, &sql, &["n"]).await, expected, "{table}");
    }
    close(test, database).await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let (folder, test, database) = open().await;
    let newer = "INSERT INTO seaql_migrations VALUES ('m29990101_01_later', 1)";
    database.reader().execute_unprepared(newer).await.unwrap();
    let schema = database.schema().await.unwrap();
    assert_eq!(schema.unknown, ["m29990101_01_later"]);
    assert!(schema.pending.is_empty());
    let before = columns(database.reader()).await;
    let error = database.migrate().await.unwrap_err().to_string();
    assert!(error.contains("a newer version") && error.contains("m29990101_01_later"), "{error}");
    assert_eq!(columns(database.reader()).await, before);

    let flags = [
        ("data-dir", folder.path().to_str().unwrap().to_owned()),
        ("secret-key", "A".repeat(43) + "="),
    ];
    let flags = flags.map(|(name, value)| (name.to_owned(), value)).into();
    let mut config = Config::read(&flags, &Default::default()).unwrap();
    config.database_url = test.url();
    let started = albumen_server::open(config, Clock::System).await;
    let error = format!("{:#}", started.unwrap_err());
    assert!(error.contains("a newer version has been here"), "{error}");
    close(test, database).await;
}

#[tokio::test]
async fn a_database_tells_its_steps_without_being_changed() {
    let (_folder, test, database) = open().await;
    Migrator::down(database.reader(), None).await.unwrap();
    database.reader().execute_unprepared("DROP TABLE seaql_migrations").await.unwrap();
    let all: Vec<_> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    let schema = database.schema().await.unwrap();
    assert_eq!((schema.taken.len(), schema.pending), (0, all.clone()));
    assert!(columns(database.reader()).await.is_empty());
    assert_eq!(database.migrate().await.unwrap(), all);
    assert_eq!(database.schema().await.unwrap().taken, all);
    close(test, database).await;
}
