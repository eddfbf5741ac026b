//! What the demo is told on its command line.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};

/// What the demo works with.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The server's address.
    pub(crate) url: String,
    /// What makes the first user of a new server.
    pub(crate) setup_token: Option<String>,
    /// Where e-mail and password are kept for the next run.
    pub(crate) state: PathBuf,
    /// The folder of photos.
    pub(crate) photos: PathBuf,
    /// Where the archives go.
    pub(crate) out: PathBuf,
}

impl Settings {
    /// Reads the command line and the environment; ends the program if they make no sense.
    pub(crate) fn read() -> Self {
        let matches = command().get_matches();
        let path = |name| matches.get_one::<PathBuf>(name).cloned().unwrap_or_default();
        Self {
            url: text(&matches, "url").unwrap_or_default(),
            setup_token: text(&matches, "setup-token"),
            state: path("state"),
            photos: path("photos"),
            out: path("out"),
        }
    }
}

fn command() -> Command {
    Command::new("demo")
        .about("Shares a folder of photos, and downloads it again through the link")
        .arg(option("url", "ADDRESS").default_value("http://127.0.0.1:8420").help("The server"))
        .arg(
            option("setup-token", "TOKEN")
                .env("ALBUMEN_SETUP_TOKEN")
                .hide_env_values(true)
                .help("What the server printed; needed for its first user only"),
        )
        .arg(file("state", "FILE").default_value("demo.json").help("Keeps e-mail and password"))
        .arg(file("photos", "FOLDER").required(true).help("The photos and videos to share"))
        .arg(file("out", "FOLDER").default_value("downloads").help("Where the archives go"))
}

fn option(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

fn file(name: &'static str, value: &'static str) -> Arg {
    option(name, value).value_parser(value_parser!(PathBuf))
}

fn text(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.get_one::<String>(name).filter(|text| !text.is_empty()).cloned()
}
