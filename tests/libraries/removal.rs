//! Removing what is missing, and whole libraries.

use albumen::v1::*;
use albumen_server::entity::{library, library_file, library_scan};
use sea_orm::EntityTrait as _;
use tonic::Code;

use super::shelf::{Shelf, test};
use crate::support::{expect_code, expect_reason, fixtures};

async fn delete(
    shelf: &Shelf,
    force: bool,
) -> Result<tonic::Response<DeleteLibraryResponse>, tonic::Status> {
    let request = DeleteLibraryRequest { library_id: shelf.library.id.clone(), force };
    shelf.admin.libraries().delete_library(request).await
}

async fn trash(shelf: &Shelf, asset: &Asset) {
    let request = TrashAssetsRequest { asset_ids: vec![asset.id.clone()] };
    shelf.ann.assets().trash_assets(request).await.unwrap();
}

/// How many assets and comments an album has.
async fn read(shelf: &Shelf, album: &Album) -> (i32, usize) {
    let request = GetAlbumRequest { album_id: album.id.clone() };
    let count = shelf.ann.albums().get_album(request).await.unwrap().into_inner().asset_count;
    let request = ListActivitiesRequest { album_id: album.id.clone(), ..Default::default() };
    let activities = shelf.ann.activities().list_activities(request).await.unwrap();
    (count, activities.into_inner().activities.len())
}

#[tokio::test]
async fn only_what_is_missing_everywhere_is_removed() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        shelf.photo("photos/3.jpg", 3);
        shelf.counts().await;
        shelf.remove("photos/1.jpg");
        shelf.remove("photos/2.jpg");
        shelf.counts().await;
        let removed = shelf.remove_offline().await;
        assert_eq!((removed.removed_count, removed.problems.len()), (2, 0));
        let left = shelf.assets().await;
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].file_name, "3.jpg");
        assert_eq!(shelf.remove_offline().await.removed_count, 0);
        let trash = shelf.trash().await;
        assert_eq!(trash.len(), 2);
        assert!(trash.iter().all(|asset| asset.offline_time.is_some()));
    })
    .await;
}

#[tokio::test]
async fn what_was_removed_comes_out_of_the_trash_when_it_is_back() {
    test(|shelf| async move {
        for number in 1..=3 {
            shelf.photo(&format!("photos/{number}.jpg"), number);
        }
        shelf.counts().await;
        let asset = shelf.asset("1.jpg").await;
        let album = shelf.ann.album("Rome", std::slice::from_ref(&asset)).await;
        let request = CreateCommentRequest {
            album_id: album.id.clone(),
            asset_id: asset.id.clone(),
            text: "The Forum".to_owned(),
            ..Default::default()
        };
        shelf.ann.activities().create_comment(request).await.unwrap();
        shelf.rename("photos", "away");
        shelf.write("photos/4.jpg", &fixtures::photo(4));
        shelf.counts().await;
        // One of them somebody puts into the trash by hand.
        let by_hand = shelf.asset("3.jpg").await;
        trash(&shelf, &by_hand).await;
        assert_eq!(shelf.remove_offline().await.removed_count, 2);
        assert_eq!(read(&shelf, &album).await, (0, 0));

        // One where it was, one elsewhere.
        shelf.rename("away/1.jpg", "photos/1.jpg");
        shelf.rename("away/2.jpg", "photos/new/2.jpg");
        shelf.rename("away/3.jpg", "photos/3.jpg");
        shelf.counts().await;
        let names: Vec<_> = shelf.assets().await.into_iter().map(|asset| asset.file_name).collect();
        assert_eq!(names, ["1.jpg", "2.jpg", "4.jpg"]);
        assert_eq!(shelf.asset("1.jpg").await.id, asset.id);
        assert_eq!(read(&shelf, &album).await, (1, 1));
        let trash = shelf.trash().await;
        assert_eq!(trash.iter().map(|asset| &asset.id).collect::<Vec<_>>(), [&by_hand.id]);
    })
    .await;
}

