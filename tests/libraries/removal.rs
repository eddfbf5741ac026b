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
        // What comes back is new: nobody said that it was to stay out.
        shelf.photo("photos/1.jpg", 1);
        assert_eq!(shelf.counts().await.added, 1);
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
