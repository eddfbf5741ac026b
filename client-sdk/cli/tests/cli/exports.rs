//! Exports.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use zip::ZipArchive;

use crate::gate::Gate;
use crate::home::{Done, Home, interrupt};
use crate::photos::photo;
use crate::site::Site;

const MIB: usize = 1 << 20;

/// The files in an archive: names and bytes, by name.
fn entries(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut entries: Vec<_> = (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect();
    entries.sort();
    entries
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn album_comes_back_byte_for_byte() {
    let site = Site::start().await;
    let ann = site.ann();
    let files: Vec<_> = (0..3).map(|it| (format!("{it}.jpg"), photo(it, 50_000))).collect();
    for (name, bytes) in &files {
        ann.write(&format!("photos/{name}"), bytes);
    }
    ann.run(&["upload", "photos", "--album", "Summer"]).ok();
    let export = ann.json(&["export", "Summer", "--to", "out"]);
    assert_eq!(export["export"]["displayName"], "Summer");
    assert_eq!(export["files"][0]["path"], "out/Summer.zip");
    assert_eq!(export["files"][0]["existed"], false);
    assert_eq!(entries(&ann.path("out/Summer.zip")), files);

    let again = ann.run(&["export", "Summer", "--to", "out"]);
    assert!(again.ok().contains("was there already"), "{again:?}");
    assert_eq!(again.err, "", "without a terminal there is no progress");
    fs::write(ann.path("out/Summer.zip"), "something else").unwrap();
    let other = ann.run(&["export", "Summer", "--to", "out", "--json"]);
    other.fails(1);
    assert_eq!(other.error()["reason"], "FILE_EXISTS");

    let days = ann.json(&["export", "Summer", "--to", "days", "--folders", "album"]);
    assert_eq!(days["export"]["parts"][0]["entryCount"], 3);
    assert_eq!(entries(&ann.path("days/Summer.zip"))[0].0, "Summer/0.jpg");
    let assets = ann.json(&["albums", "assets", "Summer"]);
    let id = assets["assets"][0]["id"].as_str().unwrap();
    let one = ann.json(&["export", "--assets", id, "--to", "one"]);
    assert_eq!(one["export"]["parts"][0]["entryCount"], 1);
    assert!(ann.run(&["export"]).fails(2).contains("ALBUM"));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_export_goes_on() {
    let site = Site::start().await;
    let ann = site.ann();
    let bytes = photo(1, 16 * MIB);
    ann.write("large.jpg", &bytes);
    ann.run(&["upload", "large.jpg", "--album", "Summer"]).ok();
    let link = ann.run(&["links", "create", "Summer"]);
    let key = link.ok().rsplit_once("/share/").unwrap().1.to_owned();

    let mut gate = Gate::on_the_way_down(&site.url).await;
    let guest = Home::new();
    let address = format!("{}/share/{key}", gate.url);
    gate.close_after(6 * MIB);
    let child = guest.spawn(&["export", "--link", &address, "--to", "out"]);
    gate.closed().await;
    interrupt(&child);
    Done::of(child.wait_with_output().unwrap()).fails(130);
    assert_eq!(names(&guest.path("out")), ["Summer.zip.part"]);

    gate.open();
    guest.run(&["export", "--link", &address, "--to", "out"]).ok();
    assert_eq!(names(&guest.path("out")), ["Summer.zip"]);
    assert!(entries(&guest.path("out/Summer.zip"))[0].1 == bytes);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guest_exports_with_the_password_of_a_link() {
    let site = Site::start().await;
    let ann = site.ann();
    ann.write("a.jpg", &photo(1, 10_000));
    ann.run(&["upload", "a.jpg", "--album", "Summer"]).ok();
    let link = ann.run_with(&["links", "create", "Summer", "--password-stdin"], "sandcastle");
    let link = link.ok().to_owned();
    let guest = Home::new();
    let refused = guest.run(&["export", "--link", &link]);
    assert!(refused.fails(3).contains("--password-stdin"), "{refused:?}");
    guest.run_with(&["export", "--link", &link, "--password-stdin"], "sandcastle").ok();
    assert_eq!(entries(&guest.path("Summer.zip")), [("a.jpg".to_owned(), photo(1, 10_000))]);
    assert!(guest.run(&["export", "--link", "summer"]).fails(2).contains("/share/"));
    site.stop().await;
}
