//! The database of a server, as `ALBUMEN_TEST_DATABASE` says.

use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::ConnectionTrait as _;

/// An empty database on a PostgreSQL server, or none: then there is SQLite in the data folder.
pub(crate) struct Database(Option<(String, String)>);

impl Database {
    pub(crate) async fn create() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("albumen_cli_{}_{number}", std::process::id());
        let database = Self(server().map(|server| (server, name)));
        database.administer("CREATE DATABASE").await;
        database
    }

    pub(crate) fn url(&self) -> Option<String> {
        self.0.as_ref().map(|(server, name)| format!("{server}/{name}"))
    }

    pub(crate) async fn drop(self) {
        self.administer("DROP DATABASE").await;
    }

    async fn administer(&self, what: &str) {
        let Some((server, name)) = &self.0 else { return };
        let connection = sea_orm::Database::connect(format!("{server}/postgres")).await.unwrap();
        let force = if what == "DROP DATABASE" { " WITH (FORCE)" } else { "" };
        connection.execute_unprepared(&format!("{what} {name}{force}")).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// The PostgreSQL server to test on, without a database.
fn server() -> Option<String> {
    std::env::var("ALBUMEN_TEST_DATABASE").ok().filter(|engine| engine == "postgres")?;
    let url = std::env::var("ALBUMEN_TEST_POSTGRES_URL").unwrap();
    Some(url.rsplit_once('/').unwrap().0.to_owned())
}
