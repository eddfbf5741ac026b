//! What the command line offers: one file for each command.

mod admin;
mod backup;
mod migrate;
mod progress;
mod restore;
mod serve;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use albumen_server::config::{Config, LogFormat, SETTINGS, Setting};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Wrong settings, as in `sysexits.h`.
const EXIT_CONFIG: u8 = 78;

const AFTER_HELP: &str = "Each setting can be given as a flag or as a variable in the environment; the flag wins.\n\
     Secrets can also be read from a file that a variable ending in _FILE names.";

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    let matches = commands().get_matches();
    let Some((name, matches)) = matches.subcommand() else { return ExitCode::FAILURE };
    let settings = if name == "admin" { admin::settings(matches) } else { matches };
    let config = match read_config(settings) {
        Ok(config) => config,
        Err(mistakes) => {
            complain(&format!("the settings are wrong:\n{mistakes}"));
            return ExitCode::from(EXIT_CONFIG);
        }
    };
    match start(name, config, matches) {
        Ok(code) => code,
        Err(error) => {
            complain(&causes(&error));
            ExitCode::FAILURE
        }
    }
}

fn commands() -> Command {
    Command::new("albumen-server")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Albumen, a self-hosted photo-sharing service")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve::command())
        .subcommand(migrate::command())
        .subcommand(backup::command())
        .subcommand(restore::command())
        .subcommand(admin::command())
}

#[tokio::main]
async fn start(name: &str, config: Config, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    start_log(&config)?;
    match name {
        "migrate" => migrate::run(config, matches).await,
        "admin" => admin::run(config, matches).await,
        "backup" => backup::run(config, matches).await,
        "restore" => restore::run(config, matches).await,
        _ => serve::run(config).await,
    }
}

/// A command that takes the settings for which `is_taken`; the others are still read from the
/// environment, so that every command understands the server's.
fn command(name: &'static str, is_taken: impl Fn(&Setting) -> bool) -> Command {
    let taken = SETTINGS.iter().filter(|setting| is_taken(setting));
    Command::new(name)
        .after_help(AFTER_HELP)
        .next_help_heading("Settings")
        .args(taken.map(argument))
        .next_help_heading(None)
}

/// Whether a setting says where data lies; commands that do not serve take only these.
fn is_about_data(setting: &Setting) -> bool {
    setting.name.starts_with("s3-")
        || ["data-dir", "database-url", "secret-key", "log", "log-format"].contains(&setting.name)
}

fn argument(setting: &'static Setting) -> Arg {
    let default = match setting.default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    Arg::new(setting.name).long(setting.name).value_name("VALUE").help(format!(
        "{}{default} [variable: {}]",
        setting.help,
        setting.variable()
    ))
}

/// An option that names a folder and must be given.
fn folder(name: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("FOLDER")
        .required(true)
        .value_parser(value_parser!(PathBuf))
}

fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn read_config(matches: &ArgMatches) -> Result<Config, String> {
    let given = |name: &'static str| {
        // Not every command takes every setting.
        let value = matches.try_get_one::<String>(name).ok()??;
        Some((name.to_owned(), value.clone()))
    };
    let flags = SETTINGS.iter().filter_map(|setting| given(setting.name)).collect();
    let variables: BTreeMap<_, _> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Config::read(&flags, &variables)
}

/// Starts the log, and the export of spans where the settings ask for it.
fn start_log(config: &Config) -> anyhow::Result<()> {
    let log = tracing_subscriber::fmt::layer()
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    let log = match config.log_format {
        LogFormat::Text => log.boxed(),
        LogFormat::Json => log.json().boxed(),
    };
    let lines = tracing_subscriber::registry().with(EnvFilter::new(&config.log)).with(log);
    #[cfg(feature = "otel")]
    let lines = lines.with(albumen_server::transport::otel::layer(config)?);
    Ok(lines.try_init()?)
}

/// Says something to whoever called the command.
fn say(message: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{message}")
}

/// An error and its causes, without those that the one before has named.
fn causes(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        said if said.ends_with(&cause) => said.to_owned(),
        said => format!("{said}: {cause}"),
    })
}

fn complain(message: &str) {
    // Where even standard error is closed, the exit code says it.
    drop(writeln!(io::stderr(), "albumen-server: {message}"));
}
