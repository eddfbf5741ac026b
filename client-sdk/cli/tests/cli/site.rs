//! A server to call.

use std::collections::BTreeMap;

use albumen_server::app::Clock;
use albumen_server::config::Config;
use albumen_server::{installation, open, serve};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::home::Home;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A server with a database and a folder of its own. It works while the test calls it.
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) setup_token: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A server with other settings.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let flags = [
            ("data-dir", folder.path().to_str().unwrap()),
            ("secret-key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ];
        let flags = flags.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut config = Config::read(&BTreeMap::from(flags), &BTreeMap::new()).unwrap();
        change(&mut config);
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let app = open(config, Clock::System).await.unwrap();
        let setup_token = installation::renew_setup_token(&app).await.unwrap().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move {
            let stopped = async {
                stopped.await.ok();
            };
            serve(app, listener, stopped).await.unwrap();
        });
        Self { url, setup_token, stop, serving, _folder: folder }
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
    }
}