#[tokio::test]
async fn what_was_removed_and_left_the_trash_comes_back_as_new() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        shelf.photo("photos/3.jpg", 3);
        shelf.counts().await;
        let before = shelf.asset("1.jpg").await;
        shelf.remove("photos/1.jpg");
        shelf.remove("photos/2.jpg");
        shelf.counts().await;
        // This one is to stay out.
        let by_hand = shelf.asset("2.jpg").await;
        trash(&shelf, &by_hand).await;
        shelf.remove_offline().await;
        shelf.ann.assets().empty_trash(EmptyTrashRequest {}).await.unwrap();
        assert_eq!(shelf.trash().await, []);
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        let counts = shelf.counts().await;
        assert_eq!((counts.added, counts.excluded), (1, 1));
        assert_ne!(shelf.asset("1.jpg").await.id, before.id);
    })
    .await;
}

#[tokio::test]
async fn what_was_removed_and_restored_waits_in_its_place() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        shelf.counts().await;
        shelf.remove("photos/1.jpg");
        shelf.counts().await;
        assert_eq!(shelf.remove_offline().await.removed_count, 1);
        let trash = shelf.trash().await;
        let asset_ids = vec![trash[0].id.clone()];
        shelf.ann.assets().restore_assets(RestoreAssetsRequest { asset_ids }).await.unwrap();
        assert!(shelf.asset("1.jpg").await.offline_time.is_some());
        shelf.photo("photos/1.jpg", 1);
        assert_eq!(shelf.counts().await.returned, 1);
        assert!(shelf.asset("1.jpg").await.offline_time.is_none());
    })
    .await;
}

#[tokio::test]
async fn what_is_missing_from_another_library_too_is_not_removed_with_this_one() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        shelf.photo("more/copy.jpg", 1);
        shelf.photo("more/3.jpg", 3);
        shelf.counts().await;
        let other = shelf.create("More", &["more"]).await;
        shelf.scan_of(&other, false).await;
        shelf.remove("photos/1.jpg");
        shelf.remove("more/copy.jpg");
        shelf.counts().await;
        shelf.scan_of(&other, false).await;
        assert!(shelf.asset("1.jpg").await.offline_time.is_some());
        // That one's disk may be away.
        assert_eq!(shelf.remove_offline().await.removed_count, 0);
        assert_eq!(shelf.trash().await, []);
        shelf.photo("more/copy.jpg", 1);
        shelf.scan_of(&other, false).await;
        assert!(shelf.asset("1.jpg").await.offline_time.is_none());
    })
    .await;
}

#[tokio::test]
async fn what_lost_its_place_to_other_bytes_is_removed_too() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        shelf.counts().await;
        shelf.write("photos/1.jpg", b"no photo any more");
        let counts = shelf.counts().await;
        assert_eq!((counts.refused, counts.unchanged), (1, 1));
        assert!(shelf.asset("1.jpg").await.offline_time.is_some());
        assert_eq!(shelf.remove_offline().await.removed_count, 1);
        assert_eq!(shelf.assets().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_library_with_assets_of_its_own_is_deleted_by_force_only() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        shelf.ann.upload("mine.jpg", &fixtures::photo(2)).await;
        shelf.counts().await;
        expect_reason(delete(&shelf, false).await, Code::FailedPrecondition, "LIBRARY_NOT_EMPTY");
        delete(&shelf, true).await.unwrap();
        let request = GetLibraryRequest { library_id: shelf.library.id.clone() };
        expect_code(shelf.ann.libraries().get_library(request).await, Code::NotFound);
        expect_code(delete(&shelf, true).await, Code::NotFound);
        shelf.server.run_jobs().await;
        let left = shelf.assets().await;
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].file_name, "mine.jpg");
        assert!(shelf.path("photos/1.jpg").exists());
        let reader = shelf.server.app.database.reader();
        assert_eq!(library::Entity::find().all(reader).await.unwrap(), []);
        assert_eq!(library_file::Entity::find().all(reader).await.unwrap(), []);
        assert_eq!(library_scan::Entity::find().all(reader).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn what_another_library_has_stays_when_one_is_deleted() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.photo("more/copy.jpg", 1);
        shelf.counts().await;
        let other = shelf.create("More", &["more"]).await;
        let counts = shelf.scan_of(&other, false).await.counts.unwrap();
        assert_eq!(counts.copied, 1);
        // Nothing goes with it.
        delete(&shelf, false).await.unwrap();
        shelf.server.run_jobs().await;
        let left = shelf.assets().await;
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].offline_time, None);
    })
    .await;
}
