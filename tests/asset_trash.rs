//! `AssetService`: the trash, from putting assets into it to deleting them for good.

use std::time::Duration;

use albumen::v1::create_export_request::Source;
use albumen::v1::skipped_asset::Reason;
use albumen::v1::{
    Album, AlbumOrder, Asset, AssetSelection, AssetVisibility, CreateAlbumRequest,
    CreateExportRequest, CreateUploadRequest, DeleteAlbumRequest, DeleteUserRequest,
    DownloadAssetRequest, Export, FinishUploadRequest, GetAlbumRequest, GetMeRequest,
    ListAlbumsRequest, ListAssetsRequest, ReorderAlbumAssetsRequest, RestoreUserRequest,
    SharedLink, StreamExportRequest, UpdateAlbumRequest, Upload,
};
use albumen_server::entity::album_member::Role;
use albumen_server::{albums, assets};
use tonic::{Code, Response, Status, Streaming};

use crate::support::person::ids;
use crate::support::{Person, expect_code, expect_reason, fixtures, metadata, test, test_with};

const UNKNOWN: &str = "0192d3a0-0000-7000-8000-000000000001";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

async fn manual_album(who: &Person, assets: &[Asset]) -> Album {
    let order = AlbumOrder::Manual.into();
    let album = Album { display_name: "Trip".to_owned(), order, ..Album::default() };
    let request =
        CreateAlbumRequest { album: Some(album), asset_ids: ids(assets), ..Default::default() };
    who.albums().create_album(request).await.unwrap().into_inner()
}

async fn used_bytes(who: &Person) -> i64 {
    who.users().get_me(GetMeRequest {}).await.unwrap().into_inner().used_bytes
}

/// What a call that streams an export from its start comes to.
async fn stream(who: &Person, export: &Export) -> Result<Response<()>, Status> {
    let request =
        StreamExportRequest { export_id: export.id.clone(), part: 1, ..Default::default() };
    let mut stream = who.exports().stream_export(request).await?.into_inner();
    while stream.message().await?.is_some() {}
    Ok(Response::new(()))
}

/// How a stream ends that few chunks may follow of.
async fn end<T>(stream: &mut Streaming<T>) -> Result<Response<()>, Status> {
    for _ in 0..3 {
        if stream.message().await?.is_none() {
            return Ok(Response::new(()));
        }
    }
    panic!("the stream goes on");
}

mod trash_assets {
    use super::*;

    #[tokio::test]
    async fn an_asset_in_the_trash_is_its_owners_alone() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let assets = ann.photos(0..3).await;
            let album = ann.album("Trip", &assets).await;
            server.member(&album, &bob, Role::Editor).await;
            let guest = server.guest(&ann.link(&album, SharedLink::default()).await, "").await;

