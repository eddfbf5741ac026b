//! Live photos of libraries: deleting, uploading and sharing them.

use albumen::v1::*;
use tonic::Code;

use super::shelf::test;
use crate::support::folders::options;
use crate::support::{expect_code, fixtures};

#[tokio::test]
async fn both_stay_out_once_they_are_deleted_for_good() {
    test(|shelf| async move {
        shelf.pair("photos/1", 1);
        shelf.counts().await;
        let asset = shelf.only().await;
        shelf.ann.trash(std::slice::from_ref(&asset)).await.unwrap();
        shelf.ann.delete(&[asset]).await.unwrap();
        shelf.pair("photos/copy", 1);
        assert_eq!(shelf.later().await.excluded, 4);
        assert_eq!(shelf.assets().await, []);
        shelf.restore().await;
        assert!(shelf.only().await.motion.is_some());
        assert_eq!(shelf.later().await.unchanged, 4);
    })
    .await;
}

#[tokio::test]
async fn a_deleted_library_takes_motion_parts_along() {
    test(|shelf| async move {
        let photo = shelf.ann.upload("mine.jpg", &fixtures::photo(1)).await;
        shelf.pair("photos/1", 1);
        shelf.pair("photos/2", 2);
        shelf.counts().await;
        let live = shelf.asset("mine.jpg").await;
        assert!(live.motion.is_some());
        // The photo itself is stored.
        let request = CheckAssetsRequest { sha256: vec![live.sha256] };
        let known = shelf.ann.assets().check_assets(request).await.unwrap().into_inner();
        assert_eq!(known.known_assets.len(), 1);
        let request = DeleteLibraryRequest { library_id: shelf.library.id.clone(), force: true };
        shelf.admin.libraries().delete_library(request).await.unwrap();
        shelf.server.run_jobs().await;
        let asset = shelf.only().await;
        assert_eq!((asset.id, asset.motion), (photo.id, None));
    })
    .await;
}

#[tokio::test]
async fn an_upload_of_the_same_motion_part_is_stored() {
    test(|shelf| async move {
        shelf.pair("photos/1", 1);
        shelf.counts().await;
        let (asset, motion) = (shelf.only().await, fixtures::motion(1));
        let part = Upload {
            file_name: "1.MOV".to_owned(),
            size_bytes: motion.len().try_into().unwrap(),
            sha256: asset.motion.as_ref().unwrap().sha256.clone(),
            motion_of_asset_id: asset.id.clone(),
            ..Upload::default()
        };
        let create = |upload| CreateUploadRequest { upload: Some(upload), ..Default::default() };
        let other = Upload { sha256: vec![1; 32].into(), ..part.clone() };
        expect_code(shelf.ann.uploads().create_upload(create(other)).await, Code::AlreadyExists);
        let upload = shelf.ann.uploads().create_upload(create(part)).await.unwrap().into_inner();
        assert_eq!(upload.state(), UploadState::Active);
        shelf.ann.stream(&upload.id, 0, &motion).await.unwrap();
        shelf.ann.finish(&upload.id).await.unwrap();
        let me = shelf.ann.users().get_me(GetMeRequest {}).await.unwrap().into_inner();
        assert_eq!(me.used_bytes, i64::try_from(motion.len()).unwrap());
        shelf.remove("photos/1.MOV");
        shelf.later().await;
        assert!(shelf.motion(&asset).await.unwrap() == motion);
        assert_eq!(shelf.get().await.offline_file_count, 0);
    })
    .await;
}

#[tokio::test]
async fn an_uploaded_live_photo_is_found_again() {
    test(|shelf| async move {
        let photo = shelf.ann.upload("mine.jpg", &fixtures::photo(1)).await;
        let motion = fixtures::motion(1);
        let part = Upload {
            file_name: "mine.mov".to_owned(),
            size_bytes: motion.len().try_into().unwrap(),
            motion_of_asset_id: photo.id.clone(),
            ..Upload::default()
        };
        let request = CreateUploadRequest { upload: Some(part), ..Default::default() };
        let upload = shelf.ann.uploads().create_upload(request).await.unwrap().into_inner();
        shelf.ann.stream(&upload.id, 0, &motion).await.unwrap();
        let before = shelf.ann.finish(&upload.id).await.unwrap();
        shelf.pair("photos/1", 1);
        shelf.counts().await;
        assert_eq!(shelf.only().await, before);
        assert_eq!(shelf.later().await.unchanged, 2);
    })
    .await;
}

#[tokio::test]
async fn they_are_shared_exported_and_planned_as_one() {
    test(|shelf| async move {
        shelf.pair("photos/Rome/1", 1);
        shelf.counts().await;
        let options = FolderAlbumOptions { root_path: vec![shelf.text("photos")], ..options() };
        let (albums, summary) = shelf.ann.plan("", Some(options)).await.unwrap();
        assert_eq!((albums.len(), summary.file_count), (1, 1));
        assert_eq!(summary.skipped, []);
        let album = shelf.ann.album("Rome", &[shelf.only().await]).await;
        let export = shelf.ann.export(&album).await.unwrap();
        assert_eq!(export.parts[0].entry_count, 2);
        let (_, _, archive) = shelf.ann.get(&export.parts[0].http_path, &[]).await;
        for (name, bytes) in [("1.jpg", fixtures::photo(1)), ("1.MOV", fixtures::motion(1))] {
            let has = |part: &[u8]| archive.windows(part.len()).any(|window| window == part);
            assert!(has(name.as_bytes()) && has(&bytes), "{name}");
        }
        let link = shelf.ann.link(&album, SharedLink::default()).await;
        let guest = shelf.server.guest(&link, "").await;
        let request = ListAssetsRequest { album_id: album.id.clone(), ..Default::default() };
        let shown = guest.assets().list_assets(request).await.unwrap().into_inner().assets;
        assert_eq!(shown.len(), 1);
        assert!(shown[0].motion.is_some());
        let path = format!("/api/assets/{}/motion", shown[0].id);
        assert!(guest.get(&path, &[]).await.2 == fixtures::motion(1));
    })
    .await;
}

#[tokio::test]
async fn a_motion_part_that_a_guest_takes_back_is_the_librarys_again() {
    test(|shelf| async move {
        let album = shelf.ann.album("Party", &[]).await;
        let options =
            SharedLink { allow_upload: Some(true), allow_undo: Some(true), ..Default::default() };
        let link = shelf.ann.link(&album, options).await;
        let guest = shelf.server.guest(&link, "").await;
        let photo = guest.upload("1.jpg", &fixtures::photo(1)).await;
        let motion = fixtures::motion(1);
        let part = Upload {
            file_name: "1.mov".to_owned(),
            size_bytes: motion.len().try_into().unwrap(),
            motion_of_asset_id: photo.id,
            ..Upload::default()
        };
        let request = CreateUploadRequest { upload: Some(part), ..Default::default() };
        let upload = guest.uploads().create_upload(request).await.unwrap().into_inner();
        guest.stream(&upload.id, 0, &motion).await.unwrap();
        guest.finish(&upload.id).await.unwrap();
        shelf.pair("photos/1", 1);
        assert_eq!(shelf.counts().await.copied, 2);
        let request = UndoUploadRequest { upload_id: upload.id };
        guest.uploads().undo_upload(request).await.unwrap();
        assert_eq!(shelf.only().await.motion, None);
        shelf.later().await;
        assert!(shelf.motion(&shelf.only().await).await.unwrap() == motion);
    })
    .await;
}
