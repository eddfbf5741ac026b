//! Servers as processes of their own, so that what they use can be told from what clients do.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use albumen_server::app::Clock;
use albumen_server::config::Config;
use albumen_server::installation;
use anyhow::{Context as _, Result, bail};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::bare;
use crate::process::Process;

const ARCHIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/export/archiver.mjs");

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The Albumen server, on a data folder.
    Ours,
    /// The least that sends the bytes of a list of files.
    Bare,
    /// A zip of a list of files, made by Node.
    Archiver,
}

impl Kind {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text {
            "ours" => Ok(Self::Ours),
            "bare" => Ok(Self::Bare),
            _ => bail!("{text} is no server"),
        }
    }
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it listens, as in `http://127.0.0.1:1234`.
    pub(crate) origin: String,
    /// The setup token of a server of ours without users.
    pub(crate) setup_token: Option<String>,
}

impl Server {
    /// Starts a server on a data folder or a list of files.
    pub(crate) fn start(kind: Kind, path: &Path) -> Result<Self> {
        let mut command = match kind {
            Kind::Archiver => {
                let mut node = Command::new("node");
                node.arg(ARCHIVER);
                node
            }
            Kind::Ours | Kind::Bare => {
                let mut this = Command::new(std::env::current_exe()?);
                this.args(["--serve", if kind == Kind::Ours { "ours" } else { "bare" }]);
                this
            }
        };
        command.arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let port = words.next().with_context(|| format!("{kind:?} did not start"))?;
        let origin = format!("http://127.0.0.1:{port}");
        Ok(Self { child, origin, setup_token: words.next().map(str::to_owned) })
    }

    pub(crate) fn process(&self) -> Process {
        Process(self.child.id())
    }
}

impl Drop for Server {
    /// Servers end when their input does, also when this process is killed.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if let Err(error) = self.child.wait() {
            eprintln!("a server does not end: {error}");
        }
    }
}

/// The life of a server process: says where it listens, then serves until its input ends.
pub(crate) async fn serve(kind: Kind, path: &Path) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let (end, ended) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let read = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop((read, end));
    });
    let ended = async move { drop(ended.await) };
    let mut out = std::io::stdout();
    match kind {
        Kind::Ours => {
            let app = Box::pin(albumen_server::open(config(path)?, Clock::System)).await?;
            let token = installation::renew_setup_token(&app).await?;
            writeln!(out, "{port} {}", token.unwrap_or_default())?;
            albumen_server::serve(app, listener, ended).await
        }
        Kind::Bare => {
            let files = bare::Files::read(path)?;
            writeln!(out, "{port}")?;
            bare::serve(files, listener, ended).await
        }
        Kind::Archiver => bail!("Node serves that"),
    }
}

fn config(data_dir: &Path) -> Result<Config> {
    let data_dir = data_dir.to_str().context("the folder's name is not UTF-8")?;
    let settings = [("data-dir", data_dir), ("access-token-ttl", "1d"), ("shutdown-grace", "1s")];
    let flags = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config::read(&flags.into(), &BTreeMap::new()).map_err(anyhow::Error::msg)
}
