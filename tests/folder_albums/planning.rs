//! Plans: what would be done, and why not.

use albumen::v1::planned_folder_album::Action;
use albumen::v1::skipped_files::Reason;
use albumen::v1::{
    AssetVisibility, FolderAlbumOptions, FolderNameExpression, SkippedFiles, TrashAssetsRequest,
    UpdateAssetsRequest,
};
use tonic::Code;

use super::put_in;
use crate::support::folders::{Folders, options};
use crate::support::person::ids;
use crate::support::{expect_fields, expect_reason, test};

#[tokio::test]
async fn a_plan_names_the_albums_in_the_order_of_their_names_and_changes_nothing() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        folders.photos(&["/photos/b/1.jpg", "/photos/a/2.jpg", "/photos/a/x/3.jpg"]).await;
        let (albums, summary) = folders.plan(options()).await;
        let found: Vec<_> =
            albums.iter().map(|album| (album.display_name.as_str(), album.added_count)).collect();
        assert_eq!(found, [("a", 2), ("b", 1)]);
        assert!(albums.iter().all(|album| album.action() == Action::Create));
        assert_eq!(albums[0].folders, ["/photos/a"]);
        assert_eq!((summary.album_count, summary.created_count), (2, 2));
        assert_eq!((summary.added_asset_count, summary.file_count), (3, 3));
        assert!(folders.albums().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_plan_says_why_files_belong_to_no_album_with_examples() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        folders
            .photos(&[
                "/other/a/1.jpg",
                "/photos/2.jpg",
                "/photos/a/3.png",
                "/photos/a/raw/4.jpg",
                "/photos/a/b/5.jpg",
            ])
            .await;
        let options = FolderAlbumOptions {
            album_levels: "2,2".to_owned(),
            path_filter: vec!["**/*.jpg".to_owned()],
            ignore: vec!["raw".to_owned()],
            ..options()
        };
        let (albums, summary) = folders.plan(options).await;
        assert_eq!(albums.len(), 1);
        let skipped: Vec<_> = summary
            .skipped
            .iter()
            .map(|skipped| (skipped.reason(), skipped.count, skipped.examples[0].as_str()))
            .collect();
        assert_eq!(skipped.len(), 4);
        for expected in [
            (Reason::NotBelowRoot, 1, "/other/a/1.jpg"),
            (Reason::InRoot, 1, "/photos/2.jpg"),
            (Reason::FilteredOut, 1, "/photos/a/3.png"),
            (Reason::Ignored, 1, "/photos/a/raw/4.jpg"),
        ] {
            assert!(skipped.contains(&expected), "{expected:?} in {skipped:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn shallow_files_and_blank_names_are_counted_too() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        folders.photos(&["/photos/a/1.jpg", "/photos/a/x/2.jpg"]).await;
        let expression =
            FolderNameExpression { pattern: "x".to_owned(), replacement: String::new() };
        let options = FolderAlbumOptions {
            album_levels: "2,2".to_owned(),
            album_name_post_regex: vec![expression],
            ..options()
        };
        let (albums, summary) = folders.plan(options).await;
        assert!(albums.is_empty());
        let reasons: Vec<_> = summary.skipped.iter().map(SkippedFiles::reason).collect();
        assert_eq!(reasons, [Reason::TooShallow, Reason::BlankName]);
    })
    .await;
}

#[tokio::test]
async fn the_files_of_others_are_in_no_plan() {
    test(|server| async move {
        let (ann, bob) = (server.user("ann").await, server.user("bob").await);
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        let (albums, summary) = bob.plan("", Some(options())).await.unwrap();
        assert!(albums.is_empty());
        assert_eq!(summary.file_count, 0);
        let admin = server.login("admin@example.org").await;
        let (albums, _) = admin.plan("", Some(options())).await.unwrap();
        assert!(albums.is_empty());
    })
    .await;
}

#[tokio::test]
async fn files_that_are_missing_and_assets_that_are_trashed_or_locked_are_in_no_plan() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos =
            folders.photos(&["/photos/a/1.jpg", "/photos/b/2.jpg", "/photos/c/3.jpg"]).await;
        folders.photo("/photos/d/4.jpg").await;
        folders.remove("/photos/a/1.jpg").await;
        let request = TrashAssetsRequest { asset_ids: ids(&photos[1..2]) };
        ann.assets().trash_assets(request).await.unwrap();
        let asset =
            albumen::v1::Asset { visibility: AssetVisibility::Locked.into(), ..Default::default() };
        let request = UpdateAssetsRequest {
            asset_ids: ids(&photos[2..]),
            asset: Some(asset),
            update_mask: None,
        };
        ann.assets().update_assets(request).await.unwrap();
        let (albums, _) = folders.plan(options()).await;
        assert_eq!(albums.len(), 1);
        assert_eq!(albums[0].display_name, "d");
    })
    .await;
}

