//! Live photos: a photo and the film beside it that has its name.

use std::time::Duration;

use albumen::v1::skipped_asset::Reason;
use albumen::v1::*;

use super::shelf::test;
use crate::support::{fixtures, reason};

#[tokio::test]
async fn a_photo_and_the_film_beside_it_are_one_asset() {
    test(|shelf| async move {
        let motion = fixtures::read("photos/IMG_2050.MOV");
        shelf.write("photos/IMG_2050.HEIC", &fixtures::read("photos/IMG_2050.HEIC"));
        shelf.write("photos/IMG_2050.MOV", &motion);
        shelf.photo("photos/a/small.jpeg", 2);
        shelf.write("photos/a/small.mov", &fixtures::motion(2));
        let counts = shelf.counts().await;
        assert_eq!((counts.found, counts.added), (4, 4));
        assert_eq!(shelf.names().await, ["IMG_2050.HEIC", "small.jpeg"]);
        let asset = shelf.asset("IMG_2050.HEIC").await;
        assert_eq!(asset.motion.as_ref().unwrap().content_type, "video/quicktime");
        assert!(shelf.motion(&asset).await.unwrap() == motion);
        assert!(shelf.asset("small.jpeg").await.motion.is_some());
        let counts = shelf.later().await;
        assert_eq!((counts.unchanged, counts.read_bytes), (4, 0));
        assert_eq!(shelf.get().await.file_count, 4);
        // And counts towards no quota.
        let me = shelf.ann.users().get_me(GetMeRequest {}).await.unwrap().into_inner();
        assert_eq!(me.used_bytes, 0);
        shelf.ann.trash(&[asset]).await.unwrap();
        assert_eq!(shelf.names().await, ["small.jpeg"]);
    })
    .await;
}

#[tokio::test]
async fn many_are_found_in_one_scan() {
    test(|shelf| async move {
        for number in 0..600 {
            shelf.pair(&format!("photos/{number:03}"), number);
        }
        assert_eq!(shelf.counts().await.added, 1200);
        let assets = shelf.assets().await;
        assert_eq!(assets.len(), 600);
        assert!(assets.iter().all(|asset| asset.motion.is_some()));
    })
    .await;
}

#[tokio::test]
async fn a_film_waits_for_its_photo() {
    test(|shelf| async move {
        for number in 1..=4 {
            shelf.write(&format!("photos/{number}.mov"), &fixtures::motion(number));
        }
        shelf.counts().await;
        // What somebody did something with is theirs.
        shelf.server.sleep(Duration::from_secs(60));
        shelf.ann.album("Films", &[shelf.asset("2.mov").await]).await;
        let words = Asset { description: "A film".to_owned(), ..Asset::default() };
        shelf.ann.update(&[shelf.asset("3.mov").await], words, &["description"]).await.unwrap();
        shelf.ann.trash(&[shelf.asset("4.mov").await]).await.unwrap();
        for number in 1..=4 {
            shelf.photo(&format!("photos/{number}.jpg"), number);
        }
        let counts = shelf.later().await;
        assert_eq!((counts.added, counts.unchanged), (4, 4));
        let names = ["1.jpg", "2.jpg", "2.mov", "3.jpg", "3.mov", "4.jpg"];
        assert_eq!(shelf.names().await, names);
        let assets = shelf.assets().await;
        let live = assets.iter().filter(|asset| asset.motion.is_some());
        assert_eq!(live.map(|asset| asset.file_name.as_str()).collect::<Vec<_>>(), ["1.jpg"]);
    })
    .await;
}

#[tokio::test]
async fn other_films_are_assets_of_their_own() {
    test(|shelf| async move {
        shelf.photo("photos/long.jpg", 1);
        shelf.write("photos/long.mov", &fixtures::film(1, 11));
        shelf.photo("photos/short.jpg", 2);
        shelf.write("photos/short.mov", &fixtures::film(2, 10));
        shelf.photo("photos/a/elsewhere.jpg", 3);
        shelf.write("photos/elsewhere.mov", &fixtures::motion(3));
        shelf.photo("photos/other.jpg", 4);
        shelf.write("photos/other.mp4", &fixtures::read("photos/evening.mp4"));
        shelf.write("photos/picture.webp", &fixtures::picture(5));
        shelf.write("photos/picture.mov", &fixtures::motion(5));
        shelf.counts().await;
        let names = shelf.names().await;
        let films: Vec<_> = names.iter().filter(|name| name.contains(".m")).collect();
        assert_eq!(films, ["elsewhere.mov", "long.mov", "other.mp4", "picture.mov"]);
    })
    .await;
}

#[tokio::test]
async fn both_follow_a_renamed_folder() {
    test(|shelf| async move {
        shelf.pair("photos/old/1", 1);
        shelf.pair("photos/old/2", 2);
        shelf.counts().await;
        let before = shelf.assets().await;
        let album = shelf.ann.album("Trip", &before).await;
        shelf.rename("photos/old", "photos/new");
        let counts = shelf.later().await;
        assert_eq!((counts.moved, counts.copied, counts.added, counts.missing), (4, 0, 0, 0));
        assert_eq!(shelf.assets().await, before);
        assert_eq!(shelf.ann.album_names(&album).await.len(), 2);
        // Wherever they lie, and one by one.
        shelf.rename("photos/new/1.MOV", "photos/films/film.mov");
        let counts = shelf.later().await;
        assert_eq!((counts.moved, counts.unchanged), (1, 3));
        assert_eq!(shelf.assets().await, before);
        assert!(shelf.motion(&before[0]).await.unwrap() == fixtures::motion(1));
    })
    .await;
}

