//! Shared links.

use serde_json::Value;

use crate::photos::photo;
use crate::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn link_is_made_shown_changed_and_revoked() {
    let site = Site::start().await;
    let ann = site.ann();
    ann.run(&["albums", "create", "Summer"]).ok();
    let make = ["links", "create", "Summer", "--slug", "summer-2024", "--expires", "30d"];
    let more = ["--metadata", "no-location", "--password-stdin", "--qr"];
    let made = ann.run_with(&[&make[..], &more].concat(), "sandcastle");
    let (address, code) = made.ok().split_once('\n').unwrap();
    assert_eq!(address, format!("{}/share/summer-2024", site.url));
    assert!(code.lines().count() > 10 && code.contains('█'), "{code}");

    let shown = ann.json(&["links", "show", address]);
    let link = &shown["sharedLink"];
    assert_eq!(link["hasPassword"], true);
    assert_eq!(link["metadata"], "SHARED_LINK_METADATA_WITHOUT_LOCATION");
    assert_eq!(shown["stats"]["openCount"], 0);
    assert!(!shown.to_string().contains("sandcastle"));

    let id = link["id"].as_str().unwrap();
    let edit = ["links", "edit", id, "--expires", "never", "--no-password", "--upload", "true"];
    let edited = ann.json(&edit);
    assert_eq!(edited.get("expireTime"), None);
    assert_eq!(edited["hasPassword"], false);
    assert_eq!(edited["allowUpload"], true);
    assert_eq!(edited["slug"], "summer-2024", "what is not named stays");
    let list = ann.run(&["links", "list", "--album", "Summer"]);
    assert!(list.ok().contains(address), "{list:?}");

    ann.run(&["links", "revoke", "summer-2024"]).ok();
    assert_eq!(ann.json(&["links", "list"])["sharedLinks"], Value::Array(Vec::new()));
    let revoked = ann.json(&["links", "list", "--state", "revoked"]);
    assert_eq!(revoked["sharedLinks"][0]["state"], "SHARED_LINK_STATE_REVOKED");
    ann.run(&["links", "show", "summer-2024"]).fails(4);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn link_shows_single_photos() {
    let site = Site::start().await;
    let ann = site.ann();
    for number in 0..2 {
        ann.write(&format!("{number}.jpg"), &photo(number, 10_000));
    }
    let sent = ann.json(&["upload", "0.jpg", "1.jpg"]);
    let id = |index: usize| sent["files"][index]["assetId"].as_str().unwrap();
    let link = ann.json(&["links", "create", "--assets", id(0), "--description", "Two"]);
    assert_eq!(link["kind"], "SHARED_LINK_KIND_LIST");
    let link = link["url"].as_str().unwrap();
    assert_eq!(ann.json(&["links", "add", link, id(1)])["addedCount"], 1);
    assert_eq!(ann.json(&["links", "remove", link, id(0)])["removedCount"], 1);
    assert_eq!(ann.json(&["links", "show", link])["sharedLink"]["assetCount"], 1);
    assert!(ann.run(&["links", "create"]).fails(2).contains("ALBUM"));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn link_that_makes_no_sense_is_refused_with_its_field() {
    let site = Site::start().await;
    let ann = site.ann();
    ann.run(&["albums", "create", "Summer"]).ok();
    let wrong = ann.run(&["links", "create", "Summer", "--slug", "Not A Slug", "--json"]);
    wrong.fails(2);
    assert_eq!(wrong.error()["violations"][0]["field"], "shared_link.slug");
    assert!(wrong.error()["message"].as_str().unwrap().starts_with("--slug "), "{wrong:?}");
    let text = ann.run(&["links", "create", "Summer", "--slug", "Not A Slug"]);
    assert_eq!(text.fails(2).lines().count(), 1, "{text:?}");
    let unnamed = ann.run(&["albums", "create", ""]);
    assert!(unnamed.fails(2).starts_with("error: NAME must "), "{unnamed:?}");
    let unnamed = ann.run(&["albums", "edit", "Summer", "--name", ""]);
    assert!(unnamed.fails(2).starts_with("error: --name must "), "{unnamed:?}");
    assert!(ann.run(&["links", "create", "Summer", "--expires", "soon"]).fails(2).contains("7d"));
    let no_terminal = ann.run(&["links", "create", "Summer", "--password"]);
    assert!(no_terminal.fails(2).contains("--password-stdin"), "{no_terminal:?}");
    site.stop().await;
}
