//! `albumen-server backup`

use std::path::PathBuf;
use std::process::ExitCode;

use albumen_server::backups::{self, Created, Installation, Options};
use albumen_server::config::Config;
use anyhow::Context as _;
use clap::{ArgMatches, Command};

use super::progress::Line;
use super::{flag, folder, say};

pub(super) fn command() -> Command {
    super::command("backup", super::is_about_data)
        .about("Copies database and photos into a folder while the server works")
        .long_about(
            "Copies database and photos into a folder while the server works: a snapshot of the \
             database, then every object that it names, then manifest.json, which makes the backup \
             complete. Into a folder with a backup only new objects are copied. What is deleted on \
             the server stays in the folder. With PostgreSQL, pg_dump must be on the PATH.\n\n\
             Exit codes: 0 when the backup is complete, 1 when it is not; the backup before then \
             stays as it was.",
        )
        .arg(folder("to").help("Where the backup goes; best on another machine or disk"))
        .arg(flag("verify").help("Read the objects that are there too, and replace damaged ones"))
        .arg(flag("skip-lost").help(
            "Go on without objects that are missing or damaged in the store of photos, and list them",
        ))
        .arg(flag("include-secret-key").help(
            "Copy the secret key too. Then keep the backup as safe as the key: who has both can \
             open every shared link and sign in as anybody",
        ))
}

pub(super) async fn run(config: Config, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let to = matches.get_one::<PathBuf>("to").context("--to is missing")?;
    let options = Options {
        verify: matches.get_flag("verify"),
        skip_lost: matches.get_flag("skip-lost"),
        include_secret_key: matches.get_flag("include-secret-key"),
    };
    let installation = Installation::open(config).await?;
    let line = Line::new();
    let show = |progress| line.show(progress);
    let created = backups::create(&installation, to, options, &show).await?;
    installation.database.close().await?;
    tell(&created)?;
    Ok(ExitCode::SUCCESS)
}

fn tell(created: &Created) -> anyhow::Result<()> {
    let Created { manifest, copied } = created;
    let (objects, there) = (manifest.objects.len(), manifest.objects.len() - copied);
    say(format_args!("objects: {objects}; copied: {copied}; there before: {there}"))?;
    for object in &manifest.lost {
        say(format_args!("missing or damaged, and not in the backup: {}", object.key))?;
    }
    if manifest.has_secret_key {
        say("The secret key is in the backup. Keep it as safe as the key.")?;
    } else {
        say("The secret key is NOT in the backup: keep a copy elsewhere, or use")?;
        say("--include-secret-key. A restored server does not start without it. No photo is")?;
        say("sealed with it, but sessions and the addresses of shared links are.")?;
    }
    Ok(())
}
