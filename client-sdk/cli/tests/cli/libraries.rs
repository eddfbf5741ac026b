//! Libraries: folders of the server that are read in place.

use std::io::{BufRead as _, BufReader, Read as _};

use crate::home::{Done, Home, interrupt};
use crate::shelf::Shelf;

#[tokio::test(flavor = "multi_thread")]
async fn libraries_are_made_scanned_and_changed() {
    let shelf = Shelf::start().await;
    let ann = shelf.site.ann();
    shelf.photo("photos/Rome/1.jpg", 1);
    shelf.photo("photos/Rome/2.jpg", 2);
    let photos = shelf.text("photos");
    let made = ann.json(&["libraries", "create", "Photos", "--path", &photos]);
    assert_eq!(made["importPaths"][0], photos.as_str());
    let scan = ann.json(&["libraries", "scan", "photos"]);
    assert_eq!(scan["state"], "STATE_SUCCEEDED");
    assert_eq!(scan["counts"]["added"], 2);
    let again = ann.run(&["libraries", "scan", "Photos"]);
    assert_eq!(again.ok(), "2 files: 2 as they were");
    assert!(ann.run(&["libraries", "list"]).ok().contains("Photos  2      0"));

    let update = ["libraries", "update", "Photos", "--name", "Trips", "--schedule", "30 3 * * *"];
    let updated = ann.json(&[&update[..], &["--time-zone", "Europe/Vienna"]].concat());
    assert_eq!(
        (&updated["displayName"], &updated["schedule"]),
        (&"Trips".into(), &"30 3 * * *".into())
    );
    assert!(updated["nextScanTime"].is_string());
    assert!(ann.run(&["libraries", "show", "Trips"]).ok().contains("30 3 * * * (Europe/Vienna)"));
    assert_eq!(ann.json(&["libraries", "update", "Trips", "--watch"])["watched"], true);
    assert_eq!(ann.json(&["libraries", "update", "Trips", "--watch=false"])["watched"], false);
    assert_eq!(ann.json(&["libraries", "scans", "Trips"])["scans"].as_array().unwrap().len(), 2);
    ann.run(&["libraries", "update", "Trips"]).fails(2);
    let unnamed = ann.run(&["libraries", "create", &photos]);
    assert!(unnamed.fails(2).contains("create --path <PATH> <NAME>"), "{unnamed:?}");
    ann.run(&["libraries", "show", "Nothing"]).fails(4);
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn owner_scans_and_only_administrators_make_libraries() {
    let shelf = Shelf::start().await;
    let ann = shelf.site.ann();
    let bob = shelf.site.user(&ann, "Bob");
    shelf.photo("photos/1.jpg", 1);
    let photos = shelf.text("photos");
    let create = ["libraries", "create", "Photos", "--path", &photos];
    assert!(bob.run(&create).fails(3).contains("admin"));
    ann.run(&[&create[..], &["--owner", "bob@example.org"]].concat()).ok();
    shelf.scan(&bob);
    assert_eq!(bob.json(&["status"])["usage"]["assetCount"], 1);
    let list =
        |owner: &str| ann.json(&["libraries", "list", "--owner", owner])["libraries"].clone();
    let all = ann.run(&["libraries", "list"]);
    assert!(all.ok().contains("OWNER") && all.ok().contains("Bob"), "{all:?}");
    assert!(!bob.run(&["libraries", "list"]).ok().contains("OWNER"));
    let shown = ann.run(&["libraries", "show", "Photos"]);
    assert!(shown.ok().contains("Bob <bob@example.org>"), "{shown:?}");
    assert_eq!(list("Bob").as_array().unwrap().len(), 1);
    assert_eq!(list("Ann").as_array().unwrap().len(), 0);
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_checked_before_they_are_used() {
    let shelf = Shelf::start().await;
    let ann = shelf.site.ann();
    let (good, bad) = (shelf.text("photos"), shelf.text("none"));
    ann.run(&["libraries", "check", &good]).ok();
    let done = ann.run(&["libraries", "check", &good, &bad, "--json"]);
    done.fails(5);
    let verdicts = done.json()["verdicts"].clone();
    assert_eq!((&verdicts[0]["valid"], &verdicts[1]["valid"]), (&true.into(), &false.into()));
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_photos_and_libraries_go_after_a_question() {
    let shelf = Shelf::start().await;
    let ann = shelf.site.ann();
    shelf.photo("photos/1.jpg", 1);
    shelf.photo("photos/2.jpg", 2);
    shelf.library(&ann);
    std::fs::remove_file(shelf.path("photos/1.jpg")).unwrap();
    assert!(ann.run(&["libraries", "scan", "Photos"]).ok().contains("1 missing"));
    let asked = ann.run(&["libraries", "remove-offline", "Photos"]);
    assert!(asked.fails(2).contains("--yes"), "{asked:?}");
    let removed = ann.json(&["libraries", "remove-offline", "Photos", "--yes"]);
    assert_eq!(removed["removedCount"], 1);
    let refused = ann.run(&["libraries", "delete", "Photos", "--yes"]);
    assert!(refused.fails(1).contains("--force"), "{refused:?}");
    assert_eq!(answer(&ann, &["libraries", "delete", "Photos", "--force"], "n"), Some(1));
    ann.run(&["libraries", "delete", "Photos", "--force", "--yes"]).ok();
    ann.run(&["libraries", "show", "Photos"]).fails(4);
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_written_is_left_to_a_scan_that_comes_by_itself() {
    let shelf = Shelf::start().await;
    let ann = shelf.site.ann();
    let photos = shelf.text("photos");
    ann.run(&["libraries", "create", "Photos", "--path", &photos]).ok();
    std::fs::write(shelf.path("photos/1.jpg"), b"half of it").unwrap();
    let scan = ann.run(&["libraries", "scan", "Photos"]);
    assert_eq!(scan.ok(), "1 file: 1 being written, for the next scan");
    assert!(scan.err.contains("scans again by itself"), "{scan:?}");
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn root_that_is_away_is_told_and_nothing_changes() {
    let shelf = Shelf::start().await;
    let ann = shelf.site.ann();
    shelf.photo("photos/1.jpg", 1);
    shelf.library(&ann);
    shelf.rename("photos", "elsewhere");
    let away = ann.run(&["libraries", "scan", "Photos"]);
    assert!(away.fails(5).contains(&shelf.text("photos")), "{away:?}");
    assert_eq!(ann.json(&["libraries", "show", "Photos"])["offlineFileCount"], 0);
    let listed = ann.run(&["libraries", "list"]);
    assert!(listed.ok().contains("succeeded, with problems"), "{listed:?}");
    shelf.rename("elsewhere", "photos");
    assert_eq!(ann.run(&["libraries", "scan", "Photos"]).ok(), "1 file: 1 as they were");
    assert!(ann.run(&["libraries", "scan", "Photos", "--cancel"]).ok().contains("no scan"));
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scan_is_followed_over_a_restart_of_the_server() {
    let shelf = Shelf::start().await;
    let ann = shelf.site.ann();
    shelf.photo("photos/1.jpg", 1);
    shelf.library(&ann);
    let shelf = shelf.restart(0).await;
    let scan = ann.spawn(&["libraries", "scan", "Photos"]);
    let scans = || ann.json(&["libraries", "scans", "Photos"])["scans"].clone();
    while scans().as_array().unwrap().len() < 2 {}
    let shelf = shelf.restart(1).await;
    let scan = Done::of(scan.wait_with_output().unwrap());
    assert_eq!(scan.ok(), "1 file: 1 as they were");
    assert_eq!(scans().as_array().unwrap().len(), 2, "it is the same scan");
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scan_of_a_server_that_is_away_is_waited_for_and_not_said_to_go_on() {
    let shelf = Shelf::start().await;
    let ann = shelf.site.ann();
    shelf.library(&ann);
    let shelf = shelf.restart(0).await;
    let mut scan = ann.spawn(&["libraries", "scan", "Photos"]);
    let scans = || ann.json(&["libraries", "scans", "Photos"])["scans"].clone();
    while scans().as_array().unwrap().len() < 2 {}
    shelf.site.stop().await;
    let mut said = BufReader::new(scan.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "the server does not answer; waiting\n");
    interrupt(&scan);
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("interrupted") && !rest.contains("goes on at"), "{rest}");
    Done::of(scan.wait_with_output().unwrap()).fails(130);
}

/// Runs a command at a terminal and answers its question. Gives its code.
fn answer(home: &Home, arguments: &[&str], line: &str) -> Option<i32> {
    let program = env!("CARGO_BIN_EXE_albumen");
    let command = format!("{program} {}", arguments.join(" "));
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).stdin(std::process::Stdio::piped());
    script.env_clear().env("HOME", home.path("")).env("TERM", "xterm").env("PATH", "/usr/bin:/bin");
    script.stdout(std::process::Stdio::piped());
    let Ok(mut child) = script.spawn() else {
        eprintln!("script is not installed: there is no terminal to test with");
        return Some(1);
    };
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, format!("{line}\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap().status.code()
}