            let trashed = ann.trash(&assets[..1]).await.unwrap().remove(0);
            assert!(trashed.delete_time.is_some());
            assert_eq!(ann.asset(&trashed).await.unwrap().into_inner(), trashed);
            for who in [&bob, &guest] {
                expect_code(who.asset(&trashed).await, Code::NotFound);
                let path = format!("/api/assets/{}/original", trashed.id);
                assert_eq!(who.get(&path, &[]).await.0, http::StatusCode::NOT_FOUND);
            }
            for who in [&ann, &bob, &guest] {
                assert_eq!(who.album_names(&album).await, ["2.jpg", "1.jpg"]);
                assert_eq!(who.get_album(&album).await.asset_count, 2);
            }
            let asked = ListAlbumsRequest { asset_id: trashed.id.clone(), ..Default::default() };
            for who in [&ann, &bob] {
                let found = who.albums().list_albums(asked.clone()).await.unwrap().into_inner();
                assert!(found.albums.is_empty());
            }
            assert_eq!(ann.timeline().await, ["2.jpg", "1.jpg"]);
            let all = ListAssetsRequest { show_deleted: true, ..Default::default() };
            assert_eq!(ann.listed(all).await, ["2.jpg", "1.jpg", "0.jpg"]);
            let trash = ListAssetsRequest { only_deleted: true, ..Default::default() };
            assert_eq!(ann.listed(trash).await, ["0.jpg"]);
        })
        .await;
    }

    #[tokio::test]
    async fn trashing_again_changes_nothing() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..2).await;
            let album = ann.album("Trip", &assets).await;
            let once = ann.trash(&assets[..1]).await.unwrap();
            let album = ann.get_album(&album).await;
            server.sleep(MINUTE);
            assert_eq!(ann.trash(&assets[..1]).await.unwrap(), once);
            assert_eq!(ann.get_album(&album).await, album);
            let both = ann.trash(&assets).await.unwrap();
            assert_eq!(ids(&both), ids(&assets));
            assert_eq!(both[0], once[0]);
            assert_eq!(ann.get_album(&album).await.asset_count, 0);
        })
        .await;
    }

    #[tokio::test]
    async fn one_asset_of_somebody_else_spoils_the_call() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let mut assets = ann.photos(0..1).await;
            let album = bob.album("Trip", &bob.photos(10..11).await).await;
            server.member(&album, &ann, Role::Editor).await;
            let theirs = bob.photos(10..11).await.remove(0);
            for other in [theirs, Asset { id: UNKNOWN.to_owned(), ..Asset::default() }] {
                assets.truncate(1);
                assets.push(other);
                let answer = ann.trash(&assets).await.map(Response::new);
                let status = expect_code(answer, Code::NotFound);
                assert_eq!(metadata(&status, "resource_id"), assets[1].id);
            }
            assert_eq!(ann.timeline().await, ["0.jpg"]);
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_in_the_trash_takes_no_change() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::read("photos/IMG_2050.HEIC");
            let assets = [ann.upload("IMG_2050.HEIC", &bytes).await];
            let album = ann.album("Trip", &[]).await;
            ann.trash(&assets).await.unwrap();
            let refused = |answer: Result<Response<()>, Status>| {
                let status = expect_reason(answer, Code::FailedPrecondition, "TRASHED");
                assert_eq!(metadata(&status, "resource_id"), assets[0].id);
            };
            let rated = Asset { rating: Some(3), ..Asset::default() };
            refused(ann.update(&assets, rated, &[]).await.map(|_| Response::new(())));
            refused(ann.add(&album, &assets).await.map(|_| Response::new(())));
            let request = CreateAlbumRequest {
                album: Some(Album { display_name: "New".to_owned(), ..Album::default() }),
                asset_ids: ids(&assets),
                ..Default::default()
            };
            refused(ann.albums().create_album(request).await.map(|_| Response::new(())));
            let motion = Upload {
                file_name: "IMG_2050.MOV".to_owned(),
                size_bytes: 10_000,
                motion_of_asset_id: assets[0].id.clone(),
                ..Upload::default()
            };
            let request = CreateUploadRequest { upload: Some(motion), ..Default::default() };
            refused(ann.uploads().create_upload(request).await.map(|_| Response::new(())));
        })
        .await;
    }

    #[tokio::test]
    async fn open_streams_of_others_end() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let asset = ann.upload("a.jpg", &fixtures::sized_photo(1, 12 << 20)).await;
            let assets = [asset];
            let album = ann.album("Trip", &assets).await;
            let guest = server.guest(&ann.link(&album, SharedLink::default()).await, "").await;
            for hide in ["trash", "lock"] {
                let asset_id = assets[0].id.clone();
                let request = DownloadAssetRequest { asset_id, ..Default::default() };
                let mut stream = guest.assets().download_asset(request).await.unwrap().into_inner();
                for _ in 0..2 {
                    stream.message().await.unwrap().unwrap();
                }
                let export = ann.export(&album).await.unwrap();
                let request =
                    StreamExportRequest { export_id: export.id, part: 1, ..Default::default() };
                let mut archive = ann.exports().stream_export(request).await.unwrap().into_inner();
                for _ in 0..2 {
                    archive.message().await.unwrap().unwrap();
                }
                if hide == "trash" {
                    ann.trash(&assets).await.unwrap();
                    let ended = end(&mut archive).await;
                    expect_reason(ended, Code::FailedPrecondition, "EXPORT_STALE");
                } else {
                    ann.show(&assets, AssetVisibility::Locked).await.unwrap();
                    // It is the owner's own still.
                    while archive.message().await.unwrap().is_some() {}
                }
                expect_code(end(&mut stream).await, Code::NotFound);
                ann.restore(&assets).await.unwrap();
            }
        })
        .await;
    }

    #[tokio::test]
    async fn exports_made_before_give_it_out_no_more() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let assets = ann.photos(0..2).await;
            let album = ann.album("Trip", &assets).await;
            server.member(&album, &bob, Role::Viewer).await;
            let guest = server.guest(&ann.link(&album, SharedLink::default()).await, "").await;
            let mut exports = Vec::new();
            for who in [&ann, &bob, &guest] {
                let export = who.export(&album).await.unwrap();
                stream(who, &export).await.unwrap();
                exports.push((who, export));
            }
            ann.trash(&assets[..1]).await.unwrap();
            for (who, export) in &exports {
                let answer = stream(who, export).await;
                expect_reason(answer, Code::FailedPrecondition, "EXPORT_STALE");
                let (status, ..) = who.get(&export.parts[0].http_path, &[]).await;
                assert_eq!(status, http::StatusCode::GONE);
            }
            ann.restore(&assets).await.unwrap();
            for (who, export) in &exports {
                stream(who, export).await.unwrap();
            }
            ann.show(&assets[..1], AssetVisibility::Locked).await.unwrap();
            for (who, export) in &exports[1..] {
                let answer = stream(who, export).await;
                expect_reason(answer, Code::FailedPrecondition, "EXPORT_STALE");
            }
            stream(&ann, &exports[0].1).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn a_selection_leaves_it_out_and_says_so() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..2).await;
            ann.trash(&assets[..1]).await.unwrap();
            let selection = |assets: &[Asset]| {
                let source = Source::Selection(AssetSelection { asset_ids: ids(assets) });
                CreateExportRequest { source: Some(source), ..Default::default() }
            };
            let export = ann.exports().create_export(selection(&assets)).await;
            let export = export.unwrap().into_inner();
            assert_eq!(export.parts[0].entry_count, 1);
            assert_eq!(export.skipped_assets[0].asset_id, assets[0].id);
            assert_eq!(export.skipped_assets[0].reason(), Reason::Trashed);
            let answer = ann.exports().create_export(selection(&assets[..1])).await;
            expect_reason(answer, Code::FailedPrecondition, "EXPORT_EMPTY");
        })
        .await;
    }
}

