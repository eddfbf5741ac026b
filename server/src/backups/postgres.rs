//! PostgreSQL's own programs, which dump and restore.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use percent_encoding::percent_decode_str;

use super::Object;
use crate::blob::BlobKey;
use crate::config::Secret;
use crate::id::BlobId;

/// Dumps the database as a snapshot sees it.
pub(super) async fn dump(url: &Secret, snapshot: &str, to: &Path) -> anyhow::Result<()> {
    let mut command = client("pg_dump", url);
    command.args(["--format=custom", "--no-owner", "--no-privileges"]);
    command.arg(format!("--snapshot={snapshot}")).arg("--file").arg(to);
    run(command).await.map(drop)
}

/// Fills an empty database from a dump: with all of it or nothing.
pub(super) async fn restore(url: &Secret, from: &Path) -> anyhow::Result<()> {
    let mut command = client("pg_restore", url);
    command.args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]);
    run(command_with(command, from)).await.map(drop)
}

/// The objects that a dump names.
pub(super) async fn objects(dump: &Path) -> anyhow::Result<Vec<Object>> {
    let mut command = Command::new("pg_restore");
    command.args(["--data-only", "--table=asset_file", "--file=-"]);
    let text = run(command_with(command, dump)).await?;
    parse(&String::from_utf8(text)?).context("the dump has no readable list of files")
}

fn command_with(mut command: Command, file: &Path) -> Command {
    command.arg(file);
    command
}

/// A program that connects. The password goes through the environment: arguments can be seen by
/// everybody on the machine.
fn client(program: &str, url: &Secret) -> Command {
    let (address, password) = split_password(url.expose());
    let mut command = Command::new(program);
    command.arg(format!("--dbname={address}"));
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    command
}

fn split_password(url: &str) -> (String, Option<String>) {
    let parts = || {
        let (scheme, rest) = url.split_once("://")?;
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (caller, host) = authority.rsplit_once('@')?;
        let (user, password) = caller.split_once(':')?;
        let password = percent_decode_str(password).decode_utf8_lossy().into_owned();
        Some((format!("{scheme}://{user}@{host}{tail}"), Some(password)))
    };
    parts().unwrap_or_else(|| (url.to_owned(), None))
}

/// Waits for a program, and returns what it printed.
async fn run(mut command: Command) -> anyhow::Result<Vec<u8>> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null());
    let output = match tokio::task::spawn_blocking(move || command.output()).await? {
        Err(error) if error.kind() == io::ErrorKind::NotFound => anyhow::bail!(
            "{program} is not on the PATH; PostgreSQL's client programs have it, in a version that \
             is at least the server's"
        ),
        output => output.with_context(|| format!("cannot run {program}"))?,
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{program} failed: {}", complaint.trim());
    Ok(output.stdout)
}

/// Reads the rows of `asset_file` as `COPY` writes them.
fn parse(text: &str) -> Option<Vec<Object>> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with("COPY "));
    let head = lines.next()?;
    let columns = head.split_once('(')?.1.split_once(')')?.0.split(", ");
    let columns: HashMap<_, _> = columns.enumerate().map(|(index, name)| (name, index)).collect();
    let object = |line: &str| {
        let values: Vec<_> = line.split('\t').collect();
        let value = |name: &str| values.get(*columns.get(name)?).copied();
        // Dumps from before there were libraries have no such column.
        if value("is_library") == Some("t") {
            return Some(None);
        }
        Some(Some(Object {
            key: BlobKey::Original(BlobId::parse(value("blob_id")?)?).path(),
            size_bytes: value("size_bytes")?.parse().ok()?,
            // A backslash is written as two.
            sha256: value("sha256")?.strip_prefix("\\\\x")?.to_owned(),
        }))
    };
    let objects = lines.take_while(|line| *line != "\\.").map(object);
    Some(objects.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_no_argument() {
        let split = split_password("postgres://me:p%40ss@db:5432/photos?sslmode=require");
        assert_eq!(split.0, "postgres://me@db:5432/photos?sslmode=require");
        assert_eq!(split.1.as_deref(), Some("p@ss"));
        for url in ["postgres://me@db/photos", "postgres:///photos?host=/run"] {
            assert_eq!(split_password(url), (url.to_owned(), None));
        }
    }

    #[test]
    fn the_rows_of_a_dump_are_read() {
        let text = "SET x;\n\nCOPY public.asset_file (asset_id, blob_id, size_bytes, sha256) FROM \
                    stdin;\na\t0192d3a0-0000-7000-8000-0000000000ff\t20\t\\\\x00ff\n\\.\n\nx\n";
        let objects = parse(text).unwrap();
        assert_eq!(objects.len(), 1);
        assert_eq!(objects[0].key, "originals/ff/0192d3a0-0000-7000-8000-0000000000ff");
        assert_eq!((objects[0].size_bytes, objects[0].sha256.as_str()), (20, "00ff"));
        assert_eq!(parse("nothing"), None);
        assert_eq!(parse(&text.replace("\t20\t", "\t")), None);
    }
}
