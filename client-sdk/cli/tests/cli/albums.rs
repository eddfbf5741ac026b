//! Albums, their members and their activity.

use serde_json::Value;

use crate::photos::photo;
use crate::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn albums_are_made_changed_and_found_by_name_and_id() {
    let site = Site::start().await;
    let ann = site.ann();
    let id = ann.run(&["albums", "create", "Summer", "--description", "at the sea"]);
    let id = id.ok().to_owned();
    assert_eq!(ann.json(&["albums", "show", "summer"])["id"], id.as_str());
    assert_eq!(ann.json(&["albums", "show", &id])["displayName"], "Summer");
    let edited =
        ann.json(&["albums", "edit", "Summer", "--order", "oldest", "--activity", "false"]);
    assert_eq!(edited["order"], "ALBUM_ORDER_OLDEST_FIRST");
    assert_eq!(edited["activityEnabled"], false);
    assert_eq!(edited["description"], "at the sea", "what is not named stays");
    assert!(ann.run(&["albums", "edit", "Summer"]).fails(2).contains("--help"));

    ann.run(&["albums", "create", "Summer"]).ok();
    let both = ann.run(&["albums", "show", "Summer", "--json"]);
    both.fails(2);
    assert_eq!(both.error()["reason"], "AMBIGUOUS_NAME");
    let candidates = both.error()["candidates"].to_string();
    assert!(candidates.contains(&id) && candidates.contains("0 photos"), "{candidates}");
    let missing = ann.run(&["albums", "show", "Winter", "--json"]);
    missing.fails(4);
    assert_eq!(missing.error()["message"], "there is no album \"Winter\"");
    let strange = ann.run(&["albums", "show", "0198c2d4-0000-7000-8000-000000000000", "--json"]);
    strange.fails(4);
    assert_eq!(strange.error()["code"], "NOT_FOUND");

    assert_eq!(ann.run(&["albums", "delete", &id, "--quiet"]).ok(), "");
    assert_eq!(
        ann.json(&["albums", "list", "--category", "trash"])["albums"][0]["id"],
        id.as_str()
    );
    assert_eq!(ann.json(&["albums", "list"])["albums"].as_array().unwrap().len(), 1);
    ann.run(&["albums", "restore", "Summer"]).ok();
    assert_eq!(ann.json(&["albums", "list"])["albums"].as_array().unwrap().len(), 2);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_are_put_in_and_taken_out() {
    let site = Site::start().await;
    let ann = site.ann();
    ann.write("a.jpg", &photo(1, 10_000));
    let sent = ann.json(&["upload", "a.jpg"]);
    let id = sent["files"][0]["assetId"].as_str().unwrap();
    ann.run(&["albums", "create", "Summer"]).ok();
    assert_eq!(ann.json(&["albums", "add", "Summer", id])["addedCount"], 1);
    let again = ann.run(&["albums", "add", "Summer", id]);
    assert_eq!(again.ok(), "0 photos added, 1 there already");
    let assets = ann.json(&["albums", "assets", "Summer"]);
    assert_eq!(assets["assets"][0]["fileName"], "a.jpg");
    assert_eq!(assets["assets"][0]["sizeBytes"], 10_000);
    assert!(ann.run(&["albums", "assets", "Summer"]).ok().contains("9.8 KiB"));
    assert_eq!(ann.run(&["albums", "remove", "Summer", id]).ok(), "1 photo taken out");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn album_is_shared_with_people_and_handed_over() {
    let site = Site::start().await;
    let ann = site.ann();
    let bob = site.user(&ann, "Bob");
    let carol = site.user(&ann, "Carol");
    ann.run(&["albums", "create", "Summer", "--share", "bob@example.org=contributor"]).ok();
    assert_eq!(bob.json(&["albums", "list"])["albums"][0]["role"], "ALBUM_ROLE_CONTRIBUTOR");
    let refused = bob.run(&["albums", "edit", "Summer", "--name", "Mine"]);
    assert!(refused.fails(3).contains("role"), "{refused:?}");

    let shared = ann.run(&["albums", "share", "Summer", "carol", "BOB@example.org=editor"]);
    assert_eq!(shared.ok(), "Carol: viewer\nBob: editor");
    let again = ann.run(&["albums", "share", "Summer", "bob"]);
    assert_eq!(again.ok(), "Bob: editor", "a role that nobody names is not changed");
    let members = ann.json(&["albums", "members", "Summer"]);
    let roles = members["members"].as_array().unwrap().iter();
    let mut roles: Vec<_> =
        roles.map(|it| (it["displayName"].as_str(), it["role"].as_str())).collect();
    roles.sort();
    let editor = (Some("Bob"), Some("ALBUM_ROLE_EDITOR"));
    assert_eq!(roles[1], editor);
    assert!(ann.run(&["albums", "share", "Summer", "dora"]).fails(4).contains("dora"));
    assert!(ann.run(&["albums", "share", "Summer", "bob=king"]).fails(2).contains("viewer"));

    carol.run(&["albums", "leave", "Summer"]).ok();
    assert_eq!(carol.json(&["albums", "list"])["albums"], Value::Array(Vec::new()));
    assert!(ann.run(&["albums", "leave", "Summer"]).fails(1).contains("albums transfer"));
    ann.run(&["albums", "transfer", "Summer", "Bob"]).ok();
    assert_eq!(bob.json(&["albums", "show", "Summer"])["role"], "ALBUM_ROLE_OWNER");
    bob.run(&["albums", "unshare", "Summer", "ann@example.org"]).ok();
    ann.run(&["albums", "show", "Summer"]).fails(4);
    assert_eq!(
        bob.run(&["albums", "private", "Summer"]).ok(),
        "0 members removed, 0 links revoked"
    );
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_comment_and_like() {
    let site = Site::start().await;
    let ann = site.ann();
    ann.run(&["albums", "create", "Summer"]).ok();
    let comment = ann.run(&["activity", "comment", "Summer", "what a day"]);
    let id = comment.ok().to_owned();
    ann.run_with(&["activity", "comment", "Summer", "-"], "from a pipe").ok();
    ann.run(&["activity", "like", "Summer"]).ok();
    let list = ann.json(&["activity", "list", "Summer"]);
    assert_eq!(list["activities"].as_array().unwrap().len(), 3);
    assert_eq!(list["activities"][0]["kind"], "ACTIVITY_KIND_LIKE");
    ann.run(&["activity", "unlike", "Summer"]).ok();
    ann.run(&["activity", "delete", &id]).ok();
    let list = ann.json(&["activity", "list", "Summer", "--comments"]);
    assert_eq!(list["activities"].as_array().unwrap().len(), 1);
    assert_eq!(list["activities"][0]["text"], "from a pipe");
    let table = ann.run(&["activity", "list", "Summer"]);
    assert!(table.ok().contains("Ann") && table.out.contains("from a pipe"), "{table:?}");
    site.stop().await;
}
