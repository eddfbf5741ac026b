//! A server to call.

use std::collections::BTreeMap;

use albumen_server::app::{App, Clock};
use albumen_server::config::Config;
use albumen_server::{installation, open, serve};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::database::Database;
use crate::home::Home;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A server with a database and a folder of its own. It works while the test calls it.
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) setup_token: String,
    config: Config,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    database: Database,
    _folder: TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A server with other settings.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::create().await;
        let flags = [
            ("data-dir", folder.path().to_str().unwrap().to_owned()),
            ("secret-key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()),
        ];
        let url = database.url().map(|url| ("database-url", url));
        let flags: BTreeMap<_, _> =
            flags.into_iter().chain(url).map(|(name, value)| (name.to_owned(), value)).collect();
        let mut config = Config::read(&flags, &BTreeMap::new()).unwrap();
        change(&mut config);
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let app = open(config.clone(), Clock::System).await.unwrap();
        let setup_token = installation::renew_setup_token(&app).await.unwrap().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let (stop, serving) = start(app, listener);
        Self { url, setup_token, config, stop, serving, database, _folder: folder }
    }

    /// The same, stopped at once and started again at its address, with other settings.
    pub(crate) async fn restart_with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
        change(&mut self.config);
        let app = open(self.config.clone(), Clock::System).await.unwrap();
        let (_, address) = self.url.split_once("://").unwrap();
        let listener = TcpListener::bind(address).await.unwrap();
        (self.stop, self.serving) = start(app, listener);
        self
    }

    /// The same server at another address.
    pub(crate) fn at(self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self }
    }

    /// The machine of the first user, an administrator, signed in.
    pub(crate) fn ann(&self) -> Home {
        let home = Home::new();
        let token = ["--setup-token", self.setup_token.as_str()];
        let who = ["--email", "ann@example.org", "--name", "Ann", "--password-stdin"];
        let login = [&["login", &self.url][..], &token, &who].concat();
        home.run_with(&login, PASSWORD).ok();
        home
    }

    /// The machine of another user, whom `admin` creates, signed in.
    pub(crate) fn user(&self, admin: &Home, name: &str) -> Home {
        let email = format!("{}@example.org", name.to_lowercase());
        let create = ["admin", "users", "create", &email, "--name", name, "--password-stdin"];
        admin.run_with(&create, PASSWORD).ok();
        let home = Home::new();
        home.login(&self.url, &email);
        home
    }

    /// Stops the server and waits until it is gone.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
        self.database.drop().await;
    }
}

fn start(app: App, listener: TcpListener) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(async move {
        let stopped = async {
            stopped.await.ok();
        };
        serve(app.clone(), listener, stopped).await.unwrap();
        app.database.close().await.unwrap();
    });
    (stop, serving)
}
