//! Uploading.

use std::fs;

use serde_json::Value;

use crate::gate::Gate;
use crate::home::{Done, Home, interrupt};
use crate::photos::{fixture, photo};
use crate::site::Site;

const MIB: usize = 1 << 20;

fn outcomes(report: &Value) -> Vec<&str> {
    let files = report["files"].as_array().unwrap();
    files.iter().map(|file| file["outcome"].as_str().unwrap()).collect()
}

/// Calls the server with the session of somebody.
async fn client(site: &Site, home: &Home) -> albumen_client::Client {
    let session: Value = serde_json::from_slice(&fs::read(home.session()).unwrap()).unwrap();
    let token = session["accessToken"].as_str().unwrap().to_owned();
    albumen_client::Client::connect(&site.url).await.unwrap().with_token(token)
}

fn photos(home: &Home) {
    for number in 0..5 {
        home.write(&format!("photos/{number}.jpg"), &photo(number, 10_000));
    }
    home.write("photos/day 2/5.jpg", &photo(5, 10_000));
    home.write("photos/day 2/again.jpg", &photo(0, 10_000));
    home.write("photos/.hidden.jpg", &photo(6, 10_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_that_is_uploaded_twice_sends_nothing_the_second_time() {
    let site = Site::start().await;
    let ann = site.ann();
    photos(&ann);
    let first = ann.json(&["upload", "photos", "--album", "Summer"]);
    assert_eq!(first["counts"]["sent"], 6, "{first}");
    assert_eq!(first["counts"]["known"], 1, "the same bytes at two paths are sent once");
    assert_eq!(first["counts"]["bytes"], 60_000);
    assert_eq!(first["albums"][0]["displayName"], "Summer");
    assert_eq!(first["albums"][0]["created"], true);

    let second = ann.json(&["upload", "photos", "--album", "Summer"]);
    assert_eq!(outcomes(&second), ["KNOWN"; 7]);
    assert_eq!(second["counts"]["bytes"], 0);
    assert_eq!(second["albums"][0]["created"], false);
    let shown = ann.json(&["albums", "show", "Summer"]);
    assert_eq!(shown["assetCount"], 6);
    let state = fs::read_dir(ann.path(".local/state/albumen/uploads")).unwrap();
    assert_eq!(state.count(), 0, "nothing is under way");

    // What is there already is put into another album without being sent.
    let text = ann.run(&["upload", "photos/0.jpg", "photos/1.jpg", "--album", "Best"]);
    assert_eq!(text.ok(), "made the album Best\n2 files: 2 there already");
    let note = "what was there already is in its album now, unless it is locked\n";
    assert_eq!(text.err, note, "without a terminal there is no progress");
    assert_eq!(ann.json(&["albums", "show", "Best"])["assetCount"], 2);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_upload_goes_on_where_the_server_has_got_to() {
    let site = Site::start().await;
    let mut gate = Gate::on_the_way_up(&site.url).await;
    let site = site.at(&gate.url);
    let ann = site.ann();
    ann.write("large.jpg", &photo(1, 16 * MIB));
    gate.close_after(9 * MIB);
    let child = ann.spawn(&["upload", "large.jpg", "--json"]);
    gate.closed().await;
    interrupt(&child);
    let done = Done::of(child.wait_with_output().unwrap());
    done.fails(130);
    assert_eq!(done.error()["reason"], "INTERRUPTED");

    gate.open();
    let report = ann.json(&["upload", "large.jpg"]);
    assert_eq!(outcomes(&report), ["SENT"]);
    let bytes: usize = report["files"][0]["bytes"].as_u64().unwrap().try_into().unwrap();
    assert!(bytes < 14 * MIB, "{bytes} of {} were sent again", 16 * MIB);
    assert_eq!(ann.json(&["upload", "large.jpg"])["counts"]["known"], 1);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_folder_can_have_its_album() {
    let site = Site::start().await;
    let ann = site.ann();
    photos(&ann);
    ann.run(&["albums", "create", "day 2"]).ok();
    let report = ann.json(&["upload", "photos", "--album-per-folder"]);
    let albums = report["albums"].as_array().unwrap();
    let albums: Vec<_> = albums.iter().map(|it| (&it["displayName"], &it["created"])).collect();
    let (old, new) = (Value::from(false), Value::from(true));
    assert_eq!(albums, [(&"day 2".into(), &old), (&"photos".into(), &new)]);
    assert_eq!(ann.json(&["albums", "show", "day 2"])["assetCount"], 2);
    assert_eq!(ann.json(&["albums", "show", "photos"])["assetCount"], 5);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_changes_nothing() {
    let site = Site::start().await;
    let ann = site.ann();
    photos(&ann);
    ann.run(&["upload", "photos/1.jpg"]).ok();
    let run = ann.run(&["upload", "photos", "--dry-run", "--album", "Summer"]);
    let text = run.ok();
    assert!(text.contains("would send: photos/2.jpg (9.8 KiB)"), "{text}");
    assert!(text.contains("would make the album Summer"), "{text}");
    assert!(text.ends_with("7 files: 5 to send, 2 there already (48.8 KiB)"), "{text}");
    assert_eq!(ann.json(&["albums", "list"])["albums"], Value::Array(Vec::new()));
    assert_eq!(ann.json(&["status"])["usage"]["assetCount"], 1);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn live_photo_is_one_asset() {
    let site = Site::start().await;
    let ann = site.ann();
    for name in ["IMG_2050.HEIC", "IMG_2050.MOV"] {
        ann.write(&format!("photos/{name}"), &fixture(&format!("photos/{name}")));
    }
    let report = ann.json(&["upload", "photos"]);
    assert_eq!(outcomes(&report), ["SENT", "SENT"]);
    assert_eq!(report["files"][0]["assetId"], report["files"][1]["assetId"]);
    assert_eq!(ann.json(&["status"])["usage"]["assetCount"], 1);
    assert_eq!(outcomes(&ann.json(&["upload", "photos"])), ["KNOWN", "KNOWN"]);
    let dry_run = ann.json(&["upload", "photos", "--dry-run"]);
    assert_eq!(outcomes(&dry_run), ["KNOWN", "KNOWN"], "nothing is to be sent");
    assert_eq!(dry_run["files"][1]["assetId"], report["files"][0]["assetId"]);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn motion_part_that_is_a_video_already_joins_its_photo() {
    let site = Site::start().await;
    let ann = site.ann();
    for name in ["IMG_2050.HEIC", "IMG_2050.MOV"] {
        ann.write(&format!("photos/{name}"), &fixture(&format!("photos/{name}")));
    }
    let video = ann.json(&["upload", "photos/IMG_2050.MOV"]);
    assert_eq!(outcomes(&ann.json(&["upload", "photos", "--dry-run"])), ["WOULD_SEND"; 2]);
    let report = ann.json(&["upload", "photos"]);
    assert_eq!(outcomes(&report), ["SENT", "SENT"]);
    assert_ne!(report["files"][1]["assetId"], video["files"][0]["assetId"]);
    assert_eq!(report["files"][1]["assetId"], report["files"][0]["assetId"]);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn album_that_takes_nothing_from_the_caller_is_refused_before_anything_is_sent() {
    let site = Site::start().await;
    let ann = site.ann();
    let bob = site.user(&ann, "Bob");
    let id = ann.run(&["albums", "create", "Summer", "--share", "bob@example.org"]);
    let id = id.ok();
    bob.write("Winter/1.jpg", &photo(1, 10_000));
    bob.write("Summer/2.jpg", &photo(2, 10_000));
    let each = ["--album-per-folder"];
    for album in [&["--album", "Summer"][..], &["--album", id], &["--album", "summer"], &each] {
        for more in [&["--dry-run"][..], &[]] {
            let refused = bob.run(&[&["upload", "Winter", "Summer"], album, more].concat());
            assert!(refused.fails(3).contains("takes the role contributor"), "{refused:?}");
            assert!(refused.err.contains("hint: its owner"), "{refused:?}");
        }
    }
    assert_eq!(bob.json(&["status"])["usage"]["assetCount"], 0);
    assert_eq!(bob.json(&["albums", "list"])["albums"].as_array().unwrap().len(), 1);

    // Whoever has an album of their own of that name means that one.
    let own = bob.run(&["albums", "create", "Summer"]);
    bob.run(&["upload", "Winter", "--album", "Summer"]).ok();
    assert_eq!(bob.json(&["albums", "show", own.ok()])["assetCount"], 1);
    ann.run(&["albums", "share", "Summer", "bob=contributor"]).ok();
    bob.run(&["upload", "Summer", "--album", id]).ok();
    assert_eq!(ann.json(&["albums", "show", "Summer"])["assetCount"], 1);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_of_uploads_go_once_the_server_waits_no_more() {
    let site = Site::start().await;
    let mut gate = Gate::on_the_way_up(&site.url).await;
    let site = site.at(&gate.url);
    let ann = site.ann();
    ann.write("large.jpg", &photo(1, 4 * MIB));
    ann.write("small.jpg", &photo(2, 10_000));
    gate.close_after(2 * MIB);
    let child = ann.spawn(&["upload", "large.jpg"]);
    gate.closed().await;
    interrupt(&child);
    Done::of(child.wait_with_output().unwrap()).fails(130);
    gate.open();

    let folder = ann.path(".local/state/albumen/uploads");
    let note = || fs::read_dir(&folder).unwrap().next().map(|note| note.unwrap().path());
    let path = note().unwrap();
    let hours_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 60 * 60);
    fs::File::options().write(true).open(&path).unwrap().set_modified(hours_ago).unwrap();
    ann.run(&["upload", "small.jpg"]).ok();
    assert_eq!(note().as_ref(), Some(&path), "the server waits for the rest");

    let upload_id = fs::read_to_string(&path).unwrap().lines().next().unwrap().to_owned();
    let request = albumen_client::v1::CancelUploadRequest { upload_id };
    client(&site, &ann).await.uploads().cancel_upload(request).await.unwrap();
    ann.run(&["upload", "small.jpg"]).ok();
    assert_eq!(note(), None);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_photo_fails_only_if_it_is_named() {
    let site = Site::start().await;
    let ann = site.ann();
    photos(&ann);
    ann.write("photos/notes.txt", b"what a day");
    let found = ann.run(&["upload", "photos"]);
    assert!(found.ok().contains("1 skipped"), "{found:?}");
    assert!(found.err.contains("skipped: photos/notes.txt"), "{found:?}");
    let named = ann.run(&["upload", "photos/notes.txt", "photos/1.jpg", "--json"]);
    named.fails(5);
    assert_eq!(named.error()["reason"], "PARTIAL");
    assert_eq!(outcomes(&named.json()), ["FAILED", "KNOWN"]);
    assert_eq!(named.json()["files"][0]["reason"], "UNSUPPORTED_TYPE");
    ann.write("photos/empty.jpg", b"");
    let quiet = ann.run(&["upload", "photos", "--quiet"]);
    assert!(quiet.fails(5).contains("photos/empty.jpg: it is empty"), "{quiet:?}");
    assert!(quiet.out.is_empty() && !quiet.err.contains("notes.txt"), "{quiet:?}");
    assert!(ann.run(&["upload", "nothing.jpg"]).fails(2).contains("nothing.jpg"));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_brings_back_what_is_in_the_trash() {
    let site = Site::start().await;
    let ann = site.ann();
    ann.write("a.jpg", &photo(1, 10_000));
    let id = ann.json(&["upload", "a.jpg"])["files"][0]["assetId"].clone();
    let asset_ids = vec![id.as_str().unwrap().to_owned()];
    let request = albumen_client::v1::TrashAssetsRequest { asset_ids };
    client(&site, &ann).await.assets().trash_assets(request).await.unwrap();
    let again = ann.json(&["upload", "a.jpg", "--album", "Back"]);
    assert_eq!(outcomes(&again), ["KNOWN"]);
    assert_eq!(again["files"][0]["assetId"], id);
    assert_eq!(ann.json(&["albums", "show", "Back"])["assetCount"], 1);
    site.stop().await;
}