mod restore_assets {
    use super::*;

    #[tokio::test]
    async fn assets_come_back_to_their_places() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..4).await;
            let album = manual_album(&ann, &assets).await;
            let guest = server.guest(&ann.link(&album, SharedLink::default()).await, "").await;
            assert_eq!(album.cover_asset_id, assets[0].id);
            ann.trash(&[assets[0].clone(), assets[2].clone()]).await.unwrap();
            let without = ann.get_album(&album).await;
            assert_eq!(without.cover_asset_id, assets[1].id);
            assert_eq!(ann.album_names(&album).await, ["1.jpg", "3.jpg"]);
            // The hidden ones keep their places when others move.
            let request = ReorderAlbumAssetsRequest {
                album_id: album.id.clone(),
                asset_ids: ids(&assets[3..]),
                previous_asset_id: String::new(),
            };
            ann.albums().reorder_album_assets(request).await.unwrap();
            ann.add(&album, &ann.photos(4..5).await).await.unwrap();

            let restored = ann.restore(&assets).await.unwrap();
            assert!(restored.iter().all(|asset| asset.delete_time.is_none()));
            let names = ["3.jpg", "0.jpg", "1.jpg", "2.jpg", "4.jpg"];
            assert_eq!(guest.album_names(&album).await, names);
            let album = ann.get_album(&album).await;
            assert_eq!((album.cover_asset_id.as_str(), album.asset_count), (&*assets[0].id, 5));
            assert!(guest.asset(&assets[0]).await.is_ok());
        })
        .await;
    }

    #[tokio::test]
    async fn a_cover_that_was_chosen_meanwhile_stays() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..3).await;
            let album = ann.album("Trip", &assets).await;
            ann.trash(&assets[..1]).await.unwrap();
            let cover = Album { cover_asset_id: assets[1].id.clone(), ..Album::default() };
            let album_id = album.id.clone();
            let request = UpdateAlbumRequest { album_id, album: Some(cover), update_mask: None };
            ann.albums().update_album(request).await.unwrap();
            ann.restore(&assets[..1]).await.unwrap();
            assert_eq!(ann.get_album(&album).await.cover_asset_id, assets[1].id);
            // An album whose every asset was hidden has its cover again too.
            ann.trash(&assets).await.unwrap();
            assert_eq!(ann.get_album(&album).await.cover_asset_id, "");
            ann.restore(&assets).await.unwrap();
            assert_eq!(ann.get_album(&album).await.cover_asset_id, assets[1].id);
        })
        .await;
    }

    #[tokio::test]
    async fn restoring_again_changes_nothing() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let album = ann.album("Trip", &assets).await;
            server.sleep(MINUTE);
            assert_eq!(ann.restore(&assets).await.unwrap(), assets);
            assert_eq!(ann.get_album(&album).await, album);
        })
        .await;
    }

    #[tokio::test]
    async fn the_same_bytes_bring_it_back() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let (trip, best) = (ann.album("Trip", &assets).await, ann.album("Best", &[]).await);
            let upload = Upload {
                file_name: "again.jpg".to_owned(),
                size_bytes: assets[0].size_bytes,
                album_id: best.id.clone(),
                ..Upload::default()
            };
            // Before the bytes are there and after.
            for sha256 in [assets[0].sha256.clone(), Default::default()] {
                ann.trash(&assets).await.unwrap();
                let upload = Upload { sha256, ..upload.clone() };
                let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
                let upload = ann.uploads().create_upload(request).await.unwrap().into_inner();
                if upload.asset_id.is_empty() {
                    ann.stream(&upload.id, 0, &fixtures::photo(0)).await.unwrap();
                }
                let request = FinishUploadRequest { upload_id: upload.id };
                let answer = ann.uploads().finish_upload(request).await.unwrap().into_inner();
                let asset = answer.asset.unwrap();
                assert!(answer.duplicate);
                assert_eq!((asset.id.as_str(), asset.delete_time), (&*assets[0].id, None));
                for album in [&trip, &best] {
                    assert_eq!(ann.get_album(album).await.asset_count, 1);
                }
            }
        })
        .await;
    }

    #[tokio::test]
    async fn the_same_bytes_leave_a_locked_asset_locked() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let album = ann.album("Trip", &[]).await;
            ann.show(&assets, AssetVisibility::Locked).await.unwrap();
            for sha256 in [assets[0].sha256.clone(), Default::default()] {
                ann.trash(&assets).await.unwrap();
                let upload = Upload {
                    file_name: "again.jpg".to_owned(),
                    size_bytes: assets[0].size_bytes,
                    album_id: album.id.clone(),
                    sha256,
                    ..Upload::default()
                };
                let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
                let upload = ann.uploads().create_upload(request).await.unwrap().into_inner();
                if upload.asset_id.is_empty() {
                    ann.stream(&upload.id, 0, &fixtures::photo(0)).await.unwrap();
                }
                let asset = ann.finish(&upload.id).await.unwrap();
                assert_eq!(asset.visibility(), AssetVisibility::Locked);
                assert_eq!(asset.delete_time, None);
                assert_eq!(ann.get_album(&album).await.asset_count, 0);
            }
        })
        .await;
    }
}

