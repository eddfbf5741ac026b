//! How the command behaves wherever it is called.

use std::fs;
use std::process::{Command, Stdio};

use crate::home::{Done, Home};
use crate::photos::photo;
use crate::site::Site;

#[test]
fn command_line_that_makes_no_sense_is_a_usage_error() {
    let home = Home::new();
    assert!(home.run(&["fly"]).fails(2).contains("--help"));
    let json = home.run(&["albums", "list", "--sideways", "--json"]);
    json.fails(2);
    assert_eq!(json.error()["reason"], "USAGE");
    assert_eq!(json.error()["message"], "unexpected argument '--sideways' found");
    assert_eq!(json.out, "");
    let json = home.run(&["albums", "lst", "--json"]);
    assert_eq!(json.error()["message"], "unrecognized subcommand 'lst'");
    assert_eq!(json.error()["hint"], "a similar subcommand exists: 'list'");
    let json = home.run(&["upload", "--json"]);
    let missing = "the following required arguments were not provided: <PATH>...";
    assert_eq!(json.error()["message"], missing);
    assert!(home.run(&["login", "https://photos.example.org/path"]).fails(2).contains("address"));
}

#[test]
fn help_leads_from_login_to_export() {
    let home = Home::new();
    let help = home.run(&["--help"]);
    let help = help.ok();
    for step in ["login", "upload", "share", "links create", "export", "Exit codes", "ALBUMEN_URL"]
    {
        assert!(help.contains(step), "{step}: {help}");
    }
    for verb in ["upload", "albums", "links", "export", "activity", "admin", "keys"] {
        assert!(home.run(&["help", verb]).ok().contains("Examples:"), "{verb}");
    }
    assert_eq!(home.run(&["help", "--help"]).ok(), help);
    assert!(home.run(&["help", "albums", "-h"]).ok().contains("albumen albums create"));
}

#[test]
fn server_that_is_away_is_told() {
    let done = Home::new().run(&["login", "http://127.0.0.1:9", "--email", "a@example.org"]);
    let complaint = done.fails(1);
    assert!(complaint.contains("http://127.0.0.1:9"), "{complaint}");
    assert!(complaint.contains("hint: is the address right"), "{complaint}");
    let done = Home::new().run(&["login", "localhost:9", "--email", "a@example.org"]);
    assert!(done.fails(1).contains("no server answers at http://localhost:9"), "{done:?}");
}

#[test]
fn completion_scripts_are_scripts() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run(&["completion", shell]);
        assert!(script.ok().contains("albumen"));
        fs::write(home.path(shell), &script.out).unwrap();
        let checked = Command::new(shell).arg("-n").arg(home.path(shell)).output();
        match checked {
            Ok(checked) => assert!(checked.status.success(), "{checked:?}"),
            Err(_) => eprintln!("{shell} is not installed: its script is not parsed"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_that_leaves_is_no_error() {
    let site = Site::start().await;
    let ann = site.ann();
    ann.run(&["albums", "create", "Summer"]).ok();
    let mut child = ann.spawn(&["albums", "list"]);
    drop(child.stdout.take());
    let done = Done::of(child.wait_with_output().unwrap());
    assert_eq!(done.ok(), "");
    assert_eq!(done.err, "");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_for_terminals() {
    let site = Site::start().await;
    let ann = site.ann();
    ann.write("a.jpg", &photo(1, 4 << 20));
    let program = env!("CARGO_BIN_EXE_albumen");
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{program} upload a.jpg"), "/dev/null"]);
    script.env_clear().env("HOME", ann.path("")).env("TERM", "xterm").env("PATH", "/usr/bin:/bin");
    script.current_dir(ann.path("")).stdin(Stdio::null());
    match script.output() {
        Ok(output) => {
            let done = Done::of(output);
            assert!(done.ok().contains("sent ["), "{done:?}");
            assert!(done.out.contains("1 file: 1 sent (4.0 MiB)"), "{done:?}");
        }
        Err(_) => eprintln!("script is not installed: there is no terminal to test with"),
    }
    site.stop().await;
}
