//! The `albumen-server` command.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use albumen_server::app::Clock;
use albumen_server::config::{Config, LogFormat, SETTINGS};
use albumen_server::{installation, open, serve};
use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Wrong settings, as in `sysexits.h`.
const EXIT_CONFIG: u8 = 78;

fn main() -> ExitCode {
    let matches = command().get_matches();
    let Some(("serve", flags)) = matches.subcommand() else { return ExitCode::FAILURE };
    let config = match read_config(flags) {
        Ok(config) => config,
        Err(mistakes) => {
            complain(&format!("the settings are wrong:\n{mistakes}"));
            return ExitCode::from(EXIT_CONFIG);
        }
    };
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    let serve = Command::new("serve")
        .about("Serves gRPC, grpc-web and HTTP until it is told to stop")
        .after_help(
            "Each setting can be given as a flag or as a variable in the environment; the flag wins.\n\
             Secrets can also be read from a file that a variable ending in _FILE names.",
        )
        .args(SETTINGS.iter().map(argument));
    Command::new("albumen-server")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Albumen, a self-hosted photo-sharing service")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve)
}

fn argument(setting: &'static albumen_server::config::Setting) -> Arg {
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

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn read_config(flags: &ArgMatches) -> Result<Config, String> {
    let given =
        |name: &'static str| Some((name.to_owned(), flags.get_one::<String>(name)?.clone()));
    let flags = SETTINGS.iter().filter_map(|setting| given(setting.name)).collect();
    let variables: BTreeMap<_, _> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Config::read(&flags, &variables)
}

/// Starts the log, and the export of spans where the settings ask for it.
fn start_log(config: &Config) -> anyhow::Result<()> {
    let log = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let log = match config.log_format {
        LogFormat::Text => log.boxed(),
        LogFormat::Json => log.json().boxed(),
    };
    let lines = tracing_subscriber::registry().with(EnvFilter::new(&config.log)).with(log);
    #[cfg(feature = "otel")]
    let lines = lines.with(albumen_server::transport::otel::layer(config)?);
    Ok(lines.try_init()?)
}

#[tokio::main]
async fn run(config: Config) -> anyhow::Result<()> {
    start_log(&config)?;
    let address = config.listen;
    let app = open(config, Clock::System).await?;
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
    if let Some(token) = installation::renew_setup_token(&app).await? {
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "There is no user yet. Create the first one with AuthService.SetUp and this"
        )?;
        writeln!(out, "setup token: {token}")?;
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    };
    serve(app.clone(), listener, shutdown).await?;
    #[cfg(feature = "otel")]
    albumen_server::transport::otel::flush().await;
    Ok(app.database.close().await?)
}

fn complain(message: &str) {
    // Where even standard error is closed, the exit code says it.
    drop(writeln!(std::io::stderr(), "albumen-server: {message}"));
}
