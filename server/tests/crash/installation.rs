//! Data that outlives its servers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use albumen::v1::SetUpRequest;
use albumen::v1::auth_service_client::AuthServiceClient;
use albumen_server::app::{App, Clock};
use albumen_server::config::Config;
use albumen_server::entity::job::State;
use albumen_server::entity::{job, lease, schedule};
use albumen_server::{installation, open, transport};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, Database, EntityTrait as _, QueryFilter as _,
};
use tempfile::TempDir;

/// How many installations this process has made.
static CREATED: AtomicUsize = AtomicUsize::new(0);

/// A data folder and a database.
pub(crate) struct Installation {
    folder: TempDir,
    /// The PostgreSQL server, and the database there.
    postgres: Option<(String, String)>,
    /// How often [`Installation::hasten`] was called, and how many jobs were running then.
    hastened: AtomicUsize,
    cut_off: AtomicUsize,
}

impl Installation {
    /// A new one, on the database that `ALBUMEN_TEST_DATABASE` names, as for the other tests.
    pub(crate) async fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let is_postgres = variable("ALBUMEN_TEST_DATABASE").as_deref() == Some("postgres");
        let server = is_postgres.then(|| variable("ALBUMEN_TEST_POSTGRES_URL").unwrap());
        let postgres = server.map(|url| {
            let number = CREATED.fetch_add(1, Ordering::Relaxed);
            let name = format!("albumen_crash_{}_{number}", std::process::id());
            (url.rsplit_once('/').unwrap().0.to_owned(), name)
        });
        let installation =
            Self { folder, postgres, hastened: AtomicUsize::new(0), cut_off: AtomicUsize::new(0) };
        installation.administer("CREATE DATABASE").await;
        installation
    }

    pub(crate) async fn remove(self) {
        self.administer("DROP DATABASE").await;
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where libraries may lie.
    pub(crate) fn library_root(&self) -> PathBuf {
        self.folder.path().join("libraries")
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    async fn administer(&self, what: &str) {
        let Some((server, name)) = &self.postgres else { return };
        let connection = Database::connect(format!("{server}/postgres")).await.unwrap();
        let force = if what == "DROP DATABASE" { " WITH (FORCE)" } else { "" };
        connection.execute_unprepared(&format!("{what} {name}{force}")).await.unwrap();
        connection.close().await.unwrap();
    }

    /// The settings that all its servers have.
    pub(crate) fn flags(&self) -> Vec<String> {
        let mut settings = vec![
            ("data-dir", self.folder.path().display().to_string()),
            ("library-roots", self.library_root().display().to_string()),
            ("access-token-ttl", "1d".to_owned()),
            ("secret-key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()),
        ];
        if let Some((server, name)) = &self.postgres {
            settings.push(("database-url", format!("{server}/{name}")));
        }
        settings.into_iter().flat_map(|(name, value)| [format!("--{name}"), value]).collect()
    }

    /// Opens it in this process, as long as no server has it.
    pub(crate) async fn open(&self, clock: Clock) -> App {
        let flags = self.flags();
        let pairs = flags.chunks(2);
        let pairs = pairs.map(|pair| (pair[0].trim_start_matches('-').to_owned(), pair[1].clone()));
        let config = Config::read(&pairs.collect(), &BTreeMap::new()).unwrap();
        open(config, clock).await.unwrap()
    }

    /// Makes the first user, and returns their access token.
    pub(crate) async fn set_up(&self) -> String {
        let app = self.open(Clock::System).await;
        let setup_token = installation::renew_setup_token(&app).await.unwrap().unwrap();
        let request = SetUpRequest {
            setup_token,
            email: "ann@example.org".to_owned(),
            password: "correct horse battery".to_owned(),
            display_name: "Ann".to_owned(),
            ..SetUpRequest::default()
        };
        let mut auth = AuthServiceClient::new(transport::stack(&app).await.router);
        let answer = auth.set_up(request).await.unwrap().into_inner();
        close(app).await;
        answer.tokens.unwrap().access_token
    }

    /// How many periods of the schedules began.
    pub(crate) fn periods(&self) -> usize {
        self.hastened.load(Ordering::Relaxed) + 1
    }

    /// How many jobs may have been begun once more at most.
    pub(crate) fn cut_off(&self) -> usize {
        self.cut_off.load(Ordering::Relaxed)
    }

    /// Lets time pass for the jobs: all are due now, the leases of killed servers are over, and
    /// the sweeps come back.
    pub(crate) async fn hasten(&self) {
        self.hastened.fetch_add(1, Ordering::Relaxed);
        let app = self.open(Clock::System).await;
        let running = job::Entity::find().filter(job::Column::State.eq(State::Running));
        let running = running.all(app.database.reader()).await.unwrap().len();
        self.cut_off.fetch_add(running, Ordering::Relaxed);
        let now = app.now();
        let hasten = app.transact(move |transaction| async move {
            lease::Entity::delete_many().exec(&*transaction).await?;
            schedule::Entity::delete_many().exec(&*transaction).await?;
            job::Entity::update_many()
                .col_expr(job::Column::DueTime, Expr::value(now))
                // Nobody kills a server ten times in the middle of the same job, but this test.
                .col_expr(job::Column::FailureCount, Expr::value(0))
                .filter(job::Column::State.is_in([State::Queued, State::Running]))
                .exec(&*transaction)
                .await?;
            Ok(())
        });
        hasten.await.unwrap();
        close(app).await;
    }
}

pub(crate) async fn close(app: App) {
    app.tasks.close();
    app.tasks.wait().await;
    app.database.close().await.unwrap();
}

#[expect(clippy::disallowed_methods, reason = "which database to test on is not a setting")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
