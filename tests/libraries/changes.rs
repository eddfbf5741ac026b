//! What becomes of assets when files come, move, change and go.

use std::time::Duration;

use albumen::v1::*;
use albumen_server::entity::{asset_file, library_file};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::shelf::{Shelf, test};
use crate::support::fixtures;

/// An album with all of Ann's assets.
async fn album(shelf: &Shelf) -> Album {
    shelf.ann.album("Trip", &shelf.assets().await).await
}

async fn in_album(shelf: &Shelf, album: &Album) -> Vec<Asset> {
    let request = ListAssetsRequest { album_id: album.id.clone(), ..Default::default() };
    shelf.ann.assets().list_assets(request).await.unwrap().into_inner().assets
}

async fn files(shelf: &Shelf) -> Vec<library_file::Model> {
    let mut files =
        library_file::Entity::find().all(shelf.server.app.database.reader()).await.unwrap();
    files.sort_by_key(|file| file.path.clone());
    files
}

#[tokio::test]
async fn photos_and_videos_become_assets_of_the_librarys_owner() {
    test(|shelf| async move {
        shelf.write("photos/IMG_2041.jpg", &fixtures::read("photos/IMG_2041.jpg"));
        shelf.write("photos/2024/a/evening.mp4", &fixtures::read("photos/evening.mp4"));
        shelf.photo("photos/2024/b.jpg", 1);
        shelf.write("photos/notes.txt", b"no photo");
        let counts = shelf.counts().await;
        assert_eq!((counts.found, counts.added, counts.refused), (4, 3, 1));
        let photo = shelf.asset("IMG_2041.jpg").await;
        assert_eq!(photo.width_px, Some(1200));
        assert_eq!(photo.content_type, "image/jpeg");
        assert_eq!(photo.owner_id, shelf.ann.user.id);
        assert!(photo.capture_time.is_some());
        assert_eq!(shelf.asset("evening.mp4").await.content_type, "video/mp4");
        let library = shelf.get().await;
        assert_eq!((library.file_count, library.offline_file_count), (3, 0));
        assert_eq!(library.last_scan.unwrap().counts.unwrap(), counts);
    })
    .await;
}

#[tokio::test]
async fn a_scan_writes_nothing_about_what_is_as_it_was() {
    test(|shelf| async move {
        for number in 0..5 {
            shelf.photo(&format!("photos/{number}/{number}.jpg"), number);
        }
        shelf.write("photos/x.txt", b"x");
        shelf.counts().await;
        let before = files(&shelf).await;
        shelf.server.sleep(Duration::from_secs(60));
        let counts = shelf.counts().await;
        assert_eq!((counts.unchanged, counts.refused, counts.read_bytes), (5, 1, 0));
        assert_eq!(files(&shelf).await, before);
    })
    .await;
}

#[tokio::test]
async fn a_renamed_folder_keeps_assets_albums_and_comments() {
    test(|shelf| async move {
        for number in 0..3 {
            shelf.photo(&format!("photos/old/{number}.jpg"), number);
        }
        shelf.counts().await;
        let before = shelf.assets().await;
        let album = album(&shelf).await;
        let request = CreateCommentRequest {
            album_id: album.id.clone(),
            asset_id: before[0].id.clone(),
            text: "Lovely".to_owned(),
            ..Default::default()
        };
        shelf.ann.activities().create_comment(request).await.unwrap();
        shelf.server.sleep(Duration::from_secs(60));
        shelf.rename("photos/old", "photos/a new");
        let counts = shelf.counts().await;
        assert_eq!((counts.moved, counts.copied, counts.missing), (3, 0, 0));
        assert_eq!(shelf.assets().await, before);
        assert_eq!(in_album(&shelf, &album).await.len(), 3);
        let paths: Vec<_> = files(&shelf).await.into_iter().map(|file| file.path).collect();
        assert_eq!(paths, [0, 1, 2].map(|it| shelf.text(&format!("photos/a new/{it}.jpg"))));
    })
    .await;
}

