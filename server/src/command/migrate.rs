//! `albumen-server migrate`

use std::process::ExitCode;

use albumen_server::config::{Config, DatabaseUrl};
use albumen_server::database::Database;
use anyhow::Context as _;
use clap::{ArgMatches, Command};
use tokio_util::task::TaskTracker;

use super::say;

/// With `--check`: steps are to be taken.
const EXIT_BEHIND: u8 = 3;

pub(super) fn command() -> Command {
    super::command("migrate", super::is_about_data)
        .about("Brings the database to this version's schema")
        .long_about(
            "Brings the database to this version's schema, and says what was done. Serving does \
             the same at its start; this is for doing it at another time, or with other rights. \
             Steps are never taken back: make a backup before.\n\n\
             Exit codes: 0 when the database is at this version's schema, 1 when it cannot be, \
             as one that a newer version has been at; with --check, 3 when steps are to be taken.",
        )
        .arg(super::flag("check").help("Only say what would be done"))
}

pub(super) async fn run(config: Config, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let is_check = matches.get_flag("check");
    if let DatabaseUrl::Sqlite(path) = &config.database_url {
        // Opening makes the file.
        if is_check && !path.exists() {
            say(format_args!("there is no database yet: {}", path.display()))?;
            return Ok(ExitCode::from(EXIT_BEHIND));
        }
    }
    let database = Database::open(&config, TaskTracker::new()).await?;
    let code = if is_check { check(&database).await? } else { take(&database).await? };
    database.close().await?;
    Ok(code)
}

async fn take(database: &Database) -> anyhow::Result<ExitCode> {
    let steps = database.migrate().await.context("cannot bring the database to this schema")?;
    for step in &steps {
        say(format_args!("took {step}"))?;
    }
    say("the database is at this version's schema")?;
    Ok(ExitCode::SUCCESS)
}

async fn check(database: &Database) -> anyhow::Result<ExitCode> {
    let schema = database.schema().await?;
    for step in &schema.unknown {
        say(format_args!("a newer version took {step}"))?;
    }
    for step in &schema.pending {
        say(format_args!("to be taken: {step}"))?;
    }
    Ok(match (schema.unknown.is_empty(), schema.pending.is_empty()) {
        (true, true) => {
            say("the database is at this version's schema")?;
            ExitCode::SUCCESS
        }
        (true, false) => ExitCode::from(EXIT_BEHIND),
        (false, _) => ExitCode::FAILURE,
    })
}
