//! The `albumen-server` command as a process: what it prints and how it exits.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected fails")]

use std::path::Path;
use std::process::{Command, Output};

/// Runs the command on a data folder. Settings of whoever runs the tests do not reach it.
fn albumen(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_albumen-server"))
        .args(arguments)
        .env_clear()
        .env("ALBUMEN_DATA_DIR", folder.join("data"))
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn every_command_explains_itself_with_the_settings_that_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    let all = out(&albumen(folder.path(), &["--help"]));
    let commands = [("serve", true), ("migrate", false), ("backup", false), ("restore", false)];
    for (command, has_listen) in commands {
        assert!(all.contains(command), "{all}");
        let help = albumen(folder.path(), &[command, "--help"]);
        assert_eq!(help.status.code(), Some(0));
        let help = out(&help);
        assert!(help.contains("--data-dir") && help.contains("ALBUMEN_DATA_DIR"), "{help}");
        assert_eq!(help.contains("--listen"), has_listen, "{command}");
    }
    assert_eq!(albumen(folder.path(), &["fly"]).status.code(), Some(2));
    assert_eq!(albumen(folder.path(), &["serve", "--listen", "here"]).status.code(), Some(78));
}

#[test]
fn migrate_tells_what_is_to_be_done_and_does_it() {
    let folder = tempfile::tempdir().unwrap();
    let migrate = |arguments: &[&str]| albumen(folder.path(), &[&["migrate"], arguments].concat());
    let check = migrate(&["--check"]);
    assert_eq!(check.status.code(), Some(3));
    assert!(out(&check).contains("no database yet"));
    assert!(!folder.path().join("data").exists(), "a check changes nothing");

    let done = migrate(&[]);
    assert_eq!(done.status.code(), Some(0), "{}", complaint(&done));
    assert!(out(&done).contains("took m20261122_01_people"), "{}", out(&done));
    for arguments in [&[] as &[&str], &["--check"]] {
        let again = migrate(arguments);
        assert_eq!(again.status.code(), Some(0));
        assert_eq!(out(&again), "the database is at this version's schema\n");
    }
}

#[test]
fn a_backup_is_made_checked_and_restored() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let backup = elsewhere.path().join("backup");
    let to = ["backup", "--to", backup.to_str().unwrap()];
    let missing = albumen(folder.path(), &to);
    assert_eq!(missing.status.code(), Some(1));
    assert!(complaint(&missing).contains("there is no database"), "{}", complaint(&missing));

    assert_eq!(albumen(folder.path(), &["migrate"]).status.code(), Some(0));
    let made = albumen(folder.path(), &to);
    assert_eq!(made.status.code(), Some(0), "{}", complaint(&made));
    assert!(out(&made).contains("The secret key is NOT in the backup"), "{}", out(&made));

    let from = ["restore", "--from", backup.to_str().unwrap()];
    let restored = albumen(elsewhere.path(), &from);
    assert_eq!(restored.status.code(), Some(0), "{}", complaint(&restored));
    assert!(out(&restored).contains("The secret key is not in the backup"), "{}", out(&restored));
    let again = albumen(elsewhere.path(), &from);
    assert_eq!(again.status.code(), Some(1));
    assert!(complaint(&again).contains("there is a database already"), "{}", complaint(&again));

    let check = [&from[..], &["--verify"]].concat();
    assert_eq!(albumen(folder.path(), &check).status.code(), Some(0));
    let manifest = std::fs::read_to_string(backup.join("manifest.json")).unwrap();
    let database = manifest.split('"').find(|text| text.starts_with("database-")).unwrap();
    std::fs::remove_file(backup.join(database)).unwrap();
    let checked = albumen(folder.path(), &check);
    assert_eq!(checked.status.code(), Some(1));
    assert!(out(&checked).contains(&format!("missing: {database}")), "{}", out(&checked));
}

#[test]
fn signing_keys_are_replaced_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let rotate = || albumen(folder.path(), &["admin", "rotate-keys"]);
    assert_eq!(albumen(folder.path(), &["migrate"]).status.code(), Some(0));
    let (one, other) = (rotate(), rotate());
    assert_eq!(one.status.code(), Some(0), "{}", complaint(&one));
    assert_eq!(out(&one).trim().len(), 36, "the id of the new key");
    assert_ne!(out(&one), out(&other));
}

#[test]
fn people_are_not_looked_for_where_there_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["list", "reset-password"] {
        let email = ["ann@example.org"].into_iter().filter(|_| command != "list");
        let arguments: Vec<_> = ["admin", command].into_iter().chain(email).collect();
        let missing = albumen(folder.path(), &arguments);
        assert_eq!(missing.status.code(), Some(1));
        assert!(complaint(&missing).contains("there is no database: "), "{}", complaint(&missing));
    }
    assert!(!folder.path().join("data").exists(), "nothing is made");
}

#[test]
fn what_is_made_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(albumen(folder.path(), &["migrate"]).status.code(), Some(0));
    assert_eq!(mode(&folder.path().join("data")), 0o700);
    let backup = folder.path().join("backup");
    let made = albumen(folder.path(), &["backup", "--to", backup.to_str().unwrap()]);
    assert_eq!(made.status.code(), Some(0), "{}", complaint(&made));
    assert_eq!(mode(&backup), 0o700);
}

#[test]
fn what_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let file = folder.path().join("file").to_str().unwrap().to_owned();
    let path = format!("{file}/albumen.db");
    let said = albumen(folder.path(), &["serve", "--database-url", &format!("sqlite:{path}")]);
    assert_eq!(said.status.code(), Some(1));
    assert!(complaint(&said).contains(&format!("cannot open the database {path}: ")));
    let said = complaint(&albumen(folder.path(), &["serve", "--data-dir", &file]));
    assert!(said.contains(&format!("cannot open the store of photos: {file}/blobs: ")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
