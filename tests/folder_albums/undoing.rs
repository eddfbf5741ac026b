//! Taking runs back.

use albumen::v1::folder_album_options::Mode;
use albumen::v1::{FolderAlbumOptions, FolderRuleRun, UndoFolderRuleRunRequest};

use super::{put_in, rename, take_out};
use crate::support::folders::{Folders, deleting, is_archived, options, sorted};
use crate::support::test;

async fn undo(folders: &Folders, run: &FolderRuleRun) -> FolderRuleRun {
    let request = UndoFolderRuleRunRequest { folder_rule_run_id: run.id.clone() };
    let undone = folders.owner.folder_albums().undo_folder_rule_run(request).await.unwrap();
    undone.into_inner().run.unwrap()
}

#[tokio::test]
async fn albums_that_a_run_made_go_and_what_it_archived_comes_back() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        let photo = folders.photo("/photos/a/1.jpg").await;
        let run = folders.apply(FolderAlbumOptions { archive: true, ..options() }).await;
        assert!(is_archived(&server, &photo).await);
        let undone = undo(&folders, &run).await;
        assert!(undone.undo_time.is_some());
        assert!(folders.albums().await.is_empty());
        assert!(!is_archived(&server, &photo).await);
        assert_eq!(undo(&folders, &run).await, undone, "again changes nothing");
        let counts = folders.apply(options()).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.added_assets), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn assets_that_a_run_added_leave_and_what_was_there_before_stays() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        let first = folders.photo("/photos/a/1.jpg").await;
        let made = folders.apply(options()).await;
        let second = folders.photo("/photos/a/2.jpg").await;
        let run = folders.apply(options()).await;
        undo(&folders, &run).await;
        assert_eq!(folders.albums().await["a"], sorted([&first]));
        let run = folders.apply(options()).await;
        assert_eq!(folders.albums().await["a"], sorted([&first, &second]));
        // What the first run made holds what the last one added: it stays for that.
        undo(&folders, &made).await;
        assert_eq!(folders.albums().await["a"], sorted([&second]));
        undo(&folders, &run).await;
        assert!(folders.albums().await["a"].is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_people_changed_since_stays() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let paths = ["/photos/a/1.jpg", "/photos/a/2.jpg", "/photos/b/3.jpg"];
        let photos = folders.photos(&paths).await;
        let own = ann.photos(60..61).await;
        let run = folders.apply(options()).await;
        put_in(&ann, &ann.album_named("a").await, &own).await;
        take_out(&ann, &ann.album_named("a").await, &photos[..1]).await;
        rename(&ann, &ann.album_named("b").await, "Named by hand").await;
        undo(&folders, &run).await;
        let albums = folders.albums().await;
        assert_eq!(albums["a"], sorted(&own), "what they added is there");
        assert!(albums["Named by hand"].is_empty(), "what they named is there");
        folders.apply(options()).await;
        let albums = folders.albums().await;
        assert_eq!(albums["a"], sorted([&own[0], &photos[1]]), "what they took out is not back");
    })
    .await;
}

#[tokio::test]
async fn what_a_run_moved_goes_back() {
    test(|server| async move {
        let folders = Folders::of(&server, &server.user("ann").await).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/a/2.jpg"]).await;
        folders.apply(options()).await;
        folders.rename("/photos/a/1.jpg", "/photos/b/1.jpg").await;
        let run = folders.apply(options()).await;
        assert_eq!(folders.albums().await["b"], sorted(&photos[..1]));
        undo(&folders, &run).await;
        let albums = folders.albums().await;
        assert_eq!(albums["a"], sorted(&photos));
        assert!(!albums.contains_key("b"));
    })
    .await;
}

#[tokio::test]
async fn albums_that_a_run_deleted_come_back() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        folders.photo("/photos/a/1.jpg").await;
        folders.apply(options()).await;
        ann.album("By hand", &[]).await;
        let before = folders.albums().await;
        let all = FolderAlbumOptions { all_albums: true, ..deleting(Mode::DeleteAll) };
        let run = folders.apply(all).await;
        assert!(folders.albums().await.is_empty());
        undo(&folders, &run).await;
        assert_eq!(folders.albums().await, before);
    })
    .await;
}
