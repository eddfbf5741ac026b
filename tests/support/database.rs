//! A database for each test, cloned from a template.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use albumen_server::config::{Config, DatabaseUrl};
use albumen_server::database::Database;
use sea_orm::{ConnectionTrait as _, Database as Sea, DatabaseConnection};
use tokio::sync::OnceCell;

#[derive(Debug, Clone)]
pub(crate) enum TestDatabase {
    Sqlite(PathBuf),
    Postgres { server: String, name: String },
}

impl TestDatabase {
    pub(crate) async fn create(folder: &Path) -> Self {
        match postgres_server() {
            None => {
                let path = folder.join("albumen.db");
                std::fs::copy(sqlite_template().await, &path).unwrap();
                Self::Sqlite(path)
            }
            Some(server) => {
                let template = postgres_template(&server).await;
                Self::postgres(server, &format!("TEMPLATE {template}")).await
            }
        }
    }

    /// A database without tables. On SQLite there is no file.
    pub(crate) async fn empty(folder: &Path) -> Self {
        match postgres_server() {
            None => Self::Sqlite(folder.join("albumen.db")),
            Some(server) => Self::postgres(server, "").await,
        }
    }

    async fn postgres(server: String, options: &str) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("albumen_{}_{number}", std::process::id());
        let admin = connect(&server, "postgres").await;
        admin.execute_unprepared(&format!("CREATE DATABASE {name} {options}")).await.unwrap();
        admin.close().await.unwrap();
        Self::Postgres { server, name }
    }

    /// The address as other programs take it.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres { server, name } => format!("{server}/{name}"),
        }
    }

    pub(crate) fn url(&self) -> DatabaseUrl {
        let url = self.address();
        let flags = [("database-url".to_owned(), url)].into();
        Config::read(&flags, &Default::default()).unwrap().database_url
    }

    pub(crate) async fn drop(&self) {
        if let Self::Postgres { server, name } = self {
            let admin = connect(server, "postgres").await;
            admin.execute_unprepared(&format!("DROP DATABASE {name}")).await.unwrap();
            admin.close().await.unwrap();
        }
    }
}

/// The PostgreSQL server to test on, without a database; `None` to test on SQLite.
pub(crate) fn postgres_server() -> Option<String> {
    match variable("ALBUMEN_TEST_DATABASE").as_deref() {
        None | Some("sqlite") => None,
        Some("postgres") => {
            let url = variable("ALBUMEN_TEST_POSTGRES_URL");
            let url = url.expect("ALBUMEN_TEST_POSTGRES_URL names the server to test on");
            Some(url.rsplit_once('/').unwrap().0.to_owned())
        }
        Some(other) => panic!("ALBUMEN_TEST_DATABASE is sqlite or postgres, not {other}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "which database to test on is not a setting")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn connect(server: &str, database: &str) -> DatabaseConnection {
    Sea::connect(format!("{server}/{database}")).await.unwrap()
}

async fn sqlite_template() -> &'static Path {
    static TEMPLATE: OnceCell<PathBuf> = OnceCell::const_new();
    let make = || async {
        let folder = tempfile::tempdir().unwrap().keep();
        let path = folder.join("template.db");
        migrate(&TestDatabase::Sqlite(path.clone())).await;
        path
    };
    TEMPLATE.get_or_init(make).await
}

async fn postgres_template(server: &str) -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let make = || async {
        let name = format!("albumen_{}", std::process::id());
        let admin = connect(server, "postgres").await;
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        admin.close().await.unwrap();
        migrate(&TestDatabase::Postgres { server: server.to_owned(), name: name.clone() }).await;
        name
    };
    TEMPLATE.get_or_init(make).await
}

async fn migrate(database: &TestDatabase) {
    let mut config = Config::read(&Default::default(), &Default::default()).unwrap();
    config.database_url = database.url();
    let database = Database::open(&config, Default::default()).await.unwrap();
    database.migrate().await.unwrap();
    database.close().await.unwrap();
}