#[tokio::test]
async fn copies_are_places_of_one_asset_and_either_may_go() {
    test(|shelf| async move {
        shelf.photo("photos/a/1.jpg", 1);
        shelf.photo("photos/b/2.jpg", 2);
        shelf.counts().await;
        shelf.server.sleep(Duration::from_secs(60));
        shelf.photo("photos/b/1.jpg", 1);
        shelf.photo("photos/a/2.jpg", 2);
        let counts = shelf.counts().await;
        assert_eq!((counts.copied, counts.unchanged), (2, 2));
        let before = shelf.assets().await;
        assert_eq!(before.len(), 2);
        shelf.server.sleep(Duration::from_secs(60));
        // The first place of one, the second of the other.
        shelf.remove("photos/a/1.jpg");
        shelf.remove("photos/a/2.jpg");
        let counts = shelf.counts().await;
        assert_eq!((counts.missing, counts.moved, counts.unchanged), (2, 0, 2));
        assert_eq!(shelf.assets().await, before);
        assert_eq!(shelf.get().await.offline_file_count, 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_missing_is_offline_and_keeps_its_place_until_it_is_back() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        shelf.counts().await;
        let album = album(&shelf).await;
        shelf.rename("photos/1.jpg", "1.jpg");
        let counts = shelf.counts().await;
        assert_eq!((counts.missing, counts.unchanged), (1, 1));
        assert!(shelf.asset("1.jpg").await.offline_time.is_some());
        assert_eq!(in_album(&shelf, &album).await.len(), 2);
        let library = shelf.get().await;
        assert_eq!((library.file_count, library.offline_file_count), (1, 1));
        // Once missing is not missing again.
        assert_eq!(shelf.counts().await.missing, 0);
        shelf.rename("1.jpg", "photos/1.jpg");
        let counts = shelf.counts().await;
        assert_eq!((counts.returned, counts.read_bytes), (1, 0));
        assert!(shelf.asset("1.jpg").await.offline_time.is_none());
        assert_eq!(shelf.get().await.offline_file_count, 0);
    })
    .await;
}

#[tokio::test]
async fn what_was_missing_and_is_found_elsewhere_has_moved() {
    test(|shelf| async move {
        shelf.photo("photos/z.jpg", 1);
        shelf.photo("photos/stays.jpg", 2);
        shelf.counts().await;
        let before = shelf.asset("z.jpg").await;
        shelf.rename("photos/z.jpg", "z.jpg");
        shelf.counts().await;
        shelf.rename("z.jpg", "photos/a/other name.jpg");
        let counts = shelf.counts().await;
        assert_eq!((counts.moved, counts.added), (1, 0));
        let after = shelf.asset("z.jpg").await;
        assert_eq!((after.id, after.offline_time), (before.id, None));
        assert_eq!(files(&shelf).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn an_asset_gets_the_bytes_of_its_file_when_they_change() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        shelf.counts().await;
        let before = shelf.asset("1.jpg").await;
        let album = album(&shelf).await;
        shelf.server.sleep(Duration::from_secs(60));
        // Another time, so that the album has to be sorted anew.
        shelf.write("photos/1.jpg", &fixtures::read("photos/IMG_2041.jpg"));
        let counts = shelf.counts().await;
        assert_eq!((counts.changed, counts.unchanged, counts.missing), (1, 1, 0));
        let after = shelf.asset("1.jpg").await;
        assert_eq!(after.id, before.id);
        assert_ne!(after.sha256, before.sha256);
        assert_eq!(after.width_px, Some(1200));
        let listed = in_album(&shelf, &album).await;
        assert!(listed.iter().any(|asset| asset.sha256 == after.sha256));
        assert_eq!(listed.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_changed_copy_becomes_an_asset_of_its_own() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/copy.jpg", 1);
        shelf.counts().await;
        let before = shelf.assets().await;
        assert_eq!(before.len(), 1);
        shelf.photo("photos/copy.jpg", 2);
        shelf.age("photos/copy.jpg", Duration::from_secs(1000));
        let counts = shelf.counts().await;
        assert_eq!((counts.changed, counts.unchanged), (1, 1));
        let after = shelf.assets().await;
        assert_eq!(after.len(), 2);
        assert!(after.contains(&before[0]));
    })
    .await;
}

#[tokio::test]
async fn renumbered_files_keep_what_belongs_to_their_bytes() {
    test(|shelf| async move {
        for number in 1..=3 {
            shelf.photo(&format!("photos/{number}.jpg"), number);
        }
        shelf.counts().await;
        let before = shelf.assets().await;
        // Each takes the name of the next one, and a new file the first.
        for number in (1..=3).rev() {
            let from = format!("photos/{number}.jpg");
            shelf.rename(&from, &format!("photos/{}.jpg", number + 1));
        }
        shelf.photo("photos/1.jpg", 100);
        shelf.age("photos/1.jpg", Duration::from_secs(1000));
        let counts = shelf.counts().await;
        assert_eq!(counts.missing, 0);
        let after = shelf.assets().await;
        assert_eq!(after.len(), 4);
        for asset in before {
            let kept = after.iter().find(|it| it.id == asset.id).unwrap();
            assert_eq!((&kept.sha256, kept.offline_time), (&asset.sha256, None));
        }
    })
    .await;
}

async fn get(shelf: &Shelf, id: &str) -> Asset {
    let request = GetAssetRequest { asset_id: id.to_owned() };
    shelf.ann.assets().get_asset(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn many_renumbered_files_keep_what_belongs_to_their_bytes_too() {
    test(|shelf| async move {
        shelf.photo("photos/0000.jpg", 0);
        shelf.counts().await;
        let before = shelf.asset("0000.jpg").await;
        for number in 1..1100 {
            shelf.photo(&format!("photos/{number:04}.jpg"), number);
        }
        shelf.counts().await;
        for number in (0..1100).rev() {
            let from = format!("photos/{number:04}.jpg");
            shelf.rename(&from, &format!("photos/{:04}.jpg", number + 1));
        }
        shelf.photo("photos/0000.jpg", 5000);
        let counts = shelf.counts().await;
        assert_eq!((counts.changed, counts.missing), (1100, 0));
        let kept = get(&shelf, &before.id).await;
        assert_eq!((kept.sha256, kept.offline_time), (before.sha256, None));
    })
    .await;
}

#[tokio::test]
async fn a_touched_file_is_read_again_and_stays_what_it_is() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.counts().await;
        let before = shelf.assets().await;
        shelf.age("photos/1.jpg", Duration::from_secs(1000));
        let counts = shelf.counts().await;
        assert_eq!((counts.unchanged, counts.read_bytes), (1, 4096));
        assert_eq!(shelf.assets().await, before);
        assert_eq!(shelf.counts().await.read_bytes, 0);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_is_being_written_is_taken_by_a_scan_that_follows() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/growing.jpg", 2);
        shelf.age("photos/growing.jpg", Duration::from_secs(1));
        let counts = shelf.counts().await;
        assert_eq!((counts.added, counts.unsettled), (1, 1));
        shelf.server.sleep(Duration::from_secs(60));
        shelf.server.run_jobs().await;
        assert_eq!(shelf.assets().await.len(), 2);
        let scan = shelf.get().await.last_scan.unwrap();
        assert_eq!(scan.cause(), library_scan::Cause::Change);
        assert_eq!(scan.counts.unwrap().added, 1);
    })
    .await;
}

#[tokio::test]
async fn an_uploaded_asset_is_never_offline() {
    test(|shelf| async move {
        let uploaded = shelf.ann.upload("mine.jpg", &fixtures::photo(1)).await;
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        let counts = shelf.counts().await;
        assert_eq!((counts.copied, counts.added), (1, 1));
        shelf.remove("photos/1.jpg");
        assert_eq!(shelf.counts().await.missing, 1);
        assert_eq!(shelf.asset("mine.jpg").await.offline_time, None);
        assert_eq!(shelf.remove_offline().await.removed_count, 0);
        assert_eq!(shelf.asset("mine.jpg").await.id, uploaded.id);
    })
    .await;
}

#[tokio::test]
async fn what_is_in_the_trash_stays_there() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.counts().await;
        let asset = shelf.asset("1.jpg").await;
        let request = TrashAssetsRequest { asset_ids: vec![asset.id.clone()] };
        shelf.ann.assets().trash_assets(request).await.unwrap();
        assert_eq!(shelf.counts().await.unchanged, 1);
        shelf.rename("photos/1.jpg", "photos/b.jpg");
        assert_eq!(shelf.counts().await.moved, 1);
        assert_eq!(shelf.assets().await, []);
    })
    .await;
}

