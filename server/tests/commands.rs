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
    for (command, has_listen) in [("serve", true), ("migrate", false)] {
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