#[tokio::test]
async fn a_missing_motion_part_leaves_its_photo_there() {
    test(|shelf| async move {
        shelf.pair("photos/1", 1);
        shelf.counts().await;
        let album = shelf.ann.album("Live", &[shelf.only().await]).await;
        shelf.rename("photos/1.MOV", "1.MOV");
        let counts = shelf.later().await;
        assert_eq!((counts.missing, counts.unchanged), (1, 1));
        assert_eq!(shelf.get().await.offline_file_count, 1);
        let asset = shelf.only().await;
        assert_eq!(asset.offline_time, None);
        assert_eq!(reason(&shelf.motion(&asset).await.unwrap_err()), "ASSET_OFFLINE");
        let export = shelf.ann.export(&album).await.unwrap();
        assert_eq!((export.parts[0].entry_count, export.skipped_assets.len()), (1, 1));
        let skipped = &export.skipped_assets[0];
        assert_eq!((skipped.file_name.as_str(), skipped.reason()), ("1.MOV", Reason::Offline));
        shelf.rename("1.MOV", "photos/1.MOV");
        assert_eq!(shelf.later().await.returned, 1);
        assert!(shelf.motion(&asset).await.unwrap() == fixtures::motion(1));
        // Until it is forgotten.
        shelf.rename("photos/1.MOV", "1.MOV");
        shelf.later().await;
        assert_eq!(shelf.remove_offline().await.removed_count, 0);
        assert_eq!(shelf.only().await.motion, None);
        shelf.rename("1.MOV", "photos/1.MOV");
        assert_eq!(shelf.later().await.added, 1);
        assert!(shelf.only().await.motion.is_some());
    })
    .await;
}

#[tokio::test]
async fn what_is_left_of_a_removed_photo_is_a_film() {
    test(|shelf| async move {
        shelf.pair("photos/1", 1);
        shelf.counts().await;
        let before = shelf.only().await;
        shelf.remove("photos/1.jpg");
        shelf.later().await;
        let asset = shelf.only().await;
        assert!(asset.offline_time.is_some() && asset.motion.is_some());
        assert_eq!(shelf.remove_offline().await.removed_count, 1);
        assert_eq!(shelf.later().await.added, 1);
        assert_eq!(shelf.only().await.file_name, "1.MOV");
        // It is its photo's again once that is back.
        shelf.photo("photos/1.jpg", 1);
        shelf.later().await;
        let asset = shelf.only().await;
        assert!(asset.id == before.id && asset.motion.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_copied_live_photo_is_one_more_place_of_both() {
    test(|shelf| async move {
        shelf.pair("photos/a/1", 1);
        shelf.counts().await;
        let before = shelf.only().await;
        shelf.pair("photos/b/1", 1);
        assert_eq!(shelf.later().await.copied, 2);
        assert_eq!(shelf.only().await, before);
        shelf.remove("photos/a/1.jpg");
        shelf.remove("photos/a/1.MOV");
        let counts = shelf.later().await;
        assert_eq!((counts.missing, counts.unchanged), (2, 2));
        assert_eq!(shelf.only().await, before);
        assert!(shelf.motion(&before).await.unwrap() == fixtures::motion(1));
        assert_eq!(shelf.get().await.offline_file_count, 0);
        // Two that are found together are, too.
        shelf.pair("photos/c/2", 2);
        shelf.pair("photos/d/2", 2);
        shelf.later().await;
        assert_eq!(shelf.names().await, ["1.jpg", "2.jpg"]);
    })
    .await;
}

#[tokio::test]
async fn each_part_may_change() {
    test(|shelf| async move {
        shelf.pair("photos/1", 1);
        shelf.counts().await;
        let before = shelf.only().await;
        shelf.write("photos/1.MOV", &fixtures::motion(2));
        shelf.age("photos/1.MOV", Duration::from_secs(1000));
        assert_eq!(shelf.later().await.changed, 1);
        let asset = shelf.only().await;
        assert_eq!((&asset.id, &asset.sha256), (&before.id, &before.sha256));
        assert!(shelf.motion(&asset).await.unwrap() == fixtures::motion(2));
        shelf.photo("photos/1.jpg", 3);
        shelf.age("photos/1.jpg", Duration::from_secs(1000));
        assert_eq!(shelf.later().await.changed, 1);
        let asset = shelf.only().await;
        assert!(asset.id == before.id && asset.sha256 != before.sha256);
        assert!(shelf.motion(&asset).await.unwrap() == fixtures::motion(2));
        // Touched, they stay what they are.
        shelf.age("photos/1.MOV", Duration::from_secs(2000));
        assert_eq!(shelf.later().await.unchanged, 2);
        shelf.write("photos/1.MOV", b"no film any more");
        assert_eq!(shelf.later().await.refused, 1);
        assert_eq!(shelf.only().await.motion, None);
    })
    .await;
}
