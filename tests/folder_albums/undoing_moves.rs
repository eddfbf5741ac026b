//! Taking runs back that moved assets between albums.

use albumen::v1::FolderAlbumOptions;
use albumen::v1::folder_album_options::Sync;

use super::put_in;
use super::undoing::{comment, kept, undo};
use crate::support::folders::{Folders, options, sorted};
use crate::support::test;

#[tokio::test]
async fn what_a_run_moved_goes_back() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/a/2.jpg"]).await;
        folders.apply(options()).await;
        folders.rename("/photos/a/1.jpg", "/photos/b/1.jpg").await;
        let run = folders.apply(options()).await;
        assert_eq!(folders.albums().await["b"], sorted(&photos[..1]));
        let counts = undo(&folders, &run).await.counts.unwrap();
        assert_eq!((counts.trashed_albums, counts.returned_assets), (1, 1));
        let albums = folders.albums().await;
        assert_eq!(albums["a"], sorted(&photos));
        assert!(!albums.contains_key("b"));
    })
    .await;
}

#[tokio::test]
async fn a_photo_that_a_run_took_out_of_two_albums_goes_back_into_both() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        for path in ["2024/Rome/1", "2024/Rome/2", "2024/Rome/3", "2023/Oslo/4", "2023/Oslo/5"] {
            folders.photo(&format!("/photos/{path}.jpg")).await;
        }
        let both = folders.photo("/photos/2024/Alive/6.jpg").await;
        folders.photo("/photos/2024/Alive/7.jpg").await;
        folders.copy(&both, "/photos/2023/Private/6.jpg").await;
        let levels =
            |levels: &str| FolderAlbumOptions { album_levels: levels.to_owned(), ..options() };
        let first = folders.apply(levels("2")).await;
        let before = folders.albums().await;
        assert_eq!(before.len(), 4);
        let run = folders.apply(levels("1")).await;
        assert_eq!(run.counts.unwrap().moved_assets, 3);
        let counts = undo(&folders, &run).await.counts.unwrap();
        assert_eq!(counts.returned_assets, 3);
        assert_eq!(folders.albums().await, before);
        let counts = undo(&folders, &first).await.counts.unwrap();
        assert_eq!((counts.trashed_albums, counts.kept_albums), (4, 0), "as if it had not run");
    })
    .await;
}

#[tokio::test]
async fn what_a_run_moved_goes_back_into_an_album_that_it_emptied_and_deleted() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        folders.photos(&["/photos/a/1.jpg", "/photos/b/2.jpg", "/photos/b/3.jpg"]).await;
        folders.apply(options()).await;
        let before = folders.albums().await;
        folders.rename("/photos/a/1.jpg", "/photos/b/1.jpg").await;
        let tidy = FolderAlbumOptions { sync: Sync::EmptyAlbums.into(), ..options() };
        let run = folders.apply(tidy).await;
        assert_eq!(folders.albums().await.len(), 1);
        let counts = undo(&folders, &run).await.counts.unwrap();
        assert_eq!((counts.restored_albums, counts.returned_assets), (1, 1));
        assert_eq!(folders.albums().await, before);
    })
    .await;
}

#[tokio::test]
async fn what_a_run_moved_goes_back_although_people_had_put_it_there_too() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let paths = ["/photos/a/1.jpg", "/photos/a/2.jpg", "/photos/b/3.jpg"];
        let photos = folders.photos(&paths).await;
        folders.apply(options()).await;
        put_in(&ann, &ann.album_named("b").await, &photos[..1]).await;
        let before = folders.albums().await;
        folders.rename("/photos/a/1.jpg", "/photos/b/1.jpg").await;
        let all = FolderAlbumOptions { find_assets_in_albums: true, ..options() };
        let run = folders.apply(all).await;
        assert_eq!(folders.albums().await["a"], sorted(&photos[1..2]));
        undo(&folders, &run).await;
        assert_eq!(folders.albums().await, before);
    })
    .await;
}

#[tokio::test]
async fn what_a_run_moved_into_an_album_that_stays_is_in_both() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/a/2.jpg"]).await;
        folders.apply(options()).await;
        folders.rename("/photos/a/1.jpg", "/photos/b/1.jpg").await;
        let run = folders.apply(options()).await;
        comment(&ann, &ann.album_named("b").await, None).await;
        let undone = undo(&folders, &run).await;
        assert_eq!(kept(&undone), [("b", "1 comment")].into());
        let counts = undone.counts.unwrap();
        assert_eq!((counts.kept_assets, counts.returned_assets), (1, 1));
        let albums = folders.albums().await;
        assert_eq!(albums["a"], sorted(&photos));
        assert_eq!(albums["b"], sorted(&photos[..1]));
    })
    .await;
}
