//! `albumen-server restore`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use albumen_server::backups::{self, KeyAdvice, Restored};
use albumen_server::blob::BlobStore;
use albumen_server::config::Config;
use anyhow::Context as _;
use clap::{ArgMatches, Command};

use super::progress::Line;
use super::{flag, folder, say};

pub(super) fn command() -> Command {
    super::command("restore", super::is_about_data)
        .about("Puts a backup into an empty data folder, or checks it")
        .long_about(
            "Puts a backup into an empty data folder or bucket, and into an empty database of the \
             same kind as before. Nothing that is there is overwritten. Every object is compared \
             with its digest as it is copied. With PostgreSQL, pg_restore must be on the PATH.\n\n\
             With --verify nothing is restored: every file of the backup is compared with the \
             manifest, and the manifest with the database.\n\n\
             Exit codes: 0 when all is restored, or the backup is whole; 1 when it is not.",
        )
        .arg(folder("from").help("Where the backup is"))
        .arg(flag("verify").help("Only check the backup, and restore nothing"))
}

pub(super) async fn run(config: Config, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let from = matches.get_one::<PathBuf>("from").context("--from is missing")?;
    let line = Line::new();
    let show = |progress| line.show(progress);
    if matches.get_flag("verify") {
        return verify(from, &show).await;
    }
    let blobs = BlobStore::open(&config).context("cannot open the store of photos")?;
    tell(&backups::restore(&config, &blobs, from, &show).await?)?;
    Ok(ExitCode::SUCCESS)
}

async fn verify(from: &Path, listener: backups::Listener<'_>) -> anyhow::Result<ExitCode> {
    let (manifest, findings) = backups::verify(from, listener).await?;
    for finding in &findings {
        say(finding)?;
    }
    let faults = findings.iter().filter(|finding| finding.is_fault()).count();
    let (time, objects) = (&manifest.create_time, manifest.objects.len());
    if faults > 0 {
        say(format_args!("the backup of {time} is not whole; faults: {faults}"))?;
        return Ok(ExitCode::FAILURE);
    }
    say(format_args!("the backup of {time} is whole; objects: {objects}"))?;
    Ok(ExitCode::SUCCESS)
}

fn tell(restored: &Restored) -> anyhow::Result<()> {
    let Restored { manifest, key } = restored;
    let (objects, time) = (manifest.objects.len(), &manifest.create_time);
    say(format_args!("restored the backup of {time}; objects: {objects}"))?;
    match key {
        KeyAdvice::Done => {}
        KeyAdvice::SetIt => {
            say("Set ALBUMEN_SECRET_KEY_FILE to the secret.key of the backup, or a copy of it.")?;
        }
        KeyAdvice::BringIt => {
            say("The secret key is not in the backup. Set it, or put it into the data folder as")?;
            say("secret.key, before a server starts: with another key it refuses to.")?;
        }
    }
    Ok(())
}
