//! Albums from the folders of a library.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Command;

use serde_json::Value;

use crate::home::{Done, Home};
use crate::shelf::Shelf;
use crate::site::Site;

/// Four photos in two folders, in a library of Ann's.
async fn start() -> (Shelf, Home) {
    let shelf = Shelf::start().await;
    let ann = shelf.site.ann();
    for (number, name) in ["Rome/1", "Rome/2", "Oslo/3", "Oslo/Private/4"].iter().enumerate() {
        shelf.photo(&format!("photos/{name}.jpg"), number as u64);
    }
    shelf.library(&ann);
    (shelf, ann)
}

/// Names and numbers of photos, by name.
fn albums(home: &Home) -> Vec<(String, u64)> {
    let albums = home.json(&["albums", "list"])["albums"].clone();
    let count = |album: &Value| album["assetCount"].as_u64().unwrap();
    let albums = albums.as_array().unwrap().iter();
    albums.map(|album| (album["displayName"].as_str().unwrap().to_owned(), count(album))).collect()
}

fn expect(all: &[(&str, u64)]) -> Vec<(String, u64)> {
    all.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn albums_are_planned_shown_and_made() {
    let (shelf, ann) = start().await;
    let photos = shelf.text("photos");
    let planned = ann.run(&["folder-albums", &photos]);
    assert!(planned.fails(6).contains("--unattended"), "{planned:?}");
    assert!(planned.out.contains("Rome   2       make it, add 2"), "{planned:?}");
    let json = ann.json(&["folder-albums", &photos]);
    assert_eq!((json["plan"]["albums"].as_array().unwrap().len(), &json["run"]), (2, &Value::Null));
    assert_eq!(albums(&ann), expect(&[]), "a plan changes nothing");

    let made = ann.run(&["folder-albums", &photos, "-u", "--ignore", "Private"]);
    assert!(made.ok().contains("2 albums made, 3 photos added"), "{made:?}");
    assert!(made.err.contains("1 left out by --ignore"), "{made:?}");
    assert_eq!(albums(&ann), expect(&[("Oslo", 1), ("Rome", 2)]));
    let again = ann.run(&["folder-albums", &photos, "-u", "--ignore", "Private"]);
    assert!(again.ok().is_empty() && again.err.contains("nothing to do"), "{again:?}");

    let json = ann.json(&["folder-albums", &photos, "-u"]);
    assert_eq!(json["plan"]["summary"]["addedAssetCount"], 1);
    assert_eq!(json["run"]["state"], "STATE_SUCCEEDED");
    assert_eq!(albums(&ann), expect(&[("Oslo", 2), ("Rome", 2)]));
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn root_that_the_server_does_not_see_is_explained() {
    let (shelf, ann) = start().await;
    let done = ann.run(&["folder-albums", "/mnt/photos", "-u"]);
    assert!(done.fails(4).contains("no file of your libraries is below /mnt/photos"), "{done:?}");
    assert!(done.err.contains("must be the path that the server sees"), "{done:?}");
    assert!(done.err.contains(&shelf.text("photos")), "{done:?}");
    let json = ann.run(&["folder-albums", "/mnt/photos", "--json"]);
    json.fails(4);
    assert_eq!(
        (json.json()["plan"]["summary"]["fileCount"].as_u64(), json.json()["run"].is_null()),
        (Some(4), true)
    );
    for tidies in
        [&["-S", "1"][..], &["-m", "CLEANUP", "-d"], &["--set-album-thumbnail", "random-all"]]
    {
        ann.run(&[&["folder-albums", "/dummy", "-u"], tidies].concat()).ok();
    }
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_in_albums_are_counted_and_taken_if_that_is_asked_for() {
    let (shelf, ann) = start().await;
    let photos = shelf.text("photos");
    ann.run(&["folder-rules", "create", "Trips", "-r", &photos, "-i", "Oslo"]).ok();
    ann.run(&["folder-rules", "run", "Trips"]).ok();
    let done = ann.run(&["folder-albums", &photos, "-u", "-i", "Oslo", "-s", "-"]);
    done.ok();
    assert!(done.err.contains("2 in an album already"), "{done:?}");
    assert!(done.err.contains("--find-assets-in-albums (-A)"), "{done:?}");
    let all = ["folder-albums", &photos, "-u", "-A", "-R", "$", "!"];
    assert!(ann.run(&all).ok().contains("2 albums made, 4 photos added"));
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_is_followed_over_a_restart_of_the_server() {
    let (shelf, ann) = start().await;
    let photos = shelf.text("photos");
    let shelf = shelf.restart(0).await;
    let mut run = ann.spawn(&["folder-albums", &photos, "-u", "-l", "DEBUG"]);
    let mut said = BufReader::new(run.stderr.take().unwrap()).lines();
    while !said.next().unwrap().unwrap().contains("is queued") {}
    let shelf = shelf.restart(1).await;
    let done = Done::of(run.wait_with_output().unwrap());
    assert!(done.ok().contains("2 albums made, 4 photos added"), "{done:?}");
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_albums_are_shared_and_unknown_people_stop_everything() {
    let (shelf, ann) = start().await;
    let bob = shelf.site.user(&ann, "Bob");
    let photos = shelf.text("photos");
    let refused = ann.run(&["folder-albums", &photos, "-u", "-x", "Nobody"]);
    assert!(refused.fails(2).contains("--share-with \"Nobody\" must be"), "{refused:?}");
    let mut command = ann.command(&["folder-albums", &photos, "-u", "--from-env"]);
    let refused = Done::of(command.env("SHARE_WITH", "Bob:Nobody").output().unwrap());
    assert!(refused.fails(2).contains("--share-with \"Nobody\" must be"), "{refused:?}");
    assert_eq!(albums(&ann), expect(&[]));
    ann.run(&["folder-albums", &photos, "-u", "-x", "bob@example.org=editor"]).ok();
    assert_eq!(albums(&bob), expect(&[("Oslo", 2), ("Rome", 2)]));
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn albums_are_deleted_only_when_that_is_confirmed() {
    let (shelf, ann) = start().await;
    let photos = shelf.text("photos");
    ann.run(&["folder-albums", &photos, "-u"]).ok();
    ann.run(&["albums", "create", "By hand"]).ok();
    let listed = ann.run(&["folder-albums", &photos, "-m", "CLEANUP", "-u"]);
    assert!(listed.ok().contains("put it into the trash"), "{listed:?}");
    assert!(listed.err.contains("--delete-confirm"), "{listed:?}");
    assert_eq!(albums(&ann).len(), 3);
    ann.run(&["folder-albums", &photos, "-m", "CLEANUP", "-d"]).ok();
    assert_eq!(albums(&ann), expect(&[("By hand", 0)]));
    let listed = ann.run(&["folder-albums", &photos, "-m", "DELETE_ALL"]);
    assert!(listed.err.contains("1 of them made by hand"), "{listed:?}");
    assert!(listed.err.contains("looks at no root path"), "{listed:?}");
    assert!(listed.err.contains("nothing was deleted"), "{listed:?}");
    let kept = ann.run(&["folder-albums", &photos, "-m", "DELETE_ALL", "-d", "--all-albums=false"]);
    kept.ok();
    assert_eq!(albums(&ann).len(), 1);
    ann.run(&["folder-albums", &photos, "-m", "DELETE_ALL", "-d"]).ok();
    assert_eq!(albums(&ann), expect(&[]));
    let done = ann.run(&["folder-albums", &photos, "-m", "DELETE_ALL", "-d"]);
    done.ok();
    assert!(done.err.contains("nothing to delete"), "{done:?}");
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_to_the_trash_at_the_end_is_said_before() {
    let (shelf, ann) = start().await;
    let photos = shelf.text("photos");
    ann.run(&["folder-albums", &photos, "-u"]).ok();
    let run = |sync: &str| ann.run(&["folder-albums", &photos, "-S", sync]);
    assert!(run("0").ok().is_empty());
    let empty = run("1");
    assert!(empty.fails(6).contains("empty albums, also those made by hand"), "{empty:?}");
    let missing = run("2");
    assert!(missing.fails(6).contains("missing from any of your libraries"), "{missing:?}");
    ann.run(&["folder-rules", "create", "Trips", "-r", &photos, "-S", "1"]).ok();
    for verb in ["plan", "run"] {
        let done = ann.run(&["folder-rules", verb, "Trips"]);
        done.ok();
        assert!(done.err.contains("empty albums that it made"), "{done:?}");
    }
    shelf.site.stop().await;
}

/// An API key of Ann's for everything.
fn key(ann: &Home) -> String {
    let scopes = ["folder_album.read", "folder_album.write", "member.write"];
    let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
    let create = ["keys", "create", "folders"].into_iter().chain(scopes).collect::<Vec<_>>();
    ann.run(&create).ok().lines().last().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn call_with_address_and_key_needs_no_session_and_never_shows_the_key() {
    let (shelf, ann) = start().await;
    let (photos, key) = (shelf.text("photos"), key(&ann));
    let anybody = Home::new();
    let api = format!("{}/api", shelf.site.url);
    let call = ["folder-albums", &photos, &api, &key, "-u", "-l", "DEBUG"];
    let done = anybody.run(&call);
    done.ok();
    assert_eq!(albums(&ann).len(), 2);
    assert!(!format!("{done:?}").contains(&key), "{done:?}");
    let wrong = anybody.run(&["folder-albums", &photos, &api, "alb_wrong", "-u"]);
    assert!(!wrong.fails(3).contains("alb_wrong"), "{wrong:?}");
    assert!(wrong.err.contains("the API key is wrong"), "{wrong:?}");
    let mut command = anybody.command(&["folder-albums", &photos, "-u", "--from-env"]);
    command.env("API_URL", &api).env("API_KEY", "alb_wrong");
    let wrong = Done::of(command.output().unwrap());
    assert!(wrong.fails(3).contains("the API key is wrong"), "{wrong:?}");
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn container_runs_at_once_and_stays_until_it_is_told_to_end() {
    let (shelf, ann) = start().await;
    let container = Home::new();
    container.write("key", key(&ann).as_bytes());
    let key_file = container.path("key").to_str().unwrap().to_owned();
    let photos = shelf.text("photos");
    let variables = [
        ("ROOT_PATH", photos.as_str()),
        ("API_URL", &shelf.site.url),
        ("API_KEY_FILE", &key_file),
        ("SHARE_WITH", "Nobody"),
        ("CRON_EXPRESSION", "0 0 1 1 *"),
        ("TZ", "Europe/Vienna"),
        ("RUN_IMMEDIATELY", "true"),
    ];
    let mut command = container.command(&["folder-albums", "--from-env"]);
    let mut child = command.envs(variables).spawn().unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        said += &line;
        if line.contains("the next run is at") {
            break;
        }
    }
    assert!(said.contains("Nobody"), "who is unknown is told, and the rest goes on: {said}");
    assert_eq!(albums(&ann).len(), 2);
    let status = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(status.success());
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert!(child.wait().unwrap().success(), "{said} {out}");
    assert!(out.contains("2 albums made"), "{out}");
    shelf.site.stop().await;
}

#[test]
fn schedule_that_makes_no_sense_is_refused_before_anything_else() {
    let home = Home::new();
    let run = |name: &str, value: &str| {
        let mut command = home.command(&["folder-albums", "/a", "--from-env"]);
        command.env("CRON_EXPRESSION", "0 * * * *").env(name, value);
        Done::of(command.output().unwrap())
    };
    assert!(run("CRON_EXPRESSION", "every hour").fails(2).contains("CRON_EXPRESSION"));
    assert!(run("TZ", "Mars").fails(2).contains("TZ"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_kept_followed_and_undone() {
    let (shelf, ann) = start().await;
    let photos = shelf.text("photos");
    let create = ["folder-rules", "create", "Trips", "-r", &photos, "-i", "Private", "-a", "-1"];
    let rule = ann.json(&create);
    assert_eq!(rule["options"]["ignore"][0], "Private");
    let plan = ann.json(&["folder-rules", "plan", "Trips"]);
    assert_eq!(plan["summary"]["createdCount"], 2);
    let run = ann.json(&["folder-rules", "run", "trips"]);
    assert_eq!(run["counts"]["addedAssets"], 3);
    assert_eq!(albums(&ann), expect(&[("Oslo", 1), ("Rome", 2)]));

    shelf.rename("photos/Rome", "photos/Roma");
    shelf.scan(&ann);
    ann.run(&["folder-rules", "run", "Trips"]).ok();
    assert_eq!(albums(&ann), expect(&[("Oslo", 1), ("Roma", 2)]), "the album follows its folder");

    let update = ["folder-rules", "update", "Trips", "--reset", "ignore", "--name", "All"];
    let updated = ann.json(&[&update[..], &["--schedule", "0 4 * * *", "-s", "/"]].concat());
    assert_eq!(updated["options"]["ignore"], serde_json::json!([]));
    assert_eq!(updated["options"]["albumLevels"], "-1", "what is not named stays");
    assert!(updated["nextRunTime"].is_string());
    let runs = ann.json(&["folder-rules", "runs", "All"])["runs"].clone();
    assert_eq!(runs.as_array().unwrap().len(), 2);
    ann.run(&["folder-rules", "runs"]).ok();
    assert!(ann.run(&["folder-rules", "undo", "All"]).fails(2).contains("folder-rules runs"));
    assert!(ann.run(&["folder-rules", "update", "All"]).fails(2).contains("--help"));
    let undo = ["folder-rules", "undo", runs[1]["id"].as_str().unwrap()];
    let undone = ann.run(&undo);
    assert_eq!(undone.ok(), "2 albums to the trash");
    assert!(undone.err.contains("the schedule of \"All\" does it again at "), "{undone:?}");
    let again = ann.run(&undo);
    assert_eq!(again.ok(), "2 albums to the trash");
    assert!(again.err.contains("was taken back before, at "), "{again:?}");
    assert_eq!(ann.json(&undo)["alreadyUndone"], true);
    let missing = ann.run(&["folder-rules", "undo", updated["id"].as_str().unwrap()]);
    assert!(missing.fails(4).starts_with("error: the run "), "{missing:?}");
    let taken = ann.run(&["folder-rules", "create", "All", "-r", &photos]);
    assert!(taken.fails(1).contains("the name \"All\" is taken"), "{taken:?}");
    ann.run(&["folder-rules", "show", "All"]).ok();
    ann.run(&["folder-rules", "update", "All", "--schedule", ""]).ok();
    assert!(!ann.run(&undo).err.contains("does it again"));
    ann.run(&["folder-rules", "delete", "All", "--yes"]).ok();
    ann.run(&["folder-rules", "show", "All"]).fails(4);
    ann.run(&["folder-rules", "create", "Bad", "-r", "/a", "-a", "0"]).fails(2);
    shelf.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_without_libraries_has_nothing_to_plan() {
    let site = Site::start().await;
    let ann = site.ann();
    let done = ann.run(&["folder-albums", "/photos", "-u"]);
    assert!(done.fails(4).contains("no file of your libraries"), "{done:?}");
    site.stop().await;
}
