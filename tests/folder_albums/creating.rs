//! Making and filling albums.

use albumen::v1::folder_rule_run::State;
use albumen::v1::planned_folder_album::Action;
use albumen::v1::{
    AlbumOrder, DeleteAlbumRequest, FolderAlbumOptions, GetAlbumRequest, RestoreAlbumRequest,
};

use super::{put_in, rename, take_out};
use crate::support::folders::{Folders, is_archived, options, sorted};
use crate::support::test;

#[tokio::test]
async fn folders_become_albums_and_a_second_run_changes_nothing() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos =
            folders.photos(&["/photos/a/1.jpg", "/photos/a/x/2.jpg", "/photos/b/3.jpg"]).await;
        let run = folders.apply(options()).await;
        assert_eq!(run.state(), State::Succeeded);
        let counts = run.counts.unwrap();
        assert_eq!((counts.planned_albums, counts.done_albums, counts.failed_albums), (2, 2, 0));
        assert_eq!((counts.created_albums, counts.added_assets, counts.files), (2, 3, 3));
        let albums = folders.albums().await;
        assert_eq!(albums["a"], sorted(&photos[..2]));
        assert_eq!(albums["b"], sorted(&photos[2..]));

        let before = ann.album_named("a").await;
        let (planned, _) = folders.plan(options()).await;
        assert!(planned.iter().all(|album| album.action() == Action::None), "{planned:?}");
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.added_assets, counts.done_albums), (0, 0, 2));
        assert_eq!(ann.album_named("a").await, before);
    })
    .await;
}

#[tokio::test]
async fn chunks_of_one_asset_give_the_same_album() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/a/2.jpg", "/photos/a/3.jpg"]);
        let photos = photos.await;
        let options = FolderAlbumOptions { chunk_size: 1, fetch_chunk_size: 2, ..options() };
        let counts = folders.apply(options).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.done_albums, counts.added_assets), (1, 1, 3));
        assert_eq!(folders.albums().await["a"], sorted(&photos));
    })
    .await;
}

#[tokio::test]
async fn an_album_that_was_renamed_by_hand_is_found_again() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let first = folders.photo("/photos/a/1.jpg").await;
        folders.apply(options()).await;
        rename(&ann, &ann.album_named("a").await, "Summer").await;
        let second = folders.photo("/photos/a/2.jpg").await;
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.renamed_albums, counts.added_assets), (0, 0, 1));
        let albums = folders.albums().await;
        assert_eq!(albums.len(), 1);
        assert_eq!(albums["Summer"], sorted([&first, &second]));
    })
    .await;
}

#[tokio::test]
async fn an_album_of_that_name_is_filled_and_not_made_again() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let hand = ann.album("a", &[]).await;
        let lower = ann.album("A", &[]).await;
        let photo = folders.photo("/photos/a/1.jpg").await;
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.added_assets), (0, 1));
        let albums = folders.albums().await;
        assert_eq!(albums["a"], sorted([&photo]));
        assert!(albums["A"].is_empty());
        assert_eq!(ann.album_named("a").await.id, hand.id);
        assert_eq!(ann.album_named("A").await, lower);
    })
    .await;
}

#[tokio::test]
async fn a_photo_that_was_taken_out_by_hand_is_not_put_back() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/a/2.jpg"]).await;
        folders.apply(options()).await;
        take_out(&ann, &ann.album_named("a").await, &photos[..1]).await;
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!(counts.added_assets, 0);
        assert_eq!(folders.albums().await["a"], sorted(&photos[1..]));
        // Nor when the folder is renamed.
        folders.rename("/photos/a/", "/photos/b/").await;
        folders.apply(options()).await;
        assert_eq!(folders.albums().await["b"], sorted(&photos[1..]));
    })
    .await;
}

#[tokio::test]
async fn an_album_that_was_deleted_is_made_anew_and_may_come_back_as_one_by_hand() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photo = folders.photo("/photos/a/1.jpg").await;
        folders.apply(options()).await;
        let old = ann.album_named("a").await;
        let request = DeleteAlbumRequest { album_id: old.id.clone(), ..Default::default() };
        ann.albums().delete_album(request).await.unwrap();
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.added_assets), (1, 1));
        let new = ann.album_named("a").await;
        assert_ne!(new.id, old.id);
        rename(&ann, &new, "New").await;
        let request = RestoreAlbumRequest { album_id: old.id.clone() };
        ann.albums().restore_album(request).await.unwrap();
        folders.apply(options()).await;
        let albums = folders.albums().await;
        assert_eq!(albums["a"], sorted([&photo]), "a person restored it");
        assert_eq!(albums["New"], sorted([&photo]));
    })
    .await;
}