mod delete_assets {
    use super::*;

    #[tokio::test]
    async fn only_what_is_in_the_trash_is_deleted() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..2).await;
            ann.trash(&assets[..1]).await.unwrap();
            let answer = ann.delete(&assets).await;
            let status = expect_reason(answer, Code::FailedPrecondition, "NOT_IN_TRASH");
            assert_eq!(metadata(&status, "resource_id"), assets[1].id);
            assert!(ann.asset(&assets[0]).await.is_ok());
            ann.delete(&assets[..1]).await.unwrap();
            expect_code(ann.asset(&assets[0]).await, Code::NotFound);
            expect_code(ann.delete(&assets[..1]).await, Code::NotFound);
            expect_code(ann.restore(&assets[..1]).await.map(Response::new), Code::NotFound);
        })
        .await;
    }

    #[tokio::test]
    async fn the_bytes_go_and_the_quota_comes_back() {
        let change = |config: &mut albumen_server::config::Config| {
            config.default_quota_bytes = Some(200_000);
        };
        test_with(change, |server| async move {
            let ann = server.user("ann").await;
            let still = ann.upload("IMG_2050.HEIC", &fixtures::read("photos/IMG_2050.HEIC")).await;
            let motion = fixtures::read("photos/IMG_2050.MOV");
            let upload = Upload {
                file_name: "IMG_2050.MOV".to_owned(),
                size_bytes: motion.len().try_into().unwrap(),
                motion_of_asset_id: still.id.clone(),
                ..Upload::default()
            };
            let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
            let upload = ann.uploads().create_upload(request).await.unwrap().into_inner();
            ann.stream(&upload.id, 0, &motion).await.unwrap();
            let assets = [ann.finish(&upload.id).await.unwrap()];
            let album = ann.album("Trip", &assets).await;
            let used = used_bytes(&ann).await;
            assert_eq!(used, assets[0].size_bytes + upload.size_bytes);
            ann.trash(&assets).await.unwrap();
            assert_eq!(used_bytes(&ann).await, used, "the trash counts");
            ann.delete(&assets).await.unwrap();
            assert_eq!(used_bytes(&ann).await, 0);
            assert_eq!(ann.get_album(&album).await.asset_count, 0);
            server.run_jobs().await;
            assert!(server.app.blobs.list().await.unwrap().is_empty());
        })
        .await;
    }

    #[tokio::test]
    async fn the_motion_part_of_a_deleted_still_is_not_taken() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let upload = Upload {
                file_name: "0.mov".to_owned(),
                size_bytes: 4096,
                motion_of_asset_id: assets[0].id.clone(),
                ..Upload::default()
            };
            let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
            let upload = ann.uploads().create_upload(request).await.unwrap().into_inner();
            ann.trash(&assets).await.unwrap();
            ann.delete(&assets).await.unwrap();
            let answer = ann.stream(&upload.id, 0, &fixtures::photo(1)).await.map(Response::new);
            expect_reason(answer, Code::FailedPrecondition, "UPLOAD_NOT_ACTIVE");
        })
        .await;
    }
}