#[tokio::test]
async fn assets_in_albums_and_archived_ones_count_if_the_options_say_so() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/b/2.jpg"]).await;
        let hand = ann.album("By hand", &[]).await;
        put_in(&ann, &hand, &photos[..1]).await;
        let asset = albumen::v1::Asset {
            visibility: AssetVisibility::Archived.into(),
            ..Default::default()
        };
        let request = UpdateAssetsRequest {
            asset_ids: ids(&photos[1..]),
            asset: Some(asset),
            update_mask: None,
        };
        ann.assets().update_assets(request).await.unwrap();
        let names = async |options| {
            let (albums, summary) = folders.plan(options).await;
            assert_eq!(summary.file_count, 2);
            let names = albums.into_iter().map(|album| album.display_name).collect::<Vec<_>>();
            let skipped = summary.skipped.iter();
            let skipped = skipped.map(|files| (files.reason(), files.examples[0].clone()));
            (names.concat(), skipped.collect::<Vec<_>>())
        };
        let in_album = (Reason::InAlbum, "/photos/a/1.jpg".to_owned());
        let archived = (Reason::Archived, "/photos/b/2.jpg".to_owned());
        assert_eq!(
            names(options()).await,
            (String::new(), vec![in_album.clone(), archived.clone()])
        );
        let all = FolderAlbumOptions { find_assets_in_albums: true, ..options() };
        assert_eq!(names(all).await, ("a".to_owned(), vec![archived]));
        let all = FolderAlbumOptions { find_archived_assets: true, ..options() };
        assert_eq!(names(all).await, ("b".to_owned(), vec![in_album]));
        let elsewhere = FolderAlbumOptions { root_path: vec!["/other".to_owned()], ..options() };
        let (_, summary) = folders.plan(elsewhere).await;
        let reasons: Vec<_> = summary.skipped.iter().map(SkippedFiles::reason).collect();
        assert_eq!(reasons, [Reason::NotBelowRoot], "what lies elsewhere is left out for that");
    })
    .await;
}

#[tokio::test]
async fn pages_of_any_size_give_the_same_plan() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        for number in 0..7 {
            folders.photo(&format!("/photos/{}/{number}.jpg", number % 3)).await;
        }
        let (_, all) = folders.plan(options()).await;
        for fetch_chunk_size in [1, 2, 7, 8] {
            let options = FolderAlbumOptions { fetch_chunk_size, ..options() };
            let (_, summary) = folders.plan(options).await;
            assert_eq!(summary.plan_token, all.plan_token, "pages of {fetch_chunk_size}");
        }
    })
    .await;
}

#[tokio::test]
async fn wrong_options_are_refused_by_their_fields() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let refused = async |options| {
            let request = albumen::v1::PlanFolderAlbumsRequest {
                options: Some(options),
                ..Default::default()
            };
            ann.folder_albums().plan_folder_albums(request).await
        };
        let globs = vec!["ok".to_owned(), "a".to_owned(), "[".to_owned()];
        let wrong = FolderAlbumOptions { path_filter_regex: globs, ..options() };
        expect_fields(refused(wrong).await, &["options.path_filter_regex[2]"]);
        let wrong = FolderAlbumOptions { album_levels: "0".to_owned(), ..options() };
        expect_fields(refused(wrong).await, &["options.album_levels"]);
        let wrong = FolderAlbumOptions::default();
        expect_fields(refused(wrong).await, &["options.root_path"]);
        let wrong = FolderAlbumOptions { chunk_size: 10_001, ..options() };
        expect_fields(refused(wrong).await, &["options.chunk_size"]);
        let none = albumen::v1::PlanFolderAlbumsRequest::default();
        expect_fields(ann.folder_albums().plan_folder_albums(none).await, &["options"]);
    })
    .await;
}

#[tokio::test]
async fn a_stale_token_fails_and_nothing_is_done() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        folders.photo("/photos/a/1.jpg").await;
        let (_, summary) = folders.plan(options()).await;
        folders.photo("/photos/b/2.jpg").await;
        let failed = folders.try_apply("", Some(options()), &summary.plan_token).await;
        let failed = failed.map(tonic::Response::new);
        expect_reason(failed, Code::FailedPrecondition, "PLAN_CHANGED");
        assert!(folders.albums().await.is_empty());
        let (_, summary) = folders.plan(options()).await;
        let run = folders.try_apply("", Some(options()), &summary.plan_token).await.unwrap();
        assert_eq!(run.counts.unwrap().created_albums, 2);
    })
    .await;
}