#[tokio::test]
async fn folders_of_the_same_name_share_an_album_or_have_one_each() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos = folders.photos(&["/photos/1/trip/1.jpg", "/photos/2/trip/2.jpg"]).await;
        let merged = FolderAlbumOptions { album_levels: "-1".to_owned(), ..options() };
        let (planned, _) = folders.plan(merged.clone()).await;
        assert_eq!(planned.len(), 1);
        assert_eq!(planned[0].folders, ["/photos/1/trip", "/photos/2/trip"]);
        let apart = FolderAlbumOptions { merge_same_name: Some(false), ..merged.clone() };
        let run = folders.apply(apart.clone()).await;
        assert_eq!(run.counts.unwrap().created_albums, 2);
        let counts = folders.apply(apart).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.added_assets, counts.moved_assets), (0, 0, 0));
        let request = albumen::v1::ListAlbumsRequest::default();
        let albums = ann.albums().list_albums(request).await.unwrap().into_inner().albums;
        let names: Vec<_> = albums.iter().map(|album| album.display_name.as_str()).collect();
        assert_eq!(names, ["trip", "trip"]);
        // Now they are merged: one album gets all, the other one is left empty.
        let counts = folders.apply(merged).await.counts.unwrap();
        assert_eq!(counts.moved_assets, 1);
        let request = albumen::v1::ListAlbumsRequest::default();
        let albums = ann.albums().list_albums(request).await.unwrap().into_inner().albums;
        let mut counts: Vec<_> = albums.iter().map(|album| album.asset_count).collect();
        counts.sort_unstable();
        assert_eq!(counts, [0, i32::try_from(photos.len()).unwrap()]);
    })
    .await;
}

#[tokio::test]
async fn a_photo_in_two_folders_is_in_both_albums() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        let photo = folders.photo("/photos/a/1.jpg").await;
        folders.copy(&photo, "/photos/b/1.jpg").await;
        folders.apply(options()).await;
        let albums = folders.albums().await;
        assert_eq!(albums["a"], sorted([&photo]));
        assert_eq!(albums["b"], sorted([&photo]));
        // Once one of the files is gone, only the other folder's album has it.
        folders.remove("/photos/a/1.jpg").await;
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!(counts.moved_assets, 1);
        let albums = folders.albums().await;
        assert!(albums["a"].is_empty());
        assert_eq!(albums["b"], sorted([&photo]));
    })
    .await;
}

#[tokio::test]
async fn new_albums_have_the_order_and_the_activity_of_the_options() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        folders.apply(options()).await;
        let album = ann.album_named("a").await;
        assert_eq!(album.order(), AlbumOrder::NewestFirst);
        assert_eq!(album.activity_enabled, Some(true));
        folders.photo("/photos/b/1.jpg").await;
        let options = FolderAlbumOptions {
            album_order: AlbumOrder::OldestFirst.into(),
            comments_and_likes: Some(false),
            ..options()
        };
        folders.apply(options).await;
        let album = ann.album_named("b").await;
        assert_eq!(album.order(), AlbumOrder::OldestFirst);
        assert_eq!(album.activity_enabled, Some(false));
        assert_eq!(ann.album_named("a").await.order(), AlbumOrder::NewestFirst);
    })
    .await;
}

#[tokio::test]
async fn what_a_run_adds_is_archived_and_found_again() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let hand = ann.album("a", &[]).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/a/2.jpg"]).await;
        put_in(&ann, &hand, &photos[..1]).await;
        let archive =
            FolderAlbumOptions { archive: true, find_assets_in_albums: true, ..options() };
        let counts = folders.apply(archive.clone()).await.counts.unwrap();
        assert_eq!((counts.added_assets, counts.archived_assets), (1, 1));
        assert!(!is_archived(&server, &photos[0]).await, "it was there before");
        assert!(is_archived(&server, &photos[1]).await);
        let counts = folders.apply(archive.clone()).await.counts.unwrap();
        assert_eq!((counts.added_assets, counts.archived_assets), (0, 0));
        // What the rule archived itself counts: its folder may be renamed.
        folders.rename("/photos/a/2", "/photos/b/2").await;
        let counts = folders.apply(archive).await.counts.unwrap();
        assert_eq!((counts.added_assets, counts.moved_assets), (1, 1));
        assert_eq!(folders.albums().await["b"], sorted(&photos[1..]));
    })
    .await;
}

#[tokio::test]
async fn two_rules_leave_each_others_albums_alone() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photo = folders.photo("/photos/2027/trip/1.jpg").await;
        let years = ann.rule("years", options()).await;
        let trips = FolderAlbumOptions {
            album_levels: "-1".to_owned(),
            find_assets_in_albums: true,
            ..options()
        };
        let trips = ann.rule("trips", trips).await;
        for _ in 0..2 {
            for rule in [&years, &trips] {
                folders.try_apply(&rule.id, None, "").await.unwrap();
            }
        }
        let albums = folders.albums().await;
        assert_eq!(albums.len(), 2);
        assert_eq!(albums["2027"], sorted([&photo]));
        assert_eq!(albums["trip"], sorted([&photo]));
        let album = ann.album_named("trip").await;
        let request = GetAlbumRequest { album_id: album.id };
        assert_eq!(ann.albums().get_album(request).await.unwrap().into_inner().asset_count, 1);
    })
    .await;
}