mod empty_trash {
    use super::*;

    #[tokio::test]
    async fn everything_in_the_callers_trash_goes() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let (anns, bobs) = (ann.photos(0..4).await, bob.photos(0..2).await);
            ann.album("Trip", &anns).await;
            ann.trash(&anns[..3]).await.unwrap();
            bob.trash(&bobs[..1]).await.unwrap();
            assert_eq!(ann.empty_trash().await, 3);
            assert_eq!(ann.empty_trash().await, 0);
            assert_eq!(used_bytes(&ann).await, 4096);
            assert!(ann.asset(&anns[3]).await.is_ok());
            assert!(bob.asset(&bobs[0]).await.is_ok());
        })
        .await;
    }

    #[tokio::test]
    async fn the_trash_is_kept_for_its_time() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let (anns, bobs) = (ann.photos(0..3).await, bob.photos(0..1).await);
            ann.trash(&anns[..2]).await.unwrap();
            bob.trash(&bobs).await.unwrap();
            server.sleep(DAY * 29);
            let ann = server.login(&ann.user.email).await;
            ann.trash(&anns[2..]).await.unwrap();
            assert_eq!(assets::purge_expired(&server.app, 10).await.unwrap(), 0);
            server.sleep(DAY);
            let mut purged = Vec::new();
            loop {
                match assets::purge_expired(&server.app, 1).await.unwrap() {
                    0 => break,
                    count => purged.push(count),
                }
            }
            assert_eq!(purged, [1, 1, 1]);
            for (who, gone) in [(&ann, &anns[0]), (&ann, &anns[1]), (&bob, &bobs[0])] {
                let who = server.login(&who.user.email).await;
                expect_code(who.asset(gone).await, Code::NotFound);
            }
            let ann = server.login(&ann.user.email).await;
            assert!(ann.asset(&anns[2]).await.is_ok());

            // Nobody need call for it.
            server.sleep(DAY * 30);
            server.run_jobs().await;
            let ann = server.login(&ann.user.email).await;
            expect_code(ann.asset(&anns[2]).await, Code::NotFound);
            assert_eq!(used_bytes(&ann).await, 0);
        })
        .await;
    }

    #[tokio::test]
    async fn albums_are_kept_for_the_same_time() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let (gone, kept) = (ann.album("a", &assets).await, ann.album("b", &assets).await);
            let live = ann.album("c", &assets).await;
            for album in [&gone, &kept] {
                let ann = server.login(&ann.user.email).await;
                let album_id = album.id.clone();
                let request = DeleteAlbumRequest { album_id, etag: String::new() };
                ann.albums().delete_album(request).await.unwrap();
                server.sleep(DAY * 15);
            }
            assert_eq!(albums::purge_expired(&server.app, 10).await.unwrap(), 1);
            assert_eq!(albums::purge_expired(&server.app, 10).await.unwrap(), 0);
            let ann = server.login(&ann.user.email).await;
            let request = GetAlbumRequest { album_id: gone.id };
            expect_code(ann.albums().get_album(request).await, Code::NotFound);
            for album in [kept, live] {
                assert_eq!(ann.get_album(&album).await.asset_count, 1);
            }
            assert_eq!(ann.timeline().await, ["0.jpg"]);

            server.sleep(DAY * 30);
            server.run_jobs().await;
            let ann = server.login(&ann.user.email).await;
            let request = ListAlbumsRequest { show_deleted: true, ..Default::default() };
            let left = ann.albums().list_albums(request).await.unwrap().into_inner().albums;
            assert_eq!(left.len(), 1);
        })
        .await;
    }
}

