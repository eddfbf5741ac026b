//! The modes that put albums into the trash, and tidying up.

use albumen::v1::folder_album_options::{Mode, Sync};
use albumen::v1::planned_folder_album::Action;
use albumen::v1::{FolderAlbumOptions, ListAlbumsRequest, TrashAssetsRequest};

use super::{rename, take_out};
use crate::support::folders::{Folders, deleting, is_archived, options, sorted};
use crate::support::person::ids;
use crate::support::test;

#[tokio::test]
async fn cleanup_deletes_what_the_folders_name_and_the_rule_made() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photos(&["/photos/a/1.jpg", "/photos/b/2.jpg", "/photos/c/3.jpg"]).await;
        ann.album("c", &[]).await;
        folders.apply(options()).await;
        rename(&ann, &ann.album_named("b").await, "Renamed").await;
        let cleanup =
            FolderAlbumOptions { ignore: vec!["a".to_owned()], ..deleting(Mode::Cleanup) };
        let (planned, summary) = folders.plan(cleanup.clone()).await;
        assert!(planned.iter().all(|album| album.action() == Action::Delete));
        assert_eq!((summary.deleted_count, summary.hand_made_count), (1, 0));
        let counts = folders.apply(cleanup).await.counts.unwrap();
        assert_eq!((counts.deleted_albums, counts.hand_made_albums), (1, 0));
        let left: Vec<_> = folders.albums().await.into_keys().collect();
        assert_eq!(left, ["a", "c"], "the album of the folder b went, whatever its name");
        let request = ListAlbumsRequest { only_deleted: true, ..Default::default() };
        let trash = ann.albums().list_albums(request).await.unwrap().into_inner().albums;
        assert_eq!(trash.len(), 1);
        assert_eq!(trash[0].asset_count, 1, "photos stay");
    })
    .await;
}

#[tokio::test]
async fn cleanup_of_all_albums_goes_by_name() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        for name in ["a", "A", "b"] {
            ann.album(name, &[]).await;
        }
        let cleanup = FolderAlbumOptions { all_albums: true, ..deleting(Mode::Cleanup) };
        let (_, summary) = folders.plan(cleanup.clone()).await;
        assert_eq!((summary.deleted_count, summary.hand_made_count), (1, 1));
        let counts = folders.apply(cleanup).await.counts.unwrap();
        assert_eq!((counts.deleted_albums, counts.hand_made_albums), (1, 1));
        let left: Vec<_> = folders.albums().await.into_keys().collect();
        assert_eq!(left, ["A", "b"]);
    })
    .await;
}

#[tokio::test]
async fn without_confirmation_nothing_is_deleted_and_the_run_says_what_would_be() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        folders.apply(options()).await;
        ann.album("By hand", &[]).await;
        for mode in [Mode::Cleanup, Mode::DeleteAll] {
            let dry =
                FolderAlbumOptions { delete_confirm: false, all_albums: true, ..deleting(mode) };
            let (_, plan) = folders.plan(dry.clone()).await;
            let counts = folders.apply(dry).await.counts.unwrap();
            let expected = if mode == Mode::Cleanup { (1, 0) } else { (2, 1) };
            assert_eq!((counts.planned_albums, counts.hand_made_albums), expected);
            assert_eq!(counts.deleted_albums, 0);
            let confirmed = FolderAlbumOptions { all_albums: true, ..deleting(mode) };
            let (_, sure) = folders.plan(confirmed).await;
            assert_eq!(plan.plan_token, sure.plan_token, "the dry run's token is good for it");
        }
        assert_eq!(folders.albums().await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn delete_all_takes_the_rules_albums_or_all_of_the_owners() {
    test(|server| async move {
        let (ann, bob) = (server.user("ann").await, server.user("bob").await);
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        ann.album("By hand", &[]).await;
        let others = bob.album("Bob's", &[]).await;
        bob.add_member(&others, &ann, albumen::v1::AlbumRole::Editor).await;
        folders.apply(options()).await;
        let counts = folders.apply(deleting(Mode::DeleteAll)).await.counts.unwrap();
        assert_eq!(counts.deleted_albums, 1);
        let left: Vec<_> = folders.albums().await.into_keys().collect();
        assert_eq!(left, ["Bob's", "By hand"]);
        let all = FolderAlbumOptions { all_albums: true, ..deleting(Mode::DeleteAll) };
        let counts = folders.apply(all).await.counts.unwrap();
        assert_eq!((counts.deleted_albums, counts.hand_made_albums), (1, 1));
        let left: Vec<_> = folders.albums().await.into_keys().collect();
        assert_eq!(left, ["Bob's"]);
    })
    .await;
}

#[tokio::test]
async fn deleting_takes_out_of_the_archive_exactly_what_runs_archived() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/a/2.jpg"]).await;
        ann.archive(&photos[..1]).await;
        let archive = FolderAlbumOptions { archive: true, find_archived_assets: true, ..options() };
        let counts = folders.apply(archive).await.counts.unwrap();
        assert_eq!((counts.added_assets, counts.archived_assets), (2, 1));
        let delete =
            FolderAlbumOptions { archive: true, chunk_size: 1, ..deleting(Mode::DeleteAll) };
        let counts = folders.apply(delete).await.counts.unwrap();
        assert_eq!((counts.deleted_albums, counts.unarchived_assets), (1, 1));
        assert!(is_archived(&server, &photos[0]).await, "a person archived it");
        assert!(!is_archived(&server, &photos[1]).await);
    })
    .await;
}

#[tokio::test]
async fn without_the_option_the_archive_stays_as_it_is() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        let photo = folders.photo("/photos/a/1.jpg").await;
        folders.apply(FolderAlbumOptions { archive: true, ..options() }).await;
        folders.apply(deleting(Mode::DeleteAll)).await;
        assert!(is_archived(&server, &photo).await);
    })
    .await;
}

#[tokio::test]
async fn empty_albums_that_the_rule_made_are_tidied_up() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/b/2.jpg"]).await;
        folders.apply(options()).await;
        ann.album("Empty", &[]).await;
        take_out(&ann, &ann.album_named("a").await, &photos[..1]).await;
        let sync = FolderAlbumOptions { sync: Sync::EmptyAlbums.into(), ..options() };
        let counts = folders.apply(sync.clone()).await.counts.unwrap();
        assert_eq!(counts.deleted_albums, 1);
        let albums = folders.albums().await;
        assert_eq!(albums.keys().collect::<Vec<_>>(), ["Empty", "b"]);
        let all = FolderAlbumOptions { all_albums: true, ..sync };
        folders.apply(FolderAlbumOptions { root_path: vec!["/dummy".to_owned()], ..all }).await;
        let albums = folders.albums().await;
        assert_eq!(albums.keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!(albums["b"], sorted(&photos[1..]));
    })
    .await;
}

#[tokio::test]
async fn cleanup_names_albums_by_assets_in_them_and_archived_ones_but_not_by_trashed_ones() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/b/2.jpg"]).await;
        folders.apply(options()).await;
        ann.archive(&photos[..1]).await;
        let request = TrashAssetsRequest { asset_ids: ids(&photos[1..]) };
        ann.assets().trash_assets(request).await.unwrap();
        folders.apply(deleting(Mode::Cleanup)).await;
        let left: Vec<_> = folders.albums().await.into_keys().collect();
        assert_eq!(left, ["b"]);
    })
    .await;
}
