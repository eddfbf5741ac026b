//! Folders and files that are renamed, and options that change.

use albumen::v1::FolderAlbumOptions;
use albumen::v1::planned_folder_album::Action;

use super::{put_in, rename};
use crate::support::folders::{Folders, options, sorted};
use crate::support::test;

#[tokio::test]
async fn the_album_of_a_renamed_folder_follows() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos = folders.photos(&["/photos/old/1.jpg", "/photos/old/2.jpg"]).await;
        folders.apply(options()).await;
        let before = ann.album_named("old").await;
        folders.rename("/photos/old/", "/photos/new/").await;
        let (planned, _) = folders.plan(options()).await;
        assert_eq!(planned.len(), 1);
        assert_eq!(planned[0].action(), Action::Update);
        assert!(planned[0].renamed);
        assert_eq!(planned[0].current_display_name, "old");
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.renamed_albums, counts.moved_assets), (0, 1, 0));
        let after = ann.album_named("new").await;
        assert_eq!(after.id, before.id);
        assert_eq!(folders.albums().await["new"], sorted(&photos));
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!((counts.renamed_albums, counts.added_assets), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn an_album_that_people_renamed_follows_its_folder_under_their_name() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/old/1.jpg").await;
        folders.apply(options()).await;
        rename(&ann, &ann.album_named("old").await, "Ours").await;
        folders.rename("/photos/old/", "/photos/new/").await;
        folders.photo("/photos/new/2.jpg").await;
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.renamed_albums, counts.added_assets), (0, 0, 1));
        assert_eq!(folders.albums().await["Ours"].len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_moves_to_another_folder_changes_albums() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/a/2.jpg", "/photos/z/3.jpg"]);
        let photos = photos.await;
        folders.apply(options()).await;
        folders.rename("/photos/a/1.jpg", "/photos/z/1.jpg").await;
        let (planned, summary) = folders.plan(options()).await;
        assert_eq!(planned[0].display_name, "z", "what moves comes first");
        assert_eq!(planned[0].moves.len(), 1);
        assert_eq!(planned[0].moves[0].display_name, "a");
        assert_eq!((planned[0].moves[0].asset_count, summary.moved_asset_count), (1, 1));
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!((counts.added_assets, counts.moved_assets), (1, 1));
        let albums = folders.albums().await;
        assert_eq!(albums["a"], sorted(&photos[1..2]));
        assert_eq!(albums["z"], sorted([&photos[0], &photos[2]]));
    })
    .await;
}

#[tokio::test]
async fn what_a_person_put_into_an_album_stays_there() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/a/2.jpg"]).await;
        folders.apply(options()).await;
        let album = ann.album_named("a").await;
        super::take_out(&ann, &album, &photos[..1]).await;
        server.sleep(std::time::Duration::from_secs(1));
        put_in(&ann, &album, &photos[..1]).await;
        folders.rename("/photos/a/1.jpg", "/photos/b/1.jpg").await;
        let all = FolderAlbumOptions { find_assets_in_albums: true, ..options() };
        folders.apply(all).await;
        let albums = folders.albums().await;
        assert_eq!(albums["a"], sorted(&photos), "a person put it back");
        assert_eq!(albums["b"], sorted(&photos[..1]));
    })
    .await;
}

#[tokio::test]
async fn a_rule_finds_its_albums_after_its_options_changed() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photos(&["/photos/2027/trip/1.jpg", "/photos/2027/fair/2.jpg"]).await;
        let deep = FolderAlbumOptions { album_levels: "2".to_owned(), ..options() };
        folders.apply(deep.clone()).await;
        let before = ann.album_named("2027 trip").await;
        let dashed = FolderAlbumOptions { album_separator: Some(" - ".to_owned()), ..deep };
        let counts = folders.apply(dashed).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.renamed_albums, counts.moved_assets), (0, 2, 0));
        assert_eq!(ann.album_named("2027 - trip").await.id, before.id);
    })
    .await;
}

#[tokio::test]
async fn albums_whose_folders_become_one_are_merged_into_the_largest() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let paths = ["/photos/y/a/1.jpg", "/photos/y/b/2.jpg", "/photos/y/b/3.jpg"];
        let photos = folders.photos(&paths).await;
        let deep = FolderAlbumOptions { album_levels: "2".to_owned(), ..options() };
        folders.apply(deep).await;
        let largest = ann.album_named("y b").await;
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.renamed_albums, counts.moved_assets), (0, 1, 1));
        let albums = folders.albums().await;
        assert_eq!(albums["y"], sorted(&photos));
        assert!(albums["y a"].is_empty());
        assert_eq!(ann.album_named("y").await.id, largest.id);
    })
    .await;
}