mod many_assets {
    use super::*;

    fn named(ids: &[String]) -> Vec<Asset> {
        ids.iter().map(|id| Asset { id: id.clone(), ..Asset::default() }).collect()
    }

    #[tokio::test]
    async fn all_assets_of_a_deleted_user_are_hidden_until_they_are_back() {
        test(|server| async move {
            let (admin, ann) = (server.admin().await, server.user("ann").await);
            let bob = server.user("bob").await;
            let assets = ann.photos(0..3).await;
            let album = bob.album("b", &bob.photos(10..11).await).await;
            server.member(&album, &ann, Role::Contributor).await;
            ann.add(&album, &assets).await.unwrap();
            let export = bob.export(&album).await.unwrap();
            ann.trash(&assets[..1]).await.unwrap();

            let user_id = ann.user.id.clone();
            let request = DeleteUserRequest { user_id: user_id.clone() };
            admin.users().delete_user(request).await.unwrap();
            assert_eq!(bob.get_album(&album).await.asset_count, 1);
            assert_eq!(bob.album_names(&album).await, ["10.jpg"]);
            expect_code(bob.asset(&assets[1]).await, Code::NotFound);
            let answer = stream(&bob, &export).await;
            expect_reason(answer, Code::FailedPrecondition, "EXPORT_STALE");

            admin.users().restore_user(RestoreUserRequest { user_id }).await.unwrap();
            assert_eq!(bob.get_album(&album).await.asset_count, 3);
            expect_code(bob.asset(&assets[0]).await, Code::NotFound);
            let ann = server.login(&ann.user.email).await;
            ann.restore(&assets).await.unwrap();
            assert_eq!(bob.get_album(&album).await.asset_count, 4);
            stream(&bob, &export).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn a_thousand_assets_change_in_several_albums_at_once() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = named(&server.many_assets(&ann, 1000).await);
            let mut albums = Vec::new();
            for name in ["a", "b", "c"] {
                let album = ann.album(name, &[]).await;
                assert_eq!(ann.add(&album, &assets).await.unwrap(), 1000);
                albums.push(album);
            }
            let rest = named(&ids(&assets[1..]));
            assert_eq!(ann.trash(&rest).await.unwrap().len(), 999);
            for album in &albums {
                let album = ann.get_album(album).await;
                assert_eq!(album.asset_count, 1);
                assert_eq!(album.first_time, album.last_time);
            }
            assert_eq!(ids(&ann.restore(&assets).await.unwrap()), ids(&assets));
            let seconds = 1_000_000_000;
            let capture_time = Some(prost_types::Timestamp { seconds, nanos: 0 });
            let early = Asset { capture_time, ..Asset::default() };
            ann.update(&rest, early, &[]).await.unwrap();
            for album in &albums {
                let album = ann.get_album(album).await;
                assert_eq!((album.asset_count, album.first_time), (1000, capture_time));
            }
            ann.show(&assets, AssetVisibility::Locked).await.unwrap();
            for album in &albums {
                assert_eq!(ann.get_album(album).await.asset_count, 0);
            }
            ann.trash(&assets).await.unwrap();
            ann.delete(&assets).await.unwrap();
            assert_eq!(used_bytes(&ann).await, 0);
        })
        .await;
    }

    #[tokio::test]
    async fn a_trash_of_several_batches_is_emptied_by_one_call() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = named(&server.many_assets(&ann, 2100).await);
            for assets in assets.chunks(1000) {
                ann.trash(assets).await.unwrap();
            }
            assert_eq!(ann.empty_trash().await, 2100);
            assert_eq!(used_bytes(&ann).await, 0);
        })
        .await;
    }
}