/// Marks the files of an asset as deletion for good does.
async fn exclude(shelf: &Shelf, asset: &Asset) {
    let id = albumen_server::id::AssetId::parse(&asset.id).unwrap();
    let exclude = library_file::Entity::update_many()
        .col_expr(
            library_file::Column::State,
            sea_orm::sea_query::Expr::val(library_file::State::Excluded),
        )
        .col_expr(library_file::Column::AssetId, sea_orm::sea_query::Expr::null())
        .filter(library_file::Column::AssetId.eq(id));
    let work = shelf.server.app.transact(|transaction| async move {
        exclude.exec(&*transaction).await?;
        Ok(())
    });
    work.await.unwrap();
    let ids = || vec![asset.id.clone()];
    let mut assets = shelf.ann.assets();
    assets.trash_assets(TrashAssetsRequest { asset_ids: ids() }).await.unwrap();
    assets.delete_assets(DeleteAssetsRequest { asset_ids: ids() }).await.unwrap();
}

#[tokio::test]
async fn what_was_deleted_for_good_stays_out_until_it_is_restored() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        shelf.counts().await;
        exclude(&shelf, &shelf.asset("1.jpg").await).await;
        shelf.photo("photos/copy of 1.jpg", 1);
        let counts = shelf.counts().await;
        assert_eq!((counts.excluded, counts.unchanged), (2, 1));
        assert_eq!(shelf.assets().await.len(), 1);
        let counts = shelf.restore().await.counts.unwrap();
        assert_eq!((counts.added, counts.copied, counts.excluded), (1, 1, 0));
        assert_eq!(shelf.assets().await.len(), 2);
        // And does not go again.
        shelf.age("photos/1.jpg", Duration::from_secs(1000));
        assert_eq!(shelf.counts().await.unchanged, 3);
    })
    .await;
}

#[tokio::test]
async fn many_files_are_found_in_one_scan() {
    test(|shelf| async move {
        for number in 0..1200 {
            shelf.photo(&format!("photos/{}/{number}.jpg", number % 7), number);
        }
        assert_eq!(shelf.counts().await.added, 1200);
        assert_eq!(shelf.counts().await.unchanged, 1200);
        shelf.rename("photos/3", "photos/moved");
        let counts = shelf.counts().await;
        assert_eq!((counts.moved, counts.missing), (171, 0));
        let reader = shelf.server.app.database.reader();
        assert_eq!(asset_file::Entity::find().all(reader).await.unwrap().len(), 1200);
    })
    .await;
}
